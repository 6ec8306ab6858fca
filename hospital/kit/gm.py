"""The national algorithms that the insurer's centre demands: SM2 signatures over SM3 (GB/T 32918), SM4 (GB/T 32907).

SM4 is OpenSSL's, through `cryptography`; that library has no SM2, so that signatures are those of `gmalg`. They aren't
constant in time: they are made on a server that measures nothing for strangers, and the key signs nothing else.
"""

from dataclasses import dataclass

import gmalg
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from gmalg.errors import GMError

# The order of the recommended curve (GB/T 32918.5).
_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


@dataclass(frozen=True, slots=True)
class PublicKey:
    raw: bytes  # 04 and both coordinates

    @classmethod
    def of(cls, raw: bytes) -> "PublicKey":
        """65 bytes, 04 and both coordinates. Raises ValueError for what is no point of the curve."""
        try:
            is_point = len(raw) == 65 and raw[0] == 4 and gmalg.SM2().verify_pk(raw)
        except GMError:
            is_point = False
        if not is_point:
            raise ValueError("not a public key of SM2")
        return cls(raw)

    def verifies(self, signature: bytes, message: bytes, identity: bytes) -> bool:
        if len(signature) != 64:
            return False
        try:
            return bool(gmalg.SM2(uid=identity, pk=self.raw).verify(message, signature[:32], signature[32:]))
        except GMError:  # a sum at infinity, and the like: what nobody signed
            return False


@dataclass(frozen=True, slots=True)
class PrivateKey:
    raw: bytes  # 32 bytes

    @classmethod
    def of(cls, raw: bytes) -> "PrivateKey":
        """Raises ValueError for what is no private key of the curve."""
        if len(raw) != 32 or not 0 < int.from_bytes(raw, "big") < _ORDER - 1:
            raise ValueError("not a private key of SM2")
        return cls(raw)

    @classmethod
    def fresh(cls) -> "PrivateKey":
        return cls(_whole(gmalg.SM2().generate_keypair()[0]))

    @property
    def public(self) -> PublicKey:
        return PublicKey(gmalg.SM2().generate_pk(self.raw))

    def sign(self, message: bytes, identity: bytes) -> bytes:
        """r and s, 32 bytes each."""
        r, s = gmalg.SM2(self.raw, identity).sign(message)
        return _whole(r) + _whole(s)


def _whole(number: bytes) -> bytes:
    """32 bytes: the library leaves leading zeros out, one number in 256."""
    return number.rjust(32, b"\0")


def sm4_encrypt(key: bytes, plain: bytes) -> bytes:
    """ECB with PKCS#7, as the interface prescribes it. Every message differs by its number and time."""
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()  # noqa: S305 - the interface's own mode
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def sm4_decrypt(key: bytes, secret: bytes) -> bytes:
    """Raises ValueError for what wasn't encrypted under this key."""
    decryptor = Cipher(algorithms.SM4(key), modes.ECB()).decryptor()  # noqa: S305 - the interface's own mode
    unpadder = PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(secret) + decryptor.finalize()) + unpadder.finalize()
