"""The manifest of an export: its request, and what each entry of the archive is made of.

It is resolved once, when the request is accepted, and kept as `request.json`; the layout follows
from it alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coffer.domain.clock import from_text, to_text
from coffer.domain.export.transform_member import ExportFunction

_FORM = 1


@dataclass(frozen=True, kw_only=True)
class ManifestEntry:
    """A file of the export. `size_bytes` is None where only the store knows it (of a generated
    thumbnail); `path` is its place in the archive; `is_made` says that the function is applied."""

    file_identifier: str
    key: str
    path: str
    media_type: str
    size_bytes: int | None
    crc32: str | None
    sha1_hex: str | None
    modified: datetime
    is_made: bool = False


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is exported; `request` has the attributes as they were sent."""

    request: Mapping[str, Any]
    entries: tuple[ManifestEntry, ...]
    function: ExportFunction | None = None

    def encode(self) -> bytes:
        document = {
            "form": _FORM,
            "request": self.request,
            "function": None if self.function is None else self.function.document,
            "entries": [_document(entry) for entry in self.entries],
        }
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, encoded: bytes) -> Manifest:
        document = json.loads(encoded)
        if document["form"] != _FORM:
            raise ValueError(f"a request.json of form {document['form']} cannot be read")
        function = document["function"]
        return cls(
            request=document["request"],
            function=None if function is None else ExportFunction.of_document(function),
            entries=tuple(_entry(one) for one in document["entries"]),
        )


def _document(entry: ManifestEntry) -> dict[str, Any]:
    return {
        "fileIdentifier": entry.file_identifier,
        "objectKey": entry.key,
        "path": entry.path,
        "mediaType": entry.media_type,
        "sizeInBytes": entry.size_bytes,
        "crc32": entry.crc32,
        "sha1Hex": entry.sha1_hex,
        "modified": to_text(entry.modified),
        "isMade": entry.is_made,
    }


def _entry(document: Mapping[str, Any]) -> ManifestEntry:
    return ManifestEntry(
        file_identifier=document["fileIdentifier"],
        key=document["objectKey"],
        path=document["path"],
        media_type=document["mediaType"],
        size_bytes=document["sizeInBytes"],
        crc32=document["crc32"],
        sha1_hex=document["sha1Hex"],
        modified=from_text(document["modified"]),
        is_made=document["isMade"],
    )
