"""Django app configuration of `hospital.people`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    name = "hospital.people"
    label = "people"
    verbose_name = _("People")

    def ready(self) -> None:
        from . import wiring

        wiring.wire()
