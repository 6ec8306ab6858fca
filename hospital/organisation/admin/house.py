"""Campuses and departments."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from hospital.kit.admin import HistoryAdmin

from .. import names
from ..models import Campus, Department


@admin.register(Campus)
class CampusAdmin(HistoryAdmin):
    list_display = ("code", "name", "address", "phone")
    search_fields = ("code", "name")


@admin.register(Department)
class DepartmentAdmin(HistoryAdmin):
    list_display = ("code", "name", "campus", "national_code", "is_open")
    list_filter = ("campus", "is_open")
    list_select_related = ("campus",)
    search_fields = ("code", "name", "pinyin", "initials", "national_code")
    autocomplete_fields = ("parent",)
    exclude = ("pinyin", "initials")

    def save_model(self, request: HttpRequest, obj: Department, form: ModelForm[Department], change: Any) -> None:
        pinyin, initials = (sound.strip() for sound in names.sounds([obj.name]))
        obj.pinyin, obj.initials = pinyin, initials
        super().save_model(request, obj, form, change)
