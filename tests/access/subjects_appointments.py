"""What the matrix tries the doors of appointments with."""

from datetime import timedelta
from typing import Any

from appointments.models import Absence, Booking, CampusPoint, ExamBooking, Session, StopCase, Ticket
from appointments.selectors import exam_plan
from appointments.services import (
    ExamChoice,
    absence_appeal,
    booking_check_in,
    exams_book,
    session_stop,
    sessions_close,
    sessions_generate,
    stopped_bookings_cancel,
    ticket_call,
    waiting_enter,
)
from hospital.kit import clock
from tests.access.subjects import Case, subject
from tests.appointments.conftest import HOUSE, Clinic, prices
from tests.appointments.exam_room import build_exam_room
from tests.cast import Cast, Person, actor_of_person

DESK = ["doctor_li", "other_doctor", "nurse", "therapist", "technician", "pharmacist", "second_pharmacist",
        "case_manager", "cashier", "head"]  # fmt: skip


def clinic_of(cast: Cast, doctor: Person, department: Any, *, days: int = 1) -> tuple[Clinic, Session]:
    prices(cast)
    clinic = Clinic(cast, clock.now())
    day = clock.business_day(clinic.at) + timedelta(days=days)
    starts, ends = ("09:00", "10:00") if days else ("00:00", "23:55")
    slot = clinic.roster(doctor, day, starts, ends, department=department)
    sessions_generate(actor=HOUSE, first=day, last=day, at=clinic.before(slot) - timedelta(seconds=1))
    return clinic, Session.objects.get(roster_slot=slot)


@subject("session")
def session(cast: Cast, rule: str) -> list[Case]:
    """Any signed-in patient may look at the times; only one's own people can be booked for."""
    clinic, made = clinic_of(cast, cast.doctor_li, cast.oncology)
    everyone = ["wang_fang", "stranger", "unverified"]
    data = {"patient": cast.mother.patient_id, "period": clinic.period(0, made).pk}
    own = Case("own", {"session_id": made.pk}, may=["wang_fang"], data=data)
    return [own if rule_writes(rule) else Case("any", {"session_id": made.pk}, may=everyone, data=data)]


def rule_writes(rule: str) -> bool:
    return rule.endswith(".hold")


@subject("booking")
def booking(cast: Cast, rule: str) -> list[Case]:
    if rule in {"appointments.check_in_one", "appointments.checked_in"}:
        made = _today(cast)
        if rule == "appointments.checked_in":
            booking_check_in(actor=actor_of_person(cast.nurse), booking_id=made.pk, at=made.starts_at)
        return [Case("of the day", {"booking_id": made.pk}, may=DESK, data={})]
    clinic, session = clinic_of(cast, cast.doctor_li, cast.oncology)
    mine = clinic.book(cast.mother, clinic.period(0, session))
    theirs = clinic.book(cast.stranger, clinic.period(1, session))

    def data(period: int) -> dict[str, Any]:
        to = clinic.period(period, session).pk
        return {"reason": "x", "period": to, "period_id": to}

    return [
        Case("of the family", {"booking_id": mine.pk}, may=["wang_fang"], data=data(5), json=".api." in rule),
        Case("of the stranger", {"booking_id": theirs.pk}, may=["stranger"], data=data(6), json=".api." in rule),
    ]


def _today(cast: Cast) -> Booking:
    """A booking of this very moment, so that check-in is open."""
    clinic, session = clinic_of(cast, cast.doctor_li, cast.oncology, days=0)
    now = clock.now()
    period = session.periods.filter(ends_at__gt=now).order_by("starts_at").first() or session.periods.last()
    assert period is not None
    made = clinic.hold(cast.stranger, period, at=session.starts_at - timedelta(hours=1))
    return clinic.pay(made, at=session.starts_at - timedelta(minutes=50))


def _ticket(cast: Cast) -> Ticket:
    made = _today(cast)
    return booking_check_in(actor=actor_of_person(cast.nurse), booking_id=made.pk, at=made.starts_at)


QUEUE = ["doctor_li", "nurse", "head"]


@subject("session_queue")
def session_queue(cast: Cast, rule: str) -> list[Case]:
    ticket = _ticket(cast)
    return [Case("of the department", {"session_id": ticket.session_id}, may=QUEUE, data={})]


@subject("doctor_day")
def doctor_day(cast: Cast, rule: str) -> list[Case]:
    """The doctor, doctors and nurses of the same department, and programs whose key names it."""
    ticket = _ticket(cast)
    return [Case("of the department", {"staff_id": ticket.session.doctor_id}, may=[*QUEUE, "service"])]


@subject("ticket")
def ticket(cast: Cast, rule: str) -> list[Case]:
    made = _ticket(cast)
    ticket_call(actor=actor_of_person(cast.nurse), session_id=made.session_id, at=made.created_at)
    return [Case("called", {"ticket_id": made.pk, "verb": "recall"}, may=QUEUE, data={})]


@subject("ticket_waiting")
def ticket_waiting(cast: Cast, rule: str) -> list[Case]:
    made = _ticket(cast)
    return [Case("waiting", {"ticket_id": made.pk}, may=QUEUE, data={"triage": 2, "reason": "x"})]


def everybody(cast: Cast) -> list[str]:
    people = [name for name, person in vars(cast).items() if isinstance(person, Person)]
    return [*people, "anonymous", "disabled", "idle", "service"]


@subject("doctor")
def doctor(cast: Cast, rule: str) -> list[Case]:
    clinic_of(cast, cast.doctor_li, cast.oncology)
    return [Case("listed", {"staff_id": cast.doctor_li.staff.pk}, may=everybody(cast))]


@subject("doctor_follow")
def doctor_follow(cast: Cast, rule: str) -> list[Case]:
    clinic_of(cast, cast.doctor_li, cast.oncology)
    may = ["wang_fang", "stranger", "unverified"]
    return [Case("listed", {"staff_id": cast.doctor_li.staff.pk}, may=may, data={"follow": "1"})]


@subject("hall")
def hall(cast: Cast, rule: str) -> list[Case]:
    made = _ticket(cast)
    department_id = made.session.department_id
    return [Case("open", {"department_id": department_id}, may=everybody(cast))]


@subject("session_public")
def session_public(cast: Cast, rule: str) -> list[Case]:
    _clinic, made = clinic_of(cast, cast.doctor_li, cast.oncology)
    return [Case("open", {"session_id": made.pk}, may=everybody(cast))]


def _exam(cast: Cast) -> ExamBooking:
    """The mother's exam, booked by her daughter."""
    room = build_exam_room(cast, clock.now())
    room.order(cast.mother, "X-DRAW")
    found = exam_plan(cast.mother.patient_id, at=room.at)
    stop, one = found.plan.appointments[0], found.wanted[0]
    choice = ExamChoice(one.order.pk, one.item.pk, stop.slot.key, stop.start)
    made = exams_book(
        actor=actor_of_person(cast.wang_fang),
        patient_id=cast.mother.patient_id,
        choices=[choice],
        answers={},
        at=room.at,
    )
    return made[0]


@subject("exam")
def exam(cast: Cast, rule: str) -> list[Case]:
    return [Case("of the family", {"exam_id": _exam(cast).pk}, may=["wang_fang"], data={}, json=".api." in rule)]


@subject("exam_patient")
def exam_patient(cast: Cast, rule: str) -> list[Case]:
    build_exam_room(cast, clock.now()).order(cast.mother, "X-DRAW")
    return [Case("of the family", {"patient_id": cast.mother.patient_id}, may=["wang_fang"])]


@subject("booking_at_campus")
def booking_at_campus(cast: Cast, rule: str) -> list[Case]:
    """A visit of this moment, asked for from beside the campus."""
    CampusPoint.objects.create(campus=cast.campus, latitude=31.23, longitude=121.47)
    here = {"latitude": 31.23, "longitude": 121.47, "accuracy": 10}
    return [Case("of the stranger", {"booking_id": _today(cast).pk}, may=["stranger"], data=here, json=True)]


@subject("exam_room")
def exam_room(cast: Cast, rule: str) -> list[Case]:
    return [Case("booked", {"exam_id": _exam(cast).pk, "verb": "arrive"}, may=["nurse", "technician"], data={})]


@subject("exam_encounter")
def exam_encounter(cast: Cast, rule: str) -> list[Case]:
    room = build_exam_room(cast, clock.now())
    order = room.order(cast.mother, "X-DRAW")
    found = exam_plan(cast.mother.patient_id, at=room.at)
    stop, one = found.plan.appointments[0], found.wanted[0]
    slot = f"{one.order.pk}:{one.item.pk}:{stop.slot.key}:{int(stop.start.timestamp())}"
    return [Case("in care", {"encounter_id": order.encounter_id}, may=["doctor_li"], data={"slot": slot})]


@subject("stopped_booking")
def stopped_booking(cast: Cast, rule: str) -> list[Case]:
    clinic, session = clinic_of(cast, cast.doctor_li, cast.oncology)
    mine, theirs = (clinic.book(who, clinic.period(n, session)) for n, who in enumerate([cast.mother, cast.stranger]))
    session_stop(actor=HOUSE, session_id=session.pk, reason="停诊", at=clinic.at)
    stopped_bookings_cancel(at=clinic.at)
    api, refund = ".api." in rule, {"refund": "1"}
    return [
        Case("of the family", {"booking_id": mine.pk}, may=["wang_fang"], data=refund, json=api),
        Case("of the stranger", {"booking_id": theirs.pk}, may=["stranger"], data=refund, json=api),
    ]


@subject("stop_case")
def stop_case(cast: Cast, rule: str) -> list[Case]:
    stopped_booking(cast, rule)
    case = StopCase.objects.order_by("pk")[0]
    return [Case("open", {"case_id": case.pk}, may=["nurse", "cashier"], data={"reached": "0"})]


@subject("doctor_waiting")
def doctor_waiting(cast: Cast, rule: str) -> list[Case]:
    _clinic, session = clinic_of(cast, cast.doctor_li, cast.oncology)
    day = f"{session.date:%F}"
    mother = cast.mother.patient_id
    data = {"patient": mother, "patient_id": mother, "first": day, "last": day, "half_day": ""}
    may = ["wang_fang"] if rule.endswith("_enter") else ["wang_fang", "stranger", "unverified"]
    api = ".api." in rule
    headers = {"Idempotency-Key": f"waiting {session.pk}"}
    return [Case("listed", {"staff_id": session.doctor_id}, may=may, data=data, json=api, headers=headers)]


@subject("waiting")
def waiting(cast: Cast, rule: str) -> list[Case]:
    clinic, session = clinic_of(cast, cast.doctor_li, cast.oncology)
    made = waiting_enter(
        actor=actor_of_person(cast.wang_fang), patient_id=cast.mother.patient_id, doctor_id=session.doctor_id,
        first=session.date, last=session.date, at=clinic.at,
    )  # fmt: skip
    return [Case("of the family", {"waiting_id": made.pk}, may=["wang_fang"], data={})]


@subject("missed_booking")
def missed_booking(cast: Cast, rule: str) -> list[Case]:
    absence = _missed(cast)
    api, said = ".api." in rule, {"reason": "x"}
    return [Case("missed", {"booking_id": absence.booking_id}, may=["wang_fang"], data=said, json=api)]


@subject("absence")
def absence(cast: Cast, rule: str) -> list[Case]:
    made = _missed(cast)
    absence_appeal(actor=actor_of_person(cast.wang_fang), booking_id=made.booking_id, reason="住院", at=made.at)
    return [Case("appealed", {"absence_id": made.pk}, may=["head"], data={"excuse": "1", "answer": "x"})]


def _missed(cast: Cast) -> Absence:
    clinic, session = clinic_of(cast, cast.doctor_li, cast.oncology)
    clinic.book(cast.mother, clinic.period(0, session))
    sessions_close(at=session.ends_at + timedelta(hours=2))
    return Absence.objects.get()
