"""Parse HTTP API events (payload format 2.0) into requests, and JSON bodies.

Only `rawQueryString` is used for the query: the event's own dictionary joins repeated parameters
with commas. The gateway sends header names in lower case.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import isinf
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from coffer.domain.errors import MalformedRequestError, Problem, UnsupportedTypeError

JSON_TYPES = frozenset({"application/json", "application/vnd.api+json"})
_MAX_DIGITS = 9


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request. `base_url` is the public scheme and host, without a slash at the end.

    `path` is decoded, although API Gateway calls it raw: it cannot be compared with an URL.
    """

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
    query_problems: tuple[Problem, ...] = ()
    """Problems of the query that the route must report with those of the body."""

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Request:
        """Return the request of a gateway event."""
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

    def url(self, query: Iterable[tuple[str, str]]) -> str:
        """Return the public URL of the request's path with other query parameters."""
        encoded = urlencode(list(query), quote_via=quote)
        return f"{self.base_url}{quote(self.path)}{f'?{encoded}' if encoded else ''}"

    def header(self, name: str) -> str:
        """Return the header without surrounding space, or "" if it was not sent."""
        return self.headers.get(name, "").strip()

    def parameter(self, name: str) -> str | None:
        """Return the first value of a query parameter, or None."""
        return next((value for key, value in self.query if key == name), None)

    def accepts(self, *media_types: str) -> bool:
        """True if the Accept header allows one of `media_types`, or is missing.

        A media range with `q=0` is not acceptable (RFC 9110, 12.5.1).
        """
        header = self.header("accept")
        return not header or any(
            allowed in ("*/*", *media_types)
            or allowed in {f"{media_type.partition('/')[0]}/*" for media_type in media_types}
            for allowed in _accepted(header)
        )

    def accepts_exactly(self, media_type: str) -> bool:
        """True if the Accept header names this media type, not only a range that includes it."""
        return media_type in _accepted(self.header("accept"))

    def accepts_gzip(self) -> bool:
        """True if Accept-Encoding names gzip."""
        return "gzip" in _accepted(self.header("accept-encoding"))

    def json(self) -> Any:
        """Parse the body as JSON; raise UnsupportedTypeError or MalformedRequestError."""
        declared = self.header("content-type").partition(";")[0].strip().lower()
        if declared and declared not in JSON_TYPES:
            raise UnsupportedTypeError(
                "unsupported_content_type",
                f"The body is sent as {declared[:80]!r}; send application/vnd.api+json.",
                header="Content-Type",
            )
        with malformed_json("holds half a surrogate pair, or nests too deeply"):
            return _parse(self.body)


class QueryProblems(list[Problem]):
    """Problems of query parameters, which are raised together."""

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Add the problems of a MalformedRequestError of the block."""
        try:
            yield
        except MalformedRequestError as error:
            self.extend(error.problems)

    def raise_if_any(self) -> None:
        """Raise MalformedRequestError if there are problems."""
        if self:
            raise MalformedRequestError.of(self)


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


@contextmanager
def malformed_json(reasons: str) -> Iterator[None]:
    """Raise MalformedRequestError for the errors of the JSON parser.

    `reasons` are those that the parser does not describe itself.
    """
    try:
        yield
    except json.JSONDecodeError as error:
        raise MalformedRequestError(
            "malformed_json",
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise MalformedRequestError(
            "malformed_json", f"The body is not JSON in UTF-8, {reasons}."
        ) from error


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of a JSON object; raise MalformedRequestError if a name is repeated.

    Parsers differ in which of the values they use (RFC 8259, 4).
    """
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    counts = Counter(name for name, _ in pairs)
    repeated = next(name for name, count in counts.items() if count > 1)
    raise MalformedRequestError(
        "malformed_json", f"The body names {repeated[:80]!r} twice in one object."
    )


def _parse(body: bytes) -> Any:
    """Parse JSON in UTF-8 (RFC 8259, 8.1), with or without a byte order mark; else ValueError.

    A text with half a surrogate pair cannot be stored or sent back, so it is refused. Only a `\\u`
    escape can contain one.
    """
    document = json.loads(
        body.decode("utf-8-sig"),
        object_pairs_hook=unique_members,
        parse_constant=_no_constant,
        parse_float=_number,
    )
    if rb"\u" in body:
        json.dumps(document, ensure_ascii=False).encode()
    return document


def _accepted(header: str) -> frozenset[str]:
    """Return the media ranges of an Accept header, without those with `q=0`."""
    allowed = set()
    for part in header.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights = [p.partition("=")[2] for p in parameters if p.startswith("q=")]
        if not any(weight.strip("0.") == "" for weight in weights):
            allowed.add(media_range)
    return frozenset(allowed)


def _number(text: str) -> int | float:
    """Parse a number with a fraction or an exponent; whole numbers become int (1.0 is 1 in JSON).

    Raises ValueError if it is too large for a float.
    """
    number = float(text)
    if isinf(number):
        raise ValueError(f"{text[:40]} is out of range")
    return int(number) if number.is_integer() else number


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
