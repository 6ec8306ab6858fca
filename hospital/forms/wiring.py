"""What hospital.forms registers with the apps below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
