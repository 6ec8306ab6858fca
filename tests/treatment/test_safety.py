"""What holds a course up: questions, bad assessments, grave reactions, a doctor who didn't look, a pause too long."""

from datetime import time, timedelta
from typing import Any

import pytest

from hospital.kit.problems import NotFound
from tests.treatment.conftest import Ward
from tests.treatment.test_courses import told
from treatment import errors, services
from treatment.models import Alarm, Course, Hold, Interruption, Session
from treatment.states import SessionStatus


def asked(ward: Ward, session: Session, **answers: bool) -> Any:
    return services.session_screen(
        actor=ward.actor(ward.cast.therapist), session_id=session.pk, answers=answers, at=session.starts_at
    )


def test_a_yes_to_a_question_holds_the_course_until_its_doctor_lets_it_go_on(ward: Ward) -> None:
    """TR-05"""
    ward.item.contraindications = "fever\npregnancy"
    ward.item.save(update_fields=["contraindications"])
    first, second, _third = ward.ready()
    ward.arrive(first)
    with pytest.raises(errors.QuestionsOpen):
        ward.execute(first)
    with pytest.raises(errors.QuestionsOpen):
        asked(ward, first, fever=False)
    asked(ward, first, fever=False, pregnancy=False)
    with pytest.raises(errors.QuestionsAnswered):
        asked(ward, first, fever=True, pregnancy=False)
    ward.execute(first)
    ward.arrive(second)
    asked(ward, second, fever=True, pregnancy=False)
    with pytest.raises(errors.OnHold):
        ward.execute(second)
    assert [message.account_id for message in told("treatment.hold")] == [ward.cast.doctor_li.account.pk]
    hold = Hold.objects.get()
    assert hold.words == "fever"
    with pytest.raises(NotFound):
        services.hold_release(actor=ward.actor(ward.cast.therapist), hold_id=hold.pk, because="hm", at=ward.at)
    services.hold_release(actor=ward.actor(ward.cast.doctor_li), hold_id=hold.pk, because="no fever now", at=ward.at)
    assert not told("treatment.hold")
    ward.execute(second)


def test_a_bad_assessment_holds_the_course(ward: Ward) -> None:
    """TR-04: worse, stop and tell the doctor."""
    ward.item.assessment_form, ward.item.assess_every = "how-are-you", 5
    ward.item.save(update_fields=["assessment_form", "assess_every"])
    first = ward.ready()[0]
    actor = ward.actor(ward.cast.therapist)
    assessment = first.course.assessments.get(before=1)
    ward.hand_in(actor, services.assessment_begin(actor=actor, assessment_id=assessment.pk, at=ward.at), "bad", "bad")
    ward.arrive(first)
    with pytest.raises(errors.OnHold):
        ward.execute(first)


@pytest.mark.parametrize(("grade", "grave"), [(2, False), (3, True)])
def test_a_grave_reaction_holds_the_course_and_alarms_the_case_manager(ward: Ward, grade: int, grave: bool) -> None:
    """TR-04, T5: from grade 3."""
    first, second, _third = ward.ready()
    ward.arrive(first)
    ward.execute(first, adverse_event="skin", adverse_grade=grade)
    assert told("treatment.adverse")
    assert Alarm.objects.filter(session=first).exists() is grave
    assert bool(told("treatment.alarm")) is grave
    ward.arrive(second)
    if grave:
        with pytest.raises(errors.OnHold):
            ward.execute(second)
    else:
        ward.execute(second)


def test_the_doctor_sees_the_patient_every_week(ward: Ward) -> None:
    """TR-09: a missing review blocks the next session after seven days, not before."""
    ward.item.review_days = 7
    ward.item.save(update_fields=["review_days"])
    sessions = ward.ready(10)
    ward.give(sessions[:5])
    late = next(session for session in sessions if session.ends_at - sessions[0].ends_at > timedelta(days=7))
    ward.arrive(late)
    with pytest.raises(errors.ReviewDue):
        ward.execute(late)
    services.review_write(
        actor=ward.actor(ward.cast.doctor_li), course_id=late.course_id, finding="well", at=late.starts_at
    )
    ward.execute(late)


def test_a_plan_is_approved_only_with_a_diagnosis(ward: Ward) -> None:
    """TR-06"""
    course = ward.paid()
    course.order.encounter.diagnoses.all().delete()
    with pytest.raises(errors.DiagnosisMissing):
        services.clearance_give(
            actor=ward.actor(ward.cast.doctor_li), course_id=course.pk, kind="physician", at=ward.at
        )


def test_each_release_of_radiotherapy_is_needed(ward: Ward) -> None:
    """TR-06: simulation, both approvals, the measured plan, the image before the first fraction."""
    ward.item.releases = ["simulation", "physician", "physicist", "quality", "image"]
    ward.item.save(update_fields=["releases"])
    first = ward.ready()[0]
    ward.arrive(first)
    therapist = ward.actor(ward.cast.therapist)
    for kind in ("simulation", "quality", "image"):
        with pytest.raises(errors.ClearanceMissing):
            ward.execute(first)
        services.clearance_give(actor=therapist, course_id=first.course_id, kind=kind, at=ward.at)
    ward.execute(first)


# --- interruptions ---------------------------------------------------------------------------------------------


def miss(ward: Ward, sessions: list[Session]) -> None:
    services.sessions_mark_missed(at=sessions[-1].ends_at + timedelta(hours=5))


@pytest.mark.parametrize(("category", "borne"), [(1, 2), (2, 5), (3, 7)])
def test_a_pause_longer_than_the_category_bears_opens_a_case(ward: Ward, category: int, borne: int) -> None:
    """TR-08: 2, 5 and 7 working days."""
    sessions = ward.ready(10)
    services.category_set(
        actor=ward.actor(ward.cast.doctor_li), course_id=sessions[0].course_id, category=category, at=ward.at
    )
    miss(ward, sessions[:borne])
    assert not Interruption.objects.exists()
    miss(ward, sessions[: borne + 1])
    case = Interruption.objects.get()
    assert (case.days, case.limit) == (borne + 1, borne)
    assert told("treatment.interruption")


def _decided(ward: Ward, sessions: list[Session], way: str) -> Interruption:
    miss(ward, sessions[:3])
    case = Interruption.objects.get()
    services.interruption_decide(
        actor=ward.actor(ward.cast.doctor_li), interruption_id=case.pk, way=way, words="head and neck", at=ward.at
    )
    case.refresh_from_db()
    return case


def test_two_sessions_of_a_day_need_both_signatures_and_six_hours(ward: Ward) -> None:
    """TR-07, TR-08, T18: 5 h 45 min is refused, 6 h is not."""
    sessions = ward.ready(10)  # each at 09:00, fifteen minutes long
    case = _decided(ward, sessions, "twice_daily")
    lost, beside = sessions[0], sessions[5]
    at = sessions[3].ends_at
    doctor = ward.actor(ward.cast.doctor_li)

    def doubled(hour: str) -> Session:
        return services.session_move(
            actor=doctor, session_id=lost.pk, day=beside.day, hour=time.fromisoformat(hour), at=at
        )

    with pytest.raises(errors.DayTaken):  # the physicist hasn't checked it
        doubled("15:15")
    services.interruption_check(actor=ward.actor(ward.cast.therapist), interruption_id=case.pk, agreed=True, at=ward.at)
    with pytest.raises(errors.GapTooShort):
        doubled("15:00")
    assert doubled("15:15").part == 2
    with pytest.raises(errors.DayTaken):  # never three
        services.session_move(
            actor=doctor, session_id=sessions[1].pk, day=beside.day, hour=time.fromisoformat("17:30"), at=at
        )


def test_a_weekend_needs_both_signatures(ward: Ward) -> None:
    """TR-08"""
    sessions = ward.ready(10)
    day = next(session.day + timedelta(days=6 - session.day.isoweekday()) for session in sessions[4:] if session.day)
    doctor, at = ward.actor(ward.cast.doctor_li), sessions[3].ends_at

    def moved() -> Session:
        return services.session_move(
            actor=doctor, session_id=sessions[0].pk, day=day, hour=time.fromisoformat("09:00"), at=at
        )

    case = _decided(ward, sessions, "weekend")
    with pytest.raises(errors.NotAWorkday):
        moved()
    with pytest.raises(NotFound):  # the doctor doesn't check what the doctor decided
        services.interruption_check(actor=doctor, interruption_id=case.pk, agreed=True, at=ward.at)
    services.interruption_check(actor=ward.actor(ward.cast.therapist), interruption_id=case.pk, agreed=True, at=ward.at)
    assert moved().day.isoweekday() == 6


def test_exercise_bears_any_pause(ward: Ward) -> None:
    ward.item.releases = []
    ward.item.save(update_fields=["releases"])
    course = ward.paid(10)
    sessions = list(ward.place(course))
    miss(ward, sessions[:9])
    assert Course.objects.get().sessions.filter(status=SessionStatus.MISSED).count() == 9
    assert not Interruption.objects.exists()
