"""Give the application's role its rights, and no more. Run as the owning role after each migrate."""

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import CommandError
from django.db import connection, models, transaction
from psycopg2 import sql

from hospital.kit.append_only import AppendOnly
from hospital.operations.commands import HouseCommand

# Why: a request that waits longer than a person does must fail and be retried instead of holding a worker (G32).
ROLE_SETTINGS = {
    "lock_timeout": "3s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
}


def append_only_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models(include_auto_created=True) if issubclass(model, AppendOnly)]


class Command(HouseCommand):
    help = "Grant the application's role what it needs: append-only tables can only be read and added to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--role", default="hospital_app", help="the application's database role (it must exist)")

    def handle(self, *args: Any, **options: Any) -> None:
        role = options["role"]
        sealed = sorted(model._meta.db_table for model in append_only_models())
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper, current_user FROM pg_roles WHERE rolname = %s", [role])
            found = cursor.fetchone()
            if found is None:
                raise CommandError(f"There is no database role {role}. Create it first: CREATE ROLE {role} LOGIN ...")
            if found[0] or found[1] == role:
                raise CommandError(
                    f"{role} is a superuser or the role of this connection; nothing could be taken from it."
                )
            for statement in _statements(role, sealed):
                cursor.execute(statement)
        self.answer(
            options,
            {"role": role, "append_only": sealed, "settings": ROLE_SETTINGS},
            f"{role} may read and write; {len(sealed)} tables only grow: {', '.join(sealed)}",
        )


def _statements(role: str, sealed: list[str]) -> list[sql.Composed]:
    name = sql.Identifier(role)
    made = [
        sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(name),
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name),
        sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(name),
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(name),
        sql.SQL("REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}").format(name),
    ]
    made += [sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(table), name) for table in sealed]
    # A role may change its own defaults; the owner, a member of it, needs no right over roles for that.
    made.append(sql.SQL("SET LOCAL ROLE {}").format(name))
    made += [
        sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.Identifier(setting), sql.Literal(value))
        for setting, value in ROLE_SETTINGS.items()
    ]
    made.append(sql.SQL("RESET ROLE").format())
    return made
