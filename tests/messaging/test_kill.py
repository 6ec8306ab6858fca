"""G04: 300 due messages, senders killed twelve times, a gateway that fails, hangs up after accepting: each goes out once."""

import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from hospital.kit import clock
from hospital.messaging import kinds, services
from hospital.messaging.models import Channel, Message
from hospital.messaging.states import MessageStatus
from hospital.organisation.models import PolicyParameter
from tests.cast import Cast
from tests.sandboxes import run_sandbox
from tests.waiting import wait_until

_ROOT = Path(__file__).resolve().parents[2]


class Senders:
    """Two sending processes that are started again whenever they die."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.running: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.messaging.sender"], cwd=_ROOT, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        self.running.append(process)

    def kill_one(self, chance: random.Random) -> None:
        process = self.running.pop(chance.randrange(len(self.running)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.start()

    def stop(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_no_message_is_lost_or_sent_twice_when_senders_are_killed(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(4)
    kind = kinds.MessageKind("test.drill", "Drill", "%(n)s", channels=(Channel.INBOX, Channel.SMS), urgent=True)
    monkeypatch.setitem(kinds._kinds, kind.name, kind)
    now = clock.now()
    PolicyParameter.objects.create(
        name="messaging.claim_seconds", value=2, source="drill", effective_from=now - timedelta(days=1)
    )
    database = connection.settings_dict
    with run_sandbox(tmp_path) as gateway:
        environment = os.environ | {
            "DATABASE_URL": f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}",
            "PGPASSWORD": str(database["PASSWORD"]),
            "SMS_BASE_URL": f"{gateway.url}/sms",
            "DJANGO_SETTINGS_MODULE": "hospital.settings",
        }
        senders = Senders(environment)
        senders.start()
        senders.start()
        try:
            _tell(cast, range(300))
            withdrawn = [n for n in range(300) if n % 10 == 0]
            with transaction.atomic():
                for n in withdrawn:
                    services.message_withdraw(key=f"drill:later:{n}", at=clock.now())
            gateway.behave("sms", "drop", times=15)
            for round_ in range(12):
                wait_until(lambda wanted=round_ * 15: len(gateway.sms()) >= wanted, f"round {round_}")
                senders.kill_one(chance)
                if round_ == 6:
                    gateway.behave("sms", "error", times=15)
            unfinished = Message.objects.filter(status__in=["waiting", "sending"])
            wait_until(lambda: not unfinished.all().exists(), "the last message went out")
        finally:
            senders.stop()
        sent = [row["text"] for row in gateway.sms()]
    told = [n for n in range(300) if n not in withdrawn]
    assert sorted(sent) == sorted([f"now {n}" for n in range(300)] + [f"later {n}" for n in told])
    assert Message.objects.filter(status=MessageStatus.WITHDRAWN).count() == len(withdrawn)


def _tell(cast: Cast, numbers: Any) -> None:
    at = clock.now()
    with transaction.atomic():
        for n in numbers:
            for word, delay in (("now", 0), ("later", 3)):
                services.message_send(
                    key=f"drill:{word}:{n}", account_id=cast.wang_fang.account.pk, kind="test.drill", at=at,
                    context={"n": f"{word} {n}"}, not_before=at + timedelta(seconds=delay),
                )  # fmt: skip
