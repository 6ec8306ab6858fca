"""A stand-in for WeChat Pay, speaking its V3 protocol over HTTP: for the demo, for drills and for tests.

It checks each request's signature with the merchant's public key, signs each answer and each notice with the
platform's key, encrypts notices with the APIv3 key, repeats an unanswered notice on WeChat's own ladder, and writes
trade bills in WeChat's own bytes. Its books lie in one SQLite file, apart from the hospital's: it is the other side.

Mounted by `manage.py sandbox` under /wechatpay; `/_sandbox/...` are its controls (see server.py).
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .keys import Keys, make_keys
from .server import Sandbox

__all__ = ["Keys", "Sandbox", "make_app", "make_keys"]


def make_app(state_dir: Path) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """The WSGI application, with its books below `state_dir`; notices go out from a thread of its own.

    Reads the merchant's settings and, from the environment or a file named by <NAME>_FILE, what only WeChat has:
    WECHATPAY_SANDBOX_PLATFORM_KEY and WECHATPAY_SANDBOX_MERCHANT_PUBLIC_KEY. WECHATPAY_SANDBOX_SCALE (default 0.02)
    shortens its waits: 15 seconds become 0.3.
    """
    from django.conf import settings

    from hospital import env

    keys = Keys(
        mchid=settings.WECHATPAY_MCHID,
        appid=settings.WECHAT_APP_ID,
        merchant_serial=settings.WECHATPAY_SERIAL_NO,
        merchant_public_key=env.text("WECHATPAY_SANDBOX_MERCHANT_PUBLIC_KEY"),
        platform_private_key=env.text("WECHATPAY_SANDBOX_PLATFORM_KEY"),
        platform_key_id=settings.WECHATPAY_PUBLIC_KEY_ID,
        apiv3_key=settings.WECHATPAY_APIV3_KEY,
    )
    scale = float(os.environ.get("WECHATPAY_SANDBOX_SCALE", "0.02"))
    sandbox = Sandbox(state_dir, keys, base_url=settings.WECHATPAY_BASE_URL, scale=scale)
    if settings.INSURANCE_APP_ID:  # the insurer's half of mixed orders is settled in the books of its own stand-in
        from ...insurance import sandbox as insurance

        sandbox.mixed.insurer = insurance.make_app(state_dir.with_name(insurance.__name__.replace(".", "-")))
    sandbox.start()
    return sandbox
