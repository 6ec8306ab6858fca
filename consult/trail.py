"""How the lines that this app writes into the audit trail read for patients and auditors."""

from django.utils.translation import gettext_lazy as _

from hospital.audit.kinds import action_titles


def register_all() -> None:
    """Called once, from wiring."""
    action_titles(
        {
            "consult.picture": _("looked at a picture of an online visit"),
            "consult.picture_sent": _("sent a picture in an online visit"),
            "consult.api": _("looked at an online visit"),
            "consult.apply": _("applied for an online visit"),
            "consult.consent": _("consented to an online visit"),
            "consult.evidence": _("accepted the evidence of an earlier visit"),
            "consult.guardian": _("confirmed that a guardian is there"),
            "consult.read": _("looked at an online visit"),
            "consult.talk": _("read the talk of an online visit"),
            "consult.work": _("opened an online visit"),
        }
    )
