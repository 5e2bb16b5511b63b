"""What an image says about itself: its size, and what the camera noted (EXIF)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ImageProperties:
    """What was found in an image file, whether or not a thumbnail could be made of it.

    `exif` has the tags that describe how the picture was taken, by the names and in the words of
    the reference (object-store-api 1.31, ExifParser): the position is not among them.
    """

    width: int | None = None
    """Pixels across, as the image is shown: after `orientation` was applied."""
    height: int | None = None
    orientation: int | None = None
    """EXIF's, 1 to 8, of the file as it is stored; None where it says nothing."""
    date_time_digitized: str | None = None
    """`2020-11-13T10:03:17`, by the camera's clock: no zone is known."""
    exif: Mapping[str, str] = field(default_factory=dict)


NO_PROPERTIES = ImageProperties()
