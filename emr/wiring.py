"""What emr registers with the apps below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from django.utils.translation import gettext_lazy as _

    from billing.kinds import ChargeKind
    from billing.kinds import register as charge_kind
    from billing.models import Scene
    from hospital.kit import sweeps
    from hospital.messaging.kinds import MessageKind
    from hospital.messaging.kinds import register as message_kind

    from . import chain, charging, invariants, kinds, notices, orderables, trail
    from .services import prescriptions_tidy

    invariants.register_all()
    sweeps.register(notices.SWEEP, notices.deliver_due, every=15, title="what emr tells the apps above")
    sweeps.register("emr.anchor", chain.anchor_repair, every=60, title="the end of the chain of signed records")
    kinds.register_order(kinds.OrderKind("lab", _("Laboratory"), item_of=orderables.item_of("lab")))
    kinds.register_order(kinds.OrderKind("imaging", _("Imaging"), item_of=orderables.item_of("imaging")))
    sweeps.register("emr.prescriptions", prescriptions_tidy, every=60, title="prescriptions past their day")
    charge_kind(
        ChargeKind(
            charging.ORDER, _("Tests and treatment"), Scene.OUTPATIENT, on_paid=charging.order_paid,
            on_refunded=charging.order_ended, may_refund=charging.order_may_refund, on_expired=charging.order_ended,
            page=charging.order_page, used=charging.order_used, doctors=charging.order_doctors,
        )
    )  # fmt: skip
    charge_kind(
        ChargeKind(
            charging.PRESCRIPTION, _("Drugs"), Scene.ONLINE, on_paid=charging.prescription_paid,
            on_refunded=charging.prescription_ended, may_refund=charging.prescription_may_refund,
            on_expired=charging.prescription_ended, page=charging.prescription_page,
            doctors=charging.prescription_doctors,
        )
    )  # fmt: skip
    message_kind(
        MessageKind(
            "prescription.approved",
            _("Your prescription is ready to be paid"),
            text=_("The pharmacist has passed prescription %(number)s. Choose how to get the drugs, then pay."),
        )
    )
    message_kind(
        MessageKind(
            "prescription.dispensed",
            _("Your drugs are prepared"),
            text=_("The drugs of prescription %(number)s are prepared."),
        )
    )
    message_kind(MessageKind("prescription.sent", _("Your drugs are on their way"), text=_("Sent with %(courier)s.")))
    message_kind(
        MessageKind(
            "prescription.returned",
            _("A prescription came back"),
            text=_("The pharmacist didn't pass prescription %(number)s. Read why and write a new one."),
        )
    )
    message_kind(
        MessageKind(
            "report.released",
            _("A new report"),
            text=_("%(title)s: the report is ready. Your doctor has released it to you."),
        )
    )
    message_kind(
        MessageKind(
            "report.critical", _("Critical value"), text=_("%(title)s: a critical value waits for you."), urgent=True
        )
    )
    trail.register_all()
