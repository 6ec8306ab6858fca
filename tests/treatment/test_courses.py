"""A course from the order to the follow-up: order, fee, hour, session, record, assessment, follow-up (TR-01)."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.db import transaction

from billing.errors import RefundRefused
from billing.models import Refund
from billing.services import LineSpec, refund_request
from emr import services as emr
from hospital.forms.models import Response
from hospital.kit import clock
from hospital.kit.invariants import offenders, registered
from hospital.kit.problems import NotFound, StaleMove
from hospital.kit.transactions import entry
from hospital.messaging.models import Message
from hospital.people.models import Account
from tests.treatment.conftest import HOUSE, Ward
from treatment import errors, services
from treatment.models import Alarm, Course, FollowUpTask
from treatment.states import AlarmStatus, CourseStatus, SessionStatus, TaskStatus


def told(kind: str) -> list[Message]:
    return list(Message.objects.filter(kind=kind).exclude(status="withdrawn").order_by("pk"))


def test_a_course_is_not_placed_before_it_is_paid(ward: Ward) -> None:
    """The first fee check."""
    course = ward.order()
    assert course.status == CourseStatus.ORDERED
    with pytest.raises(errors.NotPaid):
        ward.place(course)


def test_the_whole_course_is_placed_at_one_hour_of_successive_working_days(ward: Ward) -> None:
    course = ward.paid(25)
    assert [message.account_id for message in told("treatment.to_place")] == [ward.cast.wang_fang.account.pk]
    sessions = ward.place(course, hour=time(9, 15))
    course.refresh_from_db()
    assert course.status == CourseStatus.PLACED
    assert [session.number for session in sessions] == list(range(1, 26))
    assert {clock.local(session.starts_at).time() for session in sessions} == {time(9, 15)}
    assert len({session.day for session in sessions}) == 25
    assert all(session.day.weekday() < 5 for session in sessions)
    assert not told("treatment.to_place")
    assert len(told("treatment.reminder")) == 25


def test_a_stranger_can_neither_place_nor_move(ward: Ward) -> None:
    course = ward.paid()
    with pytest.raises(NotFound):
        ward.place(course, person=ward.cast.stranger)
    sessions = ward.place(course)
    with pytest.raises(NotFound):
        services.session_move(
            actor=ward.actor(ward.cast.stranger), session_id=sessions[0].pk, day=sessions[0].day, hour=time(10),
            at=ward.at,
        )  # fmt: skip


def test_the_same_hour_on_the_same_machine_is_refused_to_the_second(ward: Ward) -> None:
    ward.place(ward.paid())
    with pytest.raises(errors.HourTaken):
        ward.place(ward.paid(), hour=time(9))


def test_a_moved_session_keeps_its_number_and_its_reminder_moves_along(ward: Ward) -> None:
    sessions = ward.place(ward.paid())
    later = sessions[-1].day + timedelta(days=7)
    moved = services.session_move(
        actor=ward.actor(ward.cast.wang_fang), session_id=sessions[1].pk, day=later, hour=time(10), at=ward.at
    )
    sessions[1].refresh_from_db()
    assert sessions[1].status == SessionStatus.CANCELLED
    assert moved.number == 2
    kept = {message.context["session_id"] for message in told("treatment.reminder")}
    assert kept == {sessions[0].pk, moved.pk, sessions[2].pk}


def test_a_patient_can_not_move_a_session_of_the_next_hours(ward: Ward) -> None:
    session = ward.place(ward.paid())[0]
    with pytest.raises(errors.TooLateToMove):
        services.session_move(
            actor=ward.actor(ward.cast.wang_fang), session_id=session.pk, day=session.day + timedelta(days=14),
            hour=time(10), at=session.starts_at - timedelta(hours=11),
        )  # fmt: skip


def test_a_session_is_given_written_down_and_counted(ward: Ward) -> None:
    first, *_rest = ward.ready()
    ward.arrive(first)
    written = ward.execute(first, remark="smooth")
    course = Course.objects.get()
    assert (course.done, course.status) == (1, CourseStatus.RUNNING)
    assert (written.dose_cgy, written.identified_by) == (200, "birth_date,card")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"identified_by": ["card"]}, errors.IdentityNotConfirmed),
        ({"identified_by": ["card", "shoes"]}, errors.IdentityNotConfirmed),
        ({"second_therapist_id": None}, errors.SamePerson),
    ],
)
def test_identity_needs_two_features_and_two_people(
    ward: Ward, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    """TR-06"""
    first = ward.ready()[0]
    ward.arrive(first)
    with pytest.raises(refusal):
        ward.execute(first, **changes)
    assert Course.objects.get().done == 0


def test_the_same_therapist_can_not_confirm_to_herself(ward: Ward) -> None:
    first = ward.ready()[0]
    ward.arrive(first)
    with pytest.raises(errors.SamePerson):
        ward.execute(first, second_therapist_id=ward.cast.therapist.staff.pk)


def test_nothing_is_given_without_consent_and_releases(ward: Ward) -> None:
    """TR-03, TR-06"""
    course = ward.paid()
    first = ward.place(course)[0]
    ward.arrive(first)
    with pytest.raises(errors.ConsentMissing):
        ward.execute(first)
    services.clearance_give(actor=ward.actor(ward.cast.wang_fang), course_id=course.pk, kind="consent", at=ward.at)
    with pytest.raises(errors.ClearanceMissing):
        ward.execute(first)


def test_consent_is_the_patients_and_approval_the_doctors(ward: Ward) -> None:
    course = ward.paid()
    for person, kind in (
        (ward.cast.doctor_li, "consent"),
        (ward.cast.therapist, "physician"),
        (ward.cast.wang_fang, "physicist"),
    ):
        with pytest.raises(NotFound):
            services.clearance_give(actor=ward.actor(person), course_id=course.pk, kind=kind, at=ward.at)


def test_the_second_fee_check_refuses_what_was_given_back(ward: Ward) -> None:
    """TR-01: a session is refused when its fee was refunded after the booking."""
    from billing.services import LineSpec, refund_request

    first, second, _third = ward.ready()
    ward.give([first])
    charge_id = Course.objects.get().order.charge_id
    assert charge_id is not None
    ward.arrive(second)
    course = Course.objects.get()
    emr_order = course.order
    entry(emr.order_stop)(actor=HOUSE, order_id=emr_order.pk, at=ward.at, reason="stopped elsewhere")
    entry(refund_request)(
        actor=HOUSE, charge_id=charge_id, at=ward.at, reason="elsewhere", key="x", lines=[LineSpec("rt-fraction", 2)]
    )
    with pytest.raises(errors.NotPaid):
        ward.execute(second)


def test_a_patient_who_has_not_arrived_is_not_treated(ward: Ward) -> None:
    with pytest.raises(errors.NotArrived):
        ward.execute(ward.ready()[0])


def test_somebody_elses_card_does_not_check_in(ward: Ward) -> None:
    first = ward.ready()[0]
    with pytest.raises(errors.WrongPatient):
        services.session_check_in(
            actor=ward.actor(ward.cast.therapist), session_id=first.pk, patient_id=ward.cast.stranger.patient_id,
            at=first.starts_at,
        )  # fmt: skip


def test_a_due_assessment_holds_back_the_session(ward: Ward) -> None:
    """TR-04"""
    ward.item.assessment_form, ward.item.assess_every = "how-are-you", 2
    ward.item.save(update_fields=["assessment_form", "assess_every"])
    first, second, third = ward.ready()
    course = Course.objects.get()
    ward.arrive(first)
    with pytest.raises(errors.AssessmentDue):
        ward.execute(first)
    ward.assess(course, before=1)
    ward.execute(first)
    ward.give([second])
    ward.arrive(third)
    with pytest.raises(errors.AssessmentDue):
        ward.execute(third)
    ward.assess(course, before=3)
    ward.execute(third)


def test_the_last_session_ends_the_course_and_begins_the_follow_up(ward: Ward) -> None:
    ward.give(ward.ready())
    course = Course.objects.get()
    assert course.status == CourseStatus.FINISHED
    assert [task.offset_days for task in FollowUpTask.objects.order_by("offset_days")] == [7, 30]
    assert emr_status(course) == "closed"


def emr_status(course: Course) -> str:
    course.order.refresh_from_db()
    return str(course.order.status)


def test_a_follow_up_form_comes_on_its_day(ward: Ward) -> None:
    """T9"""
    sessions = ward.ready()
    ward.give(sessions)
    end = sessions[-1].ends_at
    assert services.follow_ups_ask(at=end + timedelta(days=6)) == 0
    assert services.follow_ups_ask(at=end + timedelta(days=7)) == 1
    assert services.follow_ups_ask(at=end + timedelta(days=7)) == 0
    task = FollowUpTask.objects.get(offset_days=7)
    assert [message.url for message in told("treatment.follow_up")] == [f"/forms/{task.response_id}/"]
    ward.hand_in(ward.actor(ward.cast.wang_fang), Response.objects.get().pk, "no", "none")
    task.refresh_from_db()
    assert task.status == TaskStatus.ANSWERED
    assert not told("treatment.follow_up")
    assert not Alarm.objects.exists()


def test_a_bad_answer_alarms_the_case_manager_who_handles_it(ward: Ward) -> None:
    """T9"""
    sessions = ward.ready()
    ward.give(sessions)
    services.follow_ups_ask(at=sessions[-1].ends_at + timedelta(days=7))
    ward.hand_in(ward.actor(ward.cast.wang_fang), Response.objects.get().pk, "bad", "unbearable")
    alarm = Alarm.objects.get()
    assert alarm.words == ["Pain：unbearable"]
    assert [message.account_id for message in told("treatment.alarm")] == [ward.cast.case_manager.account.pk]
    with pytest.raises(NotFound):
        services.alarm_handle(
            actor=ward.actor(ward.cast.therapist), alarm_id=alarm.pk, what_was_done="nothing", at=ward.at
        )
    manager = ward.actor(ward.cast.case_manager)
    with pytest.raises(StaleMove):  # whoever calls takes it first, so that nobody calls twice
        services.alarm_handle(actor=manager, alarm_id=alarm.pk, what_was_done="called her", at=ward.at)
    services.alarm_take(actor=manager, alarm_id=alarm.pk, at=ward.at)
    services.alarm_unreached(actor=manager, alarm_id=alarm.pk, at=ward.at)
    alarm.refresh_from_db()
    assert (alarm.status, alarm.tries) == (AlarmStatus.UNREACHED, 1)
    assert alarm.call_again_at > ward.at
    assert told("treatment.alarm"), "not reached is not handled"
    services.alarm_take(actor=manager, alarm_id=alarm.pk, at=ward.at)
    services.alarm_handle(actor=manager, alarm_id=alarm.pk, what_was_done="called her", at=ward.at)
    assert not told("treatment.alarm")


def test_a_follow_up_nobody_answers_lapses_and_its_message_is_withdrawn(ward: Ward) -> None:
    sessions = ward.ready()
    ward.give(sessions)
    end = sessions[-1].ends_at
    services.follow_ups_ask(at=end + timedelta(days=7))
    services.follow_ups_ask(at=end + timedelta(days=22))
    assert FollowUpTask.objects.get(offset_days=7).status == TaskStatus.LAPSED
    assert not told("treatment.follow_up")


def test_a_missed_session_is_made_up_under_its_number(ward: Ward) -> None:
    first = ward.ready()[0]
    assert services.sessions_mark_missed(at=first.ends_at + timedelta(hours=5)) == 1
    assert len(told("treatment.missed")) == 1
    last = Course.objects.get().sessions.order_by("-day")[0]
    made_up = services.session_move(
        actor=ward.actor(ward.cast.wang_fang), session_id=first.pk, day=last.day + timedelta(days=7), hour=time(9),
        at=first.ends_at + timedelta(hours=6),
    )  # fmt: skip
    assert (made_up.number, made_up.status) == (1, SessionStatus.BOOKED)


def test_a_stopped_course_gives_back_what_was_not_given(ward: Ward) -> None:
    """TR-02, PAY-09: 1 of 3 given, 2 go back."""
    sessions = ward.ready()
    ward.give(sessions[:1])
    course = Course.objects.get()
    services.course_stop(actor=ward.actor(ward.cast.doctor_li), course_id=course.pk, at=ward.at, reason="skin reaction")
    course.refresh_from_db()
    assert course.status == CourseStatus.STOPPED
    assert [refund.amount for refund in Refund.objects.all()] == [240000]
    assert not course.sessions.filter(status="booked").exists()
    assert not told("treatment.reminder")
    with pytest.raises(errors.OrderStopped):
        services.session_check_in(
            actor=ward.actor(ward.cast.therapist), session_id=sessions[1].pk, patient_id=course.patient_id,
            at=sessions[1].starts_at,
        )  # fmt: skip


def test_of_a_stopped_course_the_money_of_what_was_given_stays_pay_09(ward: Ward) -> None:
    """The order is stopped, so its bill may go back; not what was given under it, whoever asks and however."""
    ward.give(ward.ready()[:1])
    course = Course.objects.get()
    services.course_stop(actor=ward.actor(ward.cast.doctor_li), course_id=course.pk, at=ward.at, reason="skin reaction")
    charge_id, code = course.order.charge_id, course.item.price_code
    assert charge_id is not None
    for lines in (None, [LineSpec(code, 1)]):
        with pytest.raises(RefundRefused), transaction.atomic():
            refund_request(actor=HOUSE, charge_id=charge_id, at=ward.at, reason="all", key=f"all:{lines}", lines=lines)
    assert [refund.amount for refund in Refund.objects.all()] == [240000]


def test_a_cancelled_order_frees_the_machine(ward: Ward) -> None:
    course = ward.paid()
    ward.place(course)
    entry(emr.order_cancel)(
        actor=ward.actor(ward.cast.doctor_li), order_id=course.order_id, at=ward.at, reason="other plan"
    )
    ward.tell()
    course.refresh_from_db()
    assert course.status == CourseStatus.CANCELLED
    assert ward.place(ward.paid())


def test_the_invariants_hold_after_a_whole_course(ward: Ward) -> None:
    ward.give(ward.ready())
    assert Account.objects.exists()
    broken = {check.name: rows for check in registered() if (rows := offenders(check))}
    assert broken == {}
