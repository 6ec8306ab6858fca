"""The outbox: what is due goes out once, what stopped being true doesn't go out (G04)."""

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from hospital.kit import clock
from hospital.messaging import delivery, kinds, services
from hospital.messaging.models import Channel, Delivery, Message, Preference
from hospital.messaging.states import DeliveryStatus, MessageStatus
from tests.cast import Cast, client_for
from tests.sandboxes import Sandbox, run_sandbox

WANTED = {"ok": True}
NOON = clock.at_local(clock.today(), time(12))


@pytest.fixture(autouse=True)
def kind(monkeypatch: pytest.MonkeyPatch) -> kinds.MessageKind:
    made = kinds.MessageKind(
        "test.reminder",
        "Reminder",
        "Please come to %(place)s",
        channels=(Channel.INBOX, Channel.SMS),
        still_wanted=lambda context, at: WANTED["ok"],
    )
    monkeypatch.setitem(kinds._kinds, made.name, made)
    monkeypatch.setitem(WANTED, "ok", True)
    return made


@pytest.fixture
def gateway(tmp_path: Path, settings: Any) -> Any:
    with run_sandbox(tmp_path) as sandbox:
        settings.SMS_BASE_URL = f"{sandbox.url}/sms"
        yield sandbox


def remind(person: Any, *, key: str = "visit:1", at: datetime = NOON, not_before: datetime | None = None) -> None:
    with transaction.atomic():
        services.message_send(
            key=key, account_id=person.account.pk, kind="test.reminder", at=at, context={"place": "B2"},
            not_before=not_before,
        )  # fmt: skip


def test_a_due_message_reaches_the_gateway_once_and_the_inbox(cast: Cast, gateway: Sandbox) -> None:
    remind(cast.wang_fang)
    remind(cast.wang_fang)
    delivery.deliver_due(at=NOON)
    delivery.deliver_due(at=NOON + timedelta(minutes=5))
    assert [row["text"] for row in gateway.sms()] == ["Please come to B2"]
    assert [row["calls"] for row in gateway.sms()] == [1]
    assert Message.objects.get().status == MessageStatus.DONE
    assert "Please come to B2" in client_for(cast.wang_fang).get("/messages/").content.decode()
    assert "Please come to B2" not in client_for(cast.stranger).get("/messages/").content.decode()


def test_a_message_waits_for_its_time(cast: Cast, gateway: Sandbox) -> None:
    remind(cast.wang_fang, not_before=NOON + timedelta(hours=2))
    delivery.deliver_due(at=NOON)
    assert gateway.sms() == []
    delivery.deliver_due(at=NOON + timedelta(hours=2))
    assert len(gateway.sms()) == 1


def test_a_withdrawn_message_is_not_sent_and_leaves_the_inbox(cast: Cast, gateway: Sandbox) -> None:
    remind(cast.wang_fang, not_before=NOON + timedelta(hours=2))
    with transaction.atomic():
        assert services.message_withdraw(key="visit:1", at=NOON) == 1
    delivery.deliver_due(at=NOON + timedelta(hours=3))
    assert gateway.sms() == []
    assert "B2" not in client_for(cast.wang_fang).get("/messages/").content.decode()


def test_what_is_no_longer_wanted_at_send_time_is_not_sent(cast: Cast, gateway: Sandbox) -> None:
    remind(cast.wang_fang)
    WANTED["ok"] = False
    delivery.deliver_due(at=NOON)
    assert gateway.sms() == []
    assert Message.objects.get().status == MessageStatus.WITHDRAWN


@pytest.mark.parametrize("fault", ["error", "drop"])
def test_a_failing_gateway_gets_the_message_again_under_the_same_key(cast: Cast, gateway: Sandbox, fault: str) -> None:
    gateway.behave("sms", fault, times=2)
    remind(cast.wang_fang)
    moment = NOON
    for _ in range(3):
        delivery.deliver_due(at=moment)
        moment += timedelta(minutes=11)
    assert len(gateway.sms()) == 1
    assert Delivery.objects.get().status == DeliveryStatus.SENT
    assert Delivery.objects.get().attempts == 3


def test_one_refused_recipient_does_not_stop_the_next(cast: Cast, gateway: Sandbox) -> None:
    gateway.behave("sms", "refuse", times=1)
    remind(cast.wang_fang, key="visit:1")
    remind(cast.stranger, key="visit:2", at=NOON)
    delivery.deliver_due(at=NOON)
    assert sorted(Delivery.objects.values_list("status", flat=True)) == ["failed", "sent"]


def test_a_delivery_in_the_hands_of_a_dead_process_is_taken_up_again(cast: Cast, gateway: Sandbox) -> None:
    remind(cast.wang_fang)
    delivery._plan_batch(NOON)
    assert len(delivery._claim_batch(NOON)) == 1  # and then the process dies
    delivery.deliver_due(at=NOON + timedelta(seconds=5))
    assert gateway.sms() == []
    delivery.deliver_due(at=NOON + timedelta(seconds=31))
    assert len(gateway.sms()) == 1


def test_claims_of_processes_that_died_do_not_lengthen_the_pause_after_a_failure(cast: Cast, gateway: Sandbox) -> None:
    remind(cast.wang_fang)
    delivery._plan_batch(NOON)
    for died in range(6):
        assert len(delivery._claim_batch(NOON + timedelta(minutes=died))) == 1
    gateway.behave("sms", "error", times=1)
    delivery.deliver_due(at=NOON + timedelta(minutes=6))
    delivery.deliver_due(at=NOON + timedelta(minutes=6, seconds=15))
    assert len(gateway.sms()) == 1


def test_an_outage_of_a_day_ends_with_a_message_given_up_not_with_a_pass_that_breaks_down(
    cast: Cast, gateway: Sandbox
) -> None:
    gateway.behave("sms", "error", times=1000)
    remind(cast.wang_fang)
    for ten_minutes in range(146):
        delivery.deliver_due(at=NOON + timedelta(minutes=10 * ten_minutes))
    assert Delivery.objects.get().status == DeliveryStatus.FAILED


def test_what_outlived_its_claim_is_claimed_again_before_it_is_sent(
    cast: Cast, gateway: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow pass: each send takes 20 seconds of a claim of 30. Nobody sends what somebody else may have in hand."""
    passed = [timedelta(0)]
    claims: list[list[int]] = []
    monkeypatch.setattr(clock, "running_from", lambda at: lambda: at + passed[0])
    send, claim = delivery._send, delivery._claim_batch

    def slow(sent: Delivery, at: datetime) -> int:
        passed[0] += timedelta(seconds=20)
        return send(sent, at)

    def counted(at: datetime) -> list[Delivery]:
        batch = claim(at)
        claims.append([one.pk for one in batch])
        return batch

    monkeypatch.setattr(delivery, "_send", slow)
    monkeypatch.setattr(delivery, "_claim_batch", counted)
    for number in range(4):
        remind(cast.wang_fang, key=f"visit:{number}")
    delivery.deliver_due(at=NOON)
    assert [len(batch) for batch in claims] == [4, 2, 0]
    assert [row["calls"] for row in gateway.sms()] == [1, 1, 1, 1]


def test_quiet_hours_hold_back_what_is_not_urgent(cast: Cast, gateway: Sandbox) -> None:
    night = clock.at_local(clock.today(), time(23))
    remind(cast.wang_fang, at=night)
    delivery.deliver_due(at=night)
    assert gateway.sms() == []
    delivery.deliver_due(at=night + timedelta(hours=8))
    assert len(gateway.sms()) == 1


@pytest.mark.parametrize(
    ("quiet", "now", "loud"),
    [
        ((time(22), time(7)), time(12), time(12)),
        ((time(22), time(7)), time(23), time(7)),
        ((time(22), time(7)), time(3), time(7)),
        ((time(12), time(14)), time(13), time(14)),
        ((time(12), time(14)), time(14), time(14)),
        ((time(0), time(0)), time(5), time(5)),
    ],
)
def test_quiet_hours_end_at_the_next_loud_moment(quiet: tuple[time, time], now: time, loud: time) -> None:
    preference = Preference(quiet_from=quiet[0], quiet_to=quiet[1])
    found = delivery.loud_from(preference, clock.at_local(clock.today(), now))
    assert clock.local(found).time() == loud
    assert found >= clock.at_local(clock.today(), now)


def test_a_person_who_wants_no_text_messages_gets_none(cast: Cast, gateway: Sandbox) -> None:
    client = client_for(cast.wang_fang)
    answer = client.post("/messages/settings/", {"wechat": "on", "quiet_from": "22:00", "quiet_to": "07:00"})
    assert answer.status_code == 302
    remind(cast.wang_fang)
    delivery.deliver_due(at=NOON)
    assert gateway.sms() == []
    assert "Please come to B2" in client.get("/messages/").content.decode()


def test_settings_that_cannot_be_read_keep_what_was_typed(cast: Cast) -> None:
    answer = client_for(cast.wang_fang).post("/messages/settings/", {"quiet_from": "25:99", "quiet_to": "07:00"})
    assert answer.status_code == 422
    assert "25:99" in answer.content.decode()


def test_the_inbox_costs_the_same_queries_for_one_message_as_for_many(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    for number in range(15):
        remind(cast.wang_fang, key=f"visit:{number}")
    client = client_for(cast.wang_fang)
    Preference.objects.create(account=cast.wang_fang.account, sms=False, wechat=False)
    delivery.deliver_due(at=NOON)
    client.get("/messages/")
    with django_assert_max_num_queries(12):
        assert client.get("/messages/").content.decode().count("Please come to B2") == 15
