"""WeChat template messages (developers.weixin.qq.com, "template message"): stable token, then one call a message.

`client_msg_id` is WeChat's own guard against a repeated send.
"""

import threading
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from hospital.kit import clock
from hospital.kit.outside import OutsideError, post_json
from hospital.people.models import Account

_TOKEN_EXPIRED = {40001, 40014, 42001}
_NOT_FOLLOWING = {43004, 40003}


class _Token:
    """The access token of this process; WeChat's stable_token gives every process the same one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value, self._until = "", datetime.min.replace(tzinfo=clock.SHANGHAI)

    def get(self, *, renew: bool = False) -> str:
        with self._lock:
            if renew or clock.now() >= self._until:
                answer = post_json(
                    f"{settings.WECHAT_BASE_URL}/cgi-bin/stable_token",
                    {
                        "grant_type": "client_credential",
                        "appid": settings.WECHAT_APP_ID,
                        "secret": settings.WECHAT_APP_SECRET,
                        "force_refresh": False,
                    },
                )
                if "access_token" not in answer:
                    raise OutsideError(f"WeChat gives no token: {answer.get('errcode')}")
                self._value = str(answer["access_token"])
                self._until = clock.now() + timedelta(seconds=int(answer["expires_in"]) - 60)
            return self._value


_token = _Token()


def reaches(account: Account) -> bool:
    return bool(account.wechat_openid)


def send(account: Account, *, kind: str, title: str, text: str, url: str, provider_key: str) -> str:
    body = {
        "touser": account.wechat_openid,
        "template_id": kind,
        "url": f"{settings.BASE_URL}{url}" if url else "",
        "client_msg_id": provider_key,
        "data": {"first": {"value": title}, "remark": {"value": text}},
    }
    answer = _post(body, _token.get())
    if answer.get("errcode") in _TOKEN_EXPIRED:
        answer = _post(body, _token.get(renew=True))
    code = int(answer.get("errcode", 0))
    if code:
        raise OutsideError(f"WeChat {code}", lasting=code in _NOT_FOLLOWING)
    return str(answer.get("msgid", ""))


def _post(body: dict[str, Any], token: str) -> dict[str, Any]:
    return post_json(f"{settings.WECHAT_BASE_URL}/cgi-bin/message/template/send?access_token={token}", body)
