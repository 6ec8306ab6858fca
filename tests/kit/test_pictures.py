"""G16: of what people send as pictures only pixels are kept, and nothing makes the house stumble."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hospital.kit.pictures import LONGEST_SIDE, PictureRefused, PictureTooLarge, picture_read

MOST = 10 * 1024 * 1024
SCRIPT = b"<script>alert(document.cookie)</script>"


def _encoded(kind: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object) -> bytes:
    out = BytesIO()
    Image.new(mode, size, 1 if mode == "P" else "teal").save(out, kind, **options)
    return out.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png_flood(side: int) -> bytes:
    """50,000 x 50,000 points in a few bytes: unpacked they would be 7.5 GB."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    lines = zlib.compress(b"\0" * 100_000, 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", lines) + _chunk(b"IEND", b"")


def _with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SCRIPT.decode()
    exif[0x9286] = "深圳市某街道 13800000000"
    exif[0x0112] = 6  # lying on its side
    return _encoded("JPEG", (80, 40), exif=exif)


KEPT: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: _encoded("JPEG"),
    "png with transparency": lambda: _encoded("PNG", mode="RGBA"),
    "png with a palette": lambda: _encoded("PNG", mode="P"),
    "webp": lambda: _encoded("WEBP"),
    "grey jpeg": lambda: _encoded("JPEG", mode="L"),
    "cmyk jpeg": lambda: _encoded("JPEG", mode="CMYK"),
    "script in EXIF": _with_exif,
    "script and a zip behind the picture": lambda: _encoded("JPEG") + SCRIPT + b"PK\x03\x04",
    "script in a PNG text": lambda: _encoded("PNG").replace(b"IDAT", b"IDAT", 1)[:33]
    + _chunk(b"tEXt", b"Comment\0" + SCRIPT) + _encoded("PNG")[33:],
}  # fmt: skip
REFUSED: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "text": lambda: b"hello",
    "html named jpg": lambda: b"<html>" + SCRIPT,
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "pdf named jpg": lambda: b"%PDF-1.7\n" + SCRIPT,
    "pdf behind three bytes of jpeg": lambda: b"\xff\xd8\xff%PDF-1.7\n" + SCRIPT,
    "gif and script in one": lambda: b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)//",
    "a real gif": lambda: _encoded("GIF"),
    "tiff": lambda: _encoded("TIFF"),
    "a program": lambda: b"MZ" + b"\0" * 512,
    "half a jpeg": lambda: _encoded("JPEG", (900, 900))[:700],
    "half a png": lambda: _encoded("PNG", (900, 900))[:60],
    "heic": lambda: b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    "flood of points": lambda: _png_flood(50_000),
    "one point too wide": lambda: _png_flood(4_900),
    "larger than allowed": lambda: _encoded("JPEG") + b"\0" * MOST,
}


@pytest.mark.parametrize("name", KEPT)
def test_a_picture_is_made_anew(name: str) -> None:
    made = picture_read(BytesIO(KEPT[name]()), most_bytes=MOST)
    assert made.content.startswith(b"\xff\xd8\xff") and SCRIPT not in made.content and b"PK" not in made.content
    with Image.open(BytesIO(made.content)) as again:
        assert again.format == "JPEG" and again.size == (made.width, made.height)
        assert not again.getexif() and "icc_profile" not in again.info and "comment" not in again.info


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_refused(name: str) -> None:
    with pytest.raises(PictureRefused):
        picture_read(BytesIO(REFUSED[name]()), most_bytes=MOST)


def test_a_flood_of_points_is_refused_by_its_header() -> None:
    """Not one point is unpacked: refused for its size, not for running out of data."""
    with pytest.raises(PictureTooLarge):
        picture_read(BytesIO(_png_flood(50_000)), most_bytes=MOST)


def test_a_photo_is_turned_upright_and_made_smaller() -> None:
    made = picture_read(BytesIO(_with_exif()), most_bytes=MOST)
    assert (made.width, made.height) == (40, 80)
    large = picture_read(BytesIO(_encoded("JPEG", (5000, 3000))), most_bytes=MOST)
    assert max(large.width, large.height) <= LONGEST_SIDE


def test_no_more_is_read_than_allowed() -> None:
    class Endless(BytesIO):
        asked = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None and size > 0
            self.asked += size
            return b"\xff" * size

    endless = Endless()
    with pytest.raises(PictureRefused):
        picture_read(endless, most_bytes=1000)
    assert endless.asked <= 1001


_SEEDS = [_encoded("JPEG"), _encoded("PNG"), _encoded("WEBP")]


@given(seed=st.sampled_from(_SEEDS), at=st.floats(0, 0.999), put=st.binary(min_size=1, max_size=12))
def test_damage_anywhere_is_refused_or_harmless(seed: bytes, at: float, put: bytes) -> None:
    place = int(len(seed) * at)
    damaged = seed[:place] + put + seed[place + len(put) :]
    try:
        made = picture_read(BytesIO(damaged), most_bytes=MOST)
    except PictureRefused:
        return
    assert made.content.startswith(b"\xff\xd8\xff")
