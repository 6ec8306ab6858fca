"""Every limit of billing (rules G-1)."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.parameters import Parameter

APPROVAL_FEN = Parameter(
    "billing.refund_approval_fen", int, 50000, source="PAY-05", unit="fen",
    title=_("Refunds asked for by staff above this need a second person"),
)  # fmt: skip
ORDER_MINUTES = Parameter(
    "billing.order_minutes", int, 30, source="PAY-11", unit="min",
    title=_("Minutes that an order at a channel stays payable"),
)  # fmt: skip
LATE_SECONDS = Parameter(
    "billing.late_payment_seconds", int, 60, source="PAY-11, G02", unit="s",
    title=_("Seconds that we wait for a channel's last word before a bill expires"),
)  # fmt: skip
CHANNEL_REFUND_DAYS = Parameter(
    "billing.channel_refund_days", int, 360, source="PAY-09", unit="d",
    title=_("Days after which a channel refunds no more"),
)  # fmt: skip
