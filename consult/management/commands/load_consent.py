"""`manage.py load_consent`: publish the consent to online visits that comes with the house."""

from typing import Any

from django.core.management.base import BaseCommand

from consult import carried
from hospital.kit import clock


class Command(BaseCommand):
    help = "Publish the consent to online visits; unchanged words stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"v{carried.load(at=clock.now()).version}")
