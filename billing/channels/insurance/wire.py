"""The envelope of the insurer's mobile payment centre: what is said is encrypted by SM4 and signed by SM2, both ways.

The text that is signed is `name=value&` of every field that isn't empty, sorted by name, `data` in it as JSON with sorted
names, and the application's secret behind. The secret is also the signer's identity, and makes the key of SM4.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hospital.kit.gm import PrivateKey, PublicKey, sm4_decrypt, sm4_encrypt

VERSION = "2.0.1"
_UNSIGNED = {"signData", "encData", "extra"}
WINDOW = 300  # seconds that the time of a message may differ from our clock


class Unreadable(Exception):
    """Not from the other side: half a message, another key, a signature that doesn't hold."""


def _lean(value: Any) -> Any:
    """Without what is empty: an empty field isn't signed."""
    if isinstance(value, Mapping):
        return {name: _lean(one) for name, one in sorted(value.items()) if one is not None and one not in ("", [], {})}
    return [_lean(one) for one in value] if isinstance(value, list) else value


def sign_text(message: Mapping[str, Any], secret: str) -> bytes:
    parts = []
    for name, value in _lean(message).items():
        if name in _UNSIGNED:
            continue
        if not isinstance(value, str):
            value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        parts.append(f"{name}={value}&")
    return f"{''.join(parts)}key={secret}".encode()


@dataclass(frozen=True)
class Side:
    """One side of the wire: signs with its own key and believes the other's. Keys in base64, as the centre hands them out."""

    app_id: str
    secret: str
    private_key: str
    their_public_key: str

    @cached_property
    def _own(self) -> PrivateKey:
        return PrivateKey.of(base64.b64decode(self.private_key))

    @cached_property
    def _theirs(self) -> PublicKey:
        return PublicKey.of(base64.b64decode(self.their_public_key))

    @cached_property
    def _key(self) -> bytes:
        """The key of SM4: the secret encrypted under the application's number, the first 16 characters of it in hex."""
        return sm4_encrypt(self.app_id[:16].encode(), self.secret.encode()).hex().upper()[:16].encode()

    def seal(self, data: Mapping[str, Any], *, stamp: int, **more: Any) -> dict[str, Any]:
        """A message as it goes over the wire; `stamp` is unix milliseconds, `more` what stands beside the data."""
        message = {
            "appId": self.app_id, "encType": "SM4", "signType": "SM2", "timestamp": str(stamp), "version": VERSION, **more,
        }  # fmt: skip
        signature = self._own.sign(sign_text(message | {"data": data}, self.secret), self.secret.encode())
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return message | {
            "encData": sm4_encrypt(self._key, text.encode()).hex().upper(),
            "signData": base64.b64encode(signature).decode(),
        }

    def open(self, message: Any, *, now: float) -> dict[str, Any]:
        """The data of a genuine message. Raises Unreadable."""
        try:
            if not isinstance(message, dict) or message.get("appId") != self.app_id:
                raise Unreadable("application")
            data = json.loads(sm4_decrypt(self._key, bytes.fromhex(str(message["encData"]))))
            signature = base64.b64decode(str(message["signData"]), validate=True)
            sent = int(message["timestamp"]) / 1000
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable("unreadable") from error
        if not isinstance(data, dict) or not self._theirs.verifies(
            signature, sign_text(message | {"data": data}, self.secret), self.secret.encode()
        ):
            raise Unreadable("signature")
        if abs(now - sent) > WINDOW:
            raise Unreadable("timestamp-window")
        return data
