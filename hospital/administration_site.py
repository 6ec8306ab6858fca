"""The admin site: who may enter, and its title. What may be changed there is each app's admin.py."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role


@rule("administration", {Role.ADMIN}, methods=["GET", "POST"])
class HospitalAdminSite(AdminSite):
    site_header = _("Hospital administration")
    site_title = _("Hospital administration")
    index_title = _("Administration")
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and actor_of(request).is_any(Role.ADMIN)
