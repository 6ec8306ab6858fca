"""What hospital.organisation registers with the kit below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from hospital.audit import kinds as trail
    from hospital.kit import parameters

    from . import directory, invariants, selectors
    from . import parameters as _limits  # noqa: F401 - declares them, so that the administrator sees them
    from . import trail as titles

    invariants.register_all()
    titles.register_all()
    parameters.read_with(selectors.parameter_values)
    trail.staff_directory(names=directory.staff_names, find=directory.staff_found)
