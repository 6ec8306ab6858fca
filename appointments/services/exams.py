"""Booking exams (A6, AP-12..14). Locks: patient, orders in pk order; the machines are kept apart by the database's
exclusion constraints, so whoever comes second is refused and gets the next proposal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext_noop

import emr.services
from emr.models import Order, OrderStatus
from hospital.audit.services import record
from hospital.kit import clock
from hospital.kit.actor import Actor, system
from hospital.kit.problems import NotFound, StaleMove
from hospital.kit.transactions import entry, within
from hospital.messaging import services as messaging
from hospital.people.models import Patient

from .. import errors, parameters, policy, selectors
from ..models import ExamBooking, ExamItem, ExamMachine, ExamShift
from ..planner import Fixed, apart
from ..planner.model import Stop
from ..states import ACTIVE_EXAM, EXAM, ExamStatus

HOUSE = system("appointments.exams")
_TAKEN = {
    "appointments_exam_machine_once", "appointments_exam_staff_once", "appointments_exam_patient_once",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExamChoice:
    """One exam of one order at a time of a shift."""

    order_id: int
    item_id: int
    shift_id: int
    starts_at: datetime


@entry
def exams_book(
    *, actor: Actor, patient_id: int, choices: Sequence[ExamChoice], answers: Mapping[int, str], at: datetime,
    is_urgent: bool = False,
) -> list[ExamBooking]:  # fmt: skip
    """Book a whole proposal, all or none. `answers`: yes or no by the id of the question (AP-12).

    Raises NotFound, NoExamChosen, ExamNotPaid, ExamOver, AnswerMissing, ExamRefused, ExamsTooClose (AP-13), ExamReserve, ExamTaken.
    """
    return exams_book_within(
        actor=actor, patient_id=patient_id, choices=choices, answers=answers, at=at, is_urgent=is_urgent
    )


@within
def exams_book_within(
    *, actor: Actor, patient_id: int, choices: Sequence[ExamChoice], answers: Mapping[int, str], at: datetime,
    is_urgent: bool = False,
) -> list[ExamBooking]:  # fmt: skip
    """`exams_book` inside the caller's transaction."""
    policy.must_plan_exams(actor, patient_id, at=at)
    if is_urgent:
        policy.must_book_urgent(actor)
    if not choices:
        raise errors.NoExamChosen
    patient: Patient | None = Patient.objects.select_for_update(no_key=True).filter(pk=patient_id).first()
    if patient is None:
        raise NotFound
    policy.must_be_proved(patient.verified_at is not None)
    orders = {
        order.pk: order
        for order in Order.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk__in=[one.order_id for one in choices], patient_id=patient_id)
        .order_by("pk")
    }
    wanted = {(one.order.pk, one.item.pk): one.item for one in selectors.wanted_of(patient_id)}
    said = _said(wanted.values(), answers)
    made = [_booking(actor, one, orders, wanted, said, is_urgent, at) for one in choices]
    _keep_apart(patient_id, made, at)
    try:
        with transaction.atomic():  # a refusal gives everything back at once
            for booking in made:
                booking.save(force_insert=True)
                EXAM.begin(booking, actor=actor, at=at)
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if name == "appointments_one_exam_per_order":
            raise errors.ExamOver from error
        if name == "appointments_exam_keeps_the_reserve":
            raise errors.ExamReserve from error
        if name in _TAKEN:
            raise errors.ExamTaken from error
        raise
    for order in orders.values():
        if order.status == OrderStatus.PAID:
            emr.services.order_schedule(actor=actor, order_id=order.pk, at=at)
    for booking in made:
        _tell(booking, at)
    record(actor, "exam.book", at=at, patient_id=patient_id, reason=f"{len(made)}")
    return made


def _said(items: Iterable[ExamItem], answers: Mapping[int, str]) -> dict[int, str]:
    """The answers by question; what two exams ask in the same words was asked once and answers both."""
    questions = [question for item in items for question in item.questions.all()]
    by_text = {question.text: answers[question.pk] for question in questions if question.pk in answers}
    return {question.pk: answers.get(question.pk, by_text.get(question.text, "")) for question in questions}


def _booking(
    actor: Actor, choice: ExamChoice, orders: Mapping[int, Order], wanted: Mapping[tuple[int, int], ExamItem],
    answers: Mapping[int, str], is_urgent: bool, at: datetime,
) -> ExamBooking:  # fmt: skip
    order = orders.get(choice.order_id)
    if order is None:
        raise NotFound
    item = wanted.get((choice.order_id, choice.item_id))
    if item is None:
        raise errors.ExamOver
    if order.status == OrderStatus.PLACED:
        raise errors.ExamNotPaid
    shift = ExamShift.objects.select_related("machine").filter(
        pk=choice.shift_id, machine__items=item, machine__is_active=True
    ).first()  # fmt: skip
    ends_at = choice.starts_at + timedelta(minutes=item.minutes)
    if shift is None or choice.starts_at < shift.starts_at or ends_at > shift.ends_at or choice.starts_at <= at:
        raise errors.ExamTaken
    return ExamBooking(
        order=order, item=item, patient_id=order.patient_id, machine=shift.machine, shift=shift, staff_id=shift.staff_id,
        during=DateTimeTZRange(choice.starts_at, ends_at), normal_until=shift.normal_until, is_urgent=is_urgent,
        status=ExamStatus.BOOKED, answers=_answered(item, answers), created_at=at,
    )  # fmt: skip


def _answered(item: ExamItem, answers: Mapping[int, str]) -> list[dict[str, Any]]:
    """The questions as they are asked today, with the answers; a missing one or a wrong one refuses (AP-12)."""
    kept = []
    for question in item.questions.all():
        said = answers.get(question.pk, "")
        if said not in {"yes", "no"}:
            raise errors.AnswerMissing(question=question.text)
        if question.refuse_when and said == question.refuse_when:
            raise errors.ExamRefused(exam=item.name, why=question.why)
        kept.append({"question": question.text, "answer": said})
    return kept


def _keep_apart(patient_id: int, made: Sequence[ExamBooking], at: datetime) -> None:
    """AP-13, asked again with the patient's row locked: two proposals at the same time can't break an interval."""
    rules, walk = selectors.rules_now(), timedelta(minutes=parameters.EXAM_WALK.at(at))
    new: list[Fixed] = [_fixed(booking) for booking in made]
    stops: list[tuple[Stop, Stop]] = [
        (one, other)
        for place, one in enumerate(new)
        for other in [*new[:place], *selectors.fixed_of(patient_id, at=at)]
    ]
    for one, other in stops:
        verdict = apart(one, other, rules, walk)
        if verdict is None:
            continue
        if verdict is False:
            raise errors.ExamTaken
        first, then = (one, other) if one.start <= other.start else (other, one)
        assert isinstance(first, Fixed) and isinstance(then, Fixed)
        raise errors.ExamsTooClose(first=first.name, then=then.name, why=verdict.why)


def _fixed(booking: ExamBooking) -> Fixed:
    assert booking.item is not None
    return Fixed(
        booking.item.name, frozenset(booking.item.traits), booking.starts_at, booking.ends_at,
        booking.machine.campus_id, booking.machine.room,
    )  # fmt: skip


def _tell(booking: ExamBooking, at: datetime) -> None:
    assert booking.item is not None and booking.patient_id is not None
    starts = clock.local(booking.starts_at)
    context = {
        "exam_id": booking.pk, "exam": booking.item.name, "date": f"{starts:%F}", "time": f"{starts:%H:%M}",
        "room": booking.machine.room, "advice": booking.item.advice,
    }  # fmt: skip
    url = f"/exams/{booking.pk}/"
    messaging.patient_tell(
        key=f"exam.booked:{booking.pk}", patient_id=booking.patient_id, kind="exam.booked", at=at, context=context,
        url=url,
    )  # fmt: skip
    remind_at = clock.at_local(starts.date() - timedelta(days=1), parameters.remind_time(at))
    if remind_at > at:
        messaging.patient_tell(
            key=f"exam.reminder:{booking.pk}", patient_id=booking.patient_id, kind="exam.reminder", at=at,
            not_before=remind_at, context=context, url=url,
        )  # fmt: skip


def _locked(exam_id: int) -> ExamBooking:
    rows = ExamBooking.objects.select_for_update(no_key=True, of=("self",)).select_related("item", "machine", "order")
    exam: ExamBooking | None = rows.filter(pk=exam_id, order__isnull=False).first()
    if exam is None:
        raise NotFound
    return exam


@entry
def exam_cancel(*, actor: Actor, exam_id: int, at: datetime, reason: str = "") -> ExamBooking:
    """Give the time back; the order waits to be booked again. Raises NotFound, StaleMove (under way or over)."""
    exam = _locked(exam_id)
    assert exam.patient_id is not None
    policy.must_plan_exams(actor, exam.patient_id, at=at)
    if exam.status != ExamStatus.BOOKED:
        raise StaleMove
    _cancel(exam, actor=actor, at=at, reason=reason)
    return exam


@within
def _cancel(exam: ExamBooking, *, actor: Actor, at: datetime, reason: str, to: str = ExamStatus.CANCELLED) -> None:
    EXAM.move(exam, to, actor=actor, at=at, reason=reason, ended_at=at)
    messaging.message_withdraw(key=f"exam.reminder:{exam.pk}", at=at)
    assert exam.order is not None
    left = ExamBooking.objects.filter(order=exam.order, status__in=ACTIVE_EXAM).exists()
    if not left and exam.order.status == OrderStatus.SCHEDULED:
        emr.services.order_unschedule(actor=actor, order_id=exam.order.pk, at=at, reason=reason or "exam given back")


@entry
def exam_arrive(*, actor: Actor, exam_id: int, at: datetime) -> ExamBooking:
    """The patient is at the exam room."""
    exam = _at_the_room(actor, exam_id)
    EXAM.move(exam, ExamStatus.ARRIVED, actor=actor, at=at, arrived_at=at)
    return exam


@entry
def exam_begin(*, actor: Actor, exam_id: int, at: datetime) -> ExamBooking:
    """The exam begins: its order is under way and can't be taken back any more."""
    exam = _at_the_room(actor, exam_id)
    EXAM.move(exam, ExamStatus.DOING, actor=actor, at=at, began_at=at)
    assert exam.order is not None
    if exam.order.status in {OrderStatus.PAID, OrderStatus.SCHEDULED}:
        emr.services.order_collect(actor=actor, order_id=exam.order.pk, at=at)
    return exam


@entry
def exam_finish(*, actor: Actor, exam_id: int, at: datetime) -> ExamBooking:
    """The patient leaves the exam room; the report follows by its own way."""
    exam = _at_the_room(actor, exam_id)
    EXAM.move(exam, ExamStatus.DONE, actor=actor, at=at, ended_at=at)
    return exam


def _at_the_room(actor: Actor, exam_id: int) -> ExamBooking:
    policy.must_run_exams(actor)
    exam = _locked(exam_id)
    if exam.machine.campus_id not in actor.campus_ids and not actor.is_system:
        raise NotFound
    return exam


@entry
def machine_block(
    *, actor: Actor, machine_id: int, starts_at: datetime, ends_at: datetime, reason: str, at: datetime
) -> ExamBooking:
    """Take a machine out of use for a time (AP-14). Raises NotFound, MachineBusy when patients are booked in it."""
    policy.must_keep_machines(actor)
    machine = ExamMachine.objects.filter(pk=machine_id).first()
    if machine is None or starts_at >= ends_at:
        raise NotFound
    block = ExamBooking(
        machine=machine, during=DateTimeTZRange(starts_at, ends_at), status=ExamStatus.BLOCKED, reason=reason[:200],
        created_at=at,
    )  # fmt: skip
    try:
        with transaction.atomic():
            block.save(force_insert=True)
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) not in _TAKEN:
            raise
        raise errors.MachineBusy from error
    EXAM.begin(block, actor=actor, at=at, reason=reason)
    return block


def order_paid(order_id: int, at: datetime) -> None:
    """emr's notice: the order may be booked now; the patient is told which day is proposed."""
    order = Order.objects.get(pk=order_id)
    if any(one.order.pk == order_id for one in selectors.wanted_of(order.patient_id)):
        _propose(patient_id=order.patient_id, order_id=order_id, at=at)


def _propose(*, patient_id: int, order_id: int, at: datetime) -> None:
    found = selectors.exam_plan(patient_id, at=at)
    first = next((one for one in found.plan.appointments), None)
    if first is None:
        return
    starts = clock.local(first.start)
    messaging.patient_tell(
        key=f"exam.proposed:{order_id}", patient_id=patient_id, kind="exam.proposed", at=at, url="/exams/",
        context={"date": f"{starts:%F}", "time": f"{starts:%H:%M}", "exams": len(found.plan.appointments),
                 "trips": max(1, len({one.slot.trip for one in found.plan.appointments}))},
    )  # fmt: skip


def order_cancelled(order_id: int, at: datetime) -> None:
    """emr's notice: the order is taken back or stopped, so its times are free again."""
    rows = ExamBooking.objects.select_for_update(no_key=True, of=("self",)).select_related("order")
    for exam in rows.filter(order_id=order_id, status__in=[ExamStatus.BOOKED, ExamStatus.ARRIVED]).order_by("pk"):
        _cancel(exam, actor=HOUSE, at=at, reason=gettext_noop("order taken back"))


def exams_close(*, at: datetime) -> int:
    """The sweep: who didn't come by the end of the day has lost the time; the order waits to be booked again."""
    midnight = clock.at_local(clock.business_day(at), time(0))
    due = ExamBooking.objects.filter(
        status__in=[ExamStatus.BOOKED, ExamStatus.ARRIVED], during__endswith__lte=midnight, order__isnull=False
    )
    done = 0
    for exam_id in due.order_by("pk").values_list("pk", flat=True)[:500]:
        done += _exam_close(exam_id=exam_id, at=at)
    return done


@entry
def _exam_close(*, exam_id: int, at: datetime) -> int:
    exam = _locked(exam_id)
    if exam.status not in {ExamStatus.BOOKED, ExamStatus.ARRIVED}:
        return 0
    _cancel(exam, actor=HOUSE, at=at, reason=gettext_noop("did not come"), to=ExamStatus.NO_SHOW)
    return 1
