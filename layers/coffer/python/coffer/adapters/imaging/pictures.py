"""Open a picture with Pillow, and convert deep ones to eight bits. Used in the child processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from PIL import Image

from coffer.adapters.imaging.bit_depth import (
    SIXTEEN_BITS,
    Range,
    eight_bits,
    eight_bits_of_colours,
    eight_bits_of_planes,
    sixteen_bits,
)
from coffer.adapters.imaging.png_chunks import without_extras
from coffer.adapters.imaging.thumbnail import check_size, limit_pillow
from coffer.adapters.imaging.tiff_directories import Directory, read_directories
from coffer.adapters.imaging.tiff_kinds import (
    decoded_bytes,
    has_deep_bands,
    level_for,
    main_directory,
    open_bands,
    select,
    use_native_order,
)
from coffer.domain.thumbnails.ports import ThumbnailError

MAX_DECODED_BYTES = 400_000_000
"""Four bytes of each of the 100 million pixels that are decoded at most."""
_ORIENTATION = 0x0112
_LOW_BYTES = {";16B": ";16L", ";16L": ";16B", ";16N": ";16B"}
_GREY_WITH_ALPHA = "LA;16B"


@dataclass(frozen=True, kw_only=True)
class PictureFile:
    """A file that is opened as one of these formats, at a size of at least `edge` pixels.

    Without `edge`, a TIFF is decoded at its full size.
    """

    file: BinaryIO
    formats: tuple[str, ...]
    edge: int | None = None

    def open(self, file: BinaryIO | None = None) -> Image.Image:
        """Return the picture, not yet decoded; `file` may have other bytes than the source."""
        file = file or self.file
        file.seek(0)
        limit_pillow(self.formats)
        if self.formats == ("PNG",):
            file = without_extras(file)
        directory = self._directory(file)
        image = Image.open(file, formats=self.formats)
        if directory is not None:
            select(image, directory)
            use_native_order(image)
        return image

    def open_checked(self, file: BinaryIO) -> Image.Image:
        """Return the picture of these bytes; raise ThumbnailError if it has too many pixels."""
        image = self.open(file)
        check_size(image)
        return image

    def open_bands(self) -> tuple[Image.Image, Directory] | None:
        """Return a TIFF of bands that Pillow does not decode, in eight bits."""
        directory = self._directory(self.file)
        image = open_bands(self.file, directory) if directory is not None else None
        return (image, directory) if image is not None and directory is not None else None

    def has_deep_bands(self) -> bool:
        """True if Pillow opens the TIFF but decodes it wrongly."""
        directory = self._directory(self.file)
        return directory is not None and has_deep_bands(directory)

    def _directory(self, file: BinaryIO) -> Directory | None:
        """Return the directory of a TIFF to decode; raise ThumbnailError if it is too large."""
        if self.formats != ("TIFF",):
            return None
        directories = read_directories(file)
        file.seek(0)
        main = main_directory(directories)
        if main is None:
            return None
        chosen = main if self.edge is None else level_for(directories, main, self.edge)
        if decoded_bytes(chosen) > MAX_DECODED_BYTES:
            raise ThumbnailError(
                "image_too_large",
                f"the image has {decoded_bytes(chosen)} bytes when it is decoded; at most "
                f"{MAX_DECODED_BYTES} are decoded",
            )
        return chosen

    def in_eight_bits(self, image: Image.Image) -> Image.Image:
        """Return an opened picture with eight bits a sample; others unchanged, not yet decoded.

        Its metadata are kept.
        """
        raw, depth = _raw_mode(image)
        if raw == _GREY_WITH_ALPHA:
            result = self._grey_with_alpha()
        elif depth is not None:
            result = eight_bits_of_colours(image, lambda: self._halves(raw), depth)
        else:
            result = eight_bits(image)
        if result is not image:
            result.info = {k: v for k, v in image.info.items() if k != "transparency"}
        return result

    def _halves(self, raw: str) -> Sequence[Image.Image]:
        """Decode the high and the low bytes of 16-bit colours: Pillow decodes only the high ones.

        The byte order that is passed to Pillow selects them.
        """
        start, mark, end = raw.replace("a", "A").partition(";")
        return [self._decoded(f"{start}{mark}{end}"), self._decoded(start + _LOW_BYTES[mark + end])]

    def _grey_with_alpha(self) -> Image.Image:
        """Decode grey and alpha of 16 bits as four bytes a pixel."""
        high, low, alpha, _ = self._decoded("RGBA").split()
        plane = sixteen_bits(high, low)
        image = eight_bits_of_planes((plane,), depth=SIXTEEN_BITS, nodata=())
        image.putalpha(alpha)
        return image

    def _decoded(self, raw: str) -> Image.Image:
        opened = self.open()
        image: Any = opened
        if image.format == "PPM":
            image.tile = [tile._replace(codec_name="raw", args=raw) for tile in image.tile]
        else:
            image.tile = [tile._replace(args=_with_raw(tile.args, raw)) for tile in image.tile]
        image.load()
        return opened


def _with_raw(args: Any, raw: str) -> Any:
    return (raw, *args[1:]) if isinstance(args, tuple) else raw


def _raw_mode(image: Image.Image) -> tuple[str, Range | None]:
    """Return the raw mode of colours of 16 bits, and the range of their values."""
    tile = next(iter(getattr(image, "tile", ())), None)
    args = getattr(tile, "args", None)
    raw = args[0] if isinstance(args, tuple) and args else args
    if not isinstance(raw, str) or image.mode not in ("RGB", "RGBA"):
        return "", None
    if (
        image.format == "PPM"
        and isinstance(args, tuple)
        and getattr(tile, "codec_name", "") == "ppm"
    ):
        return "RGB;16B", (0, args[1]) if args[1] > 255 else None
    is_deep = raw.startswith("RGB") and raw[-4:] in _LOW_BYTES
    return raw, SIXTEEN_BITS if is_deep else None
