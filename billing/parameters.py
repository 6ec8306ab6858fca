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
MIDNIGHT_MINUTES = Parameter(
    "billing.midnight_minutes", int, 10, source="PAY-05", unit="min",
    title=_("A movement this close to midnight may stand in the next day's bill"),
)  # fmt: skip
UNIONPAY_CUT_MINUTES = Parameter(
    "billing.unionpay_cut_minutes", int, 60, source="PAY-05", unit="min",
    title=_("UnionPay's clearing day ends so long before midnight"),
)  # fmt: skip
WECHAT_FEE_BP = Parameter(
    "billing.wechat_fee_bp", int, 60, source="PAY-04", unit="1/10000",
    title=_("Commission agreed with WeChat Pay"),
)  # fmt: skip
ALIPAY_FEE_BP = Parameter(
    "billing.alipay_fee_bp", int, 60, source="PAY-04", unit="1/10000", title=_("Commission agreed with Alipay")
)
UNIONPAY_FEE_BP = Parameter(
    "billing.unionpay_fee_bp", int, 60, source="PAY-04", unit="1/10000", title=_("Commission agreed with UnionPay")
)
FEE_BP = {"wechat": WECHAT_FEE_BP, "alipay": ALIPAY_FEE_BP, "unionpay": UNIONPAY_FEE_BP}
CREDIT_DAYS = Parameter(
    "billing.credit_days", int, 3, source="PAY-04", unit="d",
    title=_("Days after which a channel's money must have arrived at the bank"),
)  # fmt: skip
BILL_FROM_HOUR = Parameter(
    "billing.bill_from_hour",
    int,
    10,
    source="PAY-06",
    unit="h",
    title=_("Hour from which yesterday's bills are fetched"),
)
BILL_UNTIL_HOUR = Parameter(
    "billing.bill_until_hour", int, 18, source="PAY-06", unit="h",
    title=_("Hour at which a missing bill becomes an alarm"),
)  # fmt: skip
