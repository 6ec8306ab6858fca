"""UnionPay's online gateway (ACP 5.1.0) on the wire: forms of key=value, signed over the digest of the sorted pairs.

Signed is the hexadecimal SHA-256 of `key=value&key=value...` in the order of the keys, by RSA with SHA-256. A request
names its certificate by serial number (certId); what UnionPay says carries its certificate, which must have been issued,
link by link, by one of those that this installation trusts, and to UnionPay itself: a certificate of the same authority
for somebody else proves nothing.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

VERSION, SIGN_METHOD = "5.1.0", "01"
OWNER = "中国银联股份有限公司"  # the third part of the common name: 041@<serial>@<owner>@<number>
_LINKS = 4  # certificates between UnionPay's and a root, at the most


class Unproved(Exception):
    """What came isn't UnionPay's, or not whole. `code` says which proof is missing."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def digest(fields: Mapping[str, str]) -> bytes:
    """What is signed."""
    text = "&".join(f"{name}={value}" for name, value in sorted(fields.items()) if name != "signature")
    return hashlib.sha256(text.encode()).hexdigest().encode()


def parsed(text: str) -> dict[str, str]:
    """The fields of an answer, which are not URL-encoded: an ampersand within {} or [] belongs to the value."""
    fields: dict[str, str] = {}
    depth, start = 0, 0
    for at, letter in enumerate([*text, "&"]):
        if letter in "{[":
            depth += 1
        elif letter in "}]" and depth:
            depth -= 1
        elif letter == "&" and (not depth or at == len(text)):
            name, _is, value = text[start:at].partition("=")
            if name:
                fields[name] = value
            start = at + 1
    return fields


@dataclass(frozen=True)
class Signer:
    """The merchant's key, and the serial number of its certificate."""

    key: rsa.RSAPrivateKey
    cert_id: str

    def signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        said = {"version": VERSION, "encoding": "UTF-8", "signMethod": SIGN_METHOD, "certId": self.cert_id} | dict(
            fields
        )
        seal = self.key.sign(digest(said), PKCS1v15(), SHA256())
        return said | {"signature": base64.b64encode(seal).decode()}


@lru_cache(maxsize=4)
def signer(pem: str) -> Signer:
    """From one PEM text with key and certificate, as `openssl pkcs12 -nodes` writes them. Raises ValueError."""
    key = load_pem_private_key(pem.encode(), password=None)
    mine = [
        one for one in x509.load_pem_x509_certificates(pem.encode())
        if isinstance(key, rsa.RSAPrivateKey) and one.public_key() == key.public_key()
    ]  # fmt: skip
    if not isinstance(key, rsa.RSAPrivateKey) or not mine:
        raise ValueError("UNIONPAY_MERCHANT_PEM: an RSA key and its certificate belong in it")
    return Signer(key, str(mine[0].serial_number))


def verify(fields: Mapping[str, str], *, trusted: str, at: datetime) -> None:
    """Prove that UnionPay said exactly this. Raises Unproved."""
    if fields.get("version") != VERSION or fields.get("signMethod") != SIGN_METHOD:
        raise Unproved("sign-method")  # 5.0.0 is SHA-1, 11 and 12 are shared secrets: downgrades
    if not fields.get("signature"):
        raise Unproved("no-signature")
    key = _key_of(fields.get("signPubKeyCert", ""), trusted, at)
    try:
        seal = base64.b64decode(fields["signature"], validate=True)
        key.verify(seal, digest(fields), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError) as error:
        raise Unproved("signature") from error


def _key_of(pem: str, trusted: str, at: datetime) -> rsa.RSAPublicKey:
    try:
        chain = _chain(pem, trusted)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Unproved("certificate") from error
    if any(not one.not_valid_before_utc <= at <= one.not_valid_after_utc for one in chain):
        raise Unproved("certificate-expired")
    key = chain[0].public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise Unproved("certificate")
    return key


@lru_cache(maxsize=32)
def _chain(pem: str, trusted: str) -> tuple[x509.Certificate, ...]:
    """UnionPay's certificate up to a root that is trusted here. Raises ValueError."""
    chain = [x509.load_pem_x509_certificate(pem.encode())]
    names = chain[0].subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    owner = str(names[0].value).split("@") if names else []
    if len(owner) < 3 or owner[2] != OWNER:
        raise ValueError("a certificate of somebody else")
    above = x509.load_pem_x509_certificates(trusted.encode())
    while len(chain) <= _LINKS:
        issuer = next((one for one in above if _issued(chain[-1], one)), None)
        if issuer is None:
            break
        if issuer.subject == issuer.issuer:
            return (*chain, issuer)
        chain.append(issuer)
    raise ValueError("not issued by a trusted root")


def _issued(child: x509.Certificate, parent: x509.Certificate) -> bool:
    try:
        child.verify_directly_issued_by(parent)
        return parent.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        return False
