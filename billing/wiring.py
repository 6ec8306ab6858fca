"""What billing registers with the apps below it."""


def wire() -> None:
    """Called once, from AppConfig.ready()."""
    from hospital.kit import sweeps

    from . import services
    from .channels import base
    from .channels.wechat.client import WeChatClient, is_ready
    from .models import Channel
    from .services import bills, intents

    base.register(Channel.WECHAT, WeChatClient, is_ready)
    sweeps.register("billing.notices", services.notices_deliver, every=10, title="Payment consequences")
    sweeps.register("billing.expiry", services.charges_expire, every=15, title="Expired bills")
    sweeps.register(intents.SWEEP, intents.intents_resolve, every=10, title="Orders and refunds at channels")
    sweeps.register("billing.bills", bills.bills_fetch, every=300, title="Bills of yesterday")
