"""How the lines that this app writes into the audit trail read for patients and auditors."""

from django.utils.translation import gettext_lazy as _

from hospital.audit.kinds import action_titles


def register_all() -> None:
    """Called once, from wiring."""
    action_titles(
        {
            "portal.forms": _("looked at the forms to fill in"),
        }
    )
