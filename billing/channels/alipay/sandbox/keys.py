"""What the two sides know of each other, and the RSA2 signatures made with it."""

import base64
import secrets
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from ...wechat.sandbox.keys import pem_pair


@dataclass(frozen=True)
class Keys:
    """PEM texts and ids. The platform's private key exists only here: the hospital has its public half."""

    app_id: str
    seller_id: str
    app_public_key: str
    platform_private_key: str

    @cached_property
    def _app(self) -> rsa.RSAPublicKey:
        key = load_pem_public_key(self.app_public_key.encode())
        assert isinstance(key, rsa.RSAPublicKey)
        return key

    @cached_property
    def _platform(self) -> rsa.RSAPrivateKey:
        key = load_pem_private_key(self.platform_private_key.encode(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    def sign(self, text: str) -> str:
        """Over the exact inner text of an answer, or the sorted parameters of a notice."""
        return base64.b64encode(self._platform.sign(text.encode(), PKCS1v15(), SHA256())).decode()

    def signed_notice(self, fields: dict[str, str]) -> dict[str, str]:
        """A notice's fields with sign and sign_type; neither of the two is signed."""
        said = {name: value for name, value in fields.items() if name not in {"sign", "sign_type"}}
        text = "&".join(f"{name}={value}" for name, value in sorted(said.items()))
        return {**said, "sign_type": "RSA2", "sign": self.sign(text)}

    def holds(self, query: dict[str, str]) -> bool:
        """Is a request's signature the application's?"""
        said = {name: value for name, value in query.items() if name != "sign" and value}
        text = "&".join(f"{name}={value}" for name, value in sorted(said.items()))
        try:
            signature = base64.b64decode(query.get("sign", ""), validate=True)
            self._app.verify(signature, text.encode(), PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


def make_keys() -> dict[str, str]:
    """Fresh keys of an application and a platform that exist nowhere else, by the names of the settings."""
    app_private, app_public = pem_pair()
    platform_private, platform_public = pem_pair()
    return {
        "ALIPAY_APP_ID": "2021" + "".join(secrets.choice("0123456789") for _ in range(12)),
        "ALIPAY_SELLER_ID": "2088" + "".join(secrets.choice("0123456789") for _ in range(12)),
        "ALIPAY_PRIVATE_KEY": app_private,
        "ALIPAY_PUBLIC_KEY": platform_public,
        "ALIPAY_SANDBOX_PLATFORM_KEY": platform_private,
        "ALIPAY_SANDBOX_APP_PUBLIC_KEY": app_public,
    }
