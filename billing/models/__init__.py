"""What billing stores."""

from .charges import Charge, ChargeLine, Scene
from .ledger import DayClose, Entry, Journal, LedgerAccount
from .notices import Notice
from .payments import (
    Channel,
    ChannelEvent,
    Payment,
    PayMethod,
    PayOrder,
    PayOrderCharge,
    Refund,
    RefundLine,
    Settlement,
)
from .prices import Category, PriceItem

__all__ = [
    "Category",
    "Channel",
    "ChannelEvent",
    "Charge",
    "ChargeLine",
    "DayClose",
    "Entry",
    "Journal",
    "LedgerAccount",
    "Notice",
    "PayMethod",
    "PayOrder",
    "PayOrderCharge",
    "Payment",
    "PriceItem",
    "Refund",
    "RefundLine",
    "Scene",
    "Settlement",
]
