"""Print who may come in where: the declared table of route, verb, rule and roles (G12)."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from hospital.audit import doors


class Command(BaseCommand):
    help = "Print the declared access table: route, verb, rule, roles, subject."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="as JSON, one object per route and verb")

    def handle(self, *args: Any, **options: Any) -> None:
        table = [
            {
                "route": route.name,
                "path": route.path,
                "socket": route.is_socket,
                "verb": verb,
                "rule": rule.name,
                "roles": sorted(rule.roles),
                "subject": rule.subject,
                "public_because": rule.public_because,
                "fresh": rule.sign_in_fresh,
            }
            for route in doors.all_routes()
            for verb, rule in sorted(route.rules.items())
        ]
        if options["json"]:
            self.stdout.write(json.dumps(table, ensure_ascii=False, indent=1))
            return
        for row in table:
            who = "everyone" if row["public_because"] else ", ".join(map(str, row["roles"]))  # type: ignore[call-overload]
            self.stdout.write(f"{row['verb']:7}{row['path']:60}{row['rule']:40}{who}")
