"""Django app configuration of `consult`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsultConfig(AppConfig):
    name = "consult"
    label = "consult"
    verbose_name = _("Online visits")

    def ready(self) -> None:
        from . import wiring

        wiring.wire()
