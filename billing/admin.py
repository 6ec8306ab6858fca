"""The price list by hand, with its history; a price that was charged is ended, never edited away (PAY-16)."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from hospital.kit.admin import HistoryAdmin
from hospital.organisation import names

from .models import ChargeLine, PriceItem


@admin.register(PriceItem)
class PriceItemAdmin(HistoryAdmin):
    list_display = ("code", "name", "category", "unit", "price", "campus", "effective_from", "effective_to")
    list_filter = ("category", "campus")
    list_select_related = ("campus",)
    search_fields = ("code", "name", "pinyin", "initials")
    exclude = ("pinyin", "initials")
    date_hierarchy = "effective_from"

    def get_readonly_fields(self, request: HttpRequest, obj: PriceItem | None = None) -> tuple[str, ...]:
        """What was charged under a price stays readable for ever: only its end may still be set."""
        if obj is not None and ChargeLine.objects.filter(price_item=obj).exists():
            return ("code", "system", "name", "category", "specification", "unit", "price", "campus", "effective_from")
        return ()

    def has_delete_permission(self, request: HttpRequest, obj: PriceItem | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: PriceItem, form: ModelForm[PriceItem], change: Any) -> None:
        obj.pinyin, obj.initials = (sound.strip() for sound in names.sounds([obj.name]))
        super().save_model(request, obj, form, change)
