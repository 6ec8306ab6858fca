"""H1, H5: sign in, bind and unbind by WeChat, and its template messages, against the stand-in over HTTP."""

from datetime import datetime, time, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
import time_machine
from django.db import transaction
from django.test import Client

from hospital.kit import clock
from hospital.messaging.delivery import deliver_due
from hospital.messaging.models import Delivery
from hospital.messaging.selectors import unread_count
from hospital.messaging.services import message_send, message_withdraw
from hospital.people.models import Account
from tests.cast import actor_of_person, client_for

OPENID, PHONE = "o-wang-fang", "13800138000"


def by_wechat(client: Client, openid: str = OPENID):
    """To WeChat and back, as a browser goes; answers the page that it ends on."""
    there = urlsplit(client.get("/sign-in/wechat/").headers["location"])
    asked = {key: values[0] for key, values in parse_qs(there.query).items()}
    query = urlencode({"openid": openid, "back": asked["redirect_uri"], "state": asked["state"]})
    url = f"{there.scheme}://{there.netloc}/wechat/_sandbox/approve?{query}"
    back = urlsplit(requests.get(url, timeout=5, allow_redirects=False).headers["location"])
    return client.get(f"{back.path}?{back.query}")


def _told(outside) -> list[dict]:
    return list(requests.get(f"{outside.url}/wechat/_sandbox/log", timeout=5).json()["messages"])


def _tell(person, key: str, at: datetime) -> None:
    with transaction.atomic():
        message_send(key=key, account_id=person.account.pk, kind="treatment.to_place", at=at,
                     context={"item": "放疗", "planned": 25}, url="/treatment/")  # fmt: skip


def test_a_newcomer_proves_a_phone_once_and_then_signs_in_by_wechat(db, outside):
    client = Client()
    assert "手机" in by_wechat(client).content.decode()
    client.post("/sign-in/code/", {"phone": PHONE})
    assert client.post("/sign-in/", {"phone": PHONE, "code": outside.code_for(PHONE)}).status_code == 302
    assert Account.objects.get().wechat_openid == OPENID
    again = Client()
    assert by_wechat(again).status_code == 302
    assert again.get("/api/v1/me/").status_code == 200


def test_bound_from_the_security_page_and_unbound_again(cast, outside):
    client = client_for(cast.wang_fang)
    assert "绑定微信" in client.get("/security/").content.decode()
    assert by_wechat(client).headers["location"] == "/security/"
    assert "解除绑定" in client.get("/security/").content.decode()
    other = Client()
    assert by_wechat(other).status_code == 302 and other.get("/api/v1/me/").status_code == 200
    assert client.post("/security/wechat/unbind/").status_code == 302
    stranger = Client()
    assert "手机" in by_wechat(stranger).content.decode()
    assert stranger.get("/api/v1/me/").status_code == 401


def test_a_wechat_identity_belongs_to_one_account(cast, outside):
    by_wechat(client_for(cast.wang_fang))
    by_wechat(client_for(cast.stranger))
    assert list(Account.objects.filter(wechat_openid=OPENID)) == [cast.stranger.account]


def test_an_answer_that_nobody_asked_for_signs_nobody_in(cast, outside):
    """A forged or repeated way back: no state, another's state, a code used twice."""
    Account.objects.filter(pk=cast.wang_fang.account.pk).update(wechat_openid=OPENID)
    for query in ("", "?code=x", "?code=x&state=y"):
        thief = Client()
        thief.get("/sign-in/wechat/")
        assert thief.get(f"/sign-in/wechat/back/{query}").status_code == 502
        assert thief.get("/api/v1/me/").status_code == 401


def test_messages_go_to_wechat_while_it_is_bound_unread_quiet_and_withdrawn(cast, outside):
    noon = clock.at_local(clock.today() + timedelta(days=1), time(12))
    night = clock.at_local(clock.today() + timedelta(days=1), time(23))
    actor = actor_of_person(cast.wang_fang)
    with time_machine.travel(noon, tick=False):
        client = client_for(cast.wang_fang)
        by_wechat(client)
        _tell(cast.wang_fang, "a", noon)
        deliver_due(at=noon)
        (told,) = _told(outside)
        assert told["receiver"] == OPENID and "25" in told["text"]
        assert unread_count(actor) == 1
        assert "放疗" in client.get("/messages/").content.decode() and unread_count(actor) == 0
    with time_machine.travel(night, tick=False):
        _tell(cast.wang_fang, "b", night)
        deliver_due(at=night)
        assert len(_told(outside)) == 1  # quiet; in the inbox it stands at once
        assert unread_count(actor) == 1
        with transaction.atomic():
            message_withdraw(key="b", at=night)
        assert client_for(cast.wang_fang).get("/messages/").content.decode().count("放疗") == 1
    morning = night + timedelta(hours=9)
    with time_machine.travel(morning, tick=False):
        deliver_due(at=morning)
        assert len(_told(outside)) == 1
        client_for(cast.wang_fang).post("/security/wechat/unbind/")
        _tell(cast.wang_fang, "c", morning)
        deliver_due(at=morning)
        assert len(_told(outside)) == 1 and not Delivery.objects.filter(message__key="c").exists()


@pytest.mark.parametrize("mode", ["error", "drop"])
def test_a_failing_wechat_is_asked_again_and_tells_once(cast, outside, mode):
    Account.objects.filter(pk=cast.wang_fang.account.pk).update(wechat_openid=OPENID)
    noon = clock.at_local(clock.today() + timedelta(days=1), time(12))
    requests.post(f"{outside.url}/wechat/_sandbox/behave", json={"mode": mode, "times": 1}, timeout=5)
    _tell(cast.wang_fang, "a", noon)
    deliver_due(at=noon)
    deliver_due(at=noon + timedelta(minutes=11))
    assert len(_told(outside)) == 1 and Delivery.objects.get(channel="wechat").status == "sent"
