"""The rotating code of a visit card (H2): `<card number>.<time step>.<proof>`, a new one each minute.

The number alone says who; the proof says that the holder's phone showed it within the last two minutes. Nothing
personal is in it.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from io import BytesIO

import segno
from barcode import Code128
from barcode.writer import SVGWriter
from django.conf import settings

STEP_SECONDS = 60
_PROOF = 12  # hex digits


def code_at(number: str, at: datetime) -> str:
    """What the QR shows at an instant."""
    step = int(at.timestamp()) // STEP_SECONDS
    return f"{number}.{step}.{_proof(number, step)}"


def good_until(at: datetime) -> datetime:
    """Until when the code of an instant is taken."""
    return datetime.fromtimestamp((int(at.timestamp()) // STEP_SECONDS + 2) * STEP_SECONDS, UTC)


def number_of(code: str, at: datetime) -> str | None:
    """The card number of a code that is true now, one step earlier or later; None otherwise."""
    number, _, rest = code.strip().partition(".")
    step_text, _, proof = rest.partition(".")
    if not step_text.isdecimal() or len(step_text) > 12:
        return None
    step, now = int(step_text), int(at.timestamp()) // STEP_SECONDS
    if abs(step - now) > 1 or not hmac.compare_digest(proof.encode(), _proof(number, step).encode()):
        return None
    return number


def _proof(number: str, step: int) -> str:
    key = hmac.new(settings.SIGNING_KEY.encode(), b"people.visit_card", hashlib.sha256).digest()
    return hmac.new(key, f"{number}.{step}".encode(), hashlib.sha256).hexdigest()[:_PROOF]


def qr_data_uri(text: str) -> str:
    """A QR as an image that needs no further request."""
    return str(segno.make(text, error="m", micro=False).svg_data_uri(scale=6, border=2))


def barcode_data_uri(number: str) -> str:
    """Code 128 of the number: works without a network, but proves nothing, so the desk asks for a second mark."""
    picture = BytesIO()
    options = {"module_height": 14.0, "module_width": 0.34, "write_text": False, "quiet_zone": 4.0}
    Code128(number, writer=SVGWriter()).write(picture, options)
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.getvalue()).decode()}"
