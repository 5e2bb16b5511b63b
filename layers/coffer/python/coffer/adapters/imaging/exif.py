"""Describe the EXIF tags of a picture with the names and wording of the reference.

The reference stores those of metadata-extractor (ExifSubIFDDirectory and its descriptor). Tags are
those of CIPA DC-008 (Exif 2.32). As there, blank, unknown and binary values and maker notes are
left out. The GPS position is in another directory, which is never read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from fractions import Fraction

from coffer.adapters.imaging.tiff_directories import Directory, Value
from coffer.domain.text_tables import read_table
from coffer.domain.uploads.image_properties import MAX_CHARACTERS, MAX_TAGS

_ORIENTATION = 0x0112


def _read_tags() -> tuple[dict[int, str], dict[int, tuple[str, ...]]]:
    """Return the names of the tags, and the words for the values of some of them."""
    names, words = {}, {}
    for tag, name, *values in read_table(__file__, "exif_tags.txt"):
        names[int(tag, 16)] = name
        if values:
            words[int(tag, 16)] = tuple(values[0].split("|"))
    return names, words


_NAMES, _WORDS = _read_tags()
_LIGHTS = {
    0: "Unknown",
    1: "Daylight",
    2: "Florescent",
    3: "Tungsten (Incandescent)",
    4: "Flash",
    9: "Fine Weather",
    10: "Cloudy",
    11: "Shade",
    255: "Other",
}
_ENCODINGS = {b"ASCII\0\0\0": "ascii", b"UNICODE\0": "utf-16", b"\0" * 8: "utf-8"}
_CAPTURE_TIMES = ("Date/Time Original", "Date/Time", "Date/Time Digitized")
_TIME_FORMAT = "%Y:%m:%d %H:%M:%S"
_MAX_EXPONENT = 64


def exif_of(directories: Sequence[Directory]) -> dict[str, str]:
    """Return the text of each known tag of the EXIF directories, up to MAX_TAGS."""
    texts: dict[str, str] = {}
    for tag, value in _tags(directories):
        name = _NAMES.get(tag)
        text = _describe(tag, value) if name else ""
        if name and text and len(texts) < MAX_TAGS:
            texts.setdefault(name, text[:MAX_CHARACTERS])
    return texts


def orientation_of(directories: Sequence[Directory]) -> int | None:
    """Return the EXIF orientation, 1 to 8, or None."""
    number = directories[0].number(_ORIENTATION) if directories else None
    return number if number is not None and 1 <= number <= 8 else None


def capture_time(texts: dict[str, str]) -> str | None:
    """Return the first valid capture time, such as `2020-11-13T10:03:17`, or None."""
    for name in _CAPTURE_TIMES:
        try:
            text = texts.get(name, "")[:19]
            moment = datetime.strptime(text, _TIME_FORMAT)  # noqa: DTZ007 - EXIF has no time zone
        except ValueError:
            continue
        return moment.isoformat(timespec="seconds")
    return None


def _tags(directories: Sequence[Directory]) -> Iterator[tuple[int, Value]]:
    for first in directories:
        for directory in first.walk():
            for exif in directory.exif:
                yield from exif.values.items()


def _describe(tag: int, value: Value) -> str:
    if isinstance(value, bytes):
        return _describe_bytes(tag, value)
    if isinstance(value, str):
        return _printable(value)
    number = value[0] if value else None
    if number is None:
        return ""
    if tag in _WORDS:
        return _word(_WORDS[tag], number)
    describe = _DESCRIPTIONS.get(tag)
    if describe is not None:
        return describe(value)
    return " ".join(_plain(one) for one in value[:16])


def _describe_bytes(tag: int, value: bytes) -> str:
    if tag in (0x9000, 0xA000) and value.isdigit() and len(value) == 4:
        return f"{int(value[:2])}.{value[2:].decode()}"
    if tag == 0x9101:
        names = ("", "Y", "Cb", "Cr", "R", "G", "B")
        return "".join(names[one] for one in value[:4] if one < len(names))
    if tag in (0xA300, 0xA301):
        return _word(_WORDS[tag], value[0])
    if tag == 0x9286 and value[:8] in _ENCODINGS:
        return _printable(value[8:].decode(_ENCODINGS[value[:8]], "replace"))
    return ""


def _printable(text: str) -> str:
    kept = (char if char.isprintable() else " " for char in text.strip(" \0"))
    return "".join(kept).replace("\ufffd", "").strip()


def _word(words: Sequence[str], number: object) -> str:
    if isinstance(number, int) and 0 <= number < len(words) and words[number]:
        return words[number]
    return f"Unknown ({number})"


Numbers = tuple[int | float | Fraction | None, ...]


def _plain(number: float | Fraction | None) -> str:
    """Return `1/125` for unit fractions, else decimals without trailing zeros."""
    if number is None:
        return "0"
    if isinstance(number, Fraction):
        return str(number) if number.numerator == 1 else _decimal(number, 3)
    return str(number)


def _decimal(number: float | Fraction, places: int) -> str:
    text = f"{float(number):.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _first(numbers: Numbers) -> Fraction:
    """Return the first number; 0 if it is missing, infinite or NaN."""
    number = numbers[0]
    if isinstance(number, float) and not math.isfinite(number):
        return Fraction()
    return Fraction(number or 0)


def _seconds(seconds: float | Fraction) -> str:
    if 0 < seconds < 1:
        return f"1/{round(1 / float(seconds))} sec"
    return f"{_decimal(seconds, 1)} sec"


def _shutter(numbers: Numbers) -> str:
    """Convert an APEX value, the logarithm of the exposure time (CIPA DC-008, annex C)."""
    exponent = max(-_MAX_EXPONENT, min(float(_first(numbers)), _MAX_EXPONENT))
    return _seconds(2**-exponent)


def _aperture(numbers: Numbers) -> str:
    exponent = max(-_MAX_EXPONENT, min(float(_first(numbers)), _MAX_EXPONENT))
    return f"f/{2 ** (exponent / 2):.1f}"


def _flash(numbers: Numbers) -> str:
    value = int(_first(numbers))
    text = "Flash fired" if value & 1 else "Flash did not fire"
    if value & 4:
        text += ", return detected" if value & 2 else ", return not detected"
    if value & 24 == 24:
        text += ", auto"
    return f"{text}, red-eye reduction" if value & 64 else text


def _light(numbers: Numbers) -> str:
    number = int(_first(numbers))
    return _LIGHTS.get(number, f"Unknown ({number})")


def _colours(numbers: Numbers) -> str:
    number = int(_first(numbers))
    return {1: "sRGB", 65535: "Undefined"}.get(number, f"Unknown ({number})")


def _zoom(numbers: Numbers) -> str:
    return _decimal(_first(numbers), 1) if _first(numbers) else "Digital zoom not used"


def _lens(numbers: Numbers) -> str:
    known = [_decimal(one, 1) if one else "" for one in numbers[:4]]
    lengths = "-".join(dict.fromkeys(one for one in known[:2] if one))
    apertures = "-".join(dict.fromkeys(one for one in known[2:4] if one))
    return " ".join(
        part
        for part in (f"{lengths}mm" if lengths else "", f"f/{apertures}" if apertures else "")
        if part
    )


def _with_unit(unit: str, places: int = 3) -> Callable[[Numbers], str]:
    return lambda numbers: f"{_decimal(_first(numbers), places)} {unit}"


_DESCRIPTIONS: dict[int, Callable[[Numbers], str]] = {
    0x829A: lambda numbers: _seconds(_first(numbers)),
    0x829D: lambda numbers: f"f/{float(_first(numbers)):.1f}",
    0x9102: _with_unit("bits/pixel"),
    0x9201: _shutter,
    0x9202: _aperture,
    0x9204: _with_unit("EV"),
    0x9205: _aperture,
    0x9206: _with_unit("metres"),
    0x9208: _light,
    0x9209: _flash,
    0x920A: _with_unit("mm", 1),
    0xA001: _colours,
    0xA002: _with_unit("pixels"),
    0xA003: _with_unit("pixels"),
    0xA404: _zoom,
    0xA405: _with_unit("mm", 1),
    0xA432: _lens,
}
