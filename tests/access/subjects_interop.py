"""What the matrix tries the doors of hospital.interop with."""

from collections.abc import Sequence

from hospital.interop import services
from hospital.kit import clock
from tests.access.subjects import Case, subject
from tests.cast import Cast
from tests.interop.messages import oru


@subject("interop.inbound")
def inbound(cast: Cast, rule: str) -> Sequence[Case]:
    """A refused message that names somebody."""
    content = oru(cast.wang_fang.patient, pid="PID|1||NOBODY||不存在的人||19780512|F")
    row = services._keep(content.encode(), peer="", at=clock.now())
    services.message_taken_up(row, clock.now())
    return [Case("refused", {"pk": row.pk}, may={"technician", "records"}, data={}, secrets=["不存在的人"])]
