"""The planner of exams against brute force (A6, AP-13)."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations, product

from django.conf import settings as settings_of
from hypothesis import given, settings
from hypothesis import strategies as st

from appointments.exam_words import words
from appointments.planner import Appointment, Fixed, Need, Rule, Slot, apart, plan
from appointments.planner.model import Trip
from appointments.planner.search import _Search

DAY = datetime(2026, 11, 23, tzinfo=UTC)  # 08:00 in Shanghai
WALK = timedelta(minutes=15)
EXAMPLES = 2000 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 120


def slot(day: int, minute: int, length: int = 20, room: str = "CT", place: int = 1) -> Slot:
    start = DAY + timedelta(days=day, minutes=minute)
    return Slot(start, start + timedelta(minutes=length), place, room)


def measure(chosen: Sequence[Appointment], free: frozenset[Trip]) -> tuple[int, ...]:
    """New trips, last day, waits, starts of fasting ones, starts: the smaller the better. Written apart from the search."""
    trips: dict[Trip, list[Appointment]] = {}
    for one in chosen:
        trips.setdefault(one.slot.trip, []).append(one)
    waits = sum(
        int((max(a.end for a in day) - min(a.start for a in day)).total_seconds() // 60) for day in trips.values()
    )
    starts = [(one.need.is_fasting, int(one.start.timestamp() // 60)) for one in chosen]
    return (
        len(trips.keys() - free), max((day.toordinal() for day, _ in trips), default=0), waits,
        sum(start for fasting, start in starts if fasting), sum(start for _, start in starts),
    )  # fmt: skip


def brute(needs: list[Need], rules: list[Rule], fixed: list[Fixed]) -> tuple[int, ...] | None:
    """The best measure of every possible plan, by trying each."""
    free = frozenset(one.trip for one in fixed)
    best = None
    for slots in product(*(need.slots for need in needs)):
        chosen = [Appointment(need, one) for need, one in zip(needs, slots, strict=True)]
        if any(apart(a, b, rules, WALK) is not None for a, b in combinations(chosen, 2)):
            continue
        if any(apart(a, b, rules, WALK) is not None for a in chosen for b in fixed):
            continue
        value = measure(chosen, free)
        best = value if best is None or value < best else best
    return best


traits = st.frozensets(st.sampled_from(["barium", "ct", "contrast", "glucose"]), max_size=2)
slots = st.builds(
    slot, st.integers(0, 3), st.sampled_from([0, 20, 30, 45, 60, 120]), st.sampled_from([10, 20]),
    st.sampled_from(["CT", "US"]), st.sampled_from([1, 1, 2]),
)  # fmt: skip
needs_of = st.lists(
    st.tuples(traits, st.lists(slots, min_size=1, max_size=7), st.booleans()), min_size=1, max_size=4
)  # fmt: skip
rules_of = st.lists(
    st.builds(
        Rule, st.sampled_from(["barium", "ct", "contrast"]), st.sampled_from(["ct", "contrast", "glucose"]),
        st.sampled_from([timedelta(minutes=40), timedelta(days=1), timedelta(days=3)]), st.just("why"),
    ),
    max_size=3,
)  # fmt: skip
fixed_of = st.lists(
    st.builds(
        lambda day, minute, held: Fixed("visit", held, DAY + timedelta(days=day, minutes=minute),
                                        DAY + timedelta(days=day, minutes=minute + 10), 1, "3"),
        st.integers(-2, 3), st.sampled_from([0, 50, 200]), traits,
    ),
    max_size=2,
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None)
@given(needs_of, rules_of, fixed_of)
def test_no_plan_is_better_than_the_one_found_a6(
    drawn: list[tuple[frozenset[str], list[Slot], bool]], rules: list[Rule], fixed: list[Fixed]
) -> None:
    needs = [Need(n, f"exam {n}", held, tuple(times), fast) for n, (held, times, fast) in enumerate(drawn)]
    found = plan(needs, rules=rules, fixed=fixed, walk=WALK)
    assert found.is_proved
    assert {one.need.key for one in found.appointments} | {need.key for need in found.left_out} == set(
        range(len(needs))
    )
    for a, b in combinations(found.appointments, 2):
        assert apart(a, b, rules, WALK) is None
    for a, b in product(found.appointments, fixed):
        assert apart(a, b, rules, WALK) is None
    best = brute(needs, rules, fixed)
    if found.left_out:
        assert best is None
    else:
        assert measure(found.appointments, frozenset(one.trip for one in fixed)) == best


BARIUM = Rule("barium", "abdomen.ct", timedelta(days=7), "钡剂会遮挡 CT")


def need(key: int, name: str, *times: Slot, held: tuple[str, ...] = (), fasting: bool = False) -> Need:
    return Need(key, name, frozenset(held), times, fasting)


def test_three_trips_become_one_and_it_says_so() -> None:
    blood = need(1, "抽血", slot(0, 0, 5, "采血"), slot(1, 0, 5, "采血"), fasting=True)
    ct = need(2, "CT", slot(2, 0), slot(1, 60))
    sound = need(3, "超声", slot(1, 30, 10, "US"), slot(3, 0, 10, "US"))
    found = plan([blood, ct, sound], rules=[], fixed=[], walk=WALK)
    assert found.trips == 1 and found.is_proved
    assert [one.need.name for one in found.appointments] == ["抽血", "超声", "CT"]
    assert [reason.kind for reason in found.reasons] == ["one_trip"]


def test_the_ct_comes_before_the_barium_and_it_says_why_ap_13() -> None:
    meal = need(1, "钡餐", slot(0, 0, 30, "X"), slot(0, 120, 30, "X"), held=("barium",))
    ct = need(2, "腹部 CT", slot(0, 60), held=("abdomen.ct",))
    found = plan([meal, ct], rules=[BARIUM], fixed=[], walk=WALK)
    assert [one.need.name for one in found.appointments] == ["腹部 CT", "钡餐"] and found.trips == 1
    assert ("order", "腹部 CT", "钡餐") in [(r.kind, r.first, r.then) for r in found.reasons]


def test_what_can_t_be_on_one_day_says_why() -> None:
    meal = need(1, "钡餐", slot(0, 0, 30, "X"), held=("barium",))
    ct = need(2, "腹部 CT", slot(0, 60), slot(8, 60), held=("abdomen.ct",))
    found = plan([meal, ct], rules=[BARIUM], fixed=[], walk=WALK)
    assert found.trips == 2
    (reason,) = found.reasons
    assert (reason.kind, reason.first, reason.then, reason.why) == ("apart", "钡餐", "腹部 CT", BARIUM.why)
    alone = plan([need(1, "A", slot(0, 0)), need(2, "B", slot(1, 0))], rules=[], fixed=[], walk=WALK)
    assert [reason.kind for reason in alone.reasons] == ["no_day"]


def test_a_day_on_which_the_patient_comes_anyway_costs_nothing() -> None:
    visit = Fixed(
        "李医生门诊", frozenset(), DAY + timedelta(days=2, minutes=100), DAY + timedelta(days=2, minutes=110), 1
    )
    found = plan([need(1, "CT", slot(0, 0), slot(2, 0))], rules=[], fixed=[visit], walk=WALK)
    assert found.trips == 0 and found.appointments[0].slot.trip == visit.trip
    assert (found.reasons[0].kind, found.reasons[0].first, found.reasons[0].day) == (
        "joins", "李医生门诊", visit.trip[0],
    )  # fmt: skip


def test_who_has_no_time_at_all_is_said() -> None:
    past = Fixed("钡餐", frozenset({"barium"}), DAY - timedelta(days=1), DAY - timedelta(hours=23), 1)
    found = plan([need(1, "腹部 CT", slot(0, 0), held=("abdomen.ct",))], rules=[BARIUM], fixed=[past], walk=WALK)
    assert not found.appointments and [one.name for one in found.left_out] == ["腹部 CT"]


def test_a_search_too_large_gives_the_best_so_far_and_says_that_it_isn_t_proved() -> None:
    many = [need(n, str(n), *(slot(d, m, 10, "R") for d in range(3) for m in range(0, 240, 10))) for n in range(5)]
    found = plan(many, rules=[], fixed=[], walk=WALK, most_nodes=200)
    assert len(found.appointments) == 5 and not found.is_proved
    whole = plan(many, rules=[], fixed=[], walk=WALK)
    assert whole.is_proved and whole.trips == 1


def test_more_exams_than_times_ends_and_says_which_found_no_room_a6() -> None:
    """A dozen for eleven times of one room: the search would try every order of them, and there is no whole plan."""
    times = tuple(slot(0, 20 * number, 20, "R") for number in range(11))
    many = [need(number, str(number), *times) for number in range(12)]
    found = plan(many, rules=[], fixed=[], walk=WALK)
    assert len(found.appointments) == 11 and not found.is_proved and found.trips == 1
    for a, b in combinations(found.appointments, 2):
        assert apart(a, b, [], WALK) is None
    (left,) = found.left_out
    assert [(reason.kind, reason.first) for reason in found.reasons] == [
        ("one_trip", ""), ("no_room", left.name), ("unproved", ""),
    ]  # fmt: skip
    assert all(str(settings_of.HOSPITAL_PHONE) in words(reason) for reason in found.reasons[1:])


def test_a_search_looks_at_so_many_times_and_no_more_a6() -> None:
    """Without a plan too; what can be proved impossible within that is, and is said to be."""
    times = tuple(slot(0, 20 * number, 20, "R") for number in range(9))
    wanted = [need(number, str(number), *times) for number in range(10)]
    search = _Search(wanted, [], WALK, frozenset(), 5_000)
    search.run()
    assert search.is_cut and search.nodes == 5_000 and not search.best
    two = [need(0, "A", slot(0, 0)), need(1, "B", slot(0, 0), slot(0, 10))]
    found = plan(two, rules=[], fixed=[], walk=WALK)
    assert found.is_proved and [one.need.name for one in found.appointments] == ["A"]
    assert [(reason.kind, reason.first) for reason in found.reasons] == [("no_room", "B")]


def test_two_weeks_of_free_times_for_five_exams_are_searched_to_the_end_a6() -> None:
    """What a busy department offers: every ten minutes, on two machines, of which the best is known and proved."""
    every_day = [
        [slot(day, minute, length, room) for day in range(14) for minute in range(0, 240, 10)]
        for length, room in ((10, "blood"), (10, "blood"), (20, "CT"), (10, "CT"), (30, "US"))
    ]
    traits = [{"blood"}, {"blood"}, {"ct", "contrast"}, {"ct"}, set()]
    needs = [
        Need(key, f"{key}", frozenset(has), tuple(times), key == 0)
        for key, (has, times) in enumerate(zip(traits, every_day, strict=True))
    ]
    rules = [Rule("contrast", "blood", timedelta(days=1), "first the blood")]
    found = plan(needs, rules=rules, fixed=[], walk=WALK)
    assert found.is_proved and found.trips == 1 and not found.left_out
    assert {one.slot.trip[0] for one in found.appointments} == {DAY.date()}


def test_that_not_all_fits_into_a_day_is_said_only_when_it_is_so_a6() -> None:
    """Exams on two days because the patient comes on both anyway are no sign that one day wouldn't do."""
    needs = [
        Need(key, f"{key}", frozenset(), (slot(day, 0, 10), slot(2, key * 40, 10)), False)
        for key, day in ((0, 0), (1, 1))
    ]
    visits = [Fixed(f"Dr {day}", frozenset(), slot(day, 200).start, slot(day, 200).end, 1, "") for day in (0, 1)]
    found = plan(needs, rules=[], fixed=visits, walk=WALK)
    assert found.trips == 0 and {reason.kind for reason in found.reasons} == {"joins"}
