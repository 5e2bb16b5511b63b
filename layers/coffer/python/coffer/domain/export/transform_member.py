"""Export functions: images that are made smaller, or of another type, on their way into an archive.

Names and parameters are the reference's (4.10): `IMG_RESIZE` takes exactly a factor, `MAGICK` a
target type and, if wanted, a quality and a rotation. Where the reference copies the original when
a parameter or a source is not what it wants, this refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from coffer.domain.errors import InvalidError, Problem

RESIZE, CONVERT = "IMG_RESIZE", "MAGICK"
MAX_SOURCE_BYTES = 256 * 1024**2
_WHERE = "/data/attributes/exportFunction"
_JPEG = "image/jpeg"
_TARGETS = {"image/jpeg": ".jpg", "image/png": ".png", "image/tiff": ".tif", "image/webp": ".webp"}
_SOURCES: Mapping[str, frozenset[str]] = {
    RESIZE: frozenset({_JPEG}),
    CONVERT: frozenset(
        {_JPEG, "image/png", "image/gif", "image/bmp", "image/tiff", "image/webp", "image/jp2"}
    ),
}


@dataclass(frozen=True, kw_only=True)
class ExportFunction:
    """What is done to each image. `factor` is between 0 and 1; `rotation` in degrees, clockwise,
    0 to 359; `quality` 1 to 100, of types that have one."""

    name: str
    factor: float | None = None
    target_media_type: str = _JPEG
    quality: int | None = None
    rotation: int = 0

    @property
    def suffix(self) -> str:
        """What is added to the name of a file without an alias (reference, 4.10)."""
        return "_resized" if self.name == RESIZE else "_converted"

    @property
    def extension(self) -> str | None:
        """The extension that the file gets; None for its own."""
        return None if self.name == RESIZE else _TARGETS[self.target_media_type]

    def takes(self, media_type: str) -> bool:
        """Whether it can be applied to files of this type."""
        return media_type.lower() in _SOURCES[self.name]

    @property
    def sources(self) -> str:
        """The types that it can be applied to, for a person."""
        return ", ".join(sorted(_SOURCES[self.name]))

    @property
    def document(self) -> dict[str, Any]:
        """As it is kept in a manifest."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> ExportFunction:
        return cls(**document)


class ImageFunctions(Protocol):
    """What applies export functions."""

    def apply(self, function: ExportFunction, image: bytes) -> bytes:
        """The new image; raises UnmadeError with a stable code."""
        ...


def parse_function(name: str, params: Mapping[str, str]) -> ExportFunction:
    """The function of a request; InvalidError with everything that is wrong with it."""
    problems: list[Problem] = []
    if name not in (RESIZE, CONVERT):
        known = f"{RESIZE} and {CONVERT}"
        _refuse(problems, "functionDef", f"{name[:60]!r} is no export function; {known} are.")
        raise InvalidError.of(problems)
    allowed = {"factor"} if name == RESIZE else {"targetMediaType", "quality", "rotation"}
    for given in sorted(set(params) - allowed):
        _refuse(problems, "params", f"{name} takes no parameter {given[:60]!r}.")
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
        _refuse(problems, "params/factor", f"factor is a number between 0 and 1, not {text[:40]!r}")
    return ExportFunction(name=RESIZE, factor=factor)


def _convert(params: Mapping[str, str], problems: list[Problem]) -> ExportFunction:
    target = params.get("targetMediaType", "").strip().lower()
    if target not in _TARGETS:
        known = ", ".join(sorted(_TARGETS))
        _refuse(problems, "params/targetMediaType", f"targetMediaType is one of {known}.")
        target = _JPEG
    return ExportFunction(
        name=CONVERT,
        target_media_type=target,
        quality=_whole(params, "quality", 1, 100, problems),
        rotation=_whole(params, "rotation", 0, 359, problems) or 0,
    )


def _whole(
    params: Mapping[str, str], name: str, least: int, most: int, problems: list[Problem]
) -> int | None:
    if name not in params:
        return None
    text = params[name].strip()
    if text.isascii() and text.isdigit() and len(text) < 5 and least <= int(text) <= most:
        return int(text)
    detail = f"{name} is a whole number from {least} to {most}, not {text[:40]!r}."
    _refuse(problems, f"params/{name}", detail)
    return None


def _refuse(problems: list[Problem], where: str, detail: str) -> None:
    problems.append(Problem("invalid_export_function", detail, pointer=f"{_WHERE}/{where}"))
