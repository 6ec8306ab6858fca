"""Members of staff and their posts. A new one gets an account too (services.staff_hire)."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from hospital.kit import clock
from hospital.kit.access import actor_of
from hospital.kit.admin import HistoryAdmin
from hospital.people.models import Account

from .. import names
from ..models import Post, Staff
from ..services import admin_right_follow, staff_join


class HireForm(forms.ModelForm[Staff]):
    """A new member of staff with the account that signs in; the second factor is enrolled at the first sign-in."""

    login = forms.CharField(label=_("login name"), max_length=64, help_text=_("what the person signs in with"))
    password = forms.CharField(label=_("first password"), widget=forms.PasswordInput)

    class Meta:
        model = Staff
        fields = (
            "number", "name", "title", "specialty", "about", "licence_no", "licence_scope", "practising_since",
            "online_consent_at", "is_listed",
        )  # fmt: skip

    def clean_login(self) -> str:
        login = str(self.cleaned_data["login"]).strip()
        if Account.objects.filter(login__iexact=login).exists():
            raise ValidationError(_("This login name is already in use."))
        return login

    def clean_password(self) -> str:
        validate_password(self.cleaned_data["password"])
        return str(self.cleaned_data["password"])


class PostInline(admin.TabularInline[Post, Staff]):
    model = Post
    extra = 0
    autocomplete_fields = ("department",)
    show_change_link = True


class OnlineFilter(admin.SimpleListFilter):
    title = _("online work")
    parameter_name = "online"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("consented")), ("no", _("not consented"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in {"yes", "no"}:
            return queryset.filter(online_consent_at__isnull=self.value() == "no")
        return queryset


@admin.register(Staff)
class StaffAdmin(HistoryAdmin):
    list_display = ("number", "name", "title", "licence_no", "is_listed", "suspended_at")
    list_filter = ("title", "is_listed", OnlineFilter, ("suspended_at", admin.EmptyFieldListFilter))
    search_fields = ("number", "name", "pinyin", "initials", "specialty", "account__login")
    exclude = ("pinyin", "initials")
    readonly_fields = ("account",)
    inlines = (PostInline,)

    def get_form(self, request: HttpRequest, obj: Staff | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            return HireForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Staff | None = None) -> Any:
        if obj is None:
            return list(HireForm.base_fields)
        return super().get_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: Staff, form: Any, change: bool) -> None:
        if change:
            obj.pinyin, obj.initials = names.person(obj.name)
            super().save_model(request, obj, form, change)
            return
        with transaction.atomic():
            login, password = form.cleaned_data["login"], form.cleaned_data["password"]
            staff_join(actor=actor_of(request), staff=obj, login=login, password=password, at=clock.now())

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_related(request, form, formsets, change)
            admin_right_follow(staff=form.instance)


@admin.register(Post)
class PostAdmin(HistoryAdmin):
    list_display = ("staff", "department", "role", "effective_from", "effective_to")
    list_filter = ("role", "department__campus")
    list_select_related = ("staff", "department")
    search_fields = ("staff__name", "staff__number", "department__name")
    autocomplete_fields = ("staff", "department")

    def save_model(self, request: HttpRequest, obj: Post, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            admin_right_follow(staff=obj.staff)
