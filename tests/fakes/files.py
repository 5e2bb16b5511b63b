"""Small sample files of several types."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable

from PIL import Image


def image(
    kind: str, width: int = 3, height: int = 2, *, mode: str = "RGB", colour: int = 0
) -> bytes:
    """Return an image of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """Return a PNG with this size in its header and no pixels."""
    return _png(width, height, 8, 2, b"")


def deep_png(width: int, height: int, colour_type: int, pixel: tuple[int, ...]) -> bytes:
    """Return a PNG of one colour with 16 bits per channel, which Pillow does not write."""
    row = b"\0" + struct.pack(f">{len(pixel)}H", *pixel) * width
    return _png(width, height, 16, colour_type, zlib.compress(row * height))


def png_of_rows(
    size: tuple[int, int], depth: int, colour_type: int, rows: Iterable[bytes]
) -> bytes:
    """Return a PNG of these rows, unfiltered."""
    return _png(*size, depth, colour_type, zlib.compress(b"".join(b"\0" + row for row in rows)))


def _png(width: int, height: int, depth: int, colour_type: int, data: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, body) for kind, body in chunks)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def _archive(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name), body)
    return out.getvalue()


PNG = image("PNG")
OTHER_PNG = image("PNG", colour=255)
JPEG = image("JPEG")
TEXT = b"Test content"
UNKNOWN = bytes((1, 0, 10, 23))
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00" + bytes(44)
ZIP = _archive({"a.txt": b"a"})
GZIP = gzip.compress(b"reads", mtime=0)
XLSX = _archive(
    {
        "[Content_Types].xml": (
            b'<?xml version="1.0" encoding="UTF-8"?>'
            b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            b'<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
            b'officedocument.spreadsheetml.sheet.main+xml"/></Types>'
        ),
        "_rels/.rels": (
            b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            b'<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
            b'relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": b"<workbook/>",
    }
)


def epub(members: int = 2) -> bytes:
    """Return an e-book, which is a zip archive with an uncompressed `mimetype` as the first."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        for number in range(1, members):
            archive.writestr(f"OEBPS/chapter{number}.xhtml", f"Chapter {number}")
    return out.getvalue()
