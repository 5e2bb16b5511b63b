"""Test files. Each ends in unique bytes."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from tests.e2e.stacks import MAX_BYTES

MARK_BYTES = 32


@dataclass(frozen=True)
class Specimen:
    """A file on disk with its expected type, and the final state of its row."""

    path: Path
    media_type: str | None
    state: str = "ready"
    shown: bool = False
    """True if a thumbnail is created."""

    @property
    def name(self) -> str:
        """Its file name."""
        return self.path.name

    @property
    def body(self) -> bytes:
        """Its bytes."""
        return self.path.read_bytes()

    @property
    def mark(self) -> bytes:
        """Bytes that occur in this file only."""
        return self.body[-MARK_BYTES:]


def picture(folder: Path, name: str, kind: str = "JPEG") -> Specimen:
    """Create an image with a thumbnail."""
    chance = random.Random(name)
    image = Image.new("RGB", (480, 360), (235, 228, 210))
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y = chance.randrange(480), chance.randrange(360)
        green = (chance.randrange(40, 110), chance.randrange(90, 160), chance.randrange(40, 90))
        draw.ellipse((x, y, x + chance.randrange(20, 90), y + chance.randrange(10, 60)), fill=green)
    encoded = io.BytesIO()
    image.save(encoded, kind)
    return _specimen(folder, name, encoded.getvalue(), f"image/{kind.lower()}", shown=True)


def text(folder: Path, name: str, media_type: str = "text/plain") -> Specimen:
    """Create a text file."""
    lines = "".join(f"{number},{number * number}\n" for number in range(200))
    return _specimen(folder, name, lines.encode(), media_type)


def sound(folder: Path, name: str) -> Specimen:
    """Create a WAV file."""
    samples = random.Random(name).randbytes(20_000)
    form = struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    head = b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt " + form
    body = head + b"data" + struct.pack("<I", len(samples)) + samples
    return _specimen(folder, name, body, "audio/vnd.wave")


def measurements(folder: Path, name: str, size: int) -> Specimen:
    """Create a file of `size` bytes without a known type."""
    state = "ready" if size <= MAX_BYTES else "refused"
    found = "application/octet-stream" if size <= MAX_BYTES else None
    body = b"\x01\x02\x03\x04" + random.Random(name).randbytes(size - MARK_BYTES - 4)
    return _specimen(folder, name, body, found, state=state)


def archive(folder: Path, name: str) -> Specimen:
    """Create a ZIP file, which is rejected."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as members:
        members.writestr("notes.txt", "nothing to see")
    return _specimen(folder, name, packed.getvalue(), None, state="refused")


def copy_of(original: Specimen, name: str) -> Specimen:
    """Copy a file to another name."""
    path = original.path.with_name(name)
    path.write_bytes(original.body)
    return Specimen(path, original.media_type, original.state, original.shown)


def twenty(folder: Path) -> list[Specimen]:
    """Create 20 files: the 18th is forbidden, the 19th too large, the 20th a copy of the first."""
    pictures = [picture(folder, f"{number:02} sheet.jpg") for number in range(1, 11)]
    others = [
        picture(folder, "11 Größe & <b>Käfer.png", "PNG"),
        picture(folder, "12 plate.png", "PNG"),
        text(folder, "13 labels.csv", "text/csv"),
        text(folder, "14 notes.txt"),
        sound(folder, "15 song.wav"),
        measurements(folder, "16 scan.dat", 5 * 1024**2),
        measurements(folder, "17 limit.dat", MAX_BYTES),
        archive(folder, "18 backup.zip"),
        measurements(folder, "19 huge.dat", MAX_BYTES + 1),
        copy_of(pictures[0], "20 copy.jpg"),
    ]
    return [*pictures, *others]


def _specimen(
    folder: Path,
    name: str,
    body: bytes,
    media_type: str | None,
    *,
    state: str = "ready",
    shown: bool = False,
) -> Specimen:
    path = folder / name
    mark = random.Random(f"mark of {name}").randbytes(MARK_BYTES)
    path.write_bytes(body + (mark if not name.endswith((".csv", ".txt")) else _printable(mark)))
    return Specimen(path, media_type, state, shown)


def _printable(mark: bytes) -> bytes:
    """Return unique bytes that keep a text file a text file."""
    return mark.hex().encode()[:MARK_BYTES]
