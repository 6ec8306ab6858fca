"""Fixtures that every test may use. The cast lives in tests/cast.py."""

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from pytest_django.plugin import blocking_manager_key

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
    """The demo's environment, in which `make test` runs, has every channel; a test says which of them it wants.

    One file of anchors for all tests would hold seals of databases that are gone.
    """
    settings.AUDIT_ANCHOR_FILE = ""
    settings.ALIPAY_APP_ID = ""
    settings.UNIONPAY_MER_ID = ""
    settings.INSURANCE_BASE_URL = ""
    settings.INVOICE_BASE_URL = ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The drills first: they wait more than they work, so that another worker does everything else beside them."""
    items.sort(key=lambda item: item.get_closest_marker("services") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A test that empties the tables leaves behind what the migrations put there: the calendar of special days."""
    yield
    if nextitem is not None and _empties_the_tables(item):
        with item.config.stash[blocking_manager_key].unblock():
            importlib.import_module("hospital.organisation.migrations.0003_special_days").load(apps, None)
            connection.close()  # beside a browser's event loop it is a connection of its own, which nobody finds again


def _empties_the_tables(item: pytest.Item) -> bool:
    marker, fixtures = item.get_closest_marker("django_db"), getattr(item, "fixturenames", ())
    asked = marker is not None and marker.kwargs.get("transaction", False)
    return asked or "transactional_db" in fixtures or "live_server" in fixtures


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
