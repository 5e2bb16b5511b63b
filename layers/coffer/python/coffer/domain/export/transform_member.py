"""Resize or convert an image on its way into an archive.

Names and parameters are those of object-store-api 1.31: `IMG_RESIZE` takes a factor, `MAGICK` a
type and optionally a quality and a rotation. The reference copies the original if a parameter or a
file does not fit; Coffer refuses the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from coffer.domain.errors import InvalidError, ObjectChangedError, ObjectMissingError, Problem
from coffer.domain.export.layout import MAX_TRANSFORMED_BYTES, ArchiveMember
from coffer.domain.export.ports import Archives
from coffer.domain.objects import StoredObject

RESIZE, CONVERT = "IMG_RESIZE", "MAGICK"
MAX_SOURCE_BYTES = 256 * 1024**2
_POINTER = "/data/attributes/exportFunction"
_JPEG = "image/jpeg"
_TARGETS = {"image/jpeg": ".jpg", "image/png": ".png", "image/tiff": ".tif", "image/webp": ".webp"}
_MAGICS = {  # the first bytes of each target type
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/tiff": (b"II*\0", b"MM\0*"),
    "image/webp": (b"RIFF",),
}
_SOURCES: Mapping[str, frozenset[str]] = {
    RESIZE: frozenset({_JPEG}),
    CONVERT: frozenset(
        {_JPEG, "image/png", "image/gif", "image/bmp", "image/tiff", "image/webp", "image/jp2"}
    ),
}


@dataclass(frozen=True, kw_only=True)
class ExportFunction:
    """An export function with its parameters: `factor` between 0 and 1, `rotation` 0 to 359
    degrees clockwise, `quality` 1 to 100 for the types that have one."""

    name: str
    factor: float | None = None
    target_media_type: str = _JPEG
    quality: int | None = None
    rotation: int = 0

    @property
    def suffix(self) -> str:
        """The suffix of the file name if the file has no alias (as in object-store-api 1.31)."""
        return "_resized" if self.name == RESIZE else "_converted"

    @property
    def extension(self) -> str | None:
        """The new extension of the file, or None if it keeps its own."""
        return None if self.name == RESIZE else _TARGETS[self.target_media_type]

    @property
    def sources(self) -> str:
        """The media types that the function accepts, as text."""
        return ", ".join(sorted(_SOURCES[self.name]))

    def accepts(self, media_type: str) -> bool:
        """Return True if the function can be applied to files of this type."""
        return media_type.lower() in _SOURCES[self.name]

    @property
    def document(self) -> dict[str, Any]:
        """The members as the manifest stores them."""
        return asdict(self)


class TransformError(Exception):
    """The export function cannot be applied to a file; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ImageFunctions(Protocol):
    """Applies export functions to images."""

    def apply(self, function: ExportFunction, source: StoredObject, destination: str) -> None:
        """Store the new image under the key `destination`; raises StoreError and TransformError.

        The new image was made from untrusted bytes, perhaps by a decoder that they control.
        """
        ...


def transform_member(
    archives: Archives,
    images: ImageFunctions,
    function: ExportFunction,
    member: ArchiveMember,
    destination: str,
) -> bytes:
    """Return the bytes of a transformed member; raises StoreError and TransformError.

    `destination` is a temporary key. Each call needs another one, because a decoder that was taken
    over may write to its key a little longer.
    """
    source = archives.describe(member.key)
    if source.size_bytes != member.size_bytes or member.etag not in (None, source.etag):
        raise ObjectChangedError(member.key)
    images.apply(function, source, destination)
    try:
        return _read_result(archives, function, destination)
    finally:
        archives.remove(destination)


def _read_result(archives: Archives, function: ExportFunction, key: str) -> bytes:
    """Return the new image; raise TransformError if it is not what the function should make."""
    try:
        stored = archives.describe(key)
        if stored.size_bytes > MAX_TRANSFORMED_BYTES:
            raise TransformError("image_too_large")
        image = archives.read(key, 0, stored.size_bytes, etag=stored.etag)
    except (ObjectChangedError, ObjectMissingError) as error:
        raise TransformError("decoder_crashed") from error
    if not image.startswith(_MAGICS[function.target_media_type]):
        raise TransformError("decoder_crashed")
    return image


def parse_function(name: str, params: Mapping[str, str]) -> ExportFunction:
    """Return the export function of a request; raises InvalidError with all its problems."""
    if name not in (RESIZE, CONVERT):
        allowed = f"{RESIZE} and {CONVERT}"
        detail = f"{name[:60]!r} is not an export function; allowed are {allowed}."
        raise InvalidError.of([_problem("functionDef", detail)])
    known = {"factor"} if name == RESIZE else {"targetMediaType", "quality", "rotation"}
    problems = [
        _problem("params", f"{name} has no parameter {param[:60]!r}.")
        for param in sorted(set(params) - known)
    ]
    function = _resize(params, problems) if name == RESIZE else _convert(params, problems)
    if problems:
        raise InvalidError.of(problems)
    return function


def _resize(params: Mapping[str, str], problems: list[Problem]) -> ExportFunction:
    text = params.get("factor", "")
    try:
        factor = float(text) if text.isascii() else 0.0
    except ValueError:
        factor = 0.0
    if not 0 < factor < 1:
        detail = f"factor must be a number between 0 and 1, not {text[:40]!r}."
        problems.append(_problem("params/factor", detail))
    return ExportFunction(name=RESIZE, factor=factor)


def _convert(params: Mapping[str, str], problems: list[Problem]) -> ExportFunction:
    target = params.get("targetMediaType", "").strip().lower()
    if target not in _TARGETS:
        detail = f"targetMediaType must be one of {', '.join(sorted(_TARGETS))}."
        problems.append(_problem("params/targetMediaType", detail))
        target = _JPEG
    return ExportFunction(
        name=CONVERT,
        target_media_type=target,
        quality=_integer(params, "quality", 1, 100, problems),
        rotation=_integer(params, "rotation", 0, 359, problems) or 0,
    )


def _integer(
    params: Mapping[str, str], name: str, minimum: int, maximum: int, problems: list[Problem]
) -> int | None:
    if name not in params:
        return None
    text = params[name].strip()
    if text.isascii() and text.isdigit() and len(text) < 5 and minimum <= int(text) <= maximum:
        return int(text)
    detail = f"{name} must be a whole number from {minimum} to {maximum}, not {text[:40]!r}."
    problems.append(_problem(f"params/{name}", detail))
    return None


def _problem(where: str, detail: str) -> Problem:
    return Problem("invalid_export_function", detail, pointer=f"{_POINTER}/{where}")
