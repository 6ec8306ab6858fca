"""What hospital.audit registers with the kit below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from django.core import checks

    from hospital.kit import lifecycle

    from . import doors, services

    lifecycle.journal_with(services.journal_move)
    checks.register(doors.check_access, "access")
