"""Recognise databases, scientific and library records, certificates, and files of programs."""

from __future__ import annotations

DBF_VERSIONS = b"\x02\x03\x30\x31\x32\x43\x63\x83\x8b\xcb\xf5\xe5\xfb"
_DIGITS = frozenset(b"0123456789")
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")
_CPIO_HEADER_BYTES = 50
_MARC_KINDS = (
    (b"acdnp", b"acdefgijkmoprt", b"abcdims"),
    (b"acdnosx", b"z"),
    (b"cdn", b"uvxy"),
    (b"acdn", b"w"),
    (b"cdn", b"q"),
)
_MINISEED_QUALITIES = (b"D ", b"R ", b"Q ", b"M ")
_MINISEED_HEADER_BYTES = 48
_SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
_SIGNATURE_ALGORITHMS = (
    # identifier, then one byte for the algorithm, then these last bytes
    (b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01", b"\x05\x00"),
    (b"\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03", b""),
    (b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03", b""),
)
_CLUSTER_SIZES = frozenset(b"\x01\x02\x04\x08\x10")


def dbf(head: bytes) -> str | None:
    """Recognise dBASE by its version, date, sizes and first field."""
    if len(head) < 44 or head[0] not in DBF_VERSIONS:
        return None
    dated = 1 <= head[2] <= 12 and 1 <= head[3] <= 31
    header_bytes_plausible = head[9] != 0 or head[8] >= 0x41
    record_bytes_plausible = head[10] > 1 or head[11] != 0
    named = 0 in head[32:43]
    kind = head[43]
    typed = 0x41 <= kind <= 0x5A or kind in b"@+"
    if dated and header_bytes_plausible and record_bytes_plausible and named and typed:
        return "application/x-dbf"
    return None


def cpio_of_text(head: bytes) -> str | None:
    """Recognise cpio archives by a header of digits (cpio(5), odc and newc formats).

    The signature alone is a number, with which a table may begin.
    """
    digits = head[6:_CPIO_HEADER_BYTES]
    if not head.startswith((b"070707", b"070701", b"070702")) or len(digits) < 40:
        return None
    return "application/x-cpio" if _HEX_DIGITS.issuperset(digits) else None


def marc(head: bytes) -> str | None:
    """Recognise MARC library records by their leader."""
    if not _DIGITS.issuperset(head[:5]) or head[20:22] != b"45":
        return None
    for kinds in _MARC_KINDS:
        codes = head[5 : 5 + len(kinds)]
        if len(codes) == len(kinds) and all(
            c in allowed for c, allowed in zip(codes, kinds, strict=True)
        ):
            return "application/marc"
    return None


def flow_cytometry(head: bytes) -> str | None:
    """Recognise flow cytometry standard files by their version."""
    version = head[3:6]
    if (
        head.startswith(b"FCS")
        and len(version) == 3
        and version[0] in b"123"
        and version[1] == 0x2E
        and version[2] in _DIGITS
        and head[6:10] == b"    "
    ):
        return "application/vnd.isac.fcs"
    return None


def sereal(head: bytes) -> str | None:
    """Recognise Sereal serialisation by its version."""
    version = head[4] & 0x0F if len(head) > 4 else 0
    if (head.startswith(b"=srl") and version in (1, 2)) or (
        head.startswith(b"=\xf3rl") and version == 3
    ):
        return f"application/sereal; version={version}"
    return None


def heap_dump(head: bytes) -> str | None:
    """Recognise Java heap profiles, binary or text."""
    version = head[13:18]
    if not head.startswith(b"JAVA PROFILE ") or len(version) < 5:
        return None
    if not _DIGITS.issuperset(version[::2]) or version[1::2] != b"..":
        return None
    kinds = {b"\x00": "application/vnd.java.hprof", b",": "application/vnd.java.hprof.text"}
    return kinds.get(head[18:19])


def signed_data(head: bytes) -> str | None:
    """Recognise PKCS #7 in DER: a sequence that starts with the identifier of signed data."""
    if len(head) < 2 or head[0] != 0x30 or not 0x80 <= head[1] <= 0x84:
        return None
    start = 2 + (head[1] & 0x7F)
    if head.startswith(_SIGNED_DATA, start) and head[start + 11 : start + 12] == b"\xa0":
        return "application/pkcs7-signature"
    return None


def certificate(head: bytes) -> str | None:
    """Recognise X.509 certificates in DER: a sequence with a signature algorithm near its start."""
    if len(head) < 2 or head[0] != 0x30 or head[1] & 0xF8 != 0x80:
        return None
    for identifier, ending in _SIGNATURE_ALGORITHMS:
        found = head.find(identifier, 10, 50 + len(identifier))
        after = found + len(identifier) + 1
        if found >= 0 and head[after : after + len(ending)] == ending:
            return "application/x-x509-cert; format=der"
    return None


def key(head: bytes) -> str | None:
    """Recognise keys in DER: a sequence that starts with a version number from 0 to 3."""
    if len(head) < 2 or head[0] != 0x30 or not 0x80 <= head[1] <= 0x82:
        return None
    start = 2 + (head[1] & 0x7F)
    version = head[start : start + 3]
    if len(version) == 3 and version[:2] == b"\x02\x01" and version[2] <= 3:
        return "application/x-x509-key; format=der"
    return None


def miniseed(head: bytes) -> str | None:
    """Recognise seismic records: a sequence number of six digits, a quality letter, a blank.

    Source: SEED Reference Manual 2.4, chapter 8, fixed section of data header. Tika recognises them
    by name only.
    """
    numbered = len(head) >= _MINISEED_HEADER_BYTES and _DIGITS.issuperset(head[:6])
    return "application/vnd.fdsn.mseed" if numbered and head[6:8] in _MINISEED_QUALITIES else None


def owner_file(head: bytes) -> str | None:
    """Recognise Office owner files: the name's length, the name, and the length again."""
    if len(head) < 56 or not 5 <= head[0] <= 15 or head[54] != head[0] or head[55] != 0:
        return None
    readable = all(byte == 0 or 0x20 <= byte <= 0x7E for byte in head[1:11])
    return "application/x-ms-owner" if readable else None


def fat_image(head: bytes) -> str | None:
    """Recognise FAT disk images by the jump instruction of the boot sector."""
    if head[0] != 0xEB or head[2:3] != b"\x90" or len(head) < 17:
        return None
    sized = head[14] in _CLUSTER_SIZES or head[14:16] == b" @" or head[14:17] == b"x80"
    return "application/x-fat-diskimage" if sized else None


def postscript_illustrator(head: bytes) -> str | None:
    """Recognise PostScript files of Illustrator by their %AI5_FileFormat line."""
    mark = b"%AI5_FileFormat "
    found = head.find(mark, 0, 8192 + len(mark))
    if found < 1 or head[found - 1] not in b"\r\n":
        return None
    version, end = head[found + len(mark) :][:1], head[found + len(mark) + 1 :][:1]
    if version in (b"1", b"2", b"3", b"4") and end in (b"\r", b"\n"):
        return "application/illustrator+ps"
    return None
