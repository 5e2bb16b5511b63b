"""Attributes that callers send: each has a shape, which turns a value of JSON into the domain's.

A shape raises ShapeError for what it does not take. All problems of a document are told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from coffer.domain.clock import from_text
from coffer.domain.errors import Problem
from coffer.domain.identifiers import is_identifier
from coffer.domain.media_types import DcType
from coffer.domain.text_safety import has_markup
from coffer.http.documents import pointer_to

# Of those that the reference takes (java.net.URL), the ones that name a host. A page may link to
# them: nothing that runs in it, such as `javascript:`, may be among them.
_URL_SCHEMES = frozenset({"http", "https", "ftp"})

Shape = Callable[[Any], Any]
Attributes = tuple[tuple[str, str, Shape], ...]
"""The attributes of a resource: name in the document, name in the domain, shape."""


class ShapeError(ValueError):
    """A value that is not of its attribute's shape; the message continues the attribute's name."""


def read_attributes(
    kind: str,
    given: Mapping[str, Any],
    shapes: Attributes,
    problems: list[Problem],
    *,
    passed_over: Collection[str] = (),
    clears: bool = False,
    where: str = "/data/attributes",
) -> dict[str, Any]:
    """The values of `given`, by their names in the domain; what is wrong goes into `problems`.

    Attributes in `passed_over` are set by the server: whatever is sent is ignored. A null is the
    same as nothing, unless the document changes a record (`clears`): there it is None.
    """
    known = {name: (field, shape) for name, field, shape in shapes}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name in passed_over or (name in known and value is None and not clears):
            continue
        pointer = pointer_to(where, name)
        if name not in known:
            detail = f"{kind} has no attribute {name[:60]!r}."
            problems.append(Problem("unknown_attribute", detail, pointer=pointer))
            continue
        field, shape = known[name]
        try:
            values[field] = None if value is None else shape(value)
        except ShapeError as error:
            problems.append(Problem("malformed_attribute", f"{name}: {error}.", pointer=pointer))
    return values


def plain_text(value: Any) -> str | None:
    """Text without markup, trimmed; None where nothing is left."""
    if not isinstance(value, str):
        raise ShapeError("must be text")
    if has_markup(value):
        raise ShapeError("holds markup: Unaccepted value detected in attributes")
    return value.strip() or None


def identifier(value: Any) -> str:
    """A UUID, in lower case."""
    if not is_identifier(value):
        raise ShapeError("must be a UUID")
    return str(value).lower()


def url(value: Any) -> str | None:
    """An absolute URL; None where the text is blank."""
    text = plain_text(value)
    if text is None:
        return None
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ShapeError("must be an absolute URL") from error
    if parts.scheme not in _URL_SCHEMES or not parts.netloc:
        raise ShapeError("must be an absolute URL")
    return text


def moment(value: Any) -> datetime:
    """A time with its offset (ISO 8601), in UTC."""
    try:
        return from_text(str(value))
    except (ValueError, OverflowError) as error:
        raise ShapeError("must be an ISO 8601 date and time with its offset") from error


def whole_number(value: Any) -> int:
    """A number without a fraction."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ShapeError("must be a whole number")
    return value


def flag(value: Any) -> bool:
    """True or false, and nothing that counts as such."""
    if not isinstance(value, bool):
        raise ShapeError("must be true or false")
    return value


def dc_type(value: Any) -> DcType:
    """A kind of thing, by name or label; case and whatever is no letter do not count."""
    kind = DcType.parse(value) if isinstance(value, str) else None
    if kind is None:
        raise ShapeError(f"{str(value)[:60]!r} is not a valid dc type")
    return kind


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts, without the blank ones."""
    if not isinstance(value, list):
        raise ShapeError("must be a list of texts")
    return tuple(text for text in map(plain_text, value) if text)


def text_map(value: Any) -> Mapping[str, str]:
    """An object whose values are texts, all of them trimmed."""
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ShapeError("must be an object of texts")
    return {key.strip(): item.strip() for key, item in value.items()}
