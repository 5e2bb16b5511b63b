"""The Thumbnailer port with a fixed result."""

from __future__ import annotations

from coffer.domain.objects import StoredObject
from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult
from coffer.domain.uploads.image_properties import ImageProperties

SMALL_JPEG = b"\xff\xd8\xff a small picture"
PROPERTIES = ImageProperties(
    width=400,
    height=300,
    orientation=6,
    date_time_digitized="2020-11-13T10:03:17",
    exif={"Date/Time Original": "2020:11:13 10:03:17"},
)


class FixedThumbnailer:
    """The Thumbnailer port. Returns the same picture, or raises the same failure."""

    def __init__(self, *, failure: str | None = None, thumbnail: bytes = SMALL_JPEG) -> None:
        self._failure = failure
        self._thumbnail = thumbnail
        self.sources: list[StoredObject] = []
        self.media_types: list[str] = []

    def create(self, source: StoredObject, media_type: str) -> ThumbnailResult:
        self.sources.append(source)
        self.media_types.append(media_type)
        if self._failure is not None:
            raise ThumbnailError(self._failure, "cannot be made", properties=PROPERTIES)
        return ThumbnailResult(thumbnail=self._thumbnail, properties=PROPERTIES)
