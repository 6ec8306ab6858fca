"""The demo's secrets: made once, kept in var/secrets/ for their owner's eyes only, never committed."""

import base64
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from billing.channels.unionpay.sandbox.keys import make_keys
from hospital.kit.gm import PrivateKey

from .services import APP, OWNER, SUPERUSER


class Keys:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)

    def make(self) -> None:
        """Make what is missing; what is there stays, or everything encrypted under it would be lost."""
        for name in (
            "secret_key",
            "blind_index_key",
            "signing_key",
            "sms_api_key",
            "wechat_app_secret",
            "invoice_api_key",
            "insurance_app_secret",
        ):
            self._keep(name, secrets.token_urlsafe(48))
        self._keep("field_keys", "demo1:sm4:" + base64.b64encode(secrets.token_bytes(16)).decode())
        self._keep("wechatpay_apiv3_key", secrets.token_hex(16))
        self._keep("wechatpay_serial_no", secrets.token_hex(20).upper())
        self._keep("wechatpay_public_key_id", "PUB_KEY_ID_" + "".join(secrets.choice("0123456789") for _ in range(24)))
        for role in (SUPERUSER, OWNER, APP):
            self._keep(f"{role}.password", secrets.token_urlsafe(24))
        for whose in ("wechatpay_merchant", "wechatpay_platform", "alipay_app", "alipay_platform"):
            self._keep_pair(whose)
        for whose in ("insurance_org", "insurance_centre"):
            self._keep_sm2_pair(whose)
        self._keep_unionpay()

    def path(self, name: str) -> Path:
        return self.folder / name

    def read(self, name: str) -> str:
        return self.path(name).read_text(encoding="utf-8").strip()

    def passwords(self) -> dict[str, str]:
        return {role: self.read(f"{role}.password") for role in (SUPERUSER, OWNER, APP)}

    def _keep(self, name: str, value: str) -> None:
        path = self.path(name)
        if path.exists():
            return
        fresh = path.with_name(path.name + ".new")
        fresh.touch(mode=0o600)
        fresh.write_text(value + "\n", encoding="utf-8")
        fresh.rename(path)  # whole or not at all: half a key would be kept for ever

    def _keep_pair(self, whose: str) -> None:
        """Ours signs our requests, the platform's signs what the sandbox answers."""
        private, public = f"{whose}_private.pem", f"{whose}_public.pem"
        if self.path(private).exists() and self.path(public).exists():
            return
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = serialization.Encoding.PEM
        self._keep(
            private,
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode().strip(),
        )
        self._keep(
            public, key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo).decode().strip()
        )

    def _keep_unionpay(self) -> None:
        """A merchant's certificate, and a platform's with the chain that proves it: one set, or no answer is believed."""
        files = {
            "UNIONPAY_MERCHANT_PEM": "unionpay_merchant.pem",
            "UNIONPAY_TRUST_PEM": "unionpay_trust.pem",
            "UNIONPAY_SANDBOX_PLATFORM_PEM": "unionpay_platform.pem",
            "UNIONPAY_SANDBOX_MERCHANT_CERT": "unionpay_merchant_certificate.pem",
        }
        if all(self.path(name).exists() for name in files.values()):
            return
        made = make_keys()
        for setting, name in files.items():
            self.path(name).unlink(missing_ok=True)
            self._keep(name, made[setting].strip())

    def _keep_sm2_pair(self, whose: str) -> None:
        """The national curve, as the insurer's centre demands it: raw numbers in base64."""
        private, public = f"{whose}_private.key", f"{whose}_public.key"
        if self.path(private).exists() and self.path(public).exists():
            return
        key = PrivateKey.fresh()
        self._keep(private, base64.b64encode(key.raw).decode())
        self._keep(public, base64.b64encode(key.public.raw).decode())
