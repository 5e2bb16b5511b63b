"""Detect the type of Ogg files by the codecs of their streams.

Sources: RFC 3533 for pages; Apache Tika's Ogg detector for the type of each combination.
"""

from __future__ import annotations

from coffer.domain.detection.window import Window

_PAGE = b"OggS"
_PAGE_HEADER_BYTES = 27
_BEGINS_STREAM = 0x02
_MAX_STREAMS = 64

# The first bytes of a stream's first packet.
_CODECS: tuple[tuple[bytes, str], ...] = (
    (b"\x01vorbis", "audio/vorbis"),
    (b"OpusHead", "audio/opus"),
    (b"Speex   ", "audio/speex"),
    (b"\x7fFLAC", "audio/x-oggflac"),
    (b"fLaC", "audio/x-flac"),
    (b"PCM     ", "audio/x-oggpcm"),
    (b"\x80theora", "video/theora"),
    (b"\x80daala", "video/daala"),
    (b"BBCD", "video/x-dirac"),
    (b"\x01video", "video/x-ogm"),
    (b"UVS ", "video/x-ogguvs"),
    (b"\x01YUV", "video/x-oggyuv"),
    (b"\x01RGB", "video/x-oggrgb"),
    (b"\x80kate", "application/kate"),
    (b"CMML", "text/x-cmml"),
    (b"fishead\x00", "application/annodex"),
)
_GENERAL = "application/ogg"


def ogg_type(window: Window) -> str | None:
    """Return the type of an Ogg file, or None."""
    if not window.head.startswith(_PAGE + b"\0"):  # the version
        return None
    streams = _streams(window.head)
    if len(streams) == 1:
        return streams[0]
    content = [kind for kind in streams if kind.startswith(("audio/", "video/", _GENERAL))]
    videos = [kind for kind in content if kind.startswith("video/")]
    audios = [kind for kind in content if kind.startswith("audio/")]
    if len(content) == 1:
        return content[0]
    if videos:
        return videos[0] if len(set(videos)) == 1 else "video/ogg"
    if len(audios) > 1:
        return audios[0] if len(set(audios)) == 1 else "audio/ogg"
    return "application/kate" if "application/kate" in streams and not audios else _GENERAL


def _streams(head: bytes) -> list[str]:
    """Return the types of the streams; all of them start at the beginning of the file."""
    streams: list[str] = []
    at = 0
    while head.startswith(_PAGE, at) and len(streams) < _MAX_STREAMS:
        header = head[at : at + _PAGE_HEADER_BYTES]
        is_page = len(header) == _PAGE_HEADER_BYTES and header[4] == 0  # the version
        if not is_page or not header[5] & _BEGINS_STREAM:
            break
        segments = head[at + _PAGE_HEADER_BYTES :][: header[26]]
        start = at + _PAGE_HEADER_BYTES + header[26]
        streams.append(_codec(head[start : start + 8]))
        at = start + sum(segments)
    return streams


def _codec(packet: bytes) -> str:
    return next((kind for mark, kind in _CODECS if packet.startswith(mark)), _GENERAL)
