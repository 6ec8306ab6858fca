"""What the house knows of itself."""

from typing import ClassVar

from django.db import models


class Heartbeat(models.Model):
    """When background work last ran: one row, written by a sweep of its own (G31)."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = "heartbeat"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~models.Q(name=""), name="operations_heartbeat_named")
        ]

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%F %T}"
