"""Django app configuration of `treatment`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TreatmentConfig(AppConfig):
    name = "treatment"
    label = "treatment"
    verbose_name = _("Treatment")

    def ready(self) -> None:
        from . import wiring

        wiring.wire()
