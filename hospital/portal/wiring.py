"""What hospital.portal registers with the apps below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from . import trail

    trail.register_all()
