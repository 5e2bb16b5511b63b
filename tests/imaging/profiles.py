"""ICC profiles (ICC.1:2001-04) of other colour spaces than sRGB, built from numbers."""

from __future__ import annotations

import struct
from itertools import product

from PIL import Image, ImageCms

Colour = tuple[int, int, int]

INKS: dict[int, Colour] = {0: (0, 150, 214), 1: (214, 20, 120), 2: (250, 228, 20), 3: (40, 38, 36)}
"""The colours of the inks of `cmyk()` on white paper: cyan, magenta, yellow, black."""


def adobe_rgb() -> bytes:
    """Return a profile with the primaries and gamma of Adobe RGB (1998)."""
    gamma = b"curv\0\0\0\0" + struct.pack(">IHH", 1, 0x0233, 0)
    return _profile(
        b"mntr",
        b"RGB ",
        b"XYZ ",
        {
            b"rXYZ": _xyz(0.60974, 0.31111, 0.01947),
            b"gXYZ": _xyz(0.20528, 0.62567, 0.06087),
            b"bXYZ": _xyz(0.14919, 0.06322, 0.74457),
            b"rTRC": gamma,
            b"gTRC": gamma,
            b"bTRC": gamma,
        },
    )


def linear_grey() -> bytes:
    """Return a profile of linear grey."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": b"curv\0\0\0\0" + bytes(4)})


def cmyk() -> bytes:
    """Return a profile of a printer with these inks, multiplied where they overlap."""
    identity = struct.pack(">9i", *(65536 if place % 4 == 0 else 0 for place in range(9)))
    curve = bytes(range(256))
    nodes = b"".join(_lab(overprint(inks)) for inks in product((0, 1), repeat=4))
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + identity + curve * 4 + nodes + curve * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


def overprint(inks: tuple[int, ...]) -> Colour:
    """Return the colour of full inks (1) printed over each other."""
    seen = [255.0, 255.0, 255.0]
    for number, amount in enumerate(inks):
        if amount:
            seen = [one * ink / 255 for one, ink in zip(seen, INKS[number], strict=True)]
    return (round(seen[0]), round(seen[1]), round(seen[2]))


def _lab(colour: Colour) -> bytes:
    dot = Image.new("RGB", (1, 1), colour)
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(dot, srgb, lab, outputMode="LAB")
    assert converted is not None
    lightness, a, b = converted.tobytes()  # Pillow's a and b are signed, the profile's begin at 128
    return bytes((lightness, (a + 128) % 256, (b + 128) % 256))


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 6) + b"Adobe\0" + bytes(78),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": _xyz(0.9642, 1.0, 0.8249),
        **tags,
    }
    table, data = struct.pack(">I", len(tags)), b""
    for tag, value in tags.items():
        start = 128 + 4 + 12 * len(tags) + len(data)
        table += tag + struct.pack(">II", start, len(value))
        data += value + bytes(-len(value) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12s4s4sI4s4sQI3i4s44x",
        128 + len(table) + len(data),
        b"none", 0x02400000, kind, space, connection, bytes(12), b"acsp", b"none", 0,
        b"none", b"none", 0, 0, 63190, 65536, 54061, b"none",
    )  # fmt: skip
    return header + table + data
