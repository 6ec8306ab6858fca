"""The national algorithms that the insurer's centre demands: SM2 signatures over SM3 (GB/T 32918), SM4 (GB/T 32907).

SM3 and SM4 are OpenSSL's, through `cryptography`; that library has no SM2, so that its arithmetic is here, as the standard
writes it. It isn't constant in time: it signs on a server that measures nothing for strangers, and the key signs nothing else.
"""

import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SM3, Hash
from cryptography.hazmat.primitives.padding import PKCS7

# The recommended curve of GB/T 32918.5.
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)

Point = tuple[int, int] | None  # None is the point at infinity
_Fast = tuple[int, int, int]  # (X, Y, Z) for (X/Z², Y/Z³): adding them needs no division


def sm3(data: bytes) -> bytes:
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()


def _double(point: _Fast) -> _Fast:
    x, y, z = point
    if not y or not z:
        return (0, 1, 0)
    square = y * y % P
    s = 4 * x * square % P
    m = 3 * (x - z * z) * (x + z * z) % P  # a is -3
    new_x = (m * m - 2 * s) % P
    return new_x, (m * (s - new_x) - 8 * square * square) % P, 2 * y * z % P


def _added(one: _Fast, two: _Fast) -> _Fast:
    if not one[2]:
        return two
    if not two[2]:
        return one
    (x1, y1, z1), (x2, y2, z2) = one, two
    zz1, zz2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * zz2 % P, x2 * zz1 % P
    s1, s2 = y1 * zz2 * z2 % P, y2 * zz1 * z1 % P
    if u1 == u2:
        return _double(one) if s1 == s2 else (0, 1, 0)
    h, r = u2 - u1, s2 - s1
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x = (r * r - hhh - 2 * v) % P
    return x, (r * (v - x) - s1 * hhh) % P, h * z1 * z2 % P


def times(k: int, point: Point) -> Point:
    """k times a point."""
    if point is None:
        return None
    base: _Fast = (*point, 1)
    result: _Fast = (0, 1, 0)
    for bit in bin(k % N)[2:]:
        result = _double(result)
        if bit == "1":
            result = _added(result, base)
    return _plain(result)


def plus(one: Point, two: Point) -> Point:
    if one is None or two is None:
        return one or two
    return _plain(_added((*one, 1), (*two, 1)))


def _plain(point: _Fast) -> Point:
    x, y, z = point
    if not z:
        return None
    inverse = pow(z, -1, P)
    return x * inverse * inverse % P, y * inverse * inverse * inverse % P


def on_curve(point: Point) -> bool:
    if point is None:
        return False
    x, y = point
    return 0 <= x < P and 0 <= y < P and (y * y - x * x * x - A * x - B) % P == 0


def _bytes(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _digest(message: bytes, identity: bytes, public: tuple[int, int]) -> int:
    """e of the standard: the message behind Z, which binds the signer's identity, the curve and the key."""
    numbers = b"".join(map(_bytes, (A, B, *G, *public)))
    z = sm3((len(identity) * 8).to_bytes(2, "big") + identity + numbers)
    return int.from_bytes(sm3(z + message), "big")


@dataclass(frozen=True, slots=True)
class PublicKey:
    point: tuple[int, int]

    @classmethod
    def of(cls, raw: bytes) -> "PublicKey":
        """65 bytes, 04 and both coordinates. Raises ValueError for what is no point of the curve."""
        point = (int.from_bytes(raw[1:33], "big"), int.from_bytes(raw[33:], "big"))
        if len(raw) != 65 or raw[0] != 4 or not on_curve(point):
            raise ValueError("not a public key of SM2")
        return cls(point)

    @property
    def raw(self) -> bytes:
        return b"\x04" + _bytes(self.point[0]) + _bytes(self.point[1])

    def verifies(self, signature: bytes, message: bytes, identity: bytes) -> bool:
        if len(signature) != 64:
            return False
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        if not (0 < r < N and 0 < s < N) or not (t := (r + s) % N):
            return False
        point = plus(times(s, G), times(t, self.point))
        return point is not None and (_digest(message, identity, self.point) + point[0]) % N == r


@dataclass(frozen=True, slots=True)
class PrivateKey:
    d: int

    @classmethod
    def of(cls, raw: bytes) -> "PrivateKey":
        d = int.from_bytes(raw, "big")
        if not 0 < d < N - 1:
            raise ValueError("not a private key of SM2")
        return cls(d)

    @classmethod
    def fresh(cls) -> "PrivateKey":
        return cls(secrets.randbelow(N - 2) + 1)

    @property
    def raw(self) -> bytes:
        return _bytes(self.d)

    @property
    def public(self) -> PublicKey:
        point = times(self.d, G)
        assert point is not None, "d is below the order"
        return PublicKey(point)

    def sign(self, message: bytes, identity: bytes, *, k: int = 0) -> bytes:
        """r and s, 32 bytes each. `k` is for the standard's own example; else it is fresh every time."""
        e = _digest(message, identity, self.public.point)
        while True:
            chosen = k or secrets.randbelow(N - 1) + 1
            point = times(chosen, G)
            assert point is not None, "k is below the order"
            r = (e + point[0]) % N
            s = pow(1 + self.d, -1, N) * (chosen - r * self.d) % N
            if r and r + chosen != N and s:
                return _bytes(r) + _bytes(s)


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
