"""Choose the decoder by media type, make the thumbnail, and name the failures.

Runs in the child process only. A test compares the formats here with the domain's table of media
types.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import BinaryIO

from PIL import (
    AvifImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from coffer.adapters.imaging.bit_depth import EIGHT_BITS, eight_bits_of_planes
from coffer.adapters.imaging.camera_raw import is_raw, read_raw
from coffer.adapters.imaging.exif import capture_time, exif_of, orientation_of
from coffer.adapters.imaging.jpeg2000 import profile_of, read_codestream
from coffer.adapters.imaging.pictures import PictureFile
from coffer.adapters.imaging.recovery import MIN_ROWS, is_cut
from coffer.adapters.imaging.thumbnail import (
    REDUCING_GAP,
    check_size,
    exif_block,
    reduced_resolution,
    thumbnail_of,
)
from coffer.adapters.imaging.tiff_directories import Directory, read_directories
from coffer.adapters.imaging.tiff_kinds import main_directory, size_of
from coffer.domain.media_types import THUMBNAILS
from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult
from coffer.domain.uploads.image_properties import MAX_SIZE, NO_PROPERTIES, ImageProperties

# Importing the plugins lets Pillow open these formats; it imports the most common ones itself.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # the process that decodes may start no thread
_PLUGINS = (AvifImagePlugin, Jpeg2KImagePlugin, TiffImagePlugin, WebPImagePlugin)
_JPEG_2000 = ("JPEG2000",)
_PNM = ("PPM",)
_HEIF = ("HEIF",)
PILLOW_FORMATS = {
    "image/jpeg": ("JPEG",),
    "image/png": ("PNG",),
    "image/gif": ("GIF",),
    "image/bmp": ("BMP",),
    "image/tiff": ("TIFF",),
    "image/webp": ("WEBP",),
    "image/avif": ("AVIF",),
    "image/jp2": _JPEG_2000,
    "image/jpx": _JPEG_2000,
    "image/x-jp2-codestream": _JPEG_2000,
    "image/x-jp2-container": _JPEG_2000,
    "image/x-portable-anymap": _PNM,
    "image/x-portable-bitmap": _PNM,
    "image/x-portable-graymap": _PNM,
    "image/x-portable-pixmap": _PNM,
    "image/heic": _HEIF,
    "image/heic-sequence": _HEIF,
    "image/heif": _HEIF,
    "image/heif-sequence": _HEIF,
}
"""Pillow's formats for the types of `picture` in the domain's table of media types."""

_ORIENTATION = 0x0112
_FIRST_SIDEWAYS = 5  # EXIF orientations from 5 on swap width and height


def decode(file: BinaryIO, media_type: str, edge: int) -> ThumbnailResult:
    """Return the thumbnail and the properties of an image file; raise `ThumbnailError`.

    The error carries the properties too: a file with damaged pixels may have a capture time.
    """
    attempt = _Attempt(file, media_type, edge)
    with warnings.catch_warnings(), attempt.failures():
        warnings.simplefilter("ignore")  # about metadata that is not used
        kind = THUMBNAILS.get(media_type)
        if kind == "pages":
            return attempt.of_page()
        if kind == "raw" or (media_type == "image/tiff" and _is_raw(file)):
            return attempt.of_raw()
        return attempt.of_picture()


class _Attempt:
    """One attempt to make a thumbnail; `properties` has what was read so far."""

    def __init__(self, file: BinaryIO, media_type: str, edge: int) -> None:
        self._file = file
        self._media_type = media_type
        self._edge = edge
        self.properties = NO_PROPERTIES

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turn all exceptions into a ThumbnailError with a code and the properties."""
        try:
            yield
        except Exception as error:
            failure = self._failure_of(error)
            failure.properties = self.properties
            if failure is error:
                raise
            raise failure from error

    def _failure_of(self, error: Exception) -> ThumbnailError:
        match error:
            case ThumbnailError():
                return error
            case UnidentifiedImageError():
                return self._unidentified()
            case Image.DecompressionBombError():
                return ThumbnailError("image_too_large", str(error))
            case MemoryError():
                return ThumbnailError("memory_exhausted", "decoding needs too much memory")
            case _:
                # Decoders raise any exception for damaged bytes, and would do so at every attempt.
                return ThumbnailError("image_damaged", "the image cannot be decoded")

    def of_page(self) -> ThumbnailResult:
        from coffer.adapters.imaging.pdfium import first_page

        page = first_page(self._file, self._edge)
        return ThumbnailResult(thumbnail=thumbnail_of(page, self._edge), properties=self.properties)

    def of_raw(self) -> ThumbnailResult:
        raw = read_raw(self._file)
        self.properties = _properties(raw.directories, raw.size)
        preview = raw.preview_for(self._edge)
        if preview is None:
            raise ThumbnailError("no_preview", "the file has no JPEG preview")
        self._file.seek(preview.start)
        jpeg = io.BytesIO(self._file.read(preview.length))
        with Image.open(jpeg, formats=("JPEG",)) as image:
            if not raw.directories:
                self.properties = _properties_of(image, jpeg, image.size)
            check_size(image)
            thumbnail = thumbnail_of(image, self._edge, orientation=raw.orientation)
        return ThumbnailResult(thumbnail=thumbnail, properties=self.properties)

    def of_picture(self) -> ThumbnailResult:
        formats = PILLOW_FORMATS.get(self._media_type, ())
        if formats == _HEIF:
            register_heif()
        source = PictureFile(
            file=self._file, formats=formats, edge=math.ceil(REDUCING_GAP * self._edge)
        )
        try:
            return self._of_source(source)
        except (ThumbnailError, UnidentifiedImageError, MemoryError, Image.DecompressionBombError):
            raise
        except Exception as error:  # decoders raise any exception for damaged bytes
            return self._recovered(source, error)

    def _of_source(self, source: PictureFile) -> ThumbnailResult:
        if source.has_deep_bands():
            return self._of_bands(source)
        try:
            image = source.open()
        except UnidentifiedImageError:
            return self._of_bands(source)
        with image:
            size = image.size
            self.properties = _properties_of(image, source.file, size)
            source.check_size(image)
            if image.format == "JPEG2000":
                thumbnail = self._of_jpeg2000(source, image)
            else:
                thumbnail = thumbnail_of(source.in_eight_bits(image), self._edge)
            if image.format == "PNG":  # its EXIF may be behind the pixels
                self.properties = _properties_of(image, source.file, size)
            return ThumbnailResult(thumbnail=thumbnail, properties=self.properties)

    def _of_bands(self, source: PictureFile) -> ThumbnailResult:
        """Decode a TIFF of several bands that Pillow does not decode."""
        bands = source.open_bands()
        if bands is None:
            raise UnidentifiedImageError
        image, directory = bands
        self.properties = _properties_of_tiff(source.file)
        orientation = directory.number(_ORIENTATION)
        thumbnail = thumbnail_of(image, self._edge, orientation=orientation)
        return ThumbnailResult(thumbnail=thumbnail, properties=self.properties)

    def _recovered(self, source: PictureFile, error: Exception) -> ThumbnailResult:
        """Make the thumbnail of a file of which most rows can be decoded, or raise."""
        code = "image_truncated" if is_cut(source.file, error) else "image_damaged"
        if source.has_deep_bands():
            raise ThumbnailError(code, "the bands cannot be decoded")
        box = (source.edge or self._edge,) * 2
        try:
            image, rows = source.recovered(box)
        except OSError as unreadable:
            raise ThumbnailError(code, "the image cannot be decoded") from unreadable
        if not rows and source.is_rare_tiff():
            raise ThumbnailError("kind_unsupported", "the compression of the TIFF is not decoded")
        if rows < MIN_ROWS:
            raise ThumbnailError(
                code, f"only {rows:.0%} of the rows can be decoded; {MIN_ROWS:.0%} are needed"
            )
        thumbnail = thumbnail_of(image, self._edge)
        return ThumbnailResult(thumbnail=thumbnail, properties=self.properties, warning=code)

    def _of_jpeg2000(self, source: PictureFile, image: Image.Image) -> bytes:
        """Add the ICC profile, which Pillow does not read, and decode deep colours with PDFium."""
        profile, codestream = profile_of(self._file), read_codestream(self._file)
        if codestream and codestream.is_deep_colour:
            from coffer.adapters.imaging.pdfium import decode_jpeg2000

            if codestream.components != len("RGB"):
                raise ThumbnailError(
                    "kind_unsupported", "JPEG 2000 of deep colours is decoded without alpha only"
                )
            planes = decode_jpeg2000(self._file, image.size).convert("RGB").split()
            image = eight_bits_of_planes(planes, depth=EIGHT_BITS, nodata=())
        else:
            image = source.in_eight_bits(reduced_resolution(image, self._edge))
        if profile:
            image.info["icc_profile"] = profile
        return thumbnail_of(image, self._edge)

    def _unidentified(self) -> ThumbnailError:
        """Return `kind_unsupported` for a valid TIFF that Pillow does not support."""
        self._file.seek(0)
        directories = read_directories(self._file) if self._media_type == "image/tiff" else ()
        ends_early = is_cut(self._file)
        if main_directory(directories) is not None:
            return ThumbnailError(
                "kind_unsupported", "the image is a TIFF of a kind that is not decoded"
            )
        if ends_early:
            return ThumbnailError("image_truncated", "the file ends before its first pixels")
        return ThumbnailError("not_an_image", "the bytes are not of the detected type")


def _is_raw(file: BinaryIO) -> bool:
    """True if the TIFF is camera raw, which detection cannot always tell."""
    found = is_raw(read_directories(file))
    file.seek(0)
    return found


@cache
def register_heif() -> None:
    """Let Pillow open HEIF."""
    import pi_heif  # slow to load, and few images are HEIF

    pi_heif.register_heif_opener(
        thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
    )


def _properties_of(image: Image.Image, file: BinaryIO, size: tuple[int, int]) -> ImageProperties:
    """Return the properties of an opened image without decoding it."""
    if image.format == "TIFF":
        return _properties_of_tiff(file)
    directories = read_directories(io.BytesIO(exif_block(image)))
    stored = image.info.get("original_orientation")  # pi-heif has applied HEIF's own
    return _properties(directories, size, is_upright=image.format == "HEIF", orientation=stored)


def _properties_of_tiff(file: BinaryIO) -> ImageProperties:
    """Return the properties of a TIFF; the size is that of the full picture, not of a copy."""
    position = file.tell()
    directories = read_directories(file)
    file.seek(position)
    main = main_directory(directories)
    return _properties(directories, size_of(main) if main is not None else None)


def _properties(
    directories: Sequence[Directory],
    size: tuple[int, int] | None,
    *,
    is_upright: bool = False,
    orientation: int | None = None,
) -> ImageProperties:
    """Return the properties; `size` is as stored, or as displayed if `is_upright`."""
    orientation = orientation or orientation_of(directories)
    width, height = size if size and max(size) <= MAX_SIZE else (None, None)
    if not is_upright and orientation is not None and orientation >= _FIRST_SIDEWAYS:
        width, height = height, width
    exif = exif_of(directories)
    return ImageProperties(
        width=width,
        height=height,
        orientation=orientation,
        date_time_digitized=capture_time(exif),
        exif=exif,
    )
