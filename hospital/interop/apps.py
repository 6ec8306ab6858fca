"""Django app configuration of `hospital.interop`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InteropConfig(AppConfig):
    name = "hospital.interop"
    label = "interop"
    verbose_name = _("Interoperability")

    def ready(self) -> None:
        from . import wiring

        wiring.wire()
