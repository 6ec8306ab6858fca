"""Django app configuration of `hospital.operations`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "hospital.operations"
    label = "operations"
    verbose_name = _("Operations")

    def ready(self) -> None:
        from hospital.kit import sweeps

        from . import (
            checks,  # noqa: F401 - importing registers the system checks
            probes,
        )

        probes.register_all()
        sweeps.register("operations.heartbeat", probes.heartbeat, every=15, title="Background work is alive")
