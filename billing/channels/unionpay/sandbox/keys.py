"""What the two sides know of each other: the merchant's certificate, and UnionPay's with the chain that proves it.

The signatures are written here once more, apart from the hospital's own (wire.py), so that neither can be wrong alone.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

OWNER = "041@8310000000083040@中国银联股份有限公司@00016494"


@dataclass(frozen=True)
class Keys:
    """PEM texts. The platform's private key exists only here: the hospital has the root that proves its certificate."""

    mer_id: str
    merchant_cert: str
    platform_pem: str

    @cached_property
    def _merchant(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.merchant_cert.encode())

    @cached_property
    def _platform(self) -> tuple[rsa.RSAPrivateKey, str]:
        key = load_pem_private_key(self.platform_pem.encode(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        mine = x509.load_pem_x509_certificates(self.platform_pem.encode())[0]
        return key, mine.public_bytes(Encoding.PEM).decode()

    def signed(self, fields: dict[str, str]) -> dict[str, str]:
        key, certificate = self._platform
        said = {
            **fields, "version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "signPubKeyCert": certificate,
        }  # fmt: skip
        seal = key.sign(_hexed(said), padding.PKCS1v15(), SHA256())
        return {**said, "signature": base64.b64encode(seal).decode()}

    def holds(self, fields: dict[str, str]) -> bool:
        """Is a request's signature the merchant's, by the certificate that it names?"""
        key = self._merchant.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        if fields.get("certId") != str(self._merchant.serial_number) or fields.get("signMethod") != "01":
            return False
        said = {name: value for name, value in fields.items() if name != "signature"}
        try:
            seal = base64.b64decode(fields.get("signature", ""), validate=True)
            key.verify(seal, _hexed(said), padding.PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


def _hexed(fields: dict[str, str]) -> bytes:
    pairs = [name + "=" + fields[name] for name in sorted(fields)]
    return hashlib.sha256("&".join(pairs).encode("utf-8")).hexdigest().encode("ascii")


def make_keys(owner: str = OWNER) -> dict[str, str]:
    """Fresh keys of a merchant and of a platform with a root and a link of its own, by the names of the settings."""
    root = _Made.by("Test Root CA")
    link = _Made.by("Test Operation CA", root)
    platform = _Made.by(owner, link, ca=False)
    merchant = _Made.by("041@Z1@test-merchant@00000001", link, ca=False)
    return {
        "UNIONPAY_MER_ID": "7772900" + "".join(secrets.choice("0123456789") for _ in range(8)),
        "UNIONPAY_MERCHANT_PEM": merchant.private + merchant.public,
        "UNIONPAY_TRUST_PEM": link.public + root.public,
        "UNIONPAY_SANDBOX_PLATFORM_PEM": platform.private + platform.public,
        "UNIONPAY_SANDBOX_MERCHANT_CERT": merchant.public,
    }


@dataclass(frozen=True)
class _Made:
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @classmethod
    def by(cls, name: str, issuer: "_Made | None" = None, *, ca: bool = True) -> "_Made":
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(issuer.key if issuer else key, SHA256())
        )
        return cls(key, certificate)

    @property
    def private(self) -> str:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def public(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()
