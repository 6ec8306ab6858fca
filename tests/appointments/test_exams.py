"""Exams: one booking for each order, preparation, intervals, reserve, the exam room, through verbs and pages (A6)."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

import emr.services
from appointments import errors, selectors, services
from appointments.models import ExamBooking, PrepQuestion
from appointments.services import ExamChoice
from emr import notices
from hospital.kit import clock
from hospital.kit.problems import NotFound, StaleMove
from hospital.messaging.models import Message
from tests.access.subjects_appointments import clinic_of
from tests.appointments.conftest import HOUSE, broken_invariants
from tests.appointments.exam_room import ExamRoom, build_exam_room, shift
from tests.cast import Cast, Person, actor_of_person, client_for


@pytest.fixture
def room(cast: Cast) -> Any:
    yield build_exam_room(cast, clock.now())
    assert not broken_invariants()


def proposal(room: ExamRoom, person: Person) -> list[ExamChoice]:
    found = selectors.exam_plan(person.patient_id, at=room.at)
    return [
        ExamChoice(one.order.pk, one.item.pk, stop.slot.key, stop.start)
        for stop in found.plan.appointments
        for one in [found.wanted_by(stop.need.key)]
    ]


def book(room: ExamRoom, person: Person, choices: list[ExamChoice] | None = None, **options: Any) -> list[ExamBooking]:
    answers = {question.pk: "no" for question in PrepQuestion.objects.all()}
    return services.exams_book(
        actor=options.pop("actor", None) or actor_of_person(room.cast.wang_fang), patient_id=person.patient_id,
        choices=proposal(room, person) if choices is None else choices, answers=options.pop("answers", answers),
        at=room.at, **options,
    )  # fmt: skip


def test_all_orders_of_a_visit_in_one_trip_blood_before_contrast_ct_before_barium_a6(room: ExamRoom) -> None:
    mother = room.cast.mother
    order = room.order(mother, "X-CT-C", "X-MEAL", "X-DRAW")
    found = selectors.exam_plan(mother.patient_id, at=room.at)
    assert found.plan.trips == 1 and found.plan.is_proved and not found.unpaid
    assert [stop.need.name for stop in found.plan.appointments] == ["DRAW 检查", "CT-C 检查", "MEAL 检查"]
    assert {(reason.kind, reason.why) for reason in found.plan.reasons} == {
        ("one_trip", ""), ("order", "先抽血，再打造影剂"), ("order", "钡剂会遮挡 CT"),
    }  # fmt: skip
    made = book(room, mother)
    order.refresh_from_db()
    assert len(made) == 3 and order.status == "scheduled"
    assert Message.objects.filter(kind="exam.booked").count() == 3
    assert not selectors.wanted_of(mother.patient_id)  # one booking for each order and exam
    with pytest.raises(errors.ExamOver):
        book(room, mother, [ExamChoice(order.pk, made[0].item_id or 0, made[0].shift_id or 0, made[0].starts_at)])


def test_a_missing_or_wrong_answer_refuses_before_anything_is_booked_ap_12(room: ExamRoom) -> None:
    mother = room.cast.mother
    room.order(mother, "X-CT-C", "X-DRAW")
    question = PrepQuestion.objects.get()
    with pytest.raises(errors.AnswerMissing):
        book(room, mother, answers={})
    with pytest.raises(errors.ExamRefused) as refused:
        book(room, mother, answers={question.pk: "yes"})
    assert "请先联系开单医生" in refused.value.reason and not ExamBooking.objects.exists()
    made = book(room, mother)
    kept = next(exam for exam in made if exam.item and exam.item.code == "CT-C")
    question.delete()
    assert kept.answers == [{"question": "对造影剂过敏吗？", "answer": "no"}]  # as it was asked


def test_what_two_exams_ask_in_the_same_words_is_asked_once_and_answers_both_ap_12(room: ExamRoom) -> None:
    mother, words = room.cast.mother, "是否怀孕或可能怀孕？"
    for code in ("CT", "CT-C"):
        PrepQuestion.objects.create(item=room.items[code], text=words, refuse_when="yes", why="请先联系医生。")
    room.order(mother, "X-CT", "X-CT-C")
    asked = selectors.exam_plan(mother.patient_id, at=room.at).questions
    assert sorted(one.text for one in asked) == sorted({words, "对造影剂过敏吗？"})
    with pytest.raises(errors.ExamRefused):
        book(room, mother, answers={one.pk: "yes" if one.text == words else "no" for one in asked})
    made = book(room, mother, answers={one.pk: "no" for one in asked})
    assert sorted(len(one.answers) for one in made) == [1, 2]  # each exam room reads all that it asked


def test_what_can_t_be_planned_asks_nothing_yet_ap_12(room: ExamRoom) -> None:
    room.order(room.cast.mother, "X-CT-C", "X-DRAW")
    room.machines["CT"].is_active = False
    room.machines["CT"].save(update_fields=["is_active"])
    found = selectors.exam_plan(room.cast.mother.patient_id, at=room.at)
    assert [one.name for one in found.plan.left_out] == ["CT-C 检查"] and not found.questions


def test_no_exam_is_put_on_the_day_of_a_visit_whose_clinic_is_stopped_ap_08(room: ExamRoom) -> None:
    cast = room.cast
    clinic, session = clinic_of(cast, cast.doctor_li, cast.oncology, days=2)
    clinic.book(cast.mother, clinic.period(0, session))
    assert [one.name for one in selectors.fixed_of(cast.mother.patient_id, at=room.at)] == [cast.doctor_li.name]
    services.session_stop(actor=HOUSE, session_id=session.pk, reason="停诊", at=room.at)
    assert not selectors.fixed_of(cast.mother.patient_id, at=room.at)


def test_a_proposal_costs_as_many_queries_for_two_weeks_as_for_one_day(
    room: ExamRoom, django_assert_max_num_queries: Any
) -> None:
    for day in range(3, 14):
        shift(room.machines["CT"], room.cast.technician.staff, room.day + timedelta(days=day), time(8), time(10))
    room.order(room.cast.mother, "X-CT-C", "X-DRAW")
    with django_assert_max_num_queries(20):
        selectors.exam_plan(room.cast.mother.patient_id, at=room.at)


def test_intervals_are_kept_by_the_verb_too_ap_13(room: ExamRoom) -> None:
    mother = room.cast.mother
    meal = room.order(mother, "X-MEAL")
    (first,) = book(room, mother)
    room.order(mother, "X-CT")
    found = selectors.exam_plan(mother.patient_id, at=room.at)
    assert [stop.slot.start < first.starts_at for stop in found.plan.appointments] == [True] or found.plan.left_out
    ct = selectors.wanted_of(mother.patient_id)[0]
    after = first.starts_at + timedelta(days=1)
    shift = ct.item.machines.get().shifts.get(during__contains=after)
    with pytest.raises(errors.ExamsTooClose) as refused:
        book(room, mother, [ExamChoice(ct.order.pk, ct.item.pk, shift.pk, after)])
    assert "钡剂" in refused.value.reason and meal.pk


def test_the_reserve_is_for_urgent_exams_by_doctors_only_ap_14(room: ExamRoom) -> None:
    mother, doctor = room.cast.mother, actor_of_person(room.cast.doctor_li)
    order = room.order(mother, "X-DRAW")
    wanted = selectors.wanted_of(mother.patient_id)[0]
    shift = room.machines["采血"].shifts.order_by("during").first()
    assert shift is not None
    last = ExamChoice(order.pk, wanted.item.pk, shift.pk, shift.ends_at - timedelta(minutes=10))
    with pytest.raises(errors.ExamReserve):
        book(room, mother, [last])
    with pytest.raises(NotFound):
        book(room, mother, [last], is_urgent=True)
    (made,) = book(room, mother, [last], is_urgent=True, actor=doctor)
    assert made.is_urgent
    with pytest.raises(IntegrityError), transaction.atomic():  # the database keeps the reserve, not only the verb
        ExamBooking.objects.filter(pk=made.pk).update(is_urgent=False)


def test_a_blocked_machine_takes_nobody_and_a_booked_one_isn_t_blocked_ap_14(room: ExamRoom) -> None:
    mother, at = room.cast.mother, room.at
    room.order(mother, "X-CT")
    ct = room.machines["CT"]
    first = selectors.exam_plan(mother.patient_id, at=at).plan.appointments[0]
    services.machine_block(
        actor=actor_of_person(room.cast.technician), machine_id=ct.pk, starts_at=first.start,
        ends_at=first.start + timedelta(days=1), reason="保养", at=at,
    )  # fmt: skip
    second = selectors.exam_plan(mother.patient_id, at=at).plan.appointments[0]
    assert second.start >= first.start + timedelta(days=1)
    (made,) = book(room, mother)
    with pytest.raises(errors.MachineBusy):
        services.machine_block(
            actor=HOUSE, machine_id=ct.pk, starts_at=made.starts_at, ends_at=made.ends_at, reason="x", at=at
        )


def test_given_back_the_order_waits_again_and_a_cancelled_order_frees_its_time(room: ExamRoom) -> None:
    mother, actor = room.cast.mother, actor_of_person(room.cast.wang_fang)
    order = room.order(mother, "X-CT")
    (made,) = book(room, mother)
    services.exam_cancel(actor=actor, exam_id=made.pk, at=room.at)
    order.refresh_from_db()
    assert order.status == "paid" and len(selectors.wanted_of(mother.patient_id)) == 1
    (again,) = book(room, mother)
    with transaction.atomic():
        emr.services.order_cancel(actor=HOUSE, order_id=order.pk, at=room.at)
    notices.deliver_due(at=room.at)
    again.refresh_from_db()
    assert again.status == "cancelled"
    with pytest.raises(StaleMove):
        services.exam_cancel(actor=actor, exam_id=again.pk, at=room.at)


def test_payment_proposes_the_days_to_the_patient_a6(room: ExamRoom) -> None:
    room.order(room.cast.mother, "X-CT", "X-DRAW")
    notices.deliver_due(at=room.at)
    told = Message.objects.get(kind="exam.proposed")
    assert told.patient_id == room.cast.mother.patient_id and told.context["trips"] == 1


def test_the_exam_room_from_arrival_to_the_end_and_who_never_came(room: ExamRoom) -> None:
    mother, technician = room.cast.mother, actor_of_person(room.cast.technician)
    order = room.order(mother, "X-DRAW")
    (made,) = book(room, mother)
    for verb in (services.exam_arrive, services.exam_begin, services.exam_finish):
        verb(actor=technician, exam_id=made.pk, at=made.starts_at)
    order.refresh_from_db()
    made.refresh_from_db()
    assert (order.status, made.status) == ("collected", "done")
    late = room.order(mother, "X-CT")
    (missed,) = book(room, mother)
    assert services.exams_close(at=missed.ends_at + timedelta(days=2)) == 1
    missed.refresh_from_db()
    late.refresh_from_db()
    assert (missed.status, late.status) == ("no_show", "paid")


def test_only_who_acts_for_or_treats_the_patient_plans_a6(room: ExamRoom) -> None:
    mother = room.cast.mother
    room.order(mother, "X-CT")
    choices = proposal(room, mother)
    for person in (room.cast.stranger, room.cast.other_doctor, room.cast.cashier):
        with pytest.raises(NotFound):
            book(room, mother, choices, actor=actor_of_person(person))
        with pytest.raises(NotFound):
            selectors.exam_plan_for(actor_of_person(person), mother.patient_id, at=room.at)
    with pytest.raises(NotFound):
        services.exam_arrive(actor=actor_of_person(room.cast.wang_fang), exam_id=1, at=room.at)


def test_no_machine_no_staff_no_patient_twice_by_the_database(room: ExamRoom) -> None:
    mother = room.cast.mother
    room.order(mother, "X-CT", "X-DRAW")
    one, other = book(room, mother)
    with pytest.raises(IntegrityError), transaction.atomic():
        ExamBooking.objects.filter(pk=other.pk).update(during=DateTimeTZRange(one.starts_at, one.ends_at))


def test_the_patient_s_pages_from_the_proposal_to_the_slip(room: ExamRoom) -> None:
    mother, client = room.cast.mother, client_for(room.cast.wang_fang)
    assert client.get("/exams/").status_code == 200  # empty
    room.order(mother, "X-CT-C", "X-DRAW")
    page = client.get("/exams/").content.decode()
    assert "DRAW 检查" in page and "对造影剂过敏吗" in page
    form = {"patient": mother.patient_id, "slot": _slots(page)}
    missing = client.post("/exams/", form)
    assert missing.status_code == 422 and not ExamBooking.objects.exists()
    question = PrepQuestion.objects.get()
    assert client.post("/exams/", form | {f"answer-{question.pk}": "no"}).status_code == 302
    exam = ExamBooking.objects.get(item__code="CT-C")
    slip = client.get(f"/exams/{exam.pk}/").content.decode()
    assert "请带好检查单" in slip and "CT 室" in slip
    pdf = client.get(f"/exams/{exam.pk}/slip.pdf")
    assert pdf["Content-Type"] == "application/pdf" and pdf.content[:5] == b"%PDF-"
    stranger = client_for(room.cast.stranger)
    assert stranger.get(f"/exams/{exam.pk}/").status_code == 404
    assert stranger.get(f"/exams/{exam.pk}/slip.pdf").status_code == 404
    assert client.post(f"/exams/{exam.pk}/cancel/").status_code == 302
    exam.refresh_from_db()
    assert exam.status == "cancelled"


def _slots(page: str) -> list[str]:
    import re

    return re.findall(r'name="slot" value="([^"]+)"', page)


def test_the_doctor_books_the_proposal_and_the_room_sees_who_comes(room: ExamRoom) -> None:
    mother, doctor = room.cast.mother, client_for(room.cast.doctor_li)
    order = room.order(mother, "X-DRAW")
    page = doctor.get(f"/staff/exam-plan/{order.encounter_id}/").content.decode()
    assert doctor.post(f"/staff/exam-plan/{order.encounter_id}/", {"slot": _slots(page)}).status_code == 302
    exam = ExamBooking.objects.get()
    technician = client_for(room.cast.technician)
    path = f"/staff/exam-room/?machine={exam.machine_id}&day={room.day:%F}"
    listed = technician.get(path).content.decode()
    assert mother.name in listed
    assert technician.post(f"/staff/exam-room/{exam.pk}/arrive/").status_code == 302
    exam.refresh_from_db()
    assert exam.status == "arrived"
    assert client_for(room.cast.cashier).get(path).status_code == 404


def test_a_program_plans_and_books_once_by_its_key_g06(room: ExamRoom) -> None:
    mother, client = room.cast.mother, client_for(room.cast.wang_fang)
    room.order(mother, "X-CT-C", "X-DRAW")
    plan = client.get(f"/api/v1/patients/{mother.patient_id}/exam-plan/").json()
    assert plan["trips"] == 1 and plan["is_proved"] and len(plan["exams"]) == 2 and plan["reasons"]
    choices = [{name: one[name] for name in ("order_id", "item_id", "shift_id", "starts_at")} for one in plan["exams"]]
    answers = [{"question_id": one["id"], "answer": "no"} for one in plan["questions"]]
    body = {"patient_id": mother.patient_id, "exams": choices, "answers": answers}

    def post(key: str, **changes: Any) -> Any:
        return client.post(
            "/api/v1/exams/", body | changes, content_type="application/json", headers={"Idempotency-Key": key}
        )

    assert post("k0", answers=[]).status_code == 422
    first, again = post("k1"), post("k1")
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert ExamBooking.objects.count() == 2 == len(client.get("/api/v1/exams/").json())
    given = client.post(f"/api/v1/exams/{first.json()[0]['id']}/cancel/", content_type="application/json")
    assert given.json()["status"] == "cancelled"
    assert client_for(room.cast.stranger).get(f"/api/v1/patients/{mother.patient_id}/exam-plan/").status_code == 404


def test_nothing_chosen_is_said_and_books_nothing_a6(room: ExamRoom) -> None:
    client, patient = client_for(room.cast.wang_fang), room.cast.mother.patient_id
    for form in ({}, {"patient": "x"}, {"patient": patient}):
        answer = client.post("/exams/", form)
        assert answer.status_code == 422 and str(errors.NoExamChosen.title) in answer.content.decode()
    stranger = client_for(room.cast.stranger).post("/exams/", {"patient": patient})
    assert stranger.status_code == 404 and not ExamBooking.objects.exists()
