"""What hospital.messaging registers with the kit below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from hospital.kit import sweeps

    from . import delivery, invariants, services

    sweeps.register(services.SWEEP, delivery.deliver_due, every=5, title="send what is due")
    invariants.wire()
