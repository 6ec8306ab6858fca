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
from .reconciliation import BillFetch, BillFile, BillLine, Difference, ReconCase, ReconRun

__all__ = [
    "BillFetch",
    "BillFile",
    "BillLine",
    "Category",
    "Channel",
    "ChannelEvent",
    "Charge",
    "ChargeLine",
    "DayClose",
    "Difference",
    "Entry",
    "Journal",
    "LedgerAccount",
    "Notice",
    "PayMethod",
    "PayOrder",
    "PayOrderCharge",
    "Payment",
    "PriceItem",
    "ReconCase",
    "ReconRun",
    "Refund",
    "RefundLine",
    "Scene",
    "Settlement",
]
