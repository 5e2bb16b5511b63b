"""The size and the EXIF tags of an image file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_TAGS = 100
"""The most EXIF tags of one file."""
MAX_SIZE = 2**31 - 1
"""The largest width or height; a header with a larger one is damaged."""
MAX_CHARACTERS = 250
"""The most characters of the text of a tag."""


@dataclass(frozen=True, kw_only=True)
class ImageProperties:
    """Size, orientation and EXIF tags, read from an image file when its thumbnail is made.

    `exif` has the tags that describe how the picture was taken, with the names and wording of the
    reference (object-store-api 1.31, ExifParser). The GPS position is not among them.
    """

    width: int | None = None
    """Pixels across as the image is displayed: after `orientation` was applied."""
    height: int | None = None
    orientation: int | None = None
    """EXIF orientation of the stored file, 1 to 8; None if the file does not say."""
    date_time_digitized: str | None = None
    """Local time of the camera without time zone, such as `2020-11-13T10:03:17`."""
    exif: Mapping[str, str] = field(default_factory=dict)


NO_PROPERTIES = ImageProperties()
