"""Encryption of identity fields at rest and their blind index (SEC-06).

A stored value reads `<key id>:<base64 of nonce + ciphertext + tag>`. The first key of settings.FIELD_KEYS writes,
all of them read, so a new key is put in front and old rows are rewritten in batches by `manage.py rotate_field_keys`.
The cipher is an AEAD chosen per key: `sm4` (GB/T 32907, SM4-GCM) or `aes` (AES-256-GCM). The purpose of a field is
authenticated too: a value moved into another column doesn't decrypt.
"""

import base64
import hashlib
import hmac
import os
import unicodedata
from binascii import a2b_base64
from dataclasses import dataclass
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.conf import settings

_NONCE = 12
_TAG = 16


class DecryptionFailed(Exception):
    """The value was written under an unknown key, for another field, or was changed."""


@dataclass(frozen=True, slots=True)
class FieldKey:
    """One entry of settings.FIELD_KEYS: `<id>:<aes|sm4>:<base64 key>`."""

    id: str
    algorithm: str
    secret: bytes

    @classmethod
    def parse(cls, text: str) -> "FieldKey":
        key_id, algorithm, secret = text.split(":", 2)
        key = cls(key_id, algorithm, base64.b64decode(secret))
        wanted = {"aes": 32, "sm4": 16}.get(algorithm)
        if wanted != len(key.secret):
            raise ValueError(f"field key {key_id}: algorithm must be aes (32 bytes) or sm4 (16 bytes)")
        return key

    def _cipher(self, nonce: bytes, tag: bytes | None = None) -> "Cipher[modes.GCM]":
        return Cipher(_block(self.algorithm, self.secret), modes.GCM(nonce, tag))

    def seal(self, plain: bytes, purpose: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        sealer = self._cipher(nonce).encryptor()
        sealer.authenticate_additional_data(purpose)
        body = sealer.update(plain) + sealer.finalize()
        return nonce + body + sealer.tag

    def open(self, sealed: bytes, purpose: bytes) -> bytes:
        nonce, body, tag = sealed[:_NONCE], sealed[_NONCE:-_TAG], sealed[-_TAG:]
        opener = self._cipher(nonce, tag).decryptor()
        opener.authenticate_additional_data(purpose)
        return opener.update(body) + opener.finalize()


@cache
def _block(algorithm: str, secret: bytes) -> "algorithms.AES | algorithms.SM4":
    """Made once for each key: a list decrypts a name in each row."""
    return algorithms.AES(secret) if algorithm == "aes" else algorithms.SM4(secret)


def _keys() -> dict[str, FieldKey]:
    """Parsed once per distinct setting; the first is the writing key."""
    raw = tuple(settings.FIELD_KEYS)
    if _cache.get("raw") != raw:
        _cache["raw"] = raw
        _cache["keys"] = {key.id: key for key in map(FieldKey.parse, raw)}
    keys = _cache["keys"]
    assert isinstance(keys, dict)
    return keys


_cache: dict[str, object] = {}


def writing_key_id() -> str:
    return next(iter(_keys()))


def encrypt(plain: str, *, purpose: str) -> str:
    key = next(iter(_keys().values()))
    return f"{key.id}:{base64.b64encode(key.seal(plain.encode(), purpose.encode())).decode()}"


def decrypt(stored: str, *, purpose: str) -> str:
    """Raises DecryptionFailed; never answers ciphertext as if it were plain."""
    key_id, _, body = stored.partition(":")
    key = _keys().get(key_id)
    if key is None:
        raise DecryptionFailed(f"no field key {key_id!r}")
    try:
        return key.open(a2b_base64(body, strict_mode=True), purpose.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise DecryptionFailed(f"value of {purpose} doesn't open under key {key_id}") from error


def blind_index(plain: str, *, purpose: str) -> str:
    """32 hex digits that are equal when the normalised values are; one key per purpose, so columns can't be joined."""
    normal = unicodedata.normalize("NFKC", plain).strip().upper()
    secret = hmac.new(settings.BLIND_INDEX_KEY.encode(), purpose.encode(), hashlib.sha256).digest()
    return hmac.new(secret, normal.encode(), hashlib.sha256).hexdigest()[:32]
