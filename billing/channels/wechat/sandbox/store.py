"""The books of the stand-in: orders, refunds, notices on their way, faults to make."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
  number TEXT PRIMARY KEY, description TEXT, attach TEXT, total INTEGER, notify_url TEXT, expires REAL,
  trade_type TEXT, openid TEXT, prepay_id TEXT UNIQUE, state TEXT DEFAULT 'NOTPAY', transaction_id TEXT UNIQUE,
  paid_total INTEGER, success_at REAL, created_at REAL);
CREATE TABLE IF NOT EXISTS refunds (
  number TEXT PRIMARY KEY, refund_id TEXT UNIQUE, order_number TEXT, amount INTEGER, reason TEXT, notify_url TEXT,
  status TEXT DEFAULT 'PROCESSING', created_at REAL, finish_at REAL, success_at REAL);
CREATE TABLE IF NOT EXISTS notices (
  id TEXT PRIMARY KEY, url TEXT, event_type TEXT, summary TEXT, kind TEXT, resource TEXT, created_at REAL,
  attempts INTEGER DEFAULT 0, next_at REAL, done_at REAL, last_answer TEXT DEFAULT '');
CREATE TABLE IF NOT EXISTS faults (
  id INTEGER PRIMARY KEY, place TEXT, what TEXT, times INTEGER, seconds REAL DEFAULT 0);
CREATE TABLE IF NOT EXISTS bills (token TEXT PRIMARY KEY, body BLOB, zipped INTEGER, until REAL);
CREATE TABLE IF NOT EXISTS bill_days (day TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS bill_extra (id INTEGER PRIMARY KEY, day TEXT, line TEXT);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER);
"""


class Store:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.RLock()
        with self.open() as db:
            db.executescript(_SCHEMA)

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
