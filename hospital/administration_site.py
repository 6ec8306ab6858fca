"""The admin site: who may enter, and its title. What may be changed there is each app's admin.py."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role

_NOT_HERE = {"otp_totp", "otp_static", "auth"}


@rule("administration", {Role.ADMIN}, methods=["GET", "POST"])
class HospitalAdminSite(AdminSite):
    site_header = _("Hospital administration")
    site_title = _("Hospital administration")
    index_title = _("Administration")
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Leaves out what no administrator may hold: others' second factors, and groups beside the posts."""
        models: list[Any] = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        ours = [model for model in models if model._meta.app_label not in _NOT_HERE]
        super().register(ours, admin_class, **options)

    @rule("administration", {Role.ADMIN})
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseRedirect:
        """There is one sign-in page in the house; the admin has none of its own."""
        return redirect("admin:index")

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and actor_of(request).is_any(Role.ADMIN)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Marks the page as this site's, so that its rule is found also where another app adds pages (history)."""
        page = super().admin_view(view, cacheable)
        page.admin_site = self
        return page
