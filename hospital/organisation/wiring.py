"""What hospital.organisation registers with the kit below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from hospital.kit import parameters

    from . import selectors

    parameters.read_with(selectors.parameter_value)
