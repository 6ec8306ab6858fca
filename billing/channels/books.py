"""The books of a stand-in for a channel: one SQLite file of its own, apart from the hospital's, with faults to make."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS faults (
  id INTEGER PRIMARY KEY, place TEXT, what TEXT, times INTEGER, seconds REAL DEFAULT 0);
CREATE TABLE IF NOT EXISTS bill_days (day TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER);
"""


class Books:
    schema = ""  # the tables of one channel, beside those that each has

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.RLock()
        with self.open() as db:
            db.executescript(_SCHEMA + self.schema)

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """One transaction; the lock makes read-then-write of one process safe."""
        with self._lock:
            db = sqlite3.connect(self._path, timeout=10)
            db.row_factory = sqlite3.Row
            try:
                with db:
                    yield db
            finally:
                db.close()

    def one(self, sql: str, *values: Any) -> dict[str, Any] | None:
        with self.open() as db:
            row = db.execute(sql, values).fetchone()
            return None if row is None else dict(row)

    def all(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with self.open() as db:
            return [dict(row) for row in db.execute(sql, values).fetchall()]

    def run(self, sql: str, *values: Any) -> int:
        with self.open() as db:
            return db.execute(sql, values).rowcount

    def count(self, name: str) -> int:
        """The next number of a counter."""
        with self.open() as db:
            row = db.execute(
                "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
                (name,),
            ).fetchone()
            return int(row["value"])

    def fault(self, place: str) -> dict[str, Any] | None:
        """The fault to make at this place now, used up by asking."""
        with self.open() as db:
            row = db.execute(
                "SELECT * FROM faults WHERE place = ? AND times > 0 ORDER BY id LIMIT 1", (place,)
            ).fetchone()
            if row is None:
                return None
            db.execute("UPDATE faults SET times = times - 1 WHERE id = ?", (row["id"],))
            return dict(row)

    def break_at(self, place: str, what: str, *, times: int = 1, seconds: float = 0) -> None:
        """Make `times` faults of one kind at one place."""
        self.run("INSERT INTO faults (place, what, times, seconds) VALUES (?, ?, ?, ?)", place, what, times, seconds)
