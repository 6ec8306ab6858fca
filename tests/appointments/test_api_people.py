"""HTTP API for the mini program, the phone desk and kiosks: what the pages do, by programs (A1, A2, H13)."""

import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from appointments import services
from appointments.models import Absence, Booking, DeskTurn, Kiosk, Override, Session, StopCase, Ticket, Waiting
from billing.models import PayOrder, Refund
from hospital.audit.models import Entry
from hospital.kit import clock
from tests.access.subjects_appointments import clinic_of
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants
from tests.billing.conftest import Bank, bank, wechat_keys
from tests.cast import Cast, Person, actor_of_person, client_for

__all__ = ["bank", "wechat_keys"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
API = "/api/v1/"


def post(client: Client, path: str, data: dict[str, Any] | None = None, **headers: str) -> Any:
    """A new request, with a key of its own unless one is given."""
    headers = {"Idempotency-Key": secrets.token_hex(8)} | headers
    return client.post(f"{API}{path}", data or {}, content_type="application/json", headers=headers)


# --- The mini program ---------------------------------------------------------------------------------------------
def test_ones_bookings_are_listed_by_what_became_of_them(clinic: Clinic) -> None:
    mine, gone = clinic.book(clinic.cast.wang_fang), clinic.book(clinic.cast.mother, clinic.period(1))
    client = client_for(clinic.cast.wang_fang)
    assert post(client, f"bookings/{gone.pk}/cancel/").status_code == 200
    shown = {part: client.get(f"{API}bookings/", {"show": part}).json() for part in ("upcoming", "past", "cancelled")}
    assert [[row["id"] for row in rows] for rows in shown.values()] == [[mine.pk], [], [gone.pk]]
    assert client.get(f"{API}bookings/", {"show": "all"}).status_code == 422
    assert client_for(clinic.cast.stranger).get(f"{API}bookings/").json() == []


def test_a_booking_is_moved_and_a_strangers_is_not_there_ap_05(clinic: Clinic) -> None:
    made = clinic.book(clinic.cast.wang_fang)
    to = {"period_id": clinic.period(4).pk}
    assert post(client_for(clinic.cast.stranger), f"bookings/{made.pk}/move/", to).status_code == 404
    moved = post(client_for(clinic.cast.wang_fang), f"bookings/{made.pk}/move/", to)
    assert moved.status_code == 200 and moved.json()["period_id"] == clinic.period(4).pk
    assert broken_invariants() == {}


def test_a_change_that_is_repeated_under_its_key_is_one_change_g06(clinic: Clinic) -> None:
    """The answer was lost on the way: the program asks again, and isn't told that it is too late or already done."""
    client = client_for(clinic.cast.wang_fang)
    path, to = f"bookings/{clinic.book(clinic.cast.wang_fang).pk}/", {"period_id": clinic.period(4).pk}
    for verb, said in (("move", to), ("cancel", {"reason": "出差"})):
        first = post(client, f"{path}{verb}/", said, **{"Idempotency-Key": verb})
        again = post(client, f"{path}{verb}/", said, **{"Idempotency-Key": verb})
        assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json()), verb
        assert post(client, f"{path}{verb}/", {**to, "reason": "x"}, **{"Idempotency-Key": verb}).status_code == 422
        without = client.post(f"{API}{path}{verb}/", said, content_type="application/json")
        assert without.status_code == 409, "without a key it is a new request"
    assert Booking.objects.get().moves == 1 and Refund.objects.count() == 1
    assert broken_invariants() == {}


# --- After a stopped clinic -----------------------------------------------------------------------------------------
@pytest.fixture
def stopped(clinic: Clinic) -> tuple[Booking, Session]:
    """Wang Fang's visit is in a clinic that was just stopped, before any sweep; another doctor of the level sits then."""
    instead = clinic.open(clinic.roster(clinic.cast.head, clinic.day, "09:00", "09:30", room="5诊室"))
    booking = clinic.book(clinic.cast.wang_fang)
    services.session_stop(actor=HOUSE, session_id=clinic.session.pk, reason="外出会诊", at=clinic.at)
    return booking, instead


def test_a_program_shows_what_is_offered_after_a_stop_and_only_the_patients_look_counts_ap_08(
    clinic: Clinic, stopped: tuple[Booking, Session]
) -> None:
    booking, instead = stopped
    client, path = client_for(clinic.cast.wang_fang), f"bookings/{booking.pk}/"
    assert client.get(f"{API}{path}").json()["is_stopped"] is True
    assert [row["is_stopped"] for row in client.get(f"{API}bookings/").json()] == [True]
    shown = client.get(f"{API}{path}stopped/").json()
    assert (shown["booking_id"], shown["status"], shown["reason"]) == (booking.pk, "open", "外出会诊")
    assert shown["decide_until"] <= clock.local(booking.starts_at).isoformat()
    times = client.get(f"{API}{path}times/").json()
    assert [one["period_id"] for one in times] == [clinic.period(n, instead).pk for n in range(6)]
    doctor = {"doctor": clinic.cast.head.name, "room": "5诊室", "free": 1, "session_id": instead.pk}
    assert doctor.items() <= times[0].items()
    assert StopCase.objects.get().reached_at is None, "a program that asks for itself has told nobody"
    for _twice in range(2):
        assert post(client, f"{path}stopped/seen/").status_code == 204
    assert StopCase.objects.get().reached_at is not None
    stranger = client_for(clinic.cast.stranger)
    assert {stranger.get(f"{API}{path}{what}/").status_code for what in ("stopped", "times")} == {404}


@pytest.mark.parametrize("late", [False, True], ids=["in time", "after the cut-off"])
def test_a_program_takes_another_doctor_after_a_stop_once_ap_08(
    clinic: Clinic, stopped: tuple[Booking, Session], late: bool, time_machine: Any
) -> None:
    booking, instead = stopped
    if late:
        time_machine.move_to(booking.starts_at - timedelta(minutes=1))
    client, to = client_for(clinic.cast.wang_fang), {"period_id": clinic.period(3, instead).pk}
    moved = post(client, f"bookings/{booking.pk}/move/", to, **{"Idempotency-Key": "m"})
    assert moved.status_code == 200, moved.json()
    assert (moved.json()["doctor_id"], moved.json()["charge_id"]) == (clinic.cast.head.staff.pk, booking.charge_id)
    assert post(client, f"bookings/{booking.pk}/move/", to, **{"Idempotency-Key": "m"}).json() == moved.json()
    assert StopCase.objects.get().status == "moved" and not Refund.objects.exists()
    assert client.get(f"{API}bookings/{booking.pk}/").json()["is_stopped"] is False
    assert client.get(f"{API}bookings/{booking.pk}/stopped/").json()["status"] == "moved"
    assert broken_invariants() == {}


@pytest.mark.parametrize("way", ["stopped/refund", "cancel"])
def test_a_program_takes_the_money_after_a_stop_however_late_once_ap_08(
    clinic: Clinic, stopped: tuple[Booking, Session], way: str, time_machine: Any
) -> None:
    booking, _instead = stopped
    time_machine.move_to(booking.starts_at - timedelta(minutes=1))
    client, path = client_for(clinic.cast.wang_fang), f"bookings/{booking.pk}/{way}/"
    back = post(client, path, **{"Idempotency-Key": "r"})
    assert (back.status_code, back.json()["status"]) == (200, "cancelled")
    assert post(client, path, **{"Idempotency-Key": "r"}).json() == back.json()
    assert Refund.objects.get().amount == 5000
    assert post(client, f"bookings/{booking.pk}/stopped/refund/").status_code == 404
    assert broken_invariants() == {}


def test_a_booking_of_a_clinic_that_was_not_stopped_has_no_such_choice_ap_08(clinic: Clinic) -> None:
    client, booking = client_for(clinic.cast.wang_fang), clinic.book(clinic.cast.wang_fang)
    assert client.get(f"{API}bookings/{booking.pk}/stopped/").status_code == 404
    for verb in ("seen", "refund"):
        assert post(client, f"bookings/{booking.pk}/stopped/{verb}/").status_code == 404
    times = client.get(f"{API}bookings/{booking.pk}/times/").json()
    assert [one["period_id"] for one in times] == [clinic.period(n).pk for n in range(1, 12)], "the doctor's others"
    assert not StopCase.objects.exists()


def test_the_telephone_desk_gives_another_doctor_after_a_stop_without_a_reason_ap_08(
    clinic: Clinic, stopped: tuple[Booking, Session], time_machine: Any
) -> None:
    booking, instead = stopped
    time_machine.move_to(booking.starts_at - timedelta(minutes=5))
    desk = client_for(clinic.cast.nurse)
    (turn,) = turn_of(desk, clinic.cast.wang_fang).json()
    path = f"desk/turns/{turn['id']}/"
    assert [row["is_stopped"] for row in desk.get(f"{API}{path}").json()["bookings"]] == [True]
    times = desk.get(f"{API}{path}bookings/{booking.pk}/times/").json()
    assert {one["doctor"] for one in times} == {clinic.cast.head.name}
    moved = post(desk, f"{path}bookings/{booking.pk}/move/", {"period_id": times[0]["period_id"]})
    assert moved.json()["session_id"] == instead.pk
    assert StopCase.objects.get().status == "moved" and not Override.objects.exists()


def test_waiting_by_program_once_and_no_more_ap_07(clinic: Clinic) -> None:
    client, cast = client_for(clinic.cast.wang_fang), clinic.cast
    path, days = f"doctors/{cast.doctor_li.staff.pk}/waiting/", {"first": f"{clinic.day}", "last": f"{clinic.day}"}
    assert post(client, path, days | {"patient_id": cast.stranger.patient_id}).status_code == 404
    assert post(client, path, {"patient_id": cast.mother.patient_id, "first": "soon"}).status_code == 422
    wrong = post(client, path, {"patient_id": cast.mother.patient_id, "first": f"{clinic.day}", "last": "2020-01-01"})
    assert wrong.status_code == 422 and "last" in wrong.json()["errors"]
    made = post(client, path, days | {"patient_id": cast.mother.patient_id})
    assert made.status_code == 201 and made.json()["status"] == "waiting"
    assert post(client, path, days | {"patient_id": cast.mother.patient_id}).status_code == 409
    key = {"Idempotency-Key": made.wsgi_request.headers["Idempotency-Key"]}
    assert post(client, path, days | {"patient_id": cast.mother.patient_id}, **key).json() == made.json()
    assert [row["id"] for row in client.get(f"{API}waiting/").json()] == [made.json()["id"]]
    assert post(client_for(cast.stranger), f"waiting/{made.json()['id']}/withdraw/").status_code == 404
    assert post(client, f"waiting/{made.json()['id']}/withdraw/").status_code == 204
    assert Waiting.objects.get().status == "withdrawn"


def test_a_missed_visit_is_shown_and_appealed_by_program_once_ap_06(clinic: Clinic) -> None:
    cast, booking = clinic.cast, clinic.book(clinic.cast.mother)
    client, path = client_for(cast.wang_fang), f"bookings/{booking.pk}/"
    assert client.get(f"{API}{path}absence/").status_code == 404, "nothing was missed yet"
    services.sessions_close(at=clinic.session.ends_at + timedelta(hours=2))
    assert client.get(f"{API}{path}absence/").json()["status"] == "counted"
    stranger = client_for(cast.stranger)
    assert stranger.get(f"{API}{path}absence/").status_code == 404
    assert post(stranger, f"{path}appeal/", {"reason": "x"}).status_code == 404
    assert post(client, f"{path}appeal/", {"reason": " "}).status_code == 422
    made = post(client, f"{path}appeal/", {"reason": "当天住院"})
    assert (made.status_code, made.json()["status"], made.json()["appeal"]) == (200, "appealed", "当天住院")
    assert post(client, f"{path}appeal/", {"reason": "再说一次"}).status_code == 409
    services.appeal_decide(
        actor=actor_of_person(cast.head),
        absence_id=Absence.objects.get().pk,
        excuse=True,
        answer="已核实",
        at=clinic.at,
    )
    answered = client.get(f"{API}{path}absence/").json()
    assert (answered["status"], answered["answer"]) == ("excused", "已核实")


def test_a_followed_doctor_is_known_a2(clinic: Clinic) -> None:
    client, doctor = client_for(clinic.cast.wang_fang), clinic.cast.doctor_li.staff.pk
    assert client.get(f"{API}doctors/known/").json() == {"followed": [], "seen": []}
    for _twice in range(2):
        assert post(client, f"doctors/{doctor}/follow/", {"follow": True}).status_code == 204
    assert [row["id"] for row in client.get(f"{API}doctors/known/").json()["followed"]] == [doctor]
    assert post(client, f"doctors/{doctor}/follow/", {"follow": False}).status_code == 204
    assert client.get(f"{API}doctors/known/").json()["followed"] == []


# --- The window and the telephone ------------------------------------------------------------------------------------
def turn_of(desk: Client, person: Person, channel: str = "phone") -> Any:
    return post(desk, "desk/turns/", {"text": person.patient.record_no, "channel": channel})


def test_the_telephone_desk_books_moves_and_cancels_for_who_calls_ap_02(clinic: Clinic) -> None:
    desk, cast = client_for(clinic.cast.nurse), clinic.cast
    assert post(desk, "desk/turns/", {"text": "赵敏", "channel": "phone"}).json() == []
    (turn,) = turn_of(desk, cast.stranger).json()
    assert turn["patient"] == cast.stranger.patient.masked_name
    path = f"desk/turns/{turn['id']}/"
    made = post(desk, f"{path}bookings/", {"period_id": clinic.period().pk})
    assert made.status_code == 201 and Booking.objects.get().channel == "phone"
    again = post(desk, f"{path}bookings/", {"period_id": clinic.period().pk})
    assert again.json() == made.json(), "held twice is held once"
    clinic.pay(Booking.objects.get())
    shown = desk.get(f"{API}{path}").json()
    assert [row["id"] for row in shown["bookings"]] == [made.json()["id"]]
    moved = post(desk, f"{path}bookings/{made.json()['id']}/move/", {"period_id": clinic.period(2).pk})
    assert moved.json()["period_id"] == clinic.period(2).pk
    gone = post(desk, f"{path}bookings/{made.json()['id']}/cancel/")
    assert gone.json()["status"] == "cancelled" and not Override.objects.exists()
    assert post(desk, f"{path}leave/").status_code == 204
    assert desk.get(f"{API}{path}").status_code == 404
    assert Entry.objects.filter(action="booking.desk_find", patient_id=cast.stranger.patient_id).count() == 1


def test_a_desk_serves_only_its_own_patients(clinic: Clinic) -> None:
    (turn,) = turn_of(client_for(clinic.cast.nurse), clinic.cast.stranger, "desk").json()
    for other in (clinic.cast.doctor_li, clinic.cast.wang_fang):
        assert client_for(other).get(f"{API}desk/turns/{turn['id']}/").status_code == 404
    theirs = clinic.book(clinic.cast.mother)
    for verb in ("move", "cancel"):
        path = f"desk/turns/{turn['id']}/bookings/{theirs.pk}/{verb}/"
        answer = post(client_for(clinic.cast.nurse), path, {"period_id": clinic.period(3).pk})
        assert answer.status_code == 404
    assert DeskTurn.objects.count() == 1


# --- The kiosk -------------------------------------------------------------------------------------------------------
@pytest.fixture
def key(cast: Cast) -> str:
    return services.kiosk_key_new(actor=HOUSE, kiosk=Kiosk(name="一楼", campus=cast.campus), at=cast.at)


@pytest.fixture
def today(cast: Cast) -> tuple[Clinic, Session, Booking]:
    """Wang Fang's mother has a visit right now, held and not yet paid."""
    clinic, session = clinic_of(cast, cast.doctor_li, cast.oncology, days=0)
    period = session.periods.filter(ends_at__gt=clock.now()).order_by("starts_at").first() or session.periods.last()
    assert period is not None
    return clinic, session, clinic.hold(cast.mother, period, at=session.starts_at - timedelta(hours=1))


def test_a_machine_without_its_key_learns_nothing_h13(client: Client, today: Any, cast: Cast) -> None:
    said = {"code": f"V{cast.mother.patient.record_no}", "card": "x", "booking_id": 1, "number": "x"}
    for path in ("card", "check-in", "pay", "paid"):
        answer = post(client, f"kiosk/{path}/", said, **{"Kiosk-Key": "guessed"})
        assert (answer.status_code, answer.json()["code"]) == (422, "H13-key")
        assert cast.mother.patient.masked_name not in answer.content.decode()
    assert not Entry.objects.filter(patient_id=cast.mother.patient_id, action="booking.to_check_in").exists()


def test_a_program_at_the_kiosk_reads_the_card_and_checks_in_h13(
    client: Client, key: str, today: tuple[Clinic, Session, Booking], cast: Cast
) -> None:
    clinic, session, held = today
    booking = clinic.pay(held, at=session.starts_at - timedelta(minutes=50))
    read = post(client, "kiosk/card/", {"code": f"V{cast.mother.patient.record_no}"}, **{"Kiosk-Key": key}).json()
    assert read["patient"] == cast.mother.patient.masked_name and cast.mother.name not in str(read)
    assert [(row["booking_id"], row["may_check_in"]) for row in read["visits"]] == [(booking.pk, True)]
    said = {"card": read["card"], "booking_id": booking.pk}
    for _twice in range(2):
        done = post(client, "kiosk/check-in/", said, **{"Kiosk-Key": key})
        assert done.status_code == 200 and done.json()["visits"][0]["ahead"] == 0
    assert Ticket.objects.get().by == "kiosk"
    assert post(client, "kiosk/card/", {"code": "V0"}, **{"Kiosk-Key": key}).status_code == 422


def test_a_card_counts_at_the_machine_that_read_it_and_for_minutes_h13(
    client: Client, key: str, today: Any, cast: Cast
) -> None:
    other = services.kiosk_key_new(actor=HOUSE, kiosk=Kiosk(name="二楼", campus=cast.campus), at=cast.at)
    card = post(client, "kiosk/card/", {"code": f"V{cast.mother.patient.record_no}"}, **{"Kiosk-Key": key}).json()[
        "card"
    ]
    for machine, token in ((other, card), (key, card[:-2]), (key, signing.dumps([1, 1], salt="other"))):
        answer = post(client, "kiosk/pay/", {"card": token}, **{"Kiosk-Key": machine})
        assert (answer.status_code, answer.json()["code"]) == (422, "H13-card")


def test_a_program_at_the_kiosk_shows_the_code_to_pay_and_the_channels_word_counts_h13(
    client: Client, key: str, clinic: Clinic, bank: Bank
) -> None:
    clinic.hold(clinic.cast.mother)
    machine = {"Kiosk-Key": key}
    code = f"V{clinic.cast.mother.patient.record_no}"
    read = post(client, "kiosk/card/", {"code": code}, **machine).json()
    assert read["owed"] == 5000
    made = post(client, "kiosk/pay/", {"card": read["card"]}, **machine)
    assert made.status_code == 201 and made.json()["amount"] == 5000
    assert made.json()["code_url"]
    key = {"Idempotency-Key": made.wsgi_request.headers["Idempotency-Key"]}
    assert post(client, "kiosk/pay/", {"card": read["card"]}, **machine, **key).json() == made.json()
    order, said = PayOrder.objects.get(), {"card": read["card"], "number": made.json()["number"]}
    assert post(client, "kiosk/paid/", said, **machine).json()["status"] == "waiting"
    other = post(client, "kiosk/card/", {"code": f"V{clinic.cast.stranger.patient.record_no}"}, **machine).json()
    assert post(client, "kiosk/paid/", said | {"card": other["card"]}, **machine).status_code == 404
    bank.pays(order)
    assert bank.rings() == 1
    paid = post(client, "kiosk/paid/", said, **machine).json()
    assert (paid["status"], paid["code_url"]) == ("paid", "")
    assert post(client, "kiosk/pay/", {"card": read["card"]}, **machine).json()["code"] == "H13-nothing-owed"
