"""What hospital.people registers with the apps below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from hospital.kit import sweeps

    from . import invariants, limits, services, trail
    from .services.codes import SWEEP

    sweeps.register(SWEEP, services.send_due_codes, every=2, title="codes by text message")
    sweeps.register("people.attempts", limits.forget_old, every=3600, title="forget old attempts")
    invariants.register_all()
    trail.register_all()
