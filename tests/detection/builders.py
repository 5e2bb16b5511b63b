"""Small files of many formats, built by hand, so that no test needs third-party files."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

OOXML = "application/vnd.openxmlformats-officedocument."
CONTENT_TYPES = "[Content_Types].xml"


@dataclass
class CountingReader:
    """A reader that counts reads and bytes, over bytes or over a sparse file."""

    size_bytes: int
    parts: dict[int, bytes]
    reads: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def of(cls, content: bytes) -> CountingReader:
        return cls(len(content), {0: content})

    @classmethod
    def sparse(cls, size_bytes: int, parts: dict[int, bytes]) -> CountingReader:
        """Return a reader of a file of zeros with some parts."""
        return cls(size_bytes, parts)

    def read(self, start: int, length: int) -> bytes:
        length = max(0, min(length, self.size_bytes - start))
        block = bytearray(length)
        for at, part in self.parts.items():
            first, last = max(at, start), min(at + len(part), start + length)
            if first < last:
                block[first - start : last - start] = part[first - at : last - at]
        self.reads.append((start, length))
        return bytes(block)

    @property
    def bytes_read(self) -> int:
        return sum(length for _, length in self.reads)


def zip_of(members: Mapping[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive with members in this order, `mimetype` uncompressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else method)
    return buffer.getvalue()


def content_types(*parts: str) -> str:
    """Return the list of parts of an Office package."""
    overrides = "".join(
        f'<Override PartName="/p{n}" ContentType="{p}"/>' for n, p in enumerate(parts)
    )
    return (
        '<?xml version="1.0"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f"{overrides}</Types>"
    )


def office(main_part: str, *, first: bool = True, padding: int = 0) -> bytes:
    """An Office package with one main part, its list first or last in the archive."""
    listed: dict[str, bytes | str] = {CONTENT_TYPES: content_types(main_part)}
    rest: dict[str, bytes | str] = {
        "_rels/.rels": "<Relationships/>",
        "document.xml": "<x/>",
        "noise.bin": bytes(padding),
    }
    members = {**listed, **rest} if first else {**rest, **listed}
    return zip_of(members, method=zipfile.ZIP_STORED if padding else zipfile.ZIP_DEFLATED)


def ole2(
    names: Sequence[str],
    *,
    nested: Sequence[str] = (),
    directory_sector: int = 1,
    size_bytes: int = 0,
    next_of_directory: int | None = None,
) -> bytes:
    """A compound file whose root storage has streams of the given names.

    `nested` names go under the first of them. The directory starts at `directory_sector` and
    `next_of_directory`, if given, is written as its successor in the allocation table.
    """
    entries = [_entry("Root Entry", kind=5, child=1 if names else None)]
    for number, name in enumerate(names, start=1):
        following = number + 1 if number < len(names) else None
        child = len(names) + 1 if nested and number == 1 else None
        entries.append(
            _entry(name, kind=1 if nested and number == 1 else 2, right=following, child=child)
        )
    for number, name in enumerate(nested, start=len(names) + 1):
        following = number + 1 if number < len(names) + len(nested) else None
        entries.append(_entry(name, kind=2, right=following))
    while len(entries) % 4:
        entries.append(bytes(128))
    sectors = len(entries) // 4
    table = [0xFFFFFFFF] * 128
    table[0] = 0xFFFFFFFD
    for index in range(sectors):
        sector = directory_sector + index
        if sector < 128:
            table[sector] = sector + 1 if index + 1 < sectors else 0xFFFFFFFE
    if next_of_directory is not None:
        table[directory_sector] = next_of_directory
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack(
        "<IIIIIIIIII", 0, 1, directory_sector, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0
    )
    header += b"\xff" * 432
    content = bytearray(header + struct.pack("<128I", *table))
    content += bytes((directory_sector - 1) * 512) + b"".join(entries)
    content += bytes(max(0, size_bytes - len(content)))
    return bytes(content)


def _entry(name: str, *, kind: int, right: int | None = None, child: int | None = None) -> bytes:
    encoded = name.encode("utf-16-le")
    none = 0xFFFFFFFF
    pointers = struct.pack(
        "<III", none, none if right is None else right, none if child is None else child
    )
    size = struct.pack("<H", len(encoded) + 2)
    return (encoded.ljust(64, b"\x00") + size + bytes((kind, 1)) + pointers).ljust(128, b"\x00")


def tar_header(name: bytes = b"notes.txt", *, magic: bytes = b"ustar\x0000") -> bytes:
    """Return a tar header with a valid checksum, and the two final empty blocks."""
    header = bytearray(512)
    header[: len(name)] = name
    header[100:108] = b"0000644\x00"
    header[124:136] = b"00000000000\x00"
    header[136:148] = b"00000000000\x00"
    header[148:156] = b" " * 8
    header[156:157] = b"0"
    header[257 : 257 + len(magic)] = magic
    header[148:156] = b"%06o\x00 " % sum(header)
    return bytes(header) + bytes(1024)


def elf(kind: int, *, big_endian: bool = False) -> bytes:
    """An ELF header of 64 bytes."""
    order = ">" if big_endian else "<"
    start = b"\x7fELF" + bytes((2, 2 if big_endian else 1, 1)) + bytes(9)
    return (start + struct.pack(f"{order}HH", kind, 62)).ljust(64, b"\x00")


def pe(machine: int = 0x8664, *, at: int = 128) -> bytes:
    """An MZ header that leads to a PE header."""
    start = (b"MZ" + bytes(58) + struct.pack("<I", at)).ljust(at, b"\x00")
    return start + b"PE\x00\x00" + struct.pack("<H", machine) + bytes(200)


def mach_o(kind: int, *, big_endian: bool = False, bits: int = 64) -> bytes:
    """A Mach-O header."""
    order = ">" if big_endian else "<"
    magic = 0xFEEDFACF if bits == 64 else 0xFEEDFACE
    return struct.pack(f"{order}IIII", magic, 0x01000007, 3, kind) + bytes(48)


def fat_mach_o(architectures: int = 2) -> bytes:
    """A universal Mach-O header."""
    return struct.pack(">II", 0xCAFEBABE, architectures) + bytes(40 * architectures)


def java_class() -> bytes:
    """A class file of Java 8."""
    return struct.pack(">IHH", 0xCAFEBABE, 0, 52) + bytes(64)


def iso_bmff(brand: bytes, *, rest: bytes = b"") -> bytes:
    """A file type box with a major brand, and some media data."""
    return struct.pack(">I", 24) + b"ftyp" + brand + bytes(4) + brand + b"isom" + rest


def riff(form: bytes, payload: bytes = bytes(64)) -> bytes:
    """A RIFF file of some form."""
    return b"RIFF" + struct.pack("<I", len(payload) + 4) + form + payload


def ebml(doctype: bytes) -> bytes:
    """An EBML header."""
    body = b"\x42\x82" + bytes((0x80 | len(doctype),)) + doctype
    return b"\x1a\x45\xdf\xa3" + bytes((0x80 | len(body),)) + body + bytes(64)


def ogg(*first_packets: bytes) -> bytes:
    """The first pages of an Ogg file, a stream each."""
    pages = [
        b"OggS\x00\x02"
        + bytes(8)
        + struct.pack("<III", serial, serial, 0)
        + b"\x01"
        + bytes((len(p),))
        + p
        for serial, p in enumerate(first_packets)
    ]
    return b"".join(pages) + b"OggS\x00\x00" + bytes(21)


def png() -> bytes:
    """A picture of one pixel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\x00\x00")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def jpeg() -> bytes:
    """The start and the end of a JPEG file."""
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"


def gif() -> bytes:
    """A GIF of one pixel."""
    screen = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    return screen + b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"


def tiff(*, big_endian: bool = False, after: bytes = b"") -> bytes:
    """Return a TIFF header with an empty directory, and `after` at byte 8."""
    start = b"MM\x00*\x00\x00\x00\x10" if big_endian else b"II*\x00\x10\x00\x00\x00"
    return (start + after).ljust(16, b"\x00") + bytes(16)


def bmp(*, depth: int = 24, header_bytes: int = 40) -> bytes:
    """A bitmap with an info header."""
    info = struct.pack("<IiiHH", header_bytes, 1, 1, 1, depth) + bytes(24)
    return b"BM" + struct.pack("<IHHI", 58, 0, 0, 54) + info + bytes(4)


def xlsx(*, first: bool = True, padding: int = 0) -> bytes:
    """Return the parts of a spreadsheet that detection reads."""
    return office(f"{OOXML}spreadsheetml.sheet.main+xml", first=first, padding=padding)


def dbf() -> bytes:
    """A dBASE III table of one field and no record."""
    header = bytes((3, 124, 5, 17)) + struct.pack("<IHH", 0, 65, 11) + bytes(20)
    fields = b"NAME".ljust(11, b"\x00") + b"C" + bytes(4) + bytes((10, 0)) + bytes(14)
    return header + fields + b"\r\x1a"


def sqlite(application_id: bytes = bytes(4)) -> bytes:
    """The header page of an SQLite file."""
    return (b"SQLite format 3\x00".ljust(68, b"\x00") + application_id).ljust(512, b"\x00")
