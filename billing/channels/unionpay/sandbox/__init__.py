"""A stand-in for UnionPay's online gateway (ACP 5.1.0) over HTTP: for the demo, for drills and for tests.

It checks each request's signature by the merchant's certificate, signs each answer and each notice by a certificate of
its own that a chain of its own proves, repeats an unanswered notice, and writes the bill of a clearing day as a zip of
files of fixed width. Its books lie in one SQLite file, apart from the hospital's: it is the other side.

Mounted by `manage.py sandbox` under /unionpay; `/_sandbox/...` are its controls (see server.py). What it can't vouch for,
because only UnionPay's own documents say it to merchants, is listed in billing/README.md.
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

    Reads the merchant's settings and, from the environment or a file named by <NAME>_FILE, what only UnionPay has:
    UNIONPAY_SANDBOX_PLATFORM_PEM (its key and certificate) and UNIONPAY_SANDBOX_MERCHANT_CERT.
    UNIONPAY_SANDBOX_SCALE (default 0.02) shortens its waits.
    """
    from django.conf import settings

    from hospital import env

    keys = Keys(
        mer_id=settings.UNIONPAY_MER_ID,
        merchant_cert=env.text("UNIONPAY_SANDBOX_MERCHANT_CERT"),
        platform_pem=env.text("UNIONPAY_SANDBOX_PLATFORM_PEM"),
    )
    scale = Decimal(os.environ.get("UNIONPAY_SANDBOX_SCALE", "0.02"))
    sandbox = Sandbox(state_dir, keys, gateway=settings.UNIONPAY_GATEWAY_URL, scale=scale)
    sandbox.start()
    return sandbox
