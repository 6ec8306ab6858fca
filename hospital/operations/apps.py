"""Django app configuration of `hospital.operations`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "hospital.operations"
    label = "operations"
    verbose_name = _("Operations")

    def ready(self) -> None:
        from . import checks  # noqa: F401 - importing registers the system checks
