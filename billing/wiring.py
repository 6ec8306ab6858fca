"""What billing registers with the apps below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from hospital.kit import sweeps

    from . import services

    sweeps.register("billing.notices", services.notices_deliver, every=10, title="Payment consequences")
    sweeps.register("billing.expiry", services.charges_expire, every=15, title="Expired bills")
