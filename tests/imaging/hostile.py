"""Files that mean harm: small ones of every format that claim to be giants, or nothing at all."""

from __future__ import annotations

import struct
from functools import cache

from PIL import Image

from tests.fakes.files import png_header
from tests.imaging.containers import raf
from tests.imaging.documents import pdf
from tests.imaging.golden import heic
from tests.imaging.helpers import encode, plain

GIANT = 60_000


@cache
def healthy() -> dict[str, bytes]:
    """Return a small valid file of every format, by its media type."""
    image = Image.effect_noise((64, 48), 60).convert("RGB")
    return {
        "image/jpeg": encode(image, "JPEG"),
        "image/png": encode(image, "PNG"),
        "image/gif": encode(image, "GIF"),
        "image/bmp": encode(image, "BMP"),
        "image/tiff": encode(image, "TIFF", compression="tiff_lzw"),
        "image/webp": encode(image, "WEBP"),
        "image/avif": encode(image, "AVIF"),
        "image/jp2": encode(image, "JPEG2000"),
        "image/x-portable-pixmap": encode(image, "PPM"),
        "image/heic": heic(image),
        "application/pdf": pdf("0 0 300 200"),
        "image/x-raw-fuji": raf(encode(image, "JPEG")),
    }


def sized(media_type: str, width: int, height: int) -> bytes:
    """Return the same file with another size in its header."""
    file = healthy()[media_type]
    big, little = struct.pack(">II", width, height), struct.pack("<II", width, height)
    match media_type:
        case "image/jpeg" | "image/x-raw-fuji":
            return _jpeg_sized(file, min(width, 65535), min(height, 65535))
        case "image/png":
            return png_header(width, height)
        case "image/gif":
            size = struct.pack("<HH", min(width, 65535), min(height, 65535))
            frame = file.index(b",\0\0\0\0") + 5
            return file[:6] + size + file[10:frame] + size + file[frame + 4 :]
        case "image/bmp":
            return file[:18] + little + file[26:]
        case "image/tiff":
            return _tiff_sized(file, width, height)
        case "image/webp":
            return _webp_sized(width, height)
        case "image/avif" | "image/heic":
            place = file.index(b"ispe") + 8
            return file[:place] + big + file[place + 8 :]
        case "image/jp2":
            return _jp2_sized(file, width, height)
        case "image/x-portable-pixmap":
            return b"P6 %d %d 255\n" % (width, height) + bytes(100)
    return pdf(f"0 0 {width} {height}")


def _jpeg_sized(file: bytes, width: int, height: int) -> bytes:
    frame = file.index(b"\xff\xc0") + 5
    return file[:frame] + struct.pack(">HH", height, width) + file[frame + 4 :]


def _tiff_sized(file: bytes, width: int, height: int) -> bytes:
    changed = bytearray(file)
    (start,) = struct.unpack("<I", file[4:8])
    (count,) = struct.unpack("<H", file[start : start + 2])
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        (tag,) = struct.unpack("<H", file[entry : entry + 2])
        if tag in (256, 257):
            value = width if tag == 256 else height
            changed[entry : entry + 12] = struct.pack("<HHII", tag, 4, 1, value)
    return bytes(changed)


def _webp_sized(width: int, height: int) -> bytes:
    """Return the extended format, whose canvas may have 2^24 pixels a side."""
    canvas = (
        bytes(4) + (width - 1).to_bytes(4, "little")[:3] + (height - 1).to_bytes(4, "little")[:3]
    )
    chunks = b"VP8X" + struct.pack("<I", len(canvas)) + canvas + plain("WEBP", size=(8, 8))[12:]
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def _jp2_sized(file: bytes, width: int, height: int) -> bytes:
    """Return the file with the size in the header box and in the codestream."""
    box, code = file.index(b"ihdr") + 4, file.index(b"\xff\x4f\xff\x51") + 8
    changed = bytearray(file)
    changed[box : box + 8] = struct.pack(">II", height, width)
    changed[code : code + 8] = struct.pack(">II", width, height)
    return bytes(changed)
