"""A stand-in for the insurer's mobile payment centre: for the demo, for drills and for tests.

It opens and checks each SM4/SM2 envelope, seals its answers and notices likewise, pre-settles an upload whose lines add up,
settles it once, takes it back, and writes the statement of a day. Its books lie in one SQLite file, apart from the
hospital's: it is the other side. WeChat's stand-in has the insurer's half of mixed orders settled in the same books.

Mounted by `manage.py sandbox` under /insurance; `/_sandbox/...` are its controls (see server.py).
"""

import base64
import secrets
from pathlib import Path

from hospital.kit.gm import PrivateKey

from ..wire import Side
from .server import Sandbox, http_post

__all__ = ["Sandbox", "make_app", "make_keys"]


def make_app(state_dir: Path) -> Sandbox:
    """The WSGI application, with its books below `state_dir`. Notices wait for /_sandbox/deliver: the hospital asks itself.

    Reads the organisation's settings and, from the environment or a file named by <NAME>_FILE, what only the centre has:
    INSURANCE_SANDBOX_PLATFORM_KEY and INSURANCE_SANDBOX_ORG_PUBLIC_KEY.
    """
    from django.conf import settings

    from hospital import env

    from ..client import NOTIFY_PATH

    side = Side(
        settings.INSURANCE_APP_ID, settings.INSURANCE_APP_SECRET, env.text("INSURANCE_SANDBOX_PLATFORM_KEY"),
        env.text("INSURANCE_SANDBOX_ORG_PUBLIC_KEY"),
    )  # fmt: skip
    return Sandbox(state_dir, side, org=settings.INSURANCE_ORG_CODE, post=http_post(settings.BASE_URL + NOTIFY_PATH))


def _pair() -> tuple[str, str]:
    key = PrivateKey.fresh()
    return base64.b64encode(key.raw).decode(), base64.b64encode(key.public.raw).decode()


def make_keys() -> dict[str, str]:
    """Fresh keys of an organisation and a centre that exist nowhere else, by the names of the settings."""
    (org_private, org_public), (centre_private, centre_public) = _pair(), _pair()
    return {
        "INSURANCE_APP_ID": secrets.token_hex(16).upper(), "INSURANCE_APP_SECRET": secrets.token_hex(16).upper(),
        "INSURANCE_PRIVATE_KEY": org_private, "INSURANCE_PLATFORM_PUBLIC_KEY": centre_public,
        "INSURANCE_SANDBOX_PLATFORM_KEY": centre_private, "INSURANCE_SANDBOX_ORG_PUBLIC_KEY": org_public,
    }  # fmt: skip
