"""The life of a message and of its delivery by one channel."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from hospital.kit.lifecycle import Lifecycle


class MessageStatus(TextChoices):
    WAITING = "waiting", _("waiting")  # its time has not come
    SENDING = "sending", _("being sent")  # in the inbox; other channels on their way
    DONE = "done", _("sent")
    WITHDRAWN = "withdrawn", _("withdrawn")  # no longer true: gone from the inbox, not sent where it wasn't yet


class DeliveryStatus(TextChoices):
    WAITING = "waiting", _("waiting")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")  # refused by the provider for good, or given up
    WITHDRAWN = "withdrawn", _("withdrawn")


MESSAGE = Lifecycle(
    "messaging.message",
    moves={
        MessageStatus.WAITING: {MessageStatus.SENDING, MessageStatus.WITHDRAWN},
        MessageStatus.SENDING: {MessageStatus.DONE, MessageStatus.WITHDRAWN},
        MessageStatus.DONE: {MessageStatus.WITHDRAWN},
    },
)
DELIVERY = Lifecycle(
    "messaging.delivery",
    moves={
        DeliveryStatus.WAITING: {DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.WITHDRAWN},
        DeliveryStatus.WITHDRAWN: {DeliveryStatus.SENT},  # the provider had it before the withdrawal reached us
    },
)
