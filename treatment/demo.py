"""Courses of the demo: a board with patients on it, by the verbs that people use; run again, they change nothing.

Radiotherapy is booked from the next working day on; exercise has been under way for two weeks. Invented throughout.
"""

from datetime import datetime, time, timedelta

from django.db import transaction

import billing.services
from billing.models import Channel, PayMethod
from emr import services as emr
from emr.seeding import signed_visit
from hospital.kit import clock, sweeps
from hospital.kit.actor import Actor, Role, system
from hospital.kit.transactions import entry
from hospital.organisation.models import Post, Staff
from hospital.people.models import FamilyLink, Patient

from . import services
from .models import Course, Machine, TreatmentItem
from .states import SessionStatus

_HOUSE = system("treatment.seed")
_HEROINES = ("80000000", "80000001", "80000002")
_EXERCISE_HOURS = (time(8, 40), time(10, 40), time(14))  # sessions of 40 minutes, from eight on


def courses(radiotherapy: TreatmentItem, exercise: TreatmentItem, *, at: datetime) -> None:
    if Course.objects.exists():
        return
    patients = list(
        Patient.objects.exclude(verified_at=None).exclude(record_no__in=_HEROINES).order_by("-record_no")[:9]
    )
    for number, patient in enumerate(patients[:6]):
        machine = radiotherapy.machines.order_by("code")[number % 2]
        course = _paid(patient, radiotherapy, 25, at - timedelta(hours=2))
        if course is not None:
            _place(course, machine, time(8 + number, 15 * (number % 4)), at)
            Course.objects.filter(pk=course.pk).update(category=1 + number % 3)
    for number, patient in enumerate(patients[6:]):
        since = at - timedelta(days=15)
        course = _paid(patient, exercise, 12, since)
        if course is not None:
            _place(course, exercise.machines.get(), _EXERCISE_HOURS[number], since)
            _give(course, at)


def _paid(patient: Patient, item: TreatmentItem, planned: int, at: datetime) -> Course | None:
    """Ordered by a doctor of the department and paid at the desk."""
    doctor = _staff(item, Role.DOCTOR)
    if doctor is None:
        return None
    with transaction.atomic():
        visit = signed_visit(patient, doctor, item.department, at - timedelta(minutes=30), because="treatment.seed")
    actor = _actor(doctor, item, Role.DOCTOR)
    order = entry(emr.order_place)(
        actor=actor, encounter_id=visit.pk, kind="treatment", items=[emr.ItemSpec(item.code, planned)], at=at
    )
    _tell(at)
    order.refresh_from_db()
    assert order.charge_id is not None, "an item of the price list costs something"
    with transaction.atomic():
        bill = billing.services.pay_order_open(
            actor=_HOUSE, charge_ids=[order.charge_id], channel=Channel.CASH, method=PayMethod.DESK, at=at
        )
    money = billing.services.Money(
        transaction_id=f"SEED-{bill.number}", amount=bill.amount, success_at=at, source="desk"
    )
    billing.services.payment_record(order_id=bill.pk, money=money, at=at)
    _tell(at)
    return Course.objects.get(order=order)


def _tell(at: datetime) -> None:
    for name in ("billing.notices", "emr.notices", "billing.notices", "emr.notices"):
        sweeps.run(name, at=at)


def _place(course: Course, machine: Machine, hour: time, at: datetime) -> None:
    link = FamilyLink.objects.filter(patient_id=course.patient_id).order_by("pk").first()
    if link is None:
        return
    patient = Actor(
        roles=frozenset({Role.PATIENT}), account_id=link.account_id, patient_ids=frozenset({course.patient_id})
    )
    services.course_place(
        actor=patient, course_id=course.pk, machine_id=machine.pk, hour=hour, first_day=clock.business_day(at), at=at
    )
    if course.item.consent_text:
        services.clearance_give(actor=patient, course_id=course.pk, kind="consent", at=at)


def _give(course: Course, at: datetime) -> None:
    """What lies before `at` was given, but for one session that nobody came to."""
    therapist = _staff(course.item, Role.THERAPIST) or _staff(course.item, Role.NURSE)
    if therapist is None:
        return
    actor = _actor(therapist, course.item, Role.THERAPIST)
    past = course.sessions.filter(status=SessionStatus.BOOKED, during__endswith__lt=at - timedelta(hours=5))
    for session in past.order_by("number"):
        if session.number == 3:
            continue
        services.session_check_in(
            actor=actor, session_id=session.pk, patient_id=session.patient_id, at=session.starts_at
        )
        services.session_execute(
            actor=actor, session_id=session.pk, identified_by=["card", "birth_date"], remark="手法引流后弹力绷带加压包扎",
            at=session.ends_at,
        )  # fmt: skip
    services.sessions_mark_missed(at=at)


def _staff(item: TreatmentItem, role: Role) -> Staff | None:
    posts = Post.objects.filter(
        department_id=item.department_id, role=role, effective_to=None, staff__suspended_at=None
    )
    post = posts.select_related("staff").order_by("staff__number").first()
    return post.staff if post else None


def _actor(staff: Staff, item: TreatmentItem, role: Role) -> Actor:
    return Actor(
        roles=frozenset({role}), account_id=staff.account_id, staff_id=staff.pk,
        department_ids=frozenset({item.department_id}),
    )  # fmt: skip
