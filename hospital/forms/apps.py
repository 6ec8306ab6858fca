"""Django app configuration of `hospital.forms`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FormsConfig(AppConfig):
    name = "hospital.forms"
    label = "forms"
    verbose_name = _("Forms")

    def ready(self) -> None:
        from . import wiring

        wiring.wire()
