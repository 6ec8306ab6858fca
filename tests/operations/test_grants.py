"""What only grows can't be changed: by right for the application's role, by trigger for whoever else (G09, SEC-04)."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, ProgrammingError, connection, transaction

from hospital.audit.models import Entry
from hospital.kit import clock
from hospital.operations.management.commands.db_grants import append_only_models

ROLE = "hospital_test_app"

pytestmark = pytest.mark.xdist_group("services")  # each grants rights to one role of the whole cluster


@pytest.fixture
def app_role(db: None) -> str:
    """A role like the application's, made inside the test's transaction and gone with it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone()[0]:
            cursor.execute(f"CREATE ROLE {ROLE} NOLOGIN")
            role = ROLE
        else:
            role = "hospital_app"  # `make test` makes it beside the owner, who may not make roles
    call_command("db_grants", role=role, stdout=StringIO())
    return role


def _line() -> Entry:
    return Entry.objects.create(at=clock.now(), action="test.line", xid=1)


def _as(role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")


@pytest.mark.parametrize("change", ["UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry"])
def test_the_application_may_add_a_line_but_not_touch_one(app_role: str, change: str) -> None:
    _as(app_role)
    line = _line()
    assert Entry.objects.filter(pk=line.pk).exists()
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)
    assert Entry.objects.get(pk=line.pk).action == "test.line"


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry"])
def test_not_even_the_owner_changes_a_line(change: str) -> None:
    line = _line()
    refused = pytest.raises((ProgrammingError, InternalError), match="append-only")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert Entry.objects.get(pk=line.pk).action == "test.line"


def test_the_application_has_no_right_to_change_any_table_that_only_grows(app_role: str) -> None:
    with connection.cursor() as cursor:
        for model in append_only_models():
            table = model._meta.db_table
            for right, wanted in {
                "SELECT": True,
                "INSERT": True,
                "UPDATE": False,
                "DELETE": False,
                "TRUNCATE": False,
            }.items():
                cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [app_role, f'"{table}"', right])
                assert cursor.fetchone()[0] is wanted, f"{right} on {table}"


def test_the_application_may_not_change_the_schema(app_role: str) -> None:
    _as(app_role)
    for statement in ("CREATE TABLE mine (id int)", "DROP TABLE people_patient", "TRUNCATE people_patient"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_waiting_lock_gives_up(app_role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolconfig FROM pg_roles WHERE rolname = %s", [app_role])
        assert "lock_timeout=3s" in cursor.fetchone()[0]


@pytest.mark.django_db
def test_a_role_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="no database role nobody_here"):
        call_command("db_grants", role="nobody_here", stdout=StringIO())
