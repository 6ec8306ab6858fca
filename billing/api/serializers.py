"""What the API takes and gives. Amounts are whole fen."""

from typing import Any

from rest_framework import serializers

from billing.models import Category, Charge, ChargeLine, Package, PayMethod, PayOrder, PriceItem


class PriceSearchInput(serializers.Serializer[Any]):
    q = serializers.CharField(required=False, allow_blank=True, max_length=60, default="")
    category = serializers.ChoiceField(choices=Category.choices, required=False, allow_blank=True, default="")
    page = serializers.IntegerField(required=False, min_value=1, max_value=10_000, default=1)


class PriceOutput(serializers.ModelSerializer[PriceItem]):
    class Meta:
        model = PriceItem
        fields = (
            "code",
            "name",
            "category",
            "specification",
            "unit",
            "price",
            "campus",
            "effective_from",
            "effective_to",
        )


class PackageOutput(serializers.ModelSerializer[Package]):
    class Meta:
        model = Package
        fields = ("code", "name")


class ChargeLineOutput(serializers.ModelSerializer[ChargeLine]):
    package = PackageOutput(allow_null=True, help_text="The package of items that this line was ordered with, if any.")

    class Meta:
        model = ChargeLine
        fields = ("code", "name", "category", "unit", "unit_price", "quantity", "amount", "package")


class ChargeOutput(serializers.ModelSerializer[Charge]):
    lines = ChargeLineOutput(many=True)

    class Meta:
        model = Charge
        fields = ("id", "number", "kind", "patient", "amount", "refund_reserved", "status", "created_at", "expires_at",
                  "paid_at", "lines")  # fmt: skip


class PayOrderInput(serializers.Serializer[Any]):
    charge_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62), min_length=1, max_length=50
    )
    method = serializers.ChoiceField(choices=[PayMethod.H5, PayMethod.JSAPI, PayMethod.NATIVE])


class PayOrderOutput(serializers.ModelSerializer[PayOrder]):
    prepared = serializers.DictField(
        child=serializers.CharField(), help_text="h5_url, code_url or prepay_id, once known."
    )

    class Meta:
        model = PayOrder
        fields = ("number", "channel", "method", "amount", "title", "status", "created_at", "expires_at", "prepared")
