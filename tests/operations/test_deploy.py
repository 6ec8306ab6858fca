"""What is deployed: `check --deploy` is clean with the documented settings and names what is missing."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import ERROR

from hospital.operations import checks

PROJECT = Path(__file__).resolve().parents[2]


def production(tmp_path: Path, **changes: str) -> dict[str, str]:
    secret = "s3cret-of-a-test-"
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "DATABASE_URL"}}
    (tmp_path / "media").mkdir(exist_ok=True)
    (tmp_path / "static").mkdir(exist_ok=True)
    return (
        kept
        | {
            "ALLOWED_HOSTS": "hospital.example.org",
            "BASE_URL": "https://hospital.example.org",
            "SECRET_KEY": secret + "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
            "BLIND_INDEX_KEY": secret + "blind-0123456789abcdef",
            "SIGNING_KEY": secret + "signing-0123456789abcdef",
            "FIELD_KEYS": "k1:sm4:MDEyMzQ1Njc4OWFiY2RlZg==",
            "VAR_DIR": str(tmp_path),
            "SMS_BASE_URL": "https://sms.example.org",
            "SMS_API_KEY": "given",
            "WECHAT_BASE_URL": "https://api.weixin.qq.com",
            "WECHATPAY_BASE_URL": "https://api.mch.weixin.qq.com",
            "IDENTITY_BASE_URL": "https://identity.example.org",
            "WECHAT_APP_ID": "wx1",
            "WECHAT_APP_SECRET": "given",
            "WECHATPAY_MCHID": "1900000001",
            "WECHATPAY_SERIAL_NO": "AB",
            "WECHATPAY_PRIVATE_KEY": "given",
            "WECHATPAY_PUBLIC_KEY": "given",
            "WECHATPAY_PUBLIC_KEY_ID": "PUB_KEY_ID_1",
            "WECHATPAY_APIV3_KEY": "0123456789abcdef0123456789abcdef",
        }
        | changes
    )


def check(env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=PROJECT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_documented_production_settings_are_clean(tmp_path: Path) -> None:
    done = check(production(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"DEMO": True}, "operations.E101"),
        ({"BASE_URL": "http://hospital.example.org"}, "operations.E102"),
        ({"ALLOWED_HOSTS": ["other.example.org"]}, "operations.E103"),
        ({"ALLOWED_HOSTS": ["*"]}, "operations.E104"),
        ({"SIGNING_KEY": "short"}, "operations.E105"),
        ({"WECHATPAY_BASE_URL": "http://127.0.0.1:8002/wechatpay"}, "operations.E106"),
        ({"SMS_API_KEY": ""}, "operations.E107"),
        ({"FIELD_KEYS": ["k1:sm4:c2hvcnQ="]}, "operations.E001"),
        ({"FIELD_KEYS": []}, "operations.E002"),
        ({"SIGNING_KEY": "s3cret-of-a-test-blind-0123456789abcdef"}, "operations.E005"),
    ],
)
def test_what_is_wrong_is_named_with_a_hint(tmp_path: Path, settings: Any, changes: dict[str, Any], code: str) -> None:
    for name, value in production(tmp_path).items():
        if hasattr(settings, name) and name not in {"FIELD_KEYS", "ALLOWED_HOSTS", "VAR_DIR"}:
            setattr(settings, name, value)
    settings.DEMO, settings.ALLOWED_HOSTS, settings.MEDIA_ROOT = False, ["hospital.example.org"], tmp_path / "media"
    assert not [found for found in ours() if found.level >= ERROR]
    for name, value in changes.items():
        setattr(settings, name, value)
    named = {found.id: found.hint for found in ours()}
    assert named.get(code), named


def ours() -> list[Any]:
    found = [*checks.field_keys_are_readable(), *checks.secrets_are_given_and_apart()]
    return found + checks.nothing_of_the_demo_is_left()


@pytest.mark.parametrize("name", ["SECRET_KEY", "BLIND_INDEX_KEY", "SIGNING_KEY", "FIELD_KEYS", "DATABASE_URL"])
def test_no_secret_has_a_default(name: str) -> None:
    """FIELD_KEYS may be empty for a program that reads no names (collectstatic); the hospital's check refuses it."""
    text = (PROJECT / "hospital" / "settings.py").read_text(encoding="utf-8")
    assert re.search(rf'env\.(text|words|database)\("{name}"\)', text), f"{name} is read with a default"


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    env = production(tmp_path)
    (tmp_path / "key").write_text(env.pop("SECRET_KEY") + "\n", encoding="utf-8")
    assert check(env | {"SECRET_KEY_FILE": str(tmp_path / "key")}).returncode == 0
