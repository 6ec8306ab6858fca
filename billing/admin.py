"""The price list by hand, with its history; a price that was charged is ended, never edited away (PAY-16)."""

from typing import Any, ClassVar

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from hospital.kit.admin import HistoryAdmin
from hospital.organisation import names

from .models import ChargeLine, Package, PackageItem, PriceItem

Dated = PriceItem | Package


class DatedAdmin(HistoryAdmin):
    """Prices and packages: found by code, name and sound; what was charged is ended, never edited or deleted (PAY-16)."""

    list_select_related = ("campus",)
    search_fields = ("code", "name", "pinyin", "initials")
    exclude = ("pinyin", "initials")
    as_charged: ClassVar[tuple[str, ...]]  # the fields that stay readable for ever: only the end may still be set
    charged_as: ClassVar[str]  # by which field a line of a bill names it

    def was_charged(self, obj: Dated) -> bool:
        return ChargeLine.objects.filter(**{self.charged_as: obj.pk}).exists()

    def get_readonly_fields(self, request: HttpRequest, obj: Dated | None = None) -> tuple[str, ...]:
        return self.as_charged if obj is not None and self.was_charged(obj) else ()

    def has_delete_permission(self, request: HttpRequest, obj: Dated | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Dated, form: ModelForm[Dated], change: Any) -> None:
        obj.pinyin, obj.initials = (sound.strip() for sound in names.sounds([obj.name]))
        super().save_model(request, obj, form, change)


@admin.register(PriceItem)
class PriceItemAdmin(DatedAdmin):
    list_display = ("code", "name", "category", "unit", "price", "campus", "effective_from", "effective_to")
    list_filter = ("category", "campus")
    date_hierarchy = "effective_from"
    as_charged = ("code", "system", "name", "category", "specification", "unit", "price", "campus", "effective_from")
    charged_as = "price_item"


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
class PackageAdmin(DatedAdmin):
    list_display = ("code", "name", "campus", "effective_from", "effective_to")
    list_filter = ("campus",)
    inlines = (PackageItemInline,)
    as_charged = ("code", "name", "campus", "effective_from", "source")
    charged_as = "package"
