"""Recognise MPEG and AC-3 audio, and Windows media by their codecs."""

from __future__ import annotations

# The second byte of the sync word: the combinations of MPEG version, layer and CRC bit in use.
_MPEG_SYNC = frozenset(b"\xe3\xf2\xf3\xf4\xf5\xf6\xf7\xfa\xfb\xfc\xfd\xff")
_MPEG_SYNC_AFTER_PADDING = frozenset(b"\xe3") | frozenset(range(0xF2, 0x100))
_MAX_PADDING = 1024
_ASF = b"\x30\x26\xb2\x75"
_ASF_SEARCH_BYTES = 8192 + 64
_WMV_CODECS = ("Windows Media Video", "VC-1 Advanced Profile", "wmv2")
_WMV_MARKS = tuple(codec.encode("utf-16-le") for codec in _WMV_CODECS)
_WMA_MARK = "Windows Media Audio".encode("utf-16-le")


def mpeg(head: bytes) -> str | None:
    """Recognise MPEG audio: a frame or an ID3 tag, also after a line end or zeros."""
    if head[0] == 0xFF:
        return "audio/mpeg" if len(head) > 1 and head[1] in _MPEG_SYNC else None
    if head.startswith(b"ID3"):
        return "audio/mpeg"
    rest = head[2:8] if head.startswith(b"\r\n") else head[: _MAX_PADDING + 3].lstrip(b"\x00")
    if head[0] not in b"\r\x00" or len(rest) < 2:
        return None
    starts = rest[0] == 0xFF and rest[1] in _MPEG_SYNC_AFTER_PADDING
    return "audio/mpeg" if starts or rest.startswith(b"ID3") else None


def ac3(head: bytes) -> str | None:
    """Recognise Dolby Digital, plain or enhanced, by its bit stream id."""
    if not head.startswith(b"\x0bw") or len(head) < 6:
        return None
    stream_id = head[5] >> 3
    if stream_id <= 8:
        return "audio/ac3"
    return "audio/eac3" if 11 <= stream_id <= 16 else None


def windows_video(head: bytes) -> str | None:
    """Recognise ASF that names a video codec."""
    start = head[:_ASF_SEARCH_BYTES] if head.startswith(_ASF) else b""
    return "video/x-ms-wmv" if any(mark in start for mark in _WMV_MARKS) else None


def windows_audio(head: bytes) -> str | None:
    """Recognise ASF that names an audio codec; video is checked in a higher tier."""
    start = head[:_ASF_SEARCH_BYTES] if head.startswith(_ASF) else b""
    return "audio/x-ms-wma" if _WMA_MARK in start else None
