"""Detect binary property lists by their keys."""

from __future__ import annotations

from coffer.domain.detection.window import Window

# Keys are ASCII strings in the file: a marker, the length, and the text.
_BY_KEYS: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("application/x-bplist-memgraph", (b"Unodes", b"Uedges", b"graphEncodingVersion")),
    ("application/x-bplist-webarchive", (b"WebMainResource",)),
    ("application/x-bplist-itunes", (b"YPlaylists", b"VTracks", b"\\Music Folder")),
)


def property_list_type(window: Window) -> str | None:
    """Return the type of a binary property list, or None."""
    head = window.head
    if not head.startswith(b"bplist") or not head[6:8].isdigit():  # the version
        return None
    for media_type, keys in _BY_KEYS:
        if all(key in head for key in keys):
            return media_type
    return "application/x-bplist"
