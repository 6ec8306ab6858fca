"""The catalogues of emr by hand: what can be ordered and prescribed, critical limits, templates. No patient data."""

from typing import Any, ClassVar

from django.contrib import admin

from .models import CriticalLimit, Drug, NoteTemplate, Orderable, OrderSet, OrderSetItem


@admin.register(Orderable)
class OrderableAdmin(admin.ModelAdmin[Orderable]):
    list_display = ("code", "name", "kind", "price_code", "preparation", "is_active")
    list_filter = ("kind", "is_active")
    search_fields = ("code", "name")


class OrderSetItemInline(admin.TabularInline[OrderSetItem, OrderSet]):
    model = OrderSetItem
    autocomplete_fields = ("orderable",)
    extra = 1


@admin.register(OrderSet)
class OrderSetAdmin(admin.ModelAdmin[OrderSet]):
    list_display = ("code", "title", "department", "is_active")
    list_select_related = ("department",)
    search_fields = ("code", "title")
    inlines: ClassVar[Any] = (OrderSetItemInline,)


@admin.register(Drug)
class DrugAdmin(admin.ModelAdmin[Drug]):
    list_display = ("code", "name", "strength", "atc", "max_daily", "special_class", "no_online", "is_active")
    list_filter = ("special_class", "no_online", "is_active")
    search_fields = ("code", "name", "ingredient")
    exclude = ("pinyin", "initials")


@admin.register(CriticalLimit)
class CriticalLimitAdmin(admin.ModelAdmin[CriticalLimit]):
    list_display = ("code", "low", "high", "source")
    search_fields = ("code",)


@admin.register(NoteTemplate)
class NoteTemplateAdmin(admin.ModelAdmin[NoteTemplate]):
    list_display = ("title", "doctor", "department", "is_active")
    list_select_related = ("doctor", "department")
    search_fields = ("title",)
