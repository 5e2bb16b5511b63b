"""Camera raw files and EXIF blocks, built byte by byte: no installed library writes them."""

from __future__ import annotations

import struct
import zlib
from base64 import b85decode
from collections.abc import Mapping, Sequence
from fractions import Fraction

Entry = bytes | str | int | Fraction | Sequence[int]


class Tiff:
    """Builds a TIFF structure: values and directories are appended one after the other."""

    def __init__(self, order: str = "<", magic: bytes = b"*\0") -> None:
        self._order = order
        self._data = bytearray((b"II" if order == "<" else b"MM") + magic + bytes(4))

    def blob(self, data: bytes) -> int:
        """Append bytes and return their offset."""
        place = len(self._data)
        self._data += data + bytes(len(data) % 2)
        return place

    def directory(self, entries: Mapping[int, Entry], following: int = 0) -> int:
        """Append a directory and return its offset."""
        packed = [self._entry(tag, value) for tag, value in sorted(entries.items())]
        count = struct.pack(f"{self._order}H", len(packed))
        return self.blob(count + b"".join(packed) + struct.pack(f"{self._order}I", following))

    def finish(self, first: int) -> bytes:
        """Return the file with its first directory at offset `first`."""
        self._data[4:8] = struct.pack(f"{self._order}I", first)
        return bytes(self._data)

    def _entry(self, tag: int, value: Entry) -> bytes:
        kind, count, data = self._encoded(value)
        if len(data) > 4:
            data = struct.pack(f"{self._order}I", self.blob(data))
        return struct.pack(f"{self._order}HHI", tag, kind, count) + data.ljust(4, b"\0")

    def _encoded(self, value: Entry) -> tuple[int, int, bytes]:
        if isinstance(value, bytes):
            return 7, len(value), value
        if isinstance(value, str):
            text = value.encode() + b"\0"
            return 2, len(text), text
        if isinstance(value, Fraction):
            return 10, 1, struct.pack(f"{self._order}2i", value.numerator, value.denominator)
        numbers = [value] if isinstance(value, int) else list(value)
        if all(0 <= number < 65536 for number in numbers):
            return 3, len(numbers), struct.pack(f"{self._order}{len(numbers)}H", *numbers)
        return 4, len(numbers), struct.pack(f"{self._order}{len(numbers)}I", *numbers)


def exif_block(
    tags: Mapping[int, Entry], image: Mapping[int, Entry] | None = None, order: str = "<"
) -> bytes:
    """Return an EXIF block of a JPEG, without its `Exif` marker."""
    magic = b"*\0" if order == "<" else b"\0*"
    tiff = Tiff(order, magic)
    exif = tiff.directory(tags)
    return tiff.finish(tiff.directory({0x8769: exif, **(image or {})}))


def raw(
    large: bytes,
    thumb: bytes,
    *,
    orientation: int = 1,
    size: tuple[int, int] = (6000, 4000),
    tags: Mapping[int, Entry] | None = None,
    order: str = "<",
) -> bytes:
    """Return a file like NEF, DNG and ARW: sensor data and preview in sub-directories."""
    tiff = Tiff(order, b"*\0" if order == "<" else b"\0*")
    preview, tiny = tiff.blob(large), tiff.blob(thumb)
    sensor = tiff.directory(
        {0x0100: size[0], 0x0101: size[1], 0x0103: 1, 0x0106: 32803, 0x0111: 8, 0x0117: 100}
    )
    of_preview = tiff.directory({0x0103: 6, 0x0201: preview, 0x0202: len(large)})
    exif = tiff.directory(tags or {})
    first: dict[int, Entry] = {
        0x0100: 160,
        0x0101: 120,
        0x0103: 7,
        0x0106: 2,
        0x0111: tiny,
        0x0117: len(thumb),
        0x0112: orientation,
        0x014A: [sensor, of_preview],
        0x8769: exif,
    }
    return tiff.finish(tiff.directory(first))


def cr2(large: bytes, thumb: bytes, *, orientation: int = 1) -> bytes:
    """Return a file like Canon's CR2: a chain of directories, the preview in a strip."""
    tiff = Tiff()
    tiff.blob(b"CR\2\0" + bytes(4))
    preview, tiny = tiff.blob(large), tiff.blob(thumb)
    second = tiff.directory({0x0201: tiny, 0x0202: len(thumb)})
    first = tiff.directory(
        {0x0103: 6, 0x0111: preview, 0x0117: len(large), 0x0112: orientation}, second
    )
    return tiff.finish(first)


def raf(preview: bytes) -> bytes:
    """Return a file like Fuji's RAF: a header, a JPEG, then the sensor's data."""
    head = b"FUJIFILMCCD-RAW 0201FF383501X-T1".ljust(148, b"\0")
    return head + preview + b"\0\xff" * 5000


def orf(preview: bytes) -> bytes:
    """Return a file like Olympus' ORF: another magic number, the preview in the maker notes."""
    tiff = Tiff(magic=b"RO")
    notes = tiff.blob(b"OLYMPUS\0II\3\0" + bytes(100_000) + preview)
    exif = tiff.directory({0x9003: "2020:11:13 10:03:17"})
    return tiff.finish(tiff.directory({0x0100: 640, 0x0101: 480, 0x8769: exif, 0xC000: notes}))


def cr3(preview: bytes, *, orientation: int = 1) -> bytes:
    """Return a file like Canon's CR3: boxes with two directories and the preview."""

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(content), kind) + content

    image, exif = Tiff(), Tiff()
    of_image = image.finish(image.directory({0x0100: 6000, 0x0101: 4000, 0x0112: orientation}))
    of_exif = exif.finish(exif.directory({0x9003: "2020:11:13 10:03:17"}))
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    moov = box(b"uuid", canon + box(b"CMT1", of_image) + box(b"CMT2", of_exif))
    large = bytes(16) + box(b"PRVW", bytes(16) + preview)
    ftyp = box(b"ftyp", b"crx \0\0\0\1crx isom")
    return ftyp + box(b"moov", box(b"uuid", bytes(16)) + moov) + box(b"uuid", large)


def with_chunk(png: bytes, kind: bytes, body: bytes, before: bytes = b"IDAT") -> bytes:
    """Return a PNG with another chunk (PNG, third edition, 5.3)."""
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    place = png.index(before) - 4
    return png[:place] + chunk + png[place:]


def jp2_with_profile(jp2: bytes, profile: bytes) -> bytes:
    """Return a JP2 with an ICC profile (ISO/IEC 15444-1, I.5.3.3)."""
    header, colours = jp2.index(b"jp2h") - 4, jp2.index(b"colr") - 4
    (header_length,) = struct.unpack(">I", jp2[header : header + 4])
    (length,) = struct.unpack(">I", jp2[colours : colours + 4])
    box = struct.pack(">I4s3B", 11 + len(profile), b"colr", 2, 0, 0) + profile
    changed = struct.pack(">I", header_length - length + len(box))
    head = jp2[:header] + changed + jp2[header + 4 : colours]
    return head + box + jp2[colours + length :]


def grey_tiff(
    code: str,
    number: float,
    *,
    order: str = "<",
    photometric: int = 1,
    bits: int,
    kind: int = 1,
    size: tuple[int, int] = (300, 200),
) -> bytes:
    """Return a greyscale TIFF in this byte order (TIFF 6.0, sections 4 and 8)."""
    width, height = size
    tiff = Tiff(order, b"*\0" if order == "<" else b"\0*")
    values = struct.pack(f"{order}{code}", number) * width * height
    strip = tiff.blob(values)
    directory = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: strip}
    directory |= {277: 1, 278: height, 279: len(values), 339: kind}
    return tiff.finish(tiff.directory(directory))


# Sixteen by four pixels of 16 bits a colour, without loss: white, and (60000, 1000, 0). Pillow
# writes none; this is OpenJPEG's.
DEEP_JPEG_2000 = zlib.decompress(
    b85decode(
        "c-s5#|38pHp8*5}fS82=0Z{qO{EUnc^goD!2PnYE$iTwF!1zCgfyJTWe+q*t1EX_MYGO%hib7JQf`373o"
        ">zdYyFyuNQE_H|o`R8{sh-LI2@G6d)20J8PCoy~kVS+c+WDpq2Q$Z?S_Q_I%C18BqFKuCf?aA)W%Td#6%"
        "zV!@Bjm2OL6}vp+EPZFfi~aSJh3JcCCQHpzo&-NL~Gbx<e1Fd3lamGsjpzIl;h?D1W?LVO5rp(Es}TKPG"
        "Be@8knYMK74gaL6g%AdRu5W!D!69u?JPHyeNg54JHdNO*YvzX<?a`cd!"
    )
)
