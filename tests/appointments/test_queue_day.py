"""A small day played through the queue; the whole one is `manage.py queue_day` (A5)."""

import random

import pytest

from appointments.day_played import Day, Habits
from hospital.kit import clock


@pytest.mark.django_db
def test_a_day_of_visits_leaves_nobody_behind_a5() -> None:
    habits = Habits(never_come=0.1, miss_a_call=0.2, to_an_exam=0.25, never_back=0.3, urgent=0.1, walk_in=0.2)
    day = Day(45, clock.now(), random.Random(7), habits)
    day.play(day.build())
    result = day.result()
    assert result["visits"] == 45 and result["stuck"] == 0 and not result["open_sessions"]
    assert result["broken_invariants"] == []
    assert sum(result["by_end"].values()) == 45 and result["by_end"]["seen"] > 30
    assert result["happened"]["to_an_exam"] and result["happened"]["passed"]
    assert result["expected_minutes_error"]["tickets"] > 30
