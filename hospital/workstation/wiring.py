"""What hospital.workstation registers with the apps below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from django.utils.translation import gettext_lazy as _

    from hospital.audit.kinds import action_title
    from hospital.messaging.kinds import MessageKind, register
    from hospital.messaging.models import Channel

    from . import invariants
    from . import parameters as _limits  # noqa: F401 - declares them, so that the administrator sees them

    invariants.register_all()
    register(
        MessageKind(
            "emergency.opened",
            _("Your record was opened in an emergency"),
            _("%(doctor)s (%(department)s) opened it on %(when)s. The hospital checks each such opening."),
        )
    )
    register(
        MessageKind(
            "emergency.to_review",
            _("An emergency opening waits for your judgement"),
            _("%(doctor)s (%(department)s), %(when)s. Please judge it within three days."),
            channels=(Channel.INBOX,),
            urgent=True,
        )
    )
    action_title("emergency.search", _("searched for the record in an emergency"))
    action_title("emergency.open", _("opened the record in an emergency"))
    action_title("emergency.list", _("looked at the list of emergency openings"))
    action_title("emergency.read", _("looked into an emergency opening"))
    action_title("emergency.review", _("judged an emergency opening"))
