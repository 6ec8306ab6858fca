"""Fixtures that every test may use. The cast lives in tests/cast.py."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from hospital.kit import clock
from tests.browser import chromium, open_page
from tests.cast import Cast, build

__all__ = ["cast", "chromium", "open_page"]


@pytest.fixture
def cast(db: Any) -> Cast:
    """The known people of tests/cast.py, fresh in each test (works with transactional_db as well)."""
    return build(clock.now())


@pytest.fixture(autouse=True)
def only_what_a_test_sets_up(settings: Any) -> None:
    """The demo's environment, in which `make test` runs, has Alipay and a receipt platform; a test says that it wants them.

    One file of anchors for all tests would hold seals of databases that are gone.
    """
    settings.AUDIT_ANCHOR_FILE = ""
    settings.ALIPAY_APP_ID = ""
    settings.INVOICE_BASE_URL = ""


def pytest_configure() -> None:
    """Each worker of a parallel run gets its own corner of Redis, and so do the processes that its tests start."""
    # Each test client would list hundreds of static files before its first request; live_server serves them itself.
    settings.WHITENOISE_USE_FINDERS = False
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        prefix = os.environ["REDIS_PREFIX"] = f"{os.environ.get('REDIS_PREFIX', 'ih')}-{worker}"
        settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = prefix
        settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = f"{prefix}:"
