"""What billing registers with the apps below it."""

from django.utils.translation import gettext_lazy as _


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from django.urls import register_converter

    from hospital.kit import sweeps

    from . import invariants, kinds, services, trail
    from .channels import base
    from .channels.alipay import client as alipay
    from .channels.alipay import console
    from .channels.insurance import client as insurance
    from .channels.unionpay import client as unionpay
    from .channels.wechat import client as wechat
    from .converters import Ids
    from .models import Channel
    from .services import bills, intents, invoices

    base.register(Channel.WECHAT, wechat.WeChatClient, wechat.is_ready)
    base.register(Channel.ALIPAY, alipay.AlipayClient, alipay.is_ready)
    base.register(Channel.UNIONPAY, unionpay.UnionPayClient, unionpay.is_ready)
    base.register(Channel.INSURANCE, insurance.InsuranceClient, insurance.is_ready)
    kinds.register(
        kinds.ChargeKind(
            kinds.COUNTER, _("Outpatient fees"), "outpatient", kinds.nothing, kinds.nothing, lambda charge, at: True
        )
    )
    register_converter(Ids, "ids")
    _wire_messages()
    _wire_audit()
    invariants.register_all()
    sweeps.register("billing.notices", services.notices_deliver, every=10, title="Payment consequences")
    sweeps.register(invoices.SWEEP, invoices.invoices_issue, every=30, title="Electronic receipts")
    sweeps.register("billing.expiry", services.charges_expire, every=15, title="Expired bills")
    sweeps.register(intents.SWEEP, intents.intents_resolve, every=10, title="Orders and refunds at channels")
    sweeps.register(console.SWEEP, console.console_refunds_find, every=300, title="Refunds made in a channel's console")
    sweeps.register("billing.bills", bills.bills_fetch, every=300, title="Bills of yesterday")
    trail.register_all()


def _wire_messages() -> None:
    from hospital.messaging.kinds import MessageKind, register

    register(MessageKind("billing.paid", _("Payment received"), _("%(title)s: %(yuan)s yuan received.")))
    register(
        MessageKind(
            "billing.refunded",
            _("Refund on its way"),
            _("%(yuan)s yuan went back the way they came; they arrive within 3 working days."),
        )
    )


def _wire_audit() -> None:
    """How a patient reads these lines under "who opened my record"."""
    from hospital.audit.kinds import action_title

    action_title("bill.read", _("opened a bill"))
    action_title("desk.patient_find", _("read the visit card at the cash desk"))
    action_title("desk.bills_read", _("looked at open bills at the cash desk"))
    action_title("refund.request", _("asked for a refund"))
