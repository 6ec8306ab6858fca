"""How the lines that this app writes into the audit trail read for patients and auditors."""

from django.utils.translation import gettext_lazy as _

from hospital.audit.kinds import action_titles


def register_all() -> None:
    """Called once, from wiring."""
    action_titles(
        {
            "treatment.alarm_taken": _("took up an alarm of follow-up"),
            "treatment.alarm_unreached": _("noted that the patient was not reached"),
            "treatment.category": _("changed the category of a course"),
            "treatment.displaced_told": _("told a patient of a moved session"),
            "treatment.hold_release": _("released a held session"),
            "treatment.interruption_check": _("checked the plan for an interruption"),
            "treatment.interruption_decide": _("decided on an interruption"),
            "treatment.machine_down": _("took a machine out of service"),
            "treatment.phone_list": _("looked at the list of phone calls"),
            "treatment.review": _("reviewed a course of treatment"),
            "treatment.screen": _("answered the questions before treatment"),
            "treatment.alarm_handled": _("handled an alarm of follow-up"),
            "treatment.cancelled": _("cancelled a course of treatment"),
            "treatment.check_in": _("checked in for a treatment"),
            "treatment.execute": _("recorded a treatment session"),
            "treatment.finished": _("finished a course of treatment"),
            "treatment.move": _("moved a treatment session"),
            "treatment.place": _("booked a course of treatment"),
            "treatment.read": _("opened a course of treatment"),
            "treatment.release": _("released a course of treatment"),
            "treatment.stopped": _("stopped a course of treatment"),
        }
    )
