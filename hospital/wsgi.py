"""WSGI entry: pages and API."""

import gc
import importlib
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hospital.settings")
application = get_wsgi_application()
importlib.import_module(settings.ROOT_URLCONF)  # before the fork: else each worker's first visitor waits for all views
# Nothing of this is ever garbage. A full collection would walk through 370,000 objects again and again, a tenth of a
# second in which the worker answers nobody.
gc.collect()
gc.freeze()
