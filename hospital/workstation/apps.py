"""Django app configuration of `hospital.workstation`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkstationConfig(AppConfig):
    name = "hospital.workstation"
    label = "workstation"
    verbose_name = _("Workstation")

    def ready(self) -> None:
        from . import wiring

        wiring.wire()
