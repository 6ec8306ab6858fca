"""The price list by hand, with its history; a price that was charged is ended, never edited away (PAY-16)."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from hospital.kit.admin import HistoryAdmin
from hospital.organisation import names

from .models import ChargeLine, Package, PackageItem, PriceItem


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


class PackageItemInline(admin.TabularInline[PackageItem, Package]):
    model = PackageItem
    extra = 1

    def _may_change(self, obj: Package | None) -> bool:
        return obj is None or not ChargeLine.objects.filter(package=obj).exists()

    def has_add_permission(self, request: HttpRequest, obj: Package | None = None) -> bool:
        return super().has_add_permission(request, obj) and self._may_change(obj)

    def has_change_permission(self, request: HttpRequest, obj: Package | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_change(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Package | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_change(obj)


@admin.register(Package)
class PackageAdmin(HistoryAdmin):
    list_display = ("code", "name", "campus", "effective_from", "effective_to")
    list_filter = ("campus",)
    list_select_related = ("campus",)
    search_fields = ("code", "name", "pinyin", "initials")
    exclude = ("pinyin", "initials")
    inlines = (PackageItemInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Package | None = None) -> tuple[str, ...]:
        """What was charged as a package stays what it was: only its end may still be set."""
        if obj is not None and ChargeLine.objects.filter(package=obj).exists():
            return ("code", "name", "campus", "effective_from", "source")
        return ()

    def has_delete_permission(self, request: HttpRequest, obj: Package | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Package, form: ModelForm[Package], change: Any) -> None:
        obj.pinyin, obj.initials = (sound.strip() for sound in names.sounds([obj.name]))
        super().save_model(request, obj, form, change)
