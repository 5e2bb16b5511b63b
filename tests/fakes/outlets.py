"""Where things go: the audit, the bus, the queue, forms and thumbnails, kept in lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from coffer.domain.listing.counters import CounterChange
from coffer.domain.objects import StoredObject
from coffer.domain.thumbnails.ports import Picture, ThumbnailError
from coffer.domain.uploads.image_properties import ImageProperties
from coffer.domain.uploads.presigned_uploads import AllowedUpload, SignedForm


class InMemoryAudit:
    """The AuditTrail port."""

    def __init__(self) -> None:
        self.snapshots: dict[tuple[str, int], Mapping[str, Any]] = {}
        self.counted: list[CounterChange] = []

    def record(self, snapshot: Mapping[str, Any], counts: Sequence[CounterChange] = ()) -> None:
        key = (snapshot["instanceId"], snapshot["version"])
        if key not in self.snapshots:
            self.snapshots[key] = snapshot
            self.counted += counts


class RecordingBus:
    """The EventBus port; messages of the types in `refused` are not taken."""

    def __init__(self) -> None:
        self.published: list[Mapping[str, Any]] = []
        self.refused: set[str] = set()

    def publish(self, messages: Sequence[Mapping[str, Any]]) -> list[bool]:
        taken = [message["type"] not in self.refused for message in messages]
        self.published += [m for m, was_taken in zip(messages, taken, strict=True) if was_taken]
        return taken


class InMemoryQueue:
    """The ProcessingQueue port."""

    def __init__(self) -> None:
        self.enqueued: list[StoredObject] = []

    def enqueue(self, stored: StoredObject) -> None:
        self.enqueued.append(stored)


class UnsignedForms:
    """The UploadForms port: forms that nobody signed, one hour long."""

    def __init__(self) -> None:
        self.allowed: list[AllowedUpload] = []

    def sign(self, uploads: Sequence[AllowedUpload], now: datetime) -> list[SignedForm]:
        self.allowed += uploads
        return [
            SignedForm(url="store:", fields={"key": upload.key}, expires=now + timedelta(hours=1))
            for upload in uploads
        ]


PROPERTIES = ImageProperties(
    width=400,
    height=300,
    orientation=6,
    date_time_digitized="2020-11-13T10:03:17",
    exif={"Date/Time Original": "2020:11:13 10:03:17"},
)


class FixedThumbnailer:
    """The Thumbnailer port: always the same small picture, or the same failure."""

    def __init__(self, *, failure: str | None = None) -> None:
        self._failure = failure
        self.images: list[bytes] = []
        self.media_types: list[str] = []

    def make(self, source: Iterable[bytes], media_type: str) -> Picture:
        self.images.append(b"".join(source))
        self.media_types.append(media_type)
        if self._failure is not None:
            raise ThumbnailError(self._failure, "cannot be made", properties=PROPERTIES)
        return Picture(thumbnail=b"a small picture", properties=PROPERTIES)
