"""What the matrix tries treatment's doors with: Wang Fang's course, ordered by Doctor Li, given in radiotherapy."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from hospital.kit import clock
from tests.access.subjects import Case, subject
from tests.cast import Cast
from tests.treatment.conftest import Ward, furnish
from treatment.models import Alarm, Assessment, Course, Displaced, Hold, Interruption, Outage, Session
from treatment.states import AlarmStatus, CourseStatus, DisplacedStatus, InterruptionStatus, SessionStatus


def _placed(cast: Cast) -> tuple[Ward, Course]:
    ward = furnish(cast)
    course = ward.paid()
    ward.place(course)
    course.refresh_from_db()
    return ward, course


@subject("course")
def course(cast: Cast, rule: str) -> Sequence[Case]:
    ward, made = _placed(cast)
    secrets = [ward.item.name]
    if rule == "treatment.release":
        return [
            Case("its doctor's", {"pk": made.pk, "kind": "physician"}, may={"doctor_li"}),
            Case("its department's", {"pk": made.pk, "kind": "physicist"}, may={"therapist"}),
        ]
    if rule == "treatment.stop":
        Course.objects.filter(pk=made.pk).update(status=CourseStatus.RUNNING)
        type(made.order).objects.filter(pk=made.order_id).update(status="collected")
        return [Case("running", {"pk": made.pk}, may={"doctor_li"}, data={"reason": "skin reaction"})]
    if rule in {"treatment.review", "treatment.category"}:
        data = {"finding": "well", "category": 2}
        return [Case("placed", {"pk": made.pk}, may={"doctor_li"}, data=data)]
    if rule == "treatment.course":
        return [Case("ordered by Li", {"pk": made.pk}, may={"doctor_li", "therapist"}, secrets=secrets)]
    return [Case("own", {"pk": made.pk}, may={"wang_fang"}, secrets=secrets)]


@subject("course_to_place")
def course_to_place(cast: Cast, rule: str) -> Sequence[Case]:
    ward = furnish(cast)
    made = ward.paid()
    data = {"choice": f"{ward.machine.pk}@09:00"}
    return [Case("own", {"pk": made.pk}, may={"wang_fang"}, data=data, secrets=[ward.item.name])]


@subject("course_session")
def session(cast: Cast, rule: str) -> Sequence[Case]:
    ward, made = _placed(cast)
    first = made.sessions.get(number=1)
    last = made.sessions.get(number=made.planned)
    if rule == "treatment.move":
        day = last.day + timedelta(days=7)
        data = {"day": day.isoformat(), "choice": f"{ward.machine.pk}@10:00"}
        # In the evening it is too late to move tomorrow's, the first.
        return [Case("own", {"pk": last.pk}, may={"wang_fang"}, data=data, secrets=[ward.item.name])]
    ward.release(made)
    now = clock.now()
    Session.objects.filter(pk=first.pk).update(
        status=SessionStatus.ARRIVED, during=DateTimeTZRange(now, now + timedelta(minutes=15)), day=clock.today()
    )
    if rule == "treatment.screen":
        ward.item.contraindications = "发热"
        ward.item.save(update_fields=["contraindications"])
        return [Case("here", {"pk": first.pk}, may={"therapist"}, data={"q0": "no"}, secrets=[ward.item.name])]
    data = {"identified_by": ["card", "name"], "second_therapist": ward.second.staff.pk, "dose_cgy": 200}
    return [Case("here", {"pk": first.pk}, may={"therapist"}, data=data, secrets=[ward.item.name, "王芳"])]


@subject("assessment")
def assessment(cast: Cast, rule: str) -> Sequence[Case]:
    ward = furnish(cast)
    ward.item.assessment_form, ward.item.assess_every = "how-are-you", 2
    ward.item.save(update_fields=["assessment_form", "assess_every"])
    made = Assessment.objects.get(course=ward.paid(), before=1)
    return [Case("due", {"pk": made.pk}, may={"therapist", "doctor_li"})]


@subject("alarm")
def alarm(cast: Cast, rule: str) -> Sequence[Case]:
    made: Any = Alarm.objects.create(
        patient=cast.wang_fang.patient,
        department=cast.radiotherapy,
        response_id=1,
        words=["疼痛：无法忍受"],
        raised_at=cast.at,
    )
    if rule in {"follow_up.handle", "follow_up.unreached"}:
        Alarm.objects.filter(pk=made.pk).update(status=AlarmStatus.TAKEN)
    data = {"what_was_done": "called"}
    return [Case("raised", {"pk": made.pk}, may={"case_manager"}, data=data, secrets=["无法忍受"])]


@subject("treatment_encounter")
def treatment_encounter(cast: Cast, rule: str) -> Sequence[Case]:
    ward = furnish(cast)
    visit = ward.visit()
    data = {"item": ward.item.pk, "sessions": 25, "indication": "after surgery"}
    return [Case("Li's visit", {"pk": visit.pk}, may={"doctor_li"}, data=data)]


@subject("treatment_hold")
def hold(cast: Cast, rule: str) -> Sequence[Case]:
    _ward, made = _placed(cast)
    held = Hold.objects.create(course=made, reason="adverse", source="tests", words="fever", raised_at=cast.at)
    return [Case("its doctor's", {"pk": held.pk}, may={"doctor_li"}, data={"because": "well again"})]


@subject("treatment_interruption")
def interruption(cast: Cast, rule: str) -> Sequence[Case]:
    _ward, made = _placed(cast)
    case = Interruption.objects.create(course=made, days=3, limit=2, opened_at=cast.at)
    if rule == "treatment.interruption_decide":
        data = {"way": "weekend", "words": "cervix"}
        return [Case("its doctor's", {"pk": case.pk}, may={"doctor_li"}, data=data)]
    Interruption.objects.filter(pk=case.pk).update(
        status=InterruptionStatus.DECIDED, way="weekend", decided_by=cast.doctor_li.staff, decided_at=cast.at
    )
    return [Case("its department's", {"pk": case.pk}, may={"therapist"}, data={"agreed": "yes"})]


@subject("treatment_machine")
def machine(cast: Cast, rule: str) -> Sequence[Case]:
    ward, _made = _placed(cast)
    now = clock.local(clock.now())
    data = {
        "starts_at": f"{now:%Y-%m-%dT%H:%M}", "ends_at": f"{now + timedelta(hours=3):%Y-%m-%dT%H:%M}", "reason": "MLC"
    }  # fmt: skip
    return [Case("of radiotherapy", {"pk": ward.machine.pk}, may={"therapist"}, data=data)]


def _outage(cast: Cast) -> tuple[Outage, Displaced]:
    ward, made = _placed(cast)
    now = clock.now()
    outage = Outage.objects.create(
        machine=ward.machine, during=DateTimeTZRange(now, now + timedelta(hours=3)), reason="MLC",
        declared_by=cast.therapist.staff, declared_at=now,
    )  # fmt: skip
    line = Displaced.objects.create(outage=outage, session=made.sessions.get(number=1), status=DisplacedStatus.STRANDED)
    return outage, line


@subject("treatment_outage")
def outage(cast: Cast, rule: str) -> Sequence[Case]:
    found, _line = _outage(cast)
    return [Case("of radiotherapy", {"pk": found.pk}, may={"therapist"}, secrets=["王芳"])]


@subject("treatment_displaced")
def displaced(cast: Cast, rule: str) -> Sequence[Case]:
    _found, line = _outage(cast)
    return [Case("of radiotherapy", {"pk": line.pk}, may={"therapist"})]
