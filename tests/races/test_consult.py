"""Many at one visit: one beginning, one line per key, no gap in the talk (G35)."""

import threading

import pytest
from django.db import connection

from consult.models import OnlineVisit, TalkMessage
from emr.models import Encounter
from tests.cast import Cast
from tests.consult.stage import broken_invariants, build
from tests.races.crowd import crowd

pytestmark = pytest.mark.django_db(transaction=True)

CALLERS = 50


def test_one_beginning_however_often_the_doctor_touches_the_button(cast: Cast) -> None:
    stage = build(cast)
    stage.was_here()
    visit = stage.waiting()
    before = Encounter.objects.count()
    outcome = crowd([lambda: stage.accept(visit)] * CALLERS)
    assert outcome.errors == []
    assert len(outcome.values) == 1 and outcome.refusals == {"stale": CALLERS - 1}
    assert Encounter.objects.count() == before + 1
    assert broken_invariants() == {}


def test_lines_of_a_crowd_have_no_gap_and_each_key_one_line(cast: Cast) -> None:
    """25 keys, each sent twice at the same instant."""
    stage = build(cast)
    stage.was_here()
    visit = stage.talking()
    start = visit.last_seq
    calls = [lambda n=n: stage.say(visit, f"第{n}句", key=f"k{n % 25}").seq for n in range(CALLERS)]  # type: ignore[misc]
    outcome = crowd(calls)
    assert outcome.errors == [] and not outcome.refusals
    assert sorted(set(outcome.values)) == list(range(start + 1, start + 26))
    assert TalkMessage.objects.filter(visit=visit).count() == start + 25
    assert broken_invariants() == {}


def test_control_without_the_lock_numbers_are_lost(cast: Cast) -> None:
    """What the lock prevents is real: read, add one and write lets callers overwrite each other."""
    stage = build(cast)
    stage.was_here()
    visit = stage.talking()
    gate = threading.Barrier(CALLERS)

    def unlocked() -> None:
        row = OnlineVisit.objects.get(pk=visit.pk)
        gate.wait(timeout=60)
        row.last_seq += 1
        row.save(update_fields=["last_seq"])

    outcome = crowd([unlocked] * CALLERS)
    assert outcome.errors == []
    assert OnlineVisit.objects.get(pk=visit.pk).last_seq < visit.last_seq + CALLERS
    connection.close()
