"""How the lines that this app writes into the audit trail read for patients and auditors."""

from django.utils.translation import gettext_lazy as _

from hospital.audit.kinds import action_titles


def register_all() -> None:
    """Called once, from wiring."""
    action_titles(
        {
            "forms.list": _("looked at the list of forms"),
            "forms.publish": _("published a questionnaire"),
            "forms.read": _("read the answers of a form"),
            "forms.submit": _("handed in a form"),
        }
    )
