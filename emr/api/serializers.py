"""What the API of emr says: output only, field by field."""

from typing import Any

from rest_framework import serializers

from ..models import Order, OrderItem, Prescription, Report
from ..selectors import Line


class ReportOutput(serializers.ModelSerializer[Report]):
    abnormal = serializers.IntegerField(read_only=True)

    class Meta:
        model = Report
        fields = ["id", "patient_id", "kind", "title", "performer", "observed_at", "released_at", "version", "abnormal"]


class LineOutput(serializers.Serializer[Line]):
    """One item: value as sent, its flag (HL7 table 0078), its range, its course over the released reports."""

    code = serializers.CharField(source="row.code")
    name = serializers.CharField(source="row.name")
    value = serializers.CharField(source="row.value")
    unit = serializers.CharField(source="row.unit")
    flag = serializers.CharField(source="row.flag")
    reference = serializers.CharField(source="range_text")
    course = serializers.SerializerMethodField()

    def get_course(self, line: Line) -> list[dict[str, Any]]:
        return [{"month": month, "value": value} for month, value in line.points]


class ReportOneOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="report.pk")
    patient_id = serializers.IntegerField(source="report.patient_id")
    kind = serializers.CharField(source="report.kind")
    title = serializers.CharField(source="report.title")
    findings = serializers.CharField(source="report.findings")
    conclusion = serializers.CharField(source="report.conclusion")
    comment = serializers.CharField(source="report.comment")
    observed_at = serializers.DateTimeField(source="report.observed_at")
    released_at = serializers.DateTimeField(source="report.released_at")
    version = serializers.IntegerField(source="report.version")
    observations = LineOutput(source="lines", many=True)


class PrescriptionLineOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    strength = serializers.CharField()
    dose = serializers.DecimalField(max_digits=10, decimal_places=3)
    dose_unit = serializers.CharField()
    per_day = serializers.DecimalField(max_digits=4, decimal_places=2)
    route = serializers.CharField()
    days = serializers.IntegerField()
    quantity = serializers.IntegerField()
    pack_unit = serializers.CharField()
    usage_note = serializers.CharField()


class PrescriptionOutput(serializers.ModelSerializer[Prescription]):
    lines = PrescriptionLineOutput(many=True, read_only=True)
    doctor = serializers.CharField(source="doctor.name", read_only=True)
    department = serializers.CharField(source="department.name", read_only=True)

    class Meta:
        model = Prescription
        fields = [
            "id", "number", "patient_id", "status", "doctor", "department", "signed_at", "valid_until", "charge_id",
            "lines",
        ]  # fmt: skip


class OrderItemOutput(serializers.ModelSerializer[OrderItem]):
    class Meta:
        model = OrderItem
        fields = ["code", "name", "quantity", "preparation"]


class OrderOutput(serializers.ModelSerializer[Order]):
    """`placer_number` is ORC-2 of HL7 v2 and the barcode of the slip."""

    items = OrderItemOutput(many=True, read_only=True)
    doctor = serializers.CharField(source="doctor.name", read_only=True)
    department = serializers.CharField(source="department.name", read_only=True)

    class Meta:
        model = Order
        fields = [
            "id", "placer_number", "patient_id", "kind", "status", "doctor", "department", "placed_at", "paid_at",
            "collected_at", "reported_at", "ended_at", "charge_id", "items",
        ]  # fmt: skip
