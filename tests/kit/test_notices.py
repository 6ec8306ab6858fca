"""Notices: delivered once, the failing one kept with its error, the next never stopped (G03)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from hospital.forms.models import FormNotice
from hospital.kit import clock, notices
from hospital.organisation.models import Campus

pytestmark = pytest.mark.django_db


@pytest.fixture
def at() -> datetime:
    return clock.now()


def post(at: datetime, *keys: str, topic: str = "t") -> None:
    for key in keys:
        notices.post(FormNotice, topic=topic, key=key, at=at, payload={"key": key})


def test_the_same_key_is_one_notice(at: datetime) -> None:
    post(at, "a", "a")
    assert FormNotice.objects.count() == 1


def test_a_notice_is_delivered_once_and_not_before_its_time(at: datetime) -> None:
    heard: list[Any] = []
    post(at, "a", "b")
    post(at + timedelta(minutes=5), "later")
    handlers = {"t": lambda payload, when: heard.append(payload["key"])}
    assert notices.deliver_due(FormNotice, handlers, at=at) == 2
    assert notices.deliver_due(FormNotice, handlers, at=at) == 0
    assert heard == ["a", "b"]


def test_a_failing_handler_keeps_its_error_and_stops_nobody(at: datetime) -> None:
    heard: list[str] = []

    def handler(payload: Mapping[str, Any], when: datetime) -> None:
        Campus.objects.create(code=payload["key"], name="heard")
        if payload["key"] == "bad" and not heard_before:
            raise LookupError("no such thing")
        heard.append(payload["key"])

    heard_before: list[int] = []
    post(at, "bad", "good")
    assert notices.deliver_due(FormNotice, {"t": handler}, at=at) == 1
    assert heard == ["good"]
    assert not Campus.objects.filter(code="bad").exists(), "what a failed handler wrote was kept"
    bad = FormNotice.objects.get(key="bad")
    assert (bad.attempts, bad.delivered_at, bad.last_error) == (1, None, "LookupError: no such thing")
    assert bad.due_at > at

    heard_before.append(1)
    assert notices.deliver_due(FormNotice, {"t": handler}, at=at) == 0, "tried again at once"
    assert notices.deliver_due(FormNotice, {"t": handler}, at=bad.due_at) == 1
    bad.refresh_from_db()
    assert (bad.attempts, bad.delivered_at, bad.last_error) == (2, at + (bad.due_at - at), "")


def test_the_wait_grows_and_ends_at_an_hour(at: datetime) -> None:
    post(at, "bad")
    waits, when = [], at
    for _ in range(12):
        notices.deliver_due(FormNotice, {}, at=when)  # nobody listens to this topic: an error like any other
        notice = FormNotice.objects.get()
        waits.append((notice.due_at - when).total_seconds())
        when = notice.due_at
    assert waits == sorted(waits) and waits[0] == 30 and waits[-1] == 3600
    assert "KeyError" in notice.last_error


def test_a_notice_of_an_undone_transaction_never_was(at: datetime) -> None:
    with pytest.raises(LookupError), transaction.atomic():
        post(at, "a")
        raise LookupError
    assert not FormNotice.objects.exists()
