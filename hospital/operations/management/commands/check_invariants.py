"""Ask the database for rows that break an invariant of the house. Exit code 1 when there are any."""

import sys
from typing import Any

from hospital.kit import invariants
from hospital.operations.commands import HouseCommand


class Command(HouseCommand):
    help = "Check every registered invariant by SQL and print what breaks it."

    def handle(self, *args: Any, **options: Any) -> None:
        broken: dict[str, list[list[str]]] = {}
        lines = []
        for invariant in invariants.registered():
            rows = invariants.offenders(invariant)
            lines.append(f"{'BROKEN' if rows else 'holds ':6}  {invariant.name}  ({invariant.source})")
            if rows:
                broken[invariant.name] = [[str(value) for value in row] for row in rows]
                lines += [f"          {row}" for row in broken[invariant.name]]
        checked = len(invariants.registered())
        lines.append(f"{checked} invariants checked, {len(broken)} broken")
        self.answer(options, {"ok": not broken, "checked": checked, "broken": broken}, "\n".join(lines))
        if broken:
            sys.exit(1)
