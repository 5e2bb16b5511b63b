"""Recognise files of ISO base media boxes (MP4, QuickTime, HEIF, 3GPP, CR3) by their brand."""

from __future__ import annotations

_BRANDS = {
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"F4A ": "audio/mp4",
    b"F4B ": "audio/mp4",
    b"mp41": "video/mp4",
    b"mp42": "video/mp4",
    b"M4V ": "video/x-m4v",
    b"M4VH": "video/x-m4v",
    b"M4VP": "video/x-m4v",
    b"avif": "image/avif",
    b"avis": "image/avif",  # a sequence: the type is the same (AV1 Image File Format, 9.1)
    b"mif1": "image/heif",
    b"msf1": "image/heif-sequence",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic-sequence",
    b"hevx": "image/heic-sequence",
    b"crx ": "image/x-canon-cr3",
    b"3ge6": "video/3gpp",
    b"3ge7": "video/3gpp",
    b"3gg6": "video/3gpp",
    b"3gp1": "video/3gpp",
    b"3gp2": "video/3gpp",
    b"3gp3": "video/3gpp",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
    b"3gp6": "video/3gpp",
    b"3gs7": "video/3gpp",
    b"3g2a": "video/3gpp2",
    b"3g2b": "video/3gpp2",
    b"3g2c": "video/3gpp2",
}
_FIRST_BOXES = (b"ftyp", b"moov\x00", b"mdat\x00", b"free\x00", b"skip\x00", b"pnot\x00")


def by_brand(head: bytes) -> str | None:
    """Recognise a file by its major brand."""
    return _BRANDS.get(head[8:12]) if head[4:8] == b"ftyp" else None


def quicktime(head: bytes) -> str | None:
    """Recognise other files of boxes as QuickTime, which the name can make more specific."""
    if head.startswith(_FIRST_BOXES, 4) or head.startswith(b"\x00\x00\x00\x08wide"):
        return "video/quicktime"
    return None
