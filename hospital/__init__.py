"""The project package. Importing it makes the Celery app known, nothing else."""

from .celery import app as celery_app

__all__ = ["celery_app"]
