"""Apply an export function to one image.

Runs in the child process only.
"""

from __future__ import annotations

import warnings
from typing import Any, BinaryIO

from PIL import Image, Jpeg2KImagePlugin, TiffImagePlugin, UnidentifiedImageError, WebPImagePlugin

from coffer.adapters.imaging.jpeg2000 import read_codestream
from coffer.adapters.imaging.pictures import PictureFile
from coffer.adapters.imaging.thumbnail import check_size
from coffer.domain.export.transform_member import RESIZE, ExportFunction
from coffer.domain.thumbnails.ports import ThumbnailError

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "JPEG2000")
# Importing the plugins lets Pillow open these formats; it imports the most common ones itself.
_PLUGINS = (Jpeg2KImagePlugin, TiffImagePlugin, WebPImagePlugin)
_QUALITY = 92
_KEPT_INFO = ("icc_profile", "exif", "dpi")
_TARGETS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/tiff": "TIFF", "image/webp": "WEBP"}
# The modes that each format can be written in; other images are converted to the last of them.
_MODES = {
    "JPEG": ("L", "CMYK", "RGB"),
    "PNG": ("1", "L", "LA", "P", "RGBA", "I;16", "RGB"),
    "TIFF": ("1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "RGB"),
    "WEBP": ("RGBA", "RGB"),
}


def convert(source: BinaryIO, result: BinaryIO, function: ExportFunction) -> None:
    """Write the image to `result` with the function applied; raise ThumbnailError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata that is not used
            _convert(source, result, function)
    except ThumbnailError:
        raise
    except UnidentifiedImageError as error:
        raise ThumbnailError("not_an_image", "the bytes are not of an image") from error
    except MemoryError as error:
        raise ThumbnailError("memory_exhausted", "converting needs too much memory") from error
    except Exception as error:  # decoders raise any exception for damaged bytes
        raise ThumbnailError("image_damaged", "the image cannot be decoded") from error


def _convert(file: BinaryIO, result: BinaryIO, function: ExportFunction) -> None:
    with Image.open(file, formats=FORMATS) as image:
        check_size(image)
        _check_depth(image, file)
        source = PictureFile(file=file, formats=(image.format or "",))
    with source.open() as image:
        kept_depth = image.mode in _MODES[_TARGETS[function.target_media_type]]
        is_kept = image.mode.startswith("I;16") and kept_depth
        _write(image if is_kept else source.in_eight_bits(image), result, function)


def _check_depth(image: Image.Image, file: BinaryIO) -> None:
    codestream = read_codestream(file) if image.format == "JPEG2000" else None
    if codestream and codestream.is_deep_colour:
        raise ThumbnailError("kind_unsupported", "JPEG 2000 of deep colours is not converted")


def _write(image: Image.Image, result: BinaryIO, function: ExportFunction) -> None:
    kind = _TARGETS[function.target_media_type]
    kept = {name: image.info[name] for name in _KEPT_INFO if image.info.get(name)}
    changed = image
    if function.name == RESIZE:
        size = (_scaled(image.width, function), _scaled(image.height, function))
        changed = _in_mode(changed, kind).resize(size, Image.Resampling.LANCZOS)
    elif function.rotation:
        changed = changed.rotate(-function.rotation, expand=True, resample=Image.Resampling.BICUBIC)
    changed = _in_mode(changed, kind)
    if changed.mode != image.mode and "CMYK" in (changed.mode, image.mode):
        kept.pop("icc_profile", None)  # it describes the other colour space
    changed.save(result, kind, **kept, **_options(kind, function))


def _scaled(edge: int, function: ExportFunction) -> int:
    return max(1, round(edge * (function.factor or 1)))


def _in_mode(image: Image.Image, kind: str) -> Image.Image:
    modes = _MODES[kind]
    if image.mode in modes:
        return image
    if image.mode in ("RGBA", "LA", "PA", "P"):
        with_alpha = image.convert("RGBA")
        if "RGBA" in modes:
            return with_alpha
        background = Image.new("RGB", image.size, "white")
        background.paste(with_alpha, mask=with_alpha.getchannel("A"))
        return background
    return image.convert(modes[-1])


def _options(kind: str, function: ExportFunction) -> dict[str, Any]:
    quality = function.quality or _QUALITY
    if kind == "TIFF":
        return {"compression": "tiff_adobe_deflate"}
    return {} if kind == "PNG" else {"quality": quality}
