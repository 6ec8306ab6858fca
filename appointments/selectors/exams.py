"""Exams: which orders want a time, which times are free, and the plan that takes the fewest trips (A6)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet

from emr.models import Order, OrderStatus
from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry

from .. import parameters, policy
from ..models import Booking, ExamBooking, ExamItem, ExamMachine, ExamRule, ExamShift, PrepQuestion
from ..planner import Fixed, Need, Plan, Rule, Slot, plan
from ..states import ACTIVE_BOOKING, ACTIVE_EXAM, ExamStatus, SessionStatus

GRID = timedelta(minutes=10)
# So far back what was examined may stand against what is to come (the longest line of the table is eight weeks).
LOOKS_BACK = timedelta(days=60)
OPEN_ORDERS = (OrderStatus.PLACED, OrderStatus.PAID, OrderStatus.SCHEDULED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An exam that an order asks for and that has no time yet."""

    key: int
    order: Order
    item: ExamItem

    @property
    def is_paid(self) -> bool:
        return self.order.status != OrderStatus.PLACED


def wanted_of(patient_id: int) -> list[Wanted]:
    """Everything that open orders of this patient ask for and that isn't booked: one for each order and exam."""
    orders = (
        Order.objects.filter(patient_id=patient_id, status__in=OPEN_ORDERS).prefetch_related("items").order_by("pk")
    )
    items = _items_by_code({one.code for order in orders for one in order.items.all()})
    booked = set(
        ExamBooking.objects.filter(patient_id=patient_id, status__in=ACTIVE_EXAM).values_list("order_id", "item_id")
    )
    found: dict[tuple[int, int], Wanted] = {}
    for order in orders:
        for one in order.items.all():
            item = items.get(one.code)
            if item is not None and (order.pk, item.pk) not in booked:
                found.setdefault((order.pk, item.pk), Wanted(len(found), order, item))
    return list(found.values())


def _items_by_code(codes: set[str]) -> dict[str, ExamItem]:
    items = ExamItem.objects.filter(orderables__code__in=codes).prefetch_related("questions", "orderables").distinct()
    return {row.code: item for item in items for row in item.orderables.all() if row.code in codes}


def rules_now() -> list[Rule]:
    """The table of intervals (AP-13)."""
    return [
        Rule(row.first, row.then, timedelta(minutes=row.minutes), row.why) for row in ExamRule.objects.order_by("pk")
    ]


def fixed_of(patient_id: int, *, at: datetime) -> list[Fixed]:
    """What stands already: exams booked or done, and visits to come, whose day costs no trip more."""
    exams = ExamBooking.objects.filter(
        patient_id=patient_id, status__in=ACTIVE_EXAM, during__endswith__gt=at - LOOKS_BACK
    ).select_related("item", "machine")
    found = [
        Fixed(
            exam.item.name, frozenset(exam.item.traits), exam.starts_at, exam.ends_at, exam.machine.campus_id,
            exam.machine.room,
        )
        for exam in exams
        if exam.item is not None
    ]  # fmt: skip
    visits = Booking.objects.filter(
        patient_id=patient_id, status__in=ACTIVE_BOOKING, kind="clinic", during__startswith__gt=at
    ).exclude(session__status=SessionStatus.STOPPED)  # nobody should set out for it (AP-08)
    visits = visits.select_related("doctor", "department", "session")
    found += [
        Fixed(
            visit.doctor.name, frozenset(), visit.starts_at, visit.ends_at, visit.department.campus_id,
            visit.session.room,
        )
        for visit in visits
    ]  # fmt: skip
    return found


def slots_free(
    items: Iterable[ExamItem], *, at: datetime, first: date, last: date, is_urgent: bool = False
) -> dict[int, tuple[Slot, ...]]:
    """By exam, every time at which a machine and its staff are free; urgent ones may use the reserve (AP-14)."""
    wanted = list(items)
    window = (max(clock.at_local(first, time(0)), at + timedelta(minutes=0 if is_urgent else parameters.EXAM_NOTICE.at(at))),
              clock.at_local(last + timedelta(days=1), time(0)))  # fmt: skip
    shifts = list(
        ExamShift.objects.filter(
            machine__items__in=wanted, machine__is_active=True, during__startswith__lt=window[1],
            during__endswith__gt=window[0],
        )
        .select_related("machine")
        .distinct()
        .order_by("during", "pk")
    )  # fmt: skip
    fasting = None if is_urgent else parameters.FASTING_UNTIL.at(at)
    busy: dict[int, list[ExamBooking]] = defaultdict(list)
    taken = ExamBooking.objects.filter(
        machine__in={shift.machine_id for shift in shifts}, status__in=ACTIVE_EXAM, during__endswith__gt=window[0]
    )
    for row in taken.order_by("during"):
        busy[row.machine_id].append(row)
    can: dict[int, set[int]] = defaultdict(set)
    for item_id, machine_id in ExamItem.machines.through.objects.filter(examitem__in=wanted).values_list(
        "examitem_id", "exammachine_id"
    ):
        can[item_id].add(machine_id)
    return {
        item.pk: tuple(
            slot
            for shift in shifts
            if shift.machine_id in can[item.pk]
            for slot in _slots(item, shift, busy[shift.machine_id], after=window[0], fasting=fasting)
        )
        for item in wanted
    }


def _slots(
    item: ExamItem, shift: ExamShift, busy: Sequence[ExamBooking], *, after: datetime, fasting: int | None
) -> Iterable[Slot]:
    """`fasting`: the hour by which fasting patients are examined; None for urgent ones, who may use the reserve too."""
    until = shift.ends_at if fasting is None else min(shift.ends_at, shift.normal_until)
    if item.fasting_hours and fasting is not None:
        until = min(until, clock.local(shift.starts_at).replace(hour=fasting, minute=0))
    length, start = timedelta(minutes=item.minutes), shift.starts_at
    while start + length <= until:
        end = start + length
        if start >= after and not any(row.starts_at < end and start < row.ends_at for row in busy):
            yield Slot(start, end, shift.machine.campus_id, shift.machine.room, shift.pk)
        start += GRID


@dataclass(frozen=True, slots=True)
class ExamPlan:
    """What a patient's orders ask for, and when it is best done."""

    wanted: list[Wanted]
    plan: Plan
    questions: list[PrepQuestion]

    def wanted_by(self, key: int) -> Wanted:
        return next(one for one in self.wanted if one.key == key)

    @property
    def unpaid(self) -> list[Order]:
        return list({one.order.pk: one.order for one in self.wanted if not one.is_paid}.values())


def exam_plan(patient_id: int, *, at: datetime, later: int = 0) -> ExamPlan:
    """The proposal for everything that isn't booked yet. `later`: begin so many days further on, for "other days"."""
    wanted = wanted_of(patient_id)
    first = clock.business_day(at) + timedelta(days=later)
    last = first + timedelta(days=parameters.EXAM_DAYS.at(at))
    free = slots_free({one.item for one in wanted}, at=at, first=first, last=last)
    needs = [
        Need(one.key, one.item.name, frozenset(one.item.traits), free[one.item.pk], one.item.fasting_hours > 0)
        for one in wanted
    ]
    walk = timedelta(minutes=parameters.EXAM_WALK.at(at))
    found = plan(needs, rules=rules_now(), fixed=fixed_of(patient_id, at=at), walk=walk)
    planned = {stop.need.key for stop in found.appointments}
    questions = [question for one in wanted if one.key in planned for question in one.item.questions.all()]
    questions.sort(key=lambda one: (one.item_id, one.position, one.pk))
    asked: dict[str, PrepQuestion] = {}
    for question in questions:  # the same words are asked once, whichever exams want to know
        asked.setdefault(question.text, question)
    return ExamPlan(wanted, found, list(asked.values()))


@entry
def exam_plan_for(actor: Actor, patient_id: int, *, at: datetime, later: int = 0) -> ExamPlan:
    """`exam_plan` for who acts for this patient or treats them. Raises NotFound."""
    policy.must_plan_exams(actor, patient_id, at=at)
    record(actor, "exam.plan", at=at, patient_id=patient_id)
    return exam_plan(patient_id, at=at, later=later)


def _rows() -> QuerySet[ExamBooking]:
    return ExamBooking.objects.select_related("item", "machine__campus", "patient", "order", "staff")


@entry
def exams_for(actor: Actor, *, at: datetime, limit: int = 100) -> list[ExamBooking]:
    """Booked exams of everyone the account acts for: what comes first, then what was."""
    rows = _rows().filter(patient_id__in=actor.patient_ids, during__endswith__gt=at - timedelta(days=90))
    rows = rows.exclude(status__in=[ExamStatus.CANCELLED]).order_by("during")
    found = list(rows[:limit])
    record(actor, "exam.list", at=at)
    return found


@entry
def exam_for(actor: Actor, exam_id: int, *, at: datetime) -> ExamBooking:
    """One booked exam, for the patient, the family and who treats them. Raises NotFound."""
    exam = _rows().filter(pk=exam_id, order__isnull=False).first()
    if exam is None or exam.patient_id is None:
        raise NotFound
    policy.must_plan_exams(actor, exam.patient_id, at=at)
    record(actor, "exam.read", at=at, subject=exam, patient_id=exam.patient_id)
    return exam


@entry
def exam_room_for(actor: Actor, machine_id: int | None, day: date, *, at: datetime) -> tuple[
    list[ExamMachine], ExamMachine | None, list[ExamBooking]
]:  # fmt: skip
    """The machines of one's campuses, the chosen one, and whom it examines on that day. Raises NotFound."""
    policy.must_run_exams(actor)
    machines = list(ExamMachine.objects.filter(campus_id__in=actor.campus_ids, is_active=True).select_related("campus"))
    chosen = next((one for one in machines if one.pk == machine_id), machines[0] if machines else None)
    if machine_id is not None and (chosen is None or chosen.pk != machine_id):
        raise NotFound
    if chosen is None:
        return machines, None, []
    begins = clock.at_local(day, time(0))
    rows = (
        _rows()
        .filter(machine=chosen, during__startswith__gte=begins, during__startswith__lt=begins + timedelta(days=1))
        .filter(Q(status__in=ACTIVE_EXAM) | Q(status=ExamStatus.NO_SHOW))
        .order_by("during")
    )
    found = list(rows)
    record(actor, "exam.room", at=at, subject=chosen)
    return machines, chosen, found
