"""How the lines that this app writes into the audit trail read for patients and auditors."""

from django.utils.translation import gettext_lazy as _

from hospital.audit.kinds import action_titles


def register_all() -> None:
    """Called once, from wiring."""
    action_titles(
        {
            "fhir.observations": _("asked for results as a program"),
            "fhir.patient": _("asked for a patient as a program"),
            "history.import": _("brought in earlier records"),
            "inbound.read": _("read a message of another system"),
            "inbound.refuse": _("refused a message of another system"),
            "inbound.retry": _("tried a message of another system again"),
        }
    )
