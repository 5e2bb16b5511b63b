"""The golden images: one picture in every form of file, and its expected thumbnail.

The tests create each case and its expectation; no thumbnail is stored. `python -m
tests.imaging.golden` prints the difference of each case.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import pillow_heif
from PIL import Image, ImageChops, ImageDraw, ImageOps, ImageStat
from PIL.ExifTags import Base as Tag
from PIL.Image import Transpose

from tests.fakes.files import png_of_rows
from tests.imaging.containers import Tiff, jp2_with_profile
from tests.imaging.helpers import EDGE, encode, make
from tests.imaging.profiles import adobe_rgb, cmyk, overprint

SIZE = (480, 320)

STORED = {
    1: None,
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}
"""How a camera stores an upright picture, for each EXIF orientation (CIPA DC-008, table 6)."""


@dataclass(frozen=True)
class Case:
    """A file, its expected thumbnail, and the allowed average difference.

    The error is the mean absolute difference of the channels, of 255.
    """

    name: str
    file: Callable[[], bytes]
    expected: Callable[[], Image.Image]
    most: float


@cache
def picture() -> Image.Image:
    """Return a smooth picture whose corners differ, so that each orientation looks different."""
    red, green = Image.linear_gradient("L").resize(SIZE), Image.linear_gradient("L").rotate(90)
    blue = Image.radial_gradient("L").resize(SIZE)
    image = Image.merge("RGB", (red, green.resize(SIZE), blue))
    draw = ImageDraw.Draw(image)
    width, height = SIZE
    corners = {(0, 0): "red", (1, 0): "lime", (0, 1): "blue", (1, 1): "white"}
    for (right, below), colour in corners.items():
        left, top = right * (width - 120), below * (height - 80)
        draw.rectangle((left, top, left + 119, top + 79), fill=colour)
    return image


def grey() -> Image.Image:
    return picture().convert("L")


def small(image: Image.Image) -> Image.Image:
    """Return the expected thumbnail, scaled in the slowest and best way."""
    shown = image.convert("RGB")
    shown.thumbnail((EDGE, EDGE), Image.Resampling.LANCZOS)
    return shown


def error_of(case: Case) -> float:
    """Return the difference of a case; the size of a page may be rounded differently."""
    made, expected = make(case.file()).convert("RGB"), case.expected()
    assert all(abs(one - other) <= 1 for one, other in zip(made.size, expected.size, strict=True))
    made = made.resize(expected.size)
    return sum(ImageStat.Stat(ImageChops.difference(made, expected)).mean) / 3


def cases() -> Iterator[Case]:
    yield from _orientations()
    yield from _formats()
    yield from _depths()
    yield from _spaces()
    yield from _transparent()
    yield from _several()


def stored(kind: str, orientation: int) -> bytes:
    """Return the picture as a camera in this orientation stores it."""
    turn = STORED[orientation]
    image = picture() if turn is None else picture().transpose(turn)
    exif = Image.Exif()
    exif[Tag.Orientation] = orientation
    if kind == "HEIF":
        return heic(image, exif=exif.tobytes())
    return encode(image, kind, exif=exif, quality=92)


def heic(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=90, **options)
    return out.getvalue()


def _orientations() -> Iterator[Case]:
    for kind, orientation in product(("JPEG", "WEBP", "TIFF", "HEIF", "PNG", "AVIF"), STORED):
        yield Case(
            f"{kind} held as {orientation}",
            lambda kind=kind, orientation=orientation: stored(kind, orientation),  # type: ignore[misc] # mypy cannot infer a lambda's defaults
            lambda: small(picture()),
            4.0,
        )


def _formats() -> Iterator[Case]:
    forms: dict[str, tuple[str, dict[str, Any]]] = {
        "JPEG progressive": ("JPEG", {"quality": 92, "progressive": True}),
        "JPEG 4:4:4": ("JPEG", {"quality": 92, "subsampling": 0}),
        "BMP": ("BMP", {}),
        "PPM": ("PPM", {}),
        "WebP lossless": ("WEBP", {"lossless": True}),
        "JPEG 2000": ("JPEG2000", {}),
        "JPEG 2000 in tiles": ("JPEG2000", {"tile_size": (100, 100)}),
        "BigTIFF": ("TIFF", {"big_tiff": True}),
        "TIFF with JPEG": ("TIFF", {"compression": "jpeg", "quality": 92}),
        "TIFF with LZW": ("TIFF", {"compression": "tiff_lzw"}),
        "TIFF with deflate": ("TIFF", {"compression": "tiff_adobe_deflate"}),
        "PDF": ("PDF", {"resolution": 72.0, "quality": 92}),
    }
    for name, (kind, options) in forms.items():
        yield Case(
            name,
            lambda kind=kind, options=options: encode(picture(), kind, **options),  # type: ignore[misc] # as above
            lambda: small(picture()),
            4.0,
        )
    yield Case("JPEG grey", lambda: encode(grey(), "JPEG", quality=92), lambda: small(grey()), 3.0)


def _depths() -> Iterator[Case]:
    yield Case("PNG grey, 16 bits", lambda: _deep(grey(), 0), lambda: small(grey()), 3.0)
    yield Case("PNG RGB, 16 bits", lambda: _deep(picture(), 2), lambda: small(picture()), 3.0)
    yield Case("TIFF grey, 16 bits", lambda: encode(_sixteen(), "TIFF"), lambda: small(grey()), 3.0)
    yield Case(
        "TIFF grey, 32 bits of floating point",
        lambda: encode(grey().convert("F").point(lambda v: v * 2.5 - 100), "TIFF"),
        lambda: small(ImageOps.autocontrast(grey())),
        3.0,
    )
    yield Case("TIFF grey, 16 bits, big-endian", _big_endian, lambda: small(grey()), 3.0)
    yield Case("PGM, 16 bits", _deep_pgm, lambda: small(grey()), 3.0)
    yield Case("PPM, 16 bits", _deep_ppm, lambda: small(picture()), 3.0)
    yield Case("TIFF RGB, 16 bits", _deep_tiff, lambda: small(picture()), 3.0)
    yield Case(
        "PNG of one bit",
        lambda: encode(grey().convert("1"), "PNG"),
        lambda: small(grey().convert("1").convert("L")),
        4.0,
    )


def _deep(image: Image.Image, colour_type: int) -> bytes:
    """Return a PNG of 16 bits a channel, which Pillow cannot write."""
    bands = len(image.getbands())
    row = image.width * bands
    data = bytes(byte for byte in image.tobytes() for _ in range(2))
    rows = [data[start : start + 2 * row] for start in range(0, len(data), 2 * row)]
    return png_of_rows(image.size, 16, colour_type, rows)


def _sixteen() -> Image.Image:
    values = b"".join(struct.pack("<H", value * 257) for value in grey().tobytes())
    return Image.frombytes("I;16", SIZE, values)


def _big_endian() -> bytes:
    tiff = Tiff(">", b"\0*")
    values = b"".join(struct.pack(">H", value * 257) for value in grey().tobytes())
    strip = tiff.blob(values)
    width, height = SIZE
    directory = {256: width, 257: height, 258: 16, 259: 1, 262: 1, 273: strip}
    return tiff.finish(tiff.directory(directory | {277: 1, 278: height, 279: len(values)}))


def _deep_pgm() -> bytes:
    values = b"".join(struct.pack(">H", value * 257) for value in grey().tobytes())
    return b"P5 %d %d 65535\n" % SIZE + values


def _deep_ppm() -> bytes:
    values = b"".join(struct.pack(">H", value * 257) for value in picture().tobytes())
    return b"P6 %d %d 65535\n" % SIZE + values


def _deep_tiff() -> bytes:
    """Return a TIFF of 16 bits a channel (TIFF 6.0), which Pillow cannot write."""
    values = b"".join(struct.pack("<H", value * 257) for value in picture().tobytes())
    start = 8 + 2 + 9 * 12 + 4
    entries = (
        (256, 3, 1, SIZE[0]),
        (257, 3, 1, SIZE[1]),
        (258, 3, 3, start),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, start + 6),
        (277, 3, 1, 3),
        (278, 3, 1, SIZE[1]),
        (279, 4, 1, len(values)),
    )
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + bytes(4)
    return head + struct.pack("<3H", 16, 16, 16) + values


def _spaces() -> Iterator[Case]:
    for kind in ("JPEG", "TIFF"):
        yield Case(
            f"{kind} CMYK without a profile",
            lambda kind=kind: encode(picture().convert("CMYK"), kind),  # type: ignore[misc] # as above
            lambda: small(picture()),
            5.0,
        )
        yield Case(
            f"{kind} CMYK with a profile",
            lambda kind=kind: encode(  # type: ignore[misc] # as above
                _patches("CMYK"),
                kind,
                icc_profile=cmyk(),
                **({"quality": 95} if kind == "JPEG" else {}),
            ),
            lambda: small(_patches("RGB")),
            5.0,
        )
    for kind in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF"):
        yield Case(
            f"{kind} of a wide gamut",
            lambda kind=kind: encode(  # type: ignore[misc] # as above
                picture(), kind, icc_profile=adobe_rgb(), quality=92
            ),
            lambda: _seen_of_adobe_rgb(small(picture())),
            5.0,
        )
    yield Case(
        "HEIF of a wide gamut",
        lambda: heic(picture(), icc_profile=adobe_rgb()),
        lambda: _seen_of_adobe_rgb(small(picture())),
        5.0,
    )

    yield Case(
        "JPEG 2000 of a wide gamut",
        lambda: jp2_with_profile(encode(picture(), "JPEG2000"), adobe_rgb()),
        lambda: _seen_of_adobe_rgb(small(picture())),
        5.0,
    )


def _patches(mode: str) -> Image.Image:
    """Return all overprints of full inks, as inks or as colours."""
    image = Image.new(mode, SIZE)
    width, height = SIZE[0] // 4, SIZE[1] // 4
    for number, inks in enumerate(product((0, 1), repeat=4)):
        left, top = number % 4 * width, number // 4 * height
        colour: Any = tuple(255 * ink for ink in inks) if mode == "CMYK" else overprint(inks)
        image.paste(colour, (left, top, left + width, top + height))
    return image


def _seen_of_adobe_rgb(image: Image.Image) -> Image.Image:
    """Convert Adobe RGB to sRGB by the matrices of both spaces (D65)."""
    seen = Image.new("RGB", image.size)
    data = image.tobytes()
    known: dict[bytes, bytes] = {}
    pixels = (data[start : start + 3] for start in range(0, len(data), 3))
    seen.frombytes(b"".join(known.setdefault(one, _converted(one)) for one in pixels))
    return seen


_TO_SRGB = ((1.39836, -0.39836, 0.0), (0.0, 1.0, 0.0), (0.0, -0.04293, 1.04293))


def _converted(pixel: bytes) -> bytes:
    linear = [(value / 255) ** (0x0233 / 256) for value in pixel]
    sums = (sum(a * b for a, b in zip(row, linear, strict=True)) for row in _TO_SRGB)
    return bytes(round(255 * _encoded(min(1.0, max(0.0, value)))) for value in sums)


def _encoded(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _transparent() -> Iterator[Case]:
    yield Case("PNG with alpha", lambda: encode(_veiled(), "PNG"), _on_white, 4.0)
    yield Case("WebP with alpha", lambda: encode(_veiled(), "WEBP", lossless=True), _on_white, 4.0)
    yield Case("TIFF with alpha", lambda: encode(_veiled(), "TIFF"), _on_white, 4.0)
    for kind in ("PNG", "GIF"):
        yield Case(
            f"{kind} palette with transparency",
            lambda kind=kind: encode(_palette(), kind, transparency=0),  # type: ignore[misc] # as above
            lambda: small(_palette_on_white()),
            4.0,
        )


def _veiled() -> Image.Image:
    image = picture().copy()
    image.putalpha(Image.linear_gradient("L").resize(SIZE))
    return image


def _on_white() -> Image.Image:
    ground = Image.new("RGB", SIZE, "white")
    ground.paste(picture(), mask=Image.linear_gradient("L").resize(SIZE))
    return small(ground)


def _palette() -> Image.Image:
    """Return four stripes with the four entries of a palette."""
    image = Image.new("P", SIZE)
    image.putpalette([0, 0, 0, 200, 30, 30, 30, 160, 60, 40, 60, 200])
    for entry in range(4):
        image.paste(entry, (entry * SIZE[0] // 4, 0, (entry + 1) * SIZE[0] // 4, SIZE[1]))
    return image


def _palette_on_white() -> Image.Image:
    image = _palette().convert("RGB")
    image.paste("white", (0, 0, SIZE[0] // 4, SIZE[1]))
    return image


def _several() -> Iterator[Case]:
    other = Image.new("RGB", SIZE, "black")
    for kind in ("GIF", "WEBP", "TIFF", "PNG", "AVIF", "PDF", "MPO"):
        yield Case(
            f"the first of several in a {kind}",
            lambda kind=kind: encode(picture(), kind, save_all=True, append_images=[other]),  # type: ignore[misc] # as above
            lambda: small(picture()),
            6.0,
        )
    for number in (0, 1):
        yield Case(
            f"the primary of several in a HEIF, number {number + 1}",
            lambda number=number: _several_heif(other, number),  # type: ignore[misc] # as above
            lambda: small(picture()),
            4.0,
        )
    yield Case(
        "the full one in a TIFF, behind a smaller copy",
        lambda: encode(
            picture().resize((48, 32)),
            "TIFF",
            tiffinfo={254: 1},
            save_all=True,
            append_images=[_whole(picture())],
        ),
        lambda: small(picture()),
        4.0,
    )


def _several_heif(other: Image.Image, number: int) -> bytes:
    images = [other, other]
    images[number] = picture()
    out = io.BytesIO()
    file = pillow_heif.from_pillow(images[0])
    file.add_from_pillow(images[1])
    file.save(out, quality=90, primary_index=number)
    return out.getvalue()


def _whole(image: Image.Image) -> Image.Image:
    """Return the picture with the TIFF tag of a full-resolution image."""
    image = image.copy()
    image.encoderinfo = {"tiffinfo": {254: 0}}
    return image


if __name__ == "__main__":
    for case in cases():
        error = error_of(case)
        print(f"{error:6.2f} of at most {case.most:.1f}   {case.name}")
