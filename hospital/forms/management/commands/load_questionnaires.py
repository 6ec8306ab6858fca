"""`manage.py load_questionnaires`: publish the questionnaires that come with the house."""

from typing import Any

from django.core.management.base import BaseCommand

from hospital.forms import carried
from hospital.kit import clock


class Command(BaseCommand):
    help = "Publish the questionnaires that come with the house; unchanged ones stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        for version in carried.publish_all(at=clock.now()):
            self.stdout.write(f"{version.questionnaire.name} v{version.number}")
