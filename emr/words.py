"""How states and flags are said and shown: words and shapes, never colour alone (AG-02)."""

from django.utils.translation import gettext_lazy as _

from .models import DeliveryStatus, Flag, OrderStatus, PrescriptionStatus, ReportStatus

ARROWS = {
    Flag.LOW: "↓",
    Flag.HIGH: "↑",
    Flag.VERY_LOW: "⇊",
    Flag.VERY_HIGH: "⇈",
    Flag.ABNORMAL: "!",
    Flag.CRITICAL: "!!",
}
FLAG_WORDS = {
    Flag.NORMAL: _("normal"), Flag.LOW: _("low"), Flag.HIGH: _("high"), Flag.VERY_LOW: _("much too low"),
    Flag.VERY_HIGH: _("much too high"), Flag.ABNORMAL: _("abnormal"), Flag.CRITICAL: _("abnormal, urgent"),
}  # fmt: skip
TONES = {
    Flag.LOW: "low", Flag.VERY_LOW: "low", Flag.HIGH: "high", Flag.VERY_HIGH: "high", Flag.ABNORMAL: "high",
    Flag.CRITICAL: "high",
}  # fmt: skip

REPORT_TONES = {
    ReportStatus.RECEIVED: "warn", ReportStatus.REVIEWED: "info", ReportStatus.RELEASED: "success",
    ReportStatus.REPLACED: "",
}  # fmt: skip
ORDER_TONES = {
    OrderStatus.PLACED: "warn", OrderStatus.PAID: "brand", OrderStatus.SCHEDULED: "brand",
    OrderStatus.COLLECTED: "info", OrderStatus.REPORTED: "success", OrderStatus.CLOSED: "success",
    OrderStatus.CANCELLED: "", OrderStatus.STOPPED: "danger",
}  # fmt: skip
PRESCRIPTION_TONES = {
    PrescriptionStatus.DRAFT: "", PrescriptionStatus.SIGNED: "info", PrescriptionStatus.REVIEWING: "info",
    PrescriptionStatus.RETURNED: "danger", PrescriptionStatus.REFUSED: "danger", PrescriptionStatus.APPROVED: "warn",
    PrescriptionStatus.PAID: "brand", PrescriptionStatus.DISPENSED: "brand", PrescriptionStatus.DELIVERED: "success",
    PrescriptionStatus.EXPIRED: "", PrescriptionStatus.VOID: "",
}  # fmt: skip
DELIVERY_TONES = {
    DeliveryStatus.PICKUP: "info", DeliveryStatus.WAITING: "info", DeliveryStatus.SENT: "brand",
    DeliveryStatus.ARRIVED: "success",
}  # fmt: skip
