"""What hospital.audit registers with the kit below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from django.core import checks
    from django.utils.translation import gettext_lazy as _

    from hospital.kit import lifecycle, sweeps, transactions

    from . import doors, kinds, replies, sealing, services

    lifecycle.journal_with(services.journal_moves)
    transactions.refusals_to(services.refusal_keep)
    checks.register(doors.check_access, "access")
    sweeps.register(sealing.SWEEP, sealing.seal_finished, every=10, title="seals of the audit trail")
    kinds.action_title("access.refused", _("was refused"))
    kinds.action_title(services.RULE_REFUSED, _("was refused by a rule"))
    sweeps.register("audit.replies", replies.replies_forget, every=3600, title="answers kept for repeated requests")
