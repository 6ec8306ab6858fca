"""What the matrix tries the doors of the window and the telephone desk with."""

from appointments.models import Channel, DeskTurn
from appointments.services import desk_find
from hospital.kit import clock
from tests.access.subjects import Case, subject
from tests.access.subjects_appointments import clinic_of
from tests.appointments.conftest import Clinic
from tests.appointments.exam_room import build_exam_room
from tests.cast import Cast, actor_of_person


def _turn(cast: Cast) -> tuple[Clinic, DeskTurn]:
    """The stranger stands at the nurse's window: nobody else of the staff serves her."""
    clinic, session = clinic_of(cast, cast.doctor_li, cast.oncology)
    clinic.session = session
    found = desk_find(
        actor=actor_of_person(cast.nurse), text=cast.stranger.patient.record_no, channel=Channel.DESK, at=clinic.at
    )
    return clinic, found[0]


@subject("desk_turn")
def desk_turn(cast: Cast, rule: str) -> list[Case]:
    clinic, turn = _turn(cast)
    period = clinic.period(1).pk
    data = {"period": period, "period_id": period}
    headers = {"Idempotency-Key": f"turn {turn.pk}"}
    return [Case("at her desk", {"turn_id": turn.pk}, may=["nurse"], data=data, json=".api." in rule, headers=headers)]


@subject("desk_booking")
def desk_booking(cast: Cast, rule: str) -> list[Case]:
    clinic, turn = _turn(cast)
    theirs = clinic.book(cast.stranger, clinic.period(0))
    mine = clinic.book(cast.mother, clinic.period(1))
    data = {"verb": "cancel", "period_id": clinic.period(2).pk}
    json = ".api." in rule
    return [
        Case("at her desk", {"turn_id": turn.pk, "booking_id": theirs.pk}, may=["nurse"], data=data, json=json),
        Case("of another patient", {"turn_id": turn.pk, "booking_id": mine.pk}, may=[], data=data, json=json),
    ]


@subject("next_visit")
def next_visit(cast: Cast, rule: str) -> list[Case]:
    """The mother sits with Doctor Li."""
    order = build_exam_room(cast, clock.now()).order(cast.mother, "X-DRAW")
    clinic, session = clinic_of(cast, cast.doctor_li, cast.oncology)
    data = {"session": session.pk, f"period-{session.pk}": clinic.period(0, session).pk}
    return [Case("in care", {"encounter_id": order.encounter_id}, may=["doctor_li"], data=data)]
