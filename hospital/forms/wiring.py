"""What hospital.forms registers with the apps below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from hospital.kit import sweeps

    from . import invariants, services, trail

    sweeps.register(services.NOTICES, services.notices_deliver, every=5, title="forms handed in")
    invariants.register()
    trail.register_all()
