"""Requests: an HTTP API event (payload format 2.0), read once into something typed.

Only `rawQueryString` is parsed: the event's own dictionary joins repeated parameters with commas.
Header names are in lower case, as the gateway sends them.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import isinf
from typing import Any
from urllib.parse import parse_qsl

from coffer.domain.errors import MalformedRequestError, UnsupportedTypeError

JSON_TYPES = frozenset({"application/json", "application/vnd.api+json"})
_MAX_DIGITS = 9


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request. `base_url` is scheme and host as the caller sees them, without a slash."""

    route_key: str
    method: str
    path: str
    base_url: str
    request_id: str
    variables: Mapping[str, str]
    raw_query: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> Request:
        """The request that the gateway's event describes."""
        context = event["requestContext"]
        headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
        scheme = headers.get("x-forwarded-proto", "https")
        raw = event.get("body") or ""
        raw_query = event.get("rawQueryString", "")
        return cls(
            route_key=event["routeKey"],
            method=context["http"]["method"],
            path=event.get("rawPath", "/"),
            base_url=f"{scheme}://{context['domainName']}",
            request_id=context["requestId"],
            variables=event.get("pathParameters") or {},
            raw_query=raw_query,
            query=tuple(parse_qsl(raw_query, keep_blank_values=True)),
            headers=headers,
            body=b64decode(raw) if event.get("isBase64Encoded") else raw.encode(),
        )

    def header(self, name: str) -> str:
        """The header's value without surrounding space; empty where it was not sent."""
        return self.headers.get(name, "").strip()

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter, or None."""
        return next((value for key, value in self.query if key == name), None)

    def accepts(self, *media_types: str) -> bool:
        """Whether Accept names one of `media_types`, or anything; no Accept takes anything.

        A range with `q=0` is a refusal (RFC 9110, 12.5.1), and does not count.
        """
        header = self.header("accept")
        return not header or any(
            wanted in ("*/*", *media_types)
            or wanted in {f"{media_type.partition('/')[0]}/*" for media_type in media_types}
            for wanted in _accepted(header)
        )

    def names(self, media_type: str) -> bool:
        """Whether Accept names this very media type."""
        return media_type in _accepted(self.header("accept"))

    def json(self) -> Any:
        """The body as JSON; raises a RequestError that says where it cannot be read."""
        declared = self.header("content-type").partition(";")[0].strip().lower()
        if declared and declared not in JSON_TYPES:
            raise UnsupportedTypeError(
                "unsupported_content_type",
                f"The body is sent as {declared[:80]!r}; send application/vnd.api+json.",
                header="Content-Type",
            )
        try:
            return _parse(self.body)
        except json.JSONDecodeError as error:
            raise MalformedRequestError(
                "malformed_json",
                f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            ) from error
        except (ValueError, RecursionError) as error:
            raise MalformedRequestError(
                "malformed_json",
                "The body is not JSON in UTF-8, holds half a surrogate pair, or nests too deeply.",
            ) from error


def parse_whole_number(name: str, text: str, minimum: int, maximum: int) -> int:
    """Return the value of a query parameter that is a whole number.

    Raises MalformedRequestError if it is no number from `minimum` to `maximum`.
    """
    is_number = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
    if not is_number or not minimum <= int(text) <= maximum:
        raise MalformedRequestError(
            "malformed_parameter",
            f"{name} is a whole number from {minimum} to {maximum}.",
            parameter=name,
        )
    return int(text)


def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of a JSON object, none of which may be named twice: nobody could say which one is
    meant (RFC 8259, 4). MalformedRequestError that names the one that is."""
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    counts = Counter(name for name, _ in pairs)
    repeated = next(name for name, count in counts.items() if count > 1)
    raise MalformedRequestError(
        "malformed_json", f"The body names {repeated[:80]!r} twice in one object."
    )


def _parse(body: bytes) -> Any:
    """JSON in UTF-8 (RFC 8259, 8.1), with or without a byte order mark; else ValueError.

    A text with half a surrogate pair cannot be stored or sent back, so it is refused: neither its
    bytes nor its escapes (which are always spelled with a small u) get through.
    """
    document = json.loads(
        body.decode("utf-8-sig"),
        object_pairs_hook=unrepeated,
        parse_constant=_no_constant,
        parse_float=_number,
    )
    if rb"\u" in body:
        json.dumps(document, ensure_ascii=False).encode()
    return document


def _accepted(header: str) -> frozenset[str]:
    """The media ranges of an Accept header, without those that are refused."""
    wanted = set()
    for part in header.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights = [p.partition("=")[2] for p in parameters if p.startswith("q=")]
        if not any(weight.strip("0.") == "" for weight in weights):
            wanted.add(media_range)
    return frozenset(wanted)


def _number(text: str) -> int | float:
    """A number with a fraction or an exponent; a whole one is an int, as JSON makes no difference.

    ValueError where it is too large to be told from infinity.
    """
    number = float(text)
    if isinf(number):
        raise ValueError(f"{text[:40]} is out of range")
    return int(number) if number.is_integer() else number


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
