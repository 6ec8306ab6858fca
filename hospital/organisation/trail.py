"""How the lines that this app writes into the audit trail read for patients and auditors."""

from django.utils.translation import gettext_lazy as _

from hospital.audit.kinds import action_titles


def register_all() -> None:
    """Called once, from wiring."""
    action_titles(
        {
            "catalogue.import": _("imported a catalogue"),
            "concept.save": _("changed a code"),
            "parameter.set": _("set a limit"),
            "post.close": _("ended a post"),
            "post.open": _("opened a post"),
            "staff.hire": _("took on a member of staff"),
        }
    )
