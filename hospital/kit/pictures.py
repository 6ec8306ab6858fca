"""Pictures that people send, made anew before they are kept (G16).

What is kept is a JPEG that this house encoded from the pixels: hidden programs, EXIF (where and by whom it was taken),
a second file behind the first, all that isn't a pixel is gone. Nothing of the sender's file name is used.
"""

import struct
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from .problems import Problem

KINDS = ("JPEG", "PNG", "WEBP")
ACCEPT = "image/jpeg,image/png,image/webp"  # an iPhone turns its HEIC into JPEG when it reads this
MOST_PIXELS = 24_000_000  # of the file as sent: what decoding may cost, some 100 MB for a moment
LONGEST_SIDE = 2048  # of what is kept: letters of a photographed page stay readable
QUALITY = 85
# What Pillow raises on damaged files, by its own documentation and by the corpus of tests/kit/test_pictures.py.
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, struct.error, OverflowError)


class PictureRefused(Problem):
    code = "picture"
    status = 422
    audited = False
    title = _("Only pictures (JPEG, PNG or WebP) up to %(most)d MB can be taken")
    next_step = _("Take a photo, or a screenshot, and choose it here.")


class PictureTooLarge(PictureRefused):
    code = "picture-pixels"
    title = _("This picture has too many points: at most %(most)d million can be taken")
    next_step = _("Send a screenshot of it, or choose a lower resolution in your camera.")


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG without anything but pixels."""

    content: bytes
    width: int
    height: int


def picture_read(upload: IO[bytes], *, most_bytes: int) -> Picture:
    """The picture made anew. Raises PictureRefused, PictureTooLarge; never reads more than `most_bytes`."""
    content = upload.read(most_bytes + 1)
    refused = PictureRefused(most=max(1, most_bytes // 1024 // 1024))
    if len(content) > most_bytes:
        raise refused
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is asked just below
            image = Image.open(BytesIO(content), formats=KINDS)
        if image.width * image.height > MOST_PIXELS:  # the header tells it before a single point is unpacked
            raise PictureTooLarge(most=MOST_PIXELS // 1_000_000)
        return _made_anew(image)
    except Image.DecompressionBombError as error:
        raise PictureTooLarge(most=MOST_PIXELS // 1_000_000) from error
    except _DAMAGE as error:
        raise refused from error


def _made_anew(image: Image.Image) -> Picture:
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    turned = ImageOps.exif_transpose(image)
    turned.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    flat = Image.new("RGB", turned.size, "white")
    if turned.mode in {"RGBA", "LA", "PA"} or "transparency" in turned.info:
        layer = turned.convert("RGBA")
        flat.paste(layer, mask=layer.getchannel("A"))
    else:
        flat.paste(turned.convert("RGB"))
    out = BytesIO()
    flat.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Picture(out.getvalue(), flat.width, flat.height)
