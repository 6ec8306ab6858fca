"""A stand-in for Alipay, speaking its gateway's protocol over HTTP: for the demo, for drills and for tests.

It checks each request's RSA2 signature with the application's public key, signs each answer over its exact inner text
and each notice over its sorted fields, repeats an unanswered notice on Alipay's own ladder, and writes trade bills as
zips of GBK files. Its books lie in one SQLite file, apart from the hospital's: it is the other side.

Mounted by `manage.py sandbox` under /alipay; `/_sandbox/...` are its controls (see server.py).
"""

import os
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from .keys import Keys, make_keys
from .server import Sandbox

__all__ = ["Keys", "Sandbox", "make_app", "make_keys"]


def make_app(state_dir: Path) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """The WSGI application, with its books below `state_dir`; notices go out from a thread of its own.

    Reads the application's settings and, from the environment or a file named by <NAME>_FILE, what only Alipay has:
    ALIPAY_SANDBOX_PLATFORM_KEY and ALIPAY_SANDBOX_APP_PUBLIC_KEY. ALIPAY_SANDBOX_SCALE (default 0.02) shortens its waits.
    """
    from django.conf import settings

    from hospital import env

    keys = Keys(
        app_id=settings.ALIPAY_APP_ID,
        seller_id=settings.ALIPAY_SELLER_ID,
        app_public_key=env.text("ALIPAY_SANDBOX_APP_PUBLIC_KEY"),
        platform_private_key=env.text("ALIPAY_SANDBOX_PLATFORM_KEY"),
    )
    scale = Decimal(os.environ.get("ALIPAY_SANDBOX_SCALE", "0.02"))
    sandbox = Sandbox(state_dir, keys, gateway=settings.ALIPAY_GATEWAY_URL, scale=scale)
    sandbox.start()
    return sandbox
