"""What administrators keep by hand: the week roster, with history; sessions are read, and stopped by a reasoned step."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from simple_history.admin import SimpleHistoryAdmin

from hospital.kit import clock
from hospital.kit.access import actor_of
from hospital.kit.problems import Problem

from . import services
from .models import (
    CampusPoint,
    ExamItem,
    ExamMachine,
    ExamRule,
    ExamShift,
    Kiosk,
    PrepQuestion,
    Quota,
    ReleaseRule,
    RosterDay,
    RosterSlot,
    Session,
)
from .states import BookingStatus, SessionStatus


@admin.register(RosterSlot)
class RosterSlotAdmin(SimpleHistoryAdmin):
    list_display = (
        "doctor", "department", "weekday", "starts", "ends", "kind", "level", "period_minutes", "places_per_period",
        "room", "fee_item", "effective_from", "effective_to",
    )  # fmt: skip
    list_filter = ("weekday", "kind", "level", "department")
    search_fields = ("doctor__name", "doctor__pinyin", "doctor__number", "department__name", "room")
    list_select_related = ("doctor", "department")
    raw_id_fields = ("doctor",)
    ordering = ("doctor__number", "weekday", "starts")
    date_hierarchy = "effective_from"


@admin.register(RosterDay)
class RosterDayAdmin(SimpleHistoryAdmin):
    list_display = ("day", "campus", "runs_as")
    date_hierarchy = "day"
    ordering = ("-day",)


@admin.register(ReleaseRule)
class ReleaseRuleAdmin(SimpleHistoryAdmin):
    list_display = ("department", "kind", "days_ahead", "opens", "effective_from", "effective_to")
    list_filter = ("kind",)
    list_select_related = ("department",)


@admin.register(Quota)
class QuotaAdmin(SimpleHistoryAdmin):
    """A quota holds for days that aren't made yet; the action puts it into force for those that are."""

    list_display = (
        "pool", "percent", "department", "doctor", "kind", "from_time", "to_time", "back_hours", "effective_from",
        "effective_to",
    )  # fmt: skip
    list_filter = ("pool", "kind", "department")
    list_select_related = ("department", "doctor")
    raw_id_fields = ("doctor",)
    actions = ("apply_now",)

    @admin.action(description=_("Share out the days that are made already anew"))
    def apply_now(self, request: HttpRequest, queryset: QuerySet[Quota]) -> None:
        at = clock.now()
        today = clock.business_day(at)
        kept = services.quotas_apply(actor=actor_of(request), first=today, last=today + timedelta(days=90), at=at)
        messages.success(request, _("%(number)d free places are kept for a channel now.") % {"number": kept})


class StopForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason, as patients will read it"), max_length=200, widget=forms.TextInput(attrs={"size": 60})
    )


@admin.register(Session)
class SessionAdmin(admin.ModelAdmin[Session]):
    list_display = (
        "date",
        "half_day",
        "doctor",
        "department",
        "kind",
        "level",
        "room",
        "status",
        "booked",
        "places_all",
    )
    list_filter = ("status", "kind", "half_day", "department")
    search_fields = ("doctor__name", "doctor__pinyin", "doctor__number", "department__name")
    list_select_related = ("doctor", "department")
    date_hierarchy = "date"
    ordering = ("-date", "doctor__number")
    actions = ("stop",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        taken = Q(places__booking__isnull=False)
        return super().get_queryset(request).annotate(n_all=Count("places"), n_taken=Count("places", filter=taken))

    @admin.display(description=_("taken"))
    def booked(self, row: Any) -> int:
        return int(row.n_taken)

    @admin.display(description=_("places"))
    def places_all(self, row: Any) -> int:
        return int(row.n_all)

    # A session comes from the roster and moves only along its life: nothing here is typed.
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Session | None = None) -> tuple[str, ...]:
        return tuple(field.name for field in Session._meta.fields)

    @admin.action(description=_("Stop: cancel, refund and tell everybody…"))
    def stop(self, request: HttpRequest, queryset: QuerySet[Session]) -> HttpResponse | None:
        """AP-08: first a page that says whom it concerns and asks for the reason, then the stop."""
        chosen = queryset.filter(status=SessionStatus.OPEN).select_related("doctor", "department")
        form = StopForm(request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            self._stop(request, list(chosen.values_list("pk", flat=True)), form.cleaned_data["reason"])
            return None
        active = [BookingStatus.HELD, BookingStatus.BOOKED, BookingStatus.CHECKED_IN]
        concerned = chosen.annotate(n_active=Count("bookings", filter=Q(bookings__status__in=active), distinct=True))
        context = {
            **self.admin_site.each_context(request), "title": _("Stop these sessions"), "sessions": concerned,
            "form": form, "opts": self.model._meta, "action_name": ACTION_CHECKBOX_NAME,
        }  # fmt: skip
        return TemplateResponse(request, "appointments/admin_stop.html", context)

    def _stop(self, request: HttpRequest, session_ids: list[int], reason: str) -> None:
        concerned = 0
        for session_id in session_ids:
            try:
                concerned += services.session_stop(
                    actor=actor_of(request), session_id=session_id, reason=reason, at=clock.now()
                )
            except Problem as problem:
                messages.warning(request, f"{problem.reason} {problem.next_step}")
        text = ngettext(
            "Stopped. %(number)d booking is being cancelled, refunded and told.",
            "Stopped. %(number)d bookings are being cancelled, refunded and told.",
            concerned,
        )
        messages.success(request, text % {"number": concerned})


@admin.register(CampusPoint)
class CampusPointAdmin(admin.ModelAdmin[CampusPoint]):
    list_display = ("campus", "latitude", "longitude", "radius")
    list_select_related = ("campus",)


@admin.register(Kiosk)
class KioskAdmin(admin.ModelAdmin[Kiosk]):
    """A kiosk's key is shown once, when it is added or renewed; only its hash is kept."""

    list_display = ("name", "campus", "is_active", "seen_at")
    list_filter = ("is_active", "campus")
    list_select_related = ("campus",)
    fields = ("name", "campus", "is_active")
    actions = ("renew",)

    def save_model(self, request: HttpRequest, obj: Kiosk, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            self._say(request, obj, services.kiosk_key_new(actor=actor_of(request), kiosk=obj, at=clock.now()))

    def has_delete_permission(self, request: HttpRequest, obj: Kiosk | None = None) -> bool:
        return False

    @admin.action(description=_("New key: the old one opens nothing any more"))
    def renew(self, request: HttpRequest, queryset: QuerySet[Kiosk]) -> None:
        for kiosk in queryset:
            self._say(request, kiosk, services.kiosk_key_new(actor=actor_of(request), kiosk=kiosk, at=clock.now()))

    def _say(self, request: HttpRequest, kiosk: Kiosk, key: str) -> None:
        text = _("Key of %(kiosk)s, shown this once: %(key)s") % {"kiosk": kiosk.name, "key": key}
        messages.warning(request, text)


@admin.register(ExamMachine)
class ExamMachineAdmin(admin.ModelAdmin[ExamMachine]):
    list_display = ("name", "campus", "room", "is_active")
    list_filter = ("campus", "is_active")
    list_select_related = ("campus",)


class PrepQuestionInline(admin.TabularInline[PrepQuestion, ExamItem]):
    model = PrepQuestion
    extra = 0


@admin.register(ExamItem)
class ExamItemAdmin(admin.ModelAdmin[ExamItem]):
    list_display = ("code", "name", "minutes", "fasting_hours", "traits")
    search_fields = ("code", "name")
    filter_horizontal = ("orderables", "machines")
    inlines = (PrepQuestionInline,)


@admin.register(ExamRule)
class ExamRuleAdmin(admin.ModelAdmin[ExamRule]):
    list_display = ("first", "then", "minutes", "why", "source")


@admin.register(ExamShift)
class ExamShiftAdmin(admin.ModelAdmin[ExamShift]):
    list_display = ("machine", "staff", "during", "normal_until")
    list_filter = ("machine",)
    list_select_related = ("machine", "staff")
    raw_id_fields = ("staff",)
