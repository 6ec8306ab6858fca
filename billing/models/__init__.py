"""What billing stores."""

from .charges import Charge, ChargeLine, Scene
from .desk import DeskEntry, DeskShift
from .invoices import Invoice
from .ledger import DayClose, Entry, Journal, LedgerAccount
from .notices import Notice
from .payments import (
    DESK_CHANNELS,
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
    "DESK_CHANNELS",
    "BillFetch",
    "BillFile",
    "BillLine",
    "Category",
    "Channel",
    "ChannelEvent",
    "Charge",
    "ChargeLine",
    "DayClose",
    "DeskEntry",
    "DeskShift",
    "Difference",
    "Entry",
    "Invoice",
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
