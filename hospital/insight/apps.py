"""Django app configuration of `hospital.insight`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightConfig(AppConfig):
    name = "hospital.insight"
    label = "insight"
    verbose_name = _("Insight")

    def ready(self) -> None:
        from . import wiring

        wiring.wire()
