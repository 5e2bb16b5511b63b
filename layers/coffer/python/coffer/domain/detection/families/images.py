"""Recognise still images and drawings whose headers need more than a signature."""

from __future__ import annotations

_TGA_KINDS = (b"\x01\x01\x00\x00", b"\x00\x02\x00\x00", b"\x00\x03\x00\x00")
_TGA_TRAILER_BYTES = frozenset(b"TRUEVISION-XFILE.\x00")
_PLAIN_ANYMAPS = {
    b"P1": "image/x-portable-bitmap",
    b"P2": "image/x-portable-graymap",
    b"P3": "image/x-portable-pixmap",
}
_MAX_ANYMAP_HEADER = 4096
_CGM_VERSIONS = tuple(b"\x10\x22\x00" + bytes((version,)) for version in (1, 2, 3, 4))


def tga(head: bytes) -> str | None:
    """Recognise uncompressed Targa by its header; it has no signature.

    As Tika does, it requires any byte of the trailer's text before the first line end. A zero byte
    of the header nearly always satisfies this.
    """
    if head[1:5] not in _TGA_KINDS:
        return None
    line = head[8 : 8 + 8192].partition(b"\n")[0].partition(b"\r")[0]
    return "image/x-tga" if not _TGA_TRAILER_BYTES.isdisjoint(line) else None


def plain_anymap(head: bytes) -> str | None:
    """Recognise portable anymaps that are text: P, a digit, a separator, and only numbers."""
    media_type = _PLAIN_ANYMAPS.get(head[:2]) if head[2:3] in (b"\n", b"\r", b" ") else None
    if media_type is None:
        return None
    lines = (line.partition(b"#")[0] for line in head[2:_MAX_ANYMAP_HEADER].splitlines())
    numbers = [number for line in lines for number in line.split()]
    return media_type if len(numbers) >= 2 and b"".join(numbers).isdigit() else None


def cgm(head: bytes) -> str | None:
    """Recognise binary computer graphics metafiles by their first element and version."""
    if len(head) < 2 or head[0] != 0 or head[1] & 0xE0 != 0x20:
        return None
    start = head[2 : 64 + 4]
    return "image/cgm" if any(version in start for version in _CGM_VERSIONS) else None


def dwg(head: bytes) -> str | None:
    """Recognise AutoCAD drawings: AC and four digits."""
    digits = head[2:6]
    if head.startswith(b"AC") and len(digits) == 4 and all(b & 0xF0 == 0x30 for b in digits):
        return "image/vnd.dwg"
    return None


def dgn(head: bytes) -> str | None:
    """Recognise MicroStation design files of version 7."""
    if head[0] & 0x0F == 0x08 and head[1:4] == b"\x09\xfe\x02":
        return "image/vnd.dgn; version=7"
    return None


def dxf(head: bytes) -> str | None:
    """Recognise AutoCAD exchange files (text): a header or entities section, after a comment."""
    start = head[:160].replace(b"\r\n", b"\n")
    section = start.find(b"0\nSECTION\n")
    if section < 0 or (section > 32 and b"999\n" not in start[:36]):
        return None
    for content in (b"2\nHEADER\n", b"2\nENTITIES\n"):
        if start.find(content, section + 10, section + 80) >= 0:
            return "image/vnd.dxf; format=ascii"
    return None
