"""Django app configuration of `hospital.portal`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "hospital.portal"
    label = "portal"
    verbose_name = _("Patient portal")

    def ready(self) -> None:
        from . import wiring

        wiring.wire()
