"""What the two sides know of each other, and the signatures made with it."""

import base64
import json
import secrets
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

WINDOW = 300  # seconds that a signed request stays good


@dataclass(frozen=True)
class Keys:
    """PEM texts and ids. The platform's private key exists only here: the hospital has its public half."""

    mchid: str
    appid: str
    merchant_serial: str
    merchant_public_key: str
    platform_private_key: str
    platform_key_id: str
    apiv3_key: str

    @cached_property
    def _merchant(self) -> rsa.RSAPublicKey:
        key = load_pem_public_key(self.merchant_public_key.encode())
        assert isinstance(key, rsa.RSAPublicKey)
        return key

    @cached_property
    def _platform(self) -> rsa.RSAPrivateKey:
        key = load_pem_private_key(self.platform_private_key.encode(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    def signed_headers(self, body: str, *, at: float | None = None) -> dict[str, str]:
        """Wechatpay-* headers over TS, NONCE and BODY, as answers and notices carry them."""
        stamp, nonce = str(int(time.time() if at is None else at)), secrets.token_hex(16).upper()
        signature = self._platform.sign(f"{stamp}\n{nonce}\n{body}\n".encode(), PKCS1v15(), SHA256())
        return {
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": self.platform_key_id,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }

    def sealed(self, plain: dict[str, Any], kind: str) -> dict[str, str]:
        """The `resource` of a notice: AES-256-GCM under the APIv3 key."""
        nonce = secrets.token_hex(6)
        body = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
        cipher = AESGCM(self.apiv3_key.encode()).encrypt(nonce.encode(), body, kind.encode())
        return {
            "original_type": kind,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(cipher).decode(),
            "associated_data": kind,
            "nonce": nonce,
        }

    def refusal(self, authorization: str, method: str, path: str, body: str, *, at: float) -> str:
        """Why a request's Authorization doesn't hold; empty when it does."""
        scheme, _, rest = authorization.partition(" ")
        if scheme != "WECHATPAY2-SHA256-RSA2048":
            return "Authorization不合法"
        fields = {}
        for part in rest.split(","):
            name, _, value = part.strip().partition("=")
            fields[name] = value.strip('"')
        if fields.get("mchid") != self.mchid or fields.get("serial_no") != self.merchant_serial:
            return "商户号或证书序列号不正确"
        stamp = fields.get("timestamp", "")
        if not stamp.isdigit() or abs(at - int(stamp)) > WINDOW:
            return "HTTP头Authorization时间戳已过期"
        message = f"{method}\n{path}\n{stamp}\n{fields.get('nonce_str', '')}\n{body}\n".encode()
        try:
            signature = base64.b64decode(fields.get("signature", ""), validate=True)
            self._merchant.verify(signature, message, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return "签名错误，验签失败"
        return ""


def pem_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return private, public


def make_keys() -> dict[str, str]:
    """Fresh keys of a merchant and a platform that exist nowhere else, by the names of the settings."""
    merchant_private, merchant_public = pem_pair()
    platform_private, platform_public = pem_pair()
    return {
        "WECHATPAY_MCHID": "19" + "".join(secrets.choice("0123456789") for _ in range(8)),
        "WECHATPAY_SERIAL_NO": secrets.token_hex(20).upper(),
        "WECHATPAY_PRIVATE_KEY": merchant_private,
        "WECHATPAY_APIV3_KEY": secrets.token_hex(16),
        "WECHATPAY_PUBLIC_KEY": platform_public,
        "WECHATPAY_PUBLIC_KEY_ID": "PUB_KEY_ID_" + secrets.token_hex(16).upper(),
        "WECHATPAY_SANDBOX_PLATFORM_KEY": platform_private,
        "WECHATPAY_SANDBOX_MERCHANT_PUBLIC_KEY": merchant_public,
    }
