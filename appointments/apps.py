"""Django app configuration of `appointments`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    name = "appointments"
    label = "appointments"
    verbose_name = _("Appointments")

    def ready(self) -> None:
        from . import wiring

        wiring.wire()
