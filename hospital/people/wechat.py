"""WeChat's sign-in (OAuth 2.0 of public accounts) behind one adapter that speaks HTTP."""

from urllib.parse import urlencode

from django.conf import settings

from hospital.kit.outside import OutsideError, get_json

from .errors import WeChatFailed


def is_set_up() -> bool:
    return bool(settings.WECHAT_APP_ID)


def authorize_url(*, state: str, back: str) -> str:
    """Where the browser goes so that the person agrees in WeChat; `state` comes back unchanged."""
    query = {
        "appid": settings.WECHAT_APP_ID,
        "redirect_uri": back,
        "response_type": "code",
        "scope": "snsapi_base",
        "state": state,
    }
    return f"{settings.WECHAT_AUTHORIZE_URL}?{urlencode(query)}#wechat_redirect"


def openid_of(code: str) -> str:
    """The person's id in our public account, for a code that WeChat gave the browser. Raises WeChatFailed."""
    query = {
        "appid": settings.WECHAT_APP_ID,
        "secret": settings.WECHAT_APP_SECRET,
        "code": code,
        "grant_type": "authorization_code",
    }
    try:
        answer = get_json(f"{settings.WECHAT_BASE_URL}/sns/oauth2/access_token", query)
    except OutsideError as error:
        raise WeChatFailed from error
    openid = answer.get("openid")
    if not isinstance(openid, str) or not openid:
        raise WeChatFailed
    return openid
