"""Open a picture with Pillow, and convert deep ones to eight bits. Used in the child processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from PIL import Image

from coffer.adapters.imaging.bit_depth import (
    EIGHT_BITS,
    SIXTEEN_BITS,
    Range,
    eight_bits,
    eight_bits_of_colours,
    eight_bits_of_planes,
    sixteen_bits,
)
from coffer.adapters.imaging.png_chunks import without_extras
from coffer.adapters.imaging.recovery import recover
from coffer.adapters.imaging.thumbnail import check_size, limit_pillow
from coffer.adapters.imaging.tiff_directories import Directory, read_directories
from coffer.adapters.imaging.tiff_kinds import (
    decoded_bytes,
    has_deep_bands,
    is_rare,
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
        self.check_size(image)
        return image

    def check_size(self, image: Image.Image) -> None:
        """Raise ThumbnailError if an opened picture has too many pixels, or bytes."""
        check_size(image)
        _, depth = _raw_mode(image)
        if depth is not None and depth != EIGHT_BITS:
            _check_bytes(2 * len(image.getbands()) * image.width * image.height)

    def open_bands(self) -> tuple[Image.Image, Directory] | None:
        """Return a TIFF of bands that Pillow does not decode, in eight bits."""
        directory = self._directory(self.file)
        image = open_bands(self.file, directory) if directory is not None else None
        return (image, directory) if image is not None and directory is not None else None

    def has_deep_bands(self) -> bool:
        """True if Pillow opens the TIFF but decodes it wrongly."""
        directory = self._directory(self.file)
        return directory is not None and has_deep_bands(directory)

    def is_rare_tiff(self) -> bool:
        """True for a TIFF with a compression that may be unknown to the decoder."""
        directory = self._directory(self.file)
        return directory is not None and is_rare(directory)

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
        _check_bytes(decoded_bytes(chosen))
        return chosen

    def in_eight_bits(self, image: Image.Image) -> Image.Image:
        """Return an opened picture with eight bits a sample; others unchanged, not yet decoded.

        Its metadata are kept.
        """
        return _in_eight_bits(image, _raw_mode(image), self._decoded)

    def recovered(self, box: tuple[int, int]) -> tuple[Image.Image, float]:
        """Return what can be decoded, in eight bits, and the part of the rows that could.

        `box` is the size that a JPEG may be scaled to. Raises OSError if it cannot be opened.
        """
        stored = _raw_mode(self.open())
        found = recover(self.file, self.open_checked, box)

        def decoded(raw: str) -> Image.Image:
            return recover(self.file, lambda file: self._open_as(raw, file), box).image

        return _in_eight_bits(found.image, stored, decoded, found.mask), found.rows

    def _decoded(self, raw: str) -> Image.Image:
        image = self._open_as(raw)
        image.load()
        return image

    def _open_as(self, raw: str, file: BinaryIO | None = None) -> Image.Image:
        """Open the picture as if its numbers were stored like this."""
        opened = self.open(file)
        image: Any = opened
        if image.format == "PPM":
            image.tile = [tile._replace(codec_name="raw", args=raw) for tile in image.tile]
        else:
            image.tile = [tile._replace(args=_with_raw(tile.args, raw)) for tile in image.tile]
        return opened


def _check_bytes(decoded: int) -> None:
    if decoded > MAX_DECODED_BYTES:
        raise ThumbnailError(
            "image_too_large",
            f"the image has {decoded} bytes when it is decoded; at most {MAX_DECODED_BYTES} are "
            "decoded",
        )


def _in_eight_bits(
    image: Image.Image,
    stored: tuple[str, Range | None],
    decoded: Callable[[str], Image.Image],
    alpha: Image.Image | None = None,
) -> Image.Image:
    raw, depth = stored
    if raw == _GREY_WITH_ALPHA:
        result = _grey_with_alpha(decoded)
    elif depth == EIGHT_BITS:
        result = eight_bits_of_planes(image.split(), depth=depth, nodata=(), alpha=alpha)
    elif depth is not None:
        result = eight_bits_of_colours(image, lambda: _halves(image, raw, decoded), depth, alpha)
    else:
        result = eight_bits(image, alpha)
    if result is not image:
        result.info |= {k: v for k, v in image.info.items() if k != "transparency"}
    return result


def _halves(
    shown: Image.Image, raw: str, decoded: Callable[[str], Image.Image]
) -> Sequence[Image.Image]:
    """Return the high and the low bytes of 16-bit colours: Pillow decodes only the high ones.

    The byte order that is passed to Pillow selects them. The picture as it is shown has the high
    ones, unless Pillow has multiplied them.
    """
    start, mark, end = raw.replace("a", "A").partition(";")
    is_changed = shown.format == "PPM" or "a" in raw
    high = decoded(f"{start}{mark}{end}") if is_changed else shown
    return [high, decoded(start + _LOW_BYTES[mark + end])]


def _grey_with_alpha(decoded: Callable[[str], Image.Image]) -> Image.Image:
    """Decode grey and alpha of 16 bits as four bytes a pixel."""
    high, low, alpha, _ = decoded("RGBA").split()
    plane = sixteen_bits(high, low)
    return eight_bits_of_planes((plane,), depth=SIXTEEN_BITS, nodata=(), alpha=alpha)


def _with_raw(args: Any, raw: str) -> Any:
    return (raw, *args[1:]) if isinstance(args, tuple) else raw


def _raw_mode(image: Image.Image) -> tuple[str, Range | None]:
    """Return the raw mode of colours of 16 bits, and the range of their values.

    Pillow decodes anymaps that are text to eight bits at once.
    """
    tile = next(iter(getattr(image, "tile", ())), None)
    args, codec = getattr(tile, "args", None), getattr(tile, "codec_name", "")
    raw = args[0] if isinstance(args, tuple) and args else args
    if not isinstance(raw, str) or image.mode not in ("RGB", "RGBA"):
        return "", None
    if image.format == "PPM" and isinstance(args, tuple) and codec in ("ppm", "ppm_plain"):
        largest = args[1]
        if largest <= 255:
            return raw, None
        return ("RGB;16B", (0, largest)) if codec == "ppm" else (raw, EIGHT_BITS)
    is_deep = raw.startswith("RGB") and raw[-4:] in _LOW_BYTES
    return raw, SIXTEEN_BITS if is_deep else None
