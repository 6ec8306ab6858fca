"""What an administrator changes by hand: a title, and whether a questionnaire is in use. Versions come by import."""

from django.contrib import admin
from django.http import HttpRequest

from .models import Questionnaire


@admin.register(Questionnaire)
class QuestionnaireAdmin(admin.ModelAdmin[Questionnaire]):
    list_display = ("name", "title", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "title")
    readonly_fields = ("name", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Questionnaire | None = None) -> bool:
        return False
