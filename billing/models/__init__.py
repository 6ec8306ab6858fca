"""What billing stores."""

from .charges import Charge, ChargeLine, Scene
from .desk import DeskEntry, DeskShift
from .insured import Insured
from .invoices import Invoice
from .ledger import DayClose, Entry, Journal, LedgerAccount
from .notices import Notice
from .payments import (
    DESK_CHANNELS,
    TERMINAL_CHANNELS,
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
from .prices import Category, Package, PackageItem, PriceItem
from .reconciliation import (
    BankCredit,
    BillFetch,
    BillFile,
    BillLine,
    BillPart,
    Difference,
    FundLine,
    PaymentSplit,
    ReconCase,
    ReconRun,
)

__all__ = [
    "DESK_CHANNELS",
    "TERMINAL_CHANNELS",
    "BankCredit",
    "BillFetch",
    "BillFile",
    "BillLine",
    "BillPart",
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
    "FundLine",
    "Insured",
    "Invoice",
    "Journal",
    "LedgerAccount",
    "Notice",
    "Package",
    "PackageItem",
    "PayMethod",
    "PayOrder",
    "PayOrderCharge",
    "Payment",
    "PaymentSplit",
    "PriceItem",
    "ReconCase",
    "ReconRun",
    "Refund",
    "RefundLine",
    "Scene",
    "Settlement",
]
