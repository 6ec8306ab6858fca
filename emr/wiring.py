"""What emr registers with the apps below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from django.utils.translation import gettext_lazy as _

    from hospital.kit import sweeps
    from hospital.messaging.kinds import MessageKind
    from hospital.messaging.kinds import register as message_kind

    from . import chain, kinds, notices, orderables

    sweeps.register(notices.SWEEP, notices.deliver_due, every=15, title="what emr tells the apps above")
    sweeps.register("emr.anchor", chain.anchor_repair, every=60, title="the end of the chain of signed records")
    kinds.register_order(kinds.OrderKind("lab", _("Laboratory"), item_of=orderables.item_of("lab")))
    kinds.register_order(kinds.OrderKind("imaging", _("Imaging"), item_of=orderables.item_of("imaging")))
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
