"""What hospital.interop registers with the apps below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from hospital.kit import sweeps

    from . import services, trail

    sweeps.register("interop.unfinished", services.unfinished_process, every=30)
    trail.register_all()
