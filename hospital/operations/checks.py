"""System checks of an installation, each with a hint that says what to do (`manage.py check [--deploy]`)."""

import ctypes.util
import os
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection

from hospital.kit.crypto import FieldKey

Messages = list[CheckMessage]


@register()
def field_keys_are_readable(**_: Any) -> Messages:
    """Without a key nobody's name can be read; with a broken one nobody's can be written (SEC-06)."""
    try:
        keys = [FieldKey.parse(text) for text in settings.FIELD_KEYS]
    except ValueError as error:
        return [Error(f"FIELD_KEYS can't be read: {error}", hint=_KEY_HINT, id="operations.E001")]
    if not keys:
        return [Error("FIELD_KEYS is empty.", hint=_KEY_HINT, id="operations.E002")]
    if len({key.id for key in keys}) != len(keys):
        return [
            Error("Two FIELD_KEYS have the same id.", hint="Give the new key an id of its own.", id="operations.E003")
        ]
    return []


_KEY_HINT = (
    "FIELD_KEYS=<id>:<aes|sm4>:<base64 of 32|16 bytes>[,older keys], e.g. k1:sm4:$(openssl rand -base64 16). "
    "The first key writes, all of them read."
)


@register()
def secrets_are_given_and_apart(**_: Any) -> Messages:
    found: Messages = []
    secrets = {name: getattr(settings, name) for name in ("SECRET_KEY", "BLIND_INDEX_KEY", "SIGNING_KEY")}
    for name, value in secrets.items():
        if not value:
            found.append(Error(f"{name} is empty.", hint=f"Set {name} or {name}_FILE.", id="operations.E004"))
    if len(set(secrets.values())) != len(secrets):
        found.append(
            Error(
                "Two secrets are equal.",
                hint="SECRET_KEY, BLIND_INDEX_KEY and SIGNING_KEY guard different things; one leak must not open all.",
                id="operations.E005",
            )
        )
    return found


@register()
def driver_is_psycopg2(**_: Any) -> Messages:
    """Django takes psycopg 3 as soon as it can be imported, and locking and COPY here were tried with psycopg2."""
    if find_spec("psycopg") is None:
        return []
    return [
        Error(
            "psycopg 3 is installed beside psycopg2, and Django would use it.",
            hint="Remove it: pip uninstall psycopg.",
            id="operations.E006",
        )
    ]


@register()
def fonts_can_be_subset(**_: Any) -> Messages:
    """Without this library WeasyPrint takes 15 s instead of 0.3 s for each Chinese page, without a word."""
    if ctypes.util.find_library("harfbuzz-subset"):
        return []
    return [
        Warning(
            "libharfbuzz-subset is missing: printing Chinese documents will be fifty times slower.",
            hint="apt-get install libharfbuzz-subset0",
            id="operations.W001",
        )
    ]


@register(Tags.translation)
def catalogues_are_compiled(**_: Any) -> Messages:
    """A missing .mo shows English to Chinese patients, without a word."""
    stale = [
        source
        for folder in settings.LOCALE_PATHS
        for source in sorted(Path(folder).glob("*/LC_MESSAGES/*.po"))
        if not source.with_suffix(".mo").exists()
    ]
    return [
        Warning(
            f"{source} is not compiled: people would read English.",
            hint="python manage.py compilemessages",
            id="operations.W002",
        )
        for source in stale
    ]


@register(Tags.database)
def application_role_is_modest(databases: Sequence[str] | None = None, **_: Any) -> Messages:
    """In production the application must not be able to undo what only grows."""
    if not databases or settings.DEMO:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            return []
    return [
        Warning(
            "The application's database role is a superuser or may make roles.",
            hint="Run the application as a role of its own, and `manage.py db_grants` as the owner after each migrate.",
            id="operations.W003",
        )
    ]


@register(deploy=True)
def nothing_of_the_demo_is_left(**_: Any) -> Messages:
    return list(_remains_of_the_demo())


def _remains_of_the_demo() -> Iterator[CheckMessage]:
    if settings.DEMO:
        yield Error(
            "DEMO is on.", hint="Unset DEMO: it allows plain HTTP and shows demo accounts.", id="operations.E101"
        )
    if urlsplit(settings.BASE_URL).scheme != "https":
        yield Error("BASE_URL is not https.", hint="BASE_URL=https://<the hospital's host>", id="operations.E102")
    if not {urlsplit(settings.BASE_URL).hostname} <= set(settings.ALLOWED_HOSTS) and "*" not in settings.ALLOWED_HOSTS:
        yield Error("BASE_URL's host is not in ALLOWED_HOSTS.", hint="Add it to ALLOWED_HOSTS.", id="operations.E103")
    if "*" in settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS allows every host.", hint="Name the hosts: links in messages are built from them.",
                    id="operations.E104")  # fmt: skip
    for name in ("SECRET_KEY", "BLIND_INDEX_KEY", "SIGNING_KEY"):
        if len(getattr(settings, name)) < 32:
            yield Error(f"{name} is shorter than 32 characters.", hint="openssl rand -base64 48", id="operations.E105")
    for name in ("SMS_BASE_URL", "WECHAT_BASE_URL", "WECHATPAY_BASE_URL"):
        url = urlsplit(getattr(settings, name))
        if url.scheme != "https" or url.hostname in {"localhost", "127.0.0.1", "::1"}:
            yield Error(f"{name} is {url.geturl()!r}: no channel over https.", hint=f"Set {name} to the provider's URL.",
                        id="operations.E106")  # fmt: skip
    for name in ("WECHATPAY_MCHID", "WECHATPAY_SERIAL_NO", "WECHATPAY_PRIVATE_KEY", "WECHATPAY_APIV3_KEY",
                 "WECHATPAY_PUBLIC_KEY", "WECHATPAY_PUBLIC_KEY_ID", "SMS_API_KEY", "WECHAT_APP_ID", "WECHAT_APP_SECRET"):  # fmt: skip
        if not getattr(settings, name):
            yield Error(f"{name} is empty.", hint=f"Set {name} or {name}_FILE.", id="operations.E107")
    if not os.access(settings.MEDIA_ROOT, os.W_OK):
        yield Error(f"MEDIA_ROOT {settings.MEDIA_ROOT} can't be written.", hint="Create it for the user that serves.",
                    id="operations.E108")  # fmt: skip
