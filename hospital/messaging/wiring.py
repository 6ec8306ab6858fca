"""What hospital.messaging registers with the kit below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from hospital.kit import sweeps

    from . import delivery

    sweeps.register("messaging.deliveries", delivery.deliver_due, every=5)
