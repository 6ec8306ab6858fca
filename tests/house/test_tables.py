"""What the database itself must guarantee: append-only tables, status fields on their lifecycle, the driver."""

from importlib import import_module
from importlib.util import find_spec

import pytest
from django.apps import apps
from django.db import connection, models

from hospital.kit import lifecycle
from hospital.operations.management.commands.db_grants import append_only_models


@pytest.mark.django_db
def test_every_append_only_table_has_its_trigger() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
            "WHERE proname = 'kit_append_only' AND tgenabled <> 'D' AND (tgtype & 16) > 0 AND (tgtype & 8) > 0"
        )
        guarded = {name.strip('"') for (name,) in cursor.fetchall()}
    tables = {model._meta.db_table for model in append_only_models()}
    assert tables, "no append-only table was found: the walk is broken"
    assert tables <= guarded, f"no refuse_changes(...) in a migration for {sorted(tables - guarded)}"


@pytest.mark.django_db
def test_the_driver_is_psycopg2() -> None:
    assert connection.Database.__name__ == "psycopg2"
    assert find_spec("psycopg") is None, "Django would silently use psycopg 3"


@pytest.fixture(autouse=True)
def every_states_module() -> None:
    """A lifecycle is known once its states.py is read, which happens when something first needs it."""
    for config in apps.get_app_configs():
        if "site-packages" not in config.path and find_spec(f"{config.name}.states"):
            import_module(f"{config.name}.states")


def _fields_of(app: str, name: str) -> list[models.Field]:
    return [
        field
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.get_fields()
        if getattr(field, "name", "") == name and getattr(field, "choices", None)
    ]


def test_every_lifecycle_has_a_field_whose_choices_are_its_states() -> None:
    assert lifecycle.lifecycles()
    for name, life in lifecycle.lifecycles().items():
        states = set(life.moves)
        found = [{str(value) for value, _ in field.choices} for field in _fields_of(name.partition(".")[0], life.field)]
        assert states in found, f"{name}: no field {life.field} has the choices {sorted(states)}"


def test_every_status_field_moves_by_a_lifecycle() -> None:
    known = [set(life.moves) for life in lifecycle.lifecycles().values()]
    for model in apps.get_models():
        if "site-packages" in apps.get_app_config(model._meta.app_label).path or model.__name__.startswith(
            "Historical"
        ):
            continue
        for field in model._meta.get_fields():
            if getattr(field, "name", "") == "status" and getattr(field, "choices", None):
                choices = {str(value) for value, _ in field.choices}
                assert choices in known, (
                    f"{model._meta.label}.status has no Lifecycle with the states {sorted(choices)}"
                )
