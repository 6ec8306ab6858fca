"""What hospital.audit registers with the kit below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from hospital.kit import lifecycle

    from . import services

    lifecycle.journal_with(services.journal_move)
