"""The environment in which the demo's own processes run: settings.py read from it, nothing from the caller's shell."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from .keys import Keys
from .layout import PROJECT, Layout
from .services import APP, DATABASE, OWNER, Postgres, Redis

_READ_BY_SETTINGS = re.compile(r"""env\.(?:text|flag|number|words|database)\(\s*["']([A-Z_]+)["']""")


def _cleaned(ambient: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without anything that settings.py reads: a stray DATABASE_URL must reach nobody."""
    names = set(_READ_BY_SETTINGS.findall((PROJECT / "hospital" / "settings.py").read_text(encoding="utf-8")))
    ours = names | {f"{name}_FILE" for name in names}
    kept = {name: value for name, value in ambient.items() if name not in ours}
    if hosts := ambient.get("ALLOWED_HOSTS"):
        kept["ALLOWED_HOSTS"] = hosts  # the one setting of the demo that a person may want to widen: WEB on the LAN
    kept["PATH"] = f"{PROJECT / '.venv' / 'bin'}{os.pathsep}{ambient.get('PATH', '')}"
    return kept


def demo_environment(layout: Layout, keys: Keys, postgres: Postgres, redis: Redis) -> dict[str, str]:
    sandbox = f"http://127.0.0.1:{layout.ports['SANDBOX_PORT']}"
    realtime = f"ws://{layout.host}:{layout.ports['REALTIME_PORT']}"
    files = {
        "SECRET_KEY": "secret_key",
        "FIELD_KEYS": "field_keys",
        "BLIND_INDEX_KEY": "blind_index_key",
        "SIGNING_KEY": "signing_key",
        "SMS_API_KEY": "sms_api_key",
        "WECHAT_APP_SECRET": "wechat_app_secret",
        "INVOICE_API_KEY": "invoice_api_key",
        "INSURANCE_APP_SECRET": "insurance_app_secret",
        "INSURANCE_PRIVATE_KEY": "insurance_org_private.key",
        "INSURANCE_PLATFORM_PUBLIC_KEY": "insurance_centre_public.key",
        "INSURANCE_SANDBOX_PLATFORM_KEY": "insurance_centre_private.key",
        "INSURANCE_SANDBOX_ORG_PUBLIC_KEY": "insurance_org_public.key",
        "WECHATPAY_SERIAL_NO": "wechatpay_serial_no",
        "WECHATPAY_APIV3_KEY": "wechatpay_apiv3_key",
        "WECHATPAY_PRIVATE_KEY": "wechatpay_merchant_private.pem",
        "WECHATPAY_PUBLIC_KEY": "wechatpay_platform_public.pem",
        "WECHATPAY_PUBLIC_KEY_ID": "wechatpay_public_key_id",
        "ALIPAY_PRIVATE_KEY": "alipay_app_private.pem",
        "ALIPAY_PUBLIC_KEY": "alipay_platform_public.pem",
        "ALIPAY_SANDBOX_PLATFORM_KEY": "alipay_platform_private.pem",
        "ALIPAY_SANDBOX_APP_PUBLIC_KEY": "alipay_app_public.pem",
        "UNIONPAY_MERCHANT_PEM": "unionpay_merchant.pem",
        "UNIONPAY_TRUST_PEM": "unionpay_trust.pem",
        "UNIONPAY_SANDBOX_PLATFORM_PEM": "unionpay_platform.pem",
        "UNIONPAY_SANDBOX_MERCHANT_CERT": "unionpay_merchant_certificate.pem",
        # The other side of the two pairs: read by the sandbox alone.
        "WECHATPAY_SANDBOX_PLATFORM_KEY": "wechatpay_platform_private.pem",
        "WECHATPAY_SANDBOX_MERCHANT_PUBLIC_KEY": "wechatpay_merchant_public.pem",
    }
    return (
        _cleaned(os.environ)
        | {f"{name}_FILE": str(keys.path(file)) for name, file in files.items()}
        | {
            "DJANGO_SETTINGS_MODULE": "hospital.settings",
            "PYTHONUNBUFFERED": "1",
            "DEMO": "1",
            "DATABASE_URL": postgres.url(APP),
            "REDIS_URL": redis.url,
            "VAR_DIR": str(layout.var),
            "BASE_URL": layout.url,
            "REALTIME_URL": realtime,
            "PAYMENT_ORIGINS": sandbox,
            "SMS_BASE_URL": f"{sandbox}/sms",
            "IDENTITY_BASE_URL": f"{sandbox}/identity",
            "WECHAT_BASE_URL": f"{sandbox}/wechat",
            "WECHAT_AUTHORIZE_URL": f"{sandbox}/wechat/connect/oauth2/authorize",
            "WECHAT_APP_ID": "wx0000000000000demo",
            "WECHATPAY_BASE_URL": f"{sandbox}/wechatpay",
            "WECHATPAY_MCHID": "1900000001",
            "INSURANCE_BASE_URL": f"{sandbox}/insurance",
            "INSURANCE_AUTHORIZE_URL": f"{sandbox}/insurance/authorize",
            "INSURANCE_APP_ID": "0123456789ABCDEF0123456789ABCDEF",
            "INSURANCE_ORG_CODE": "H44010000001",
            "INSURANCE_CITY": "440100",
            "INSURANCE_LOCATION": "113.264499,23.130061",
            "INVOICE_BASE_URL": f"{sandbox}/invoice",
            "INVOICE_APP_ID": "demo-hospital",
            "ALIPAY_GATEWAY_URL": f"{sandbox}/alipay/gateway.do",
            "ALIPAY_APP_ID": "2021000000000001",
            "ALIPAY_SELLER_ID": "2088000000000001",
            "UNIONPAY_GATEWAY_URL": f"{sandbox}/unionpay/gateway/api",
            "UNIONPAY_FILE_URL": f"{sandbox}/unionpay/file/",
            "UNIONPAY_MER_ID": "777290000000001",
        }
    )


def owner_environment(environment: Mapping[str, str], postgres: Postgres, database: str = DATABASE) -> dict[str, str]:
    """The same, as the role that owns the tables: for migrate and db_grants."""
    return {**environment, "DATABASE_URL": postgres.url(OWNER, database)}


def python() -> Path:
    return PROJECT / ".venv" / "bin" / "python"
