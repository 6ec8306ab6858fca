"""What administrators set by hand: items, machines, blocked times, follow-up plans (T12)."""

from django.contrib import admin
from simple_history.admin import SimpleHistoryAdmin

from .models import FollowUpPlan, Machine, MachineBlock, TreatmentItem


@admin.register(TreatmentItem)
class TreatmentItemAdmin(SimpleHistoryAdmin):
    list_display = ["code", "name", "department", "minutes", "per_week", "is_active"]
    list_filter = ["department", "is_active"]
    search_fields = ["code", "name"]


@admin.register(Machine)
class MachineAdmin(SimpleHistoryAdmin):
    list_display = ["code", "name", "department", "room", "opens_at", "closes_at", "is_active"]
    list_filter = ["department", "is_active"]
    search_fields = ["code", "name"]
    filter_horizontal = ["items"]


@admin.register(MachineBlock)
class MachineBlockAdmin(SimpleHistoryAdmin):
    list_display = ["machine", "during", "reason"]
    list_filter = ["machine"]


@admin.register(FollowUpPlan)
class FollowUpPlanAdmin(SimpleHistoryAdmin):
    list_display = ["code", "title", "questionnaire", "offsets"]
    search_fields = ["code", "title"]
