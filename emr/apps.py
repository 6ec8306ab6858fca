"""Django app configuration of `emr`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EmrConfig(AppConfig):
    name = "emr"
    label = "emr"
    verbose_name = _("Medical records")

    def ready(self) -> None:
        from . import wiring

        wiring.wire()
