"""G10, SEC-04: whatever is done to the audit trail behind the product's back is found."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.utils import Error

from hospital.audit import sealing
from hospital.audit.models import Entry, Seal
from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import system

pytestmark = pytest.mark.django_db(transaction=True)

HOUSE = system("tests")


def _write(count: int) -> None:
    for number in range(count):
        with transaction.atomic():
            record(HOUSE, "test.line", at=clock.now(), patient_id=number, reason=f"line {number}")


def _seal_all() -> None:
    """Seal until nothing waits. Transactions of other databases of the same server hold the horizon back for a while."""
    deadline = time.monotonic() + 60
    while sealing.verify().unsealed:
        assert time.monotonic() < deadline, "some transaction of this server never ends"
        sealing.seal_finished(at=clock.now())


@pytest.fixture
def trail(settings: Any, tmp_path: Path) -> None:
    """Six lines under three seals, anchored."""
    settings.AUDIT_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    for _ in range(3):
        _write(2)
        _seal_all()


def _as_owner(sql: str, *values: object) -> None:
    """What somebody with the database's master key could do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER; ALTER TABLE audit_seal DISABLE TRIGGER USER")
        cursor.execute(sql, values)
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER; ALTER TABLE audit_seal ENABLE TRIGGER USER")


def test_an_untouched_trail_is_whole(trail: None, capsys: Any) -> None:
    _write(1)
    report = sealing.verify()
    assert (report.lines, report.unsealed, report.faults) == (6, 1, [])
    assert report.seals == report.anchors >= 3
    call_command("verify_audit", "--json")
    assert '"faults": []' in capsys.readouterr().out


def _swap() -> None:
    first, second = Entry.objects.order_by("pk")[:2]
    _as_owner("UPDATE audit_entry SET id = -1 WHERE id = %s", first.pk)
    _as_owner("UPDATE audit_entry SET id = %s, xid = %s WHERE id = %s", first.pk, first.xid, second.pk)
    _as_owner("UPDATE audit_entry SET id = %s, xid = %s WHERE id = -1", second.pk, second.xid)


def _insert() -> None:
    line = Entry.objects.order_by("pk").first()
    assert line
    line.pk = None
    line.save(force_insert=True)


TAMPERINGS: dict[str, Callable[[], None]] = {
    "who": lambda: _as_owner("UPDATE audit_entry SET staff_id = 99 WHERE id = (SELECT min(id) FROM audit_entry)"),
    "reason": lambda: _as_owner("UPDATE audit_entry SET reason = 'x' WHERE id = (SELECT max(id) FROM audit_entry)"),
    "when": lambda: _as_owner("UPDATE audit_entry SET at = at - interval '1 second'"),
    "outcome": lambda: _as_owner("UPDATE audit_entry SET outcome = 'no' WHERE patient_id = 1"),
    "delete a line": lambda: _as_owner("DELETE FROM audit_entry WHERE id = (SELECT min(id) FROM audit_entry)"),
    "insert a line": _insert,
    "swap two lines": _swap,
    "delete a seal": lambda: _as_owner("DELETE FROM audit_seal WHERE to_xid = (SELECT min(to_xid) FROM audit_seal)"),
    "change a seal": lambda: _as_owner("UPDATE audit_seal SET digest = repeat('0', 64)"),
    "cut the tail": lambda: (
        _as_owner("DELETE FROM audit_entry WHERE xid > (SELECT min(to_xid) FROM audit_seal)"),
        _as_owner("DELETE FROM audit_seal WHERE to_xid > (SELECT min(to_xid) FROM audit_seal)"),
    )[0],
    "cut everything": lambda: (_as_owner("DELETE FROM audit_entry"), _as_owner("DELETE FROM audit_seal"))[0],
}


@pytest.mark.parametrize("how", TAMPERINGS)
def test_tampering_is_found(trail: None, how: str) -> None:
    TAMPERINGS[how]()
    assert sealing.verify().faults
    with pytest.raises(CommandError):
        call_command("verify_audit")


def test_a_cut_tail_is_seen_by_the_anchors_alone(trail: None, settings: Any, tmp_path: Path) -> None:
    """Control: without anchors the cut isn't seen; that is what they are for."""
    TAMPERINGS["cut the tail"]()
    settings.AUDIT_ANCHOR_FILE = ""
    assert sealing.verify().faults == []
    settings.AUDIT_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    assert sealing.verify().faults


def test_the_plain_hash_of_a_forger_is_no_seal(trail: None, settings: Any) -> None:
    """Somebody without the signing key recomputes all seals: found."""
    settings.SIGNING_KEY = "guessed"
    _as_owner("DELETE FROM audit_seal")
    _as_owner("UPDATE audit_entry SET reason = 'forged' WHERE patient_id = 0")
    _seal_all()
    settings.SIGNING_KEY = "dev-signing-key"
    assert sealing.verify().faults


def test_lines_of_a_running_transaction_wait(trail: None) -> None:
    """A line written by an old, still open transaction isn't overtaken: it is sealed once that one has ended."""
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")  # now the horizon stays below it
            _write(2)
            assert sealing.seal_finished(at=clock.now()) == 0
        other.rollback()
        _seal_all()
    finally:
        other.close()
    assert sealing.verify().faults == []


def test_the_database_refuses_changes(trail: None) -> None:
    for change in (lambda: Entry.objects.update(reason="x"), lambda: Seal.objects.all().delete()):
        with pytest.raises(Error, match="append-only"):
            change()
