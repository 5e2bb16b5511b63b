"""Every failure that Coffer expects, as one tree.

CofferError
├── RequestError              what the caller asked for cannot be done; says why, and where
│   ├── MalformedRequestError     the request cannot be understood
│   ├── UnauthenticatedError      no token, or one that proves nothing
│   ├── ForbiddenError            known, but not allowed
│   ├── NotFoundError             never was, or not visible yet
│   │   └── NotReadyError             comes later: ask again
│   ├── ConflictError             somebody else has it already
│   ├── GoneError                 was, and was deleted
│   ├── PreconditionError         the caller's picture of the record is stale
│   ├── TooLargeError             more than may be taken
│   ├── UnsupportedTypeError      a media type that is not taken
│   ├── InvalidError              understood, but against a rule
│   └── UnavailableError          a service behind us is overloaded: try again
├── StoreError                what the object store answered; use cases handle these
│   ├── ObjectMissingError
│   ├── ObjectChangedError        other bytes than the ones that were asked for
│   └── ObjectExistsError
└── RecordError               what the tables answered; use cases handle these
    ├── RecordExistsError
    └── RecordChangedError        somebody wrote in between

Nothing here knows HTTP: `coffer.http.errors` maps the classes to statuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a request.

    `code` is stable and in snake_case; `detail` is a sentence for a person. At most one of
    `pointer` (RFC 6901, into the request document), `parameter` (query or path) and `header`
    says where it is.
    """

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None


class CofferError(Exception):
    """The root of every expected failure."""


class RequestError(CofferError):
    """A request that cannot be served, with all its problems at once."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        pointer: str | None = None,
        parameter: str | None = None,
        header: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.problems: tuple[Problem, ...] = (Problem(code, detail, pointer, parameter, header),)

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> RequestError:
        """The error that carries all of `problems`; there must be at least one."""
        error = cls(problems[0].code, "; ".join(problem.detail for problem in problems))
        error.problems = tuple(problems)
        return error


class MalformedRequestError(RequestError):
    """The request cannot be understood."""


class UnauthenticatedError(RequestError):
    """There is no token, or it proves nothing."""


class ForbiddenError(RequestError):
    """The caller is known, but may not do this."""


class NotFoundError(RequestError):
    """There is no such thing, or none that may be seen yet."""


class NotReadyError(NotFoundError):
    """What was asked for is being made; `retry_after_seconds` says when to ask again."""

    retry_after_seconds = 2


class ConflictError(RequestError):
    """Somebody else has it already, or its type is not the one named."""


class GoneError(RequestError):
    """It was deleted; `about` is the instance id whose audit tells by whom and when."""

    def __init__(self, code: str, detail: str, *, about: str) -> None:
        super().__init__(code, detail)
        self.about = about


class PreconditionError(RequestError):
    """The caller's If-Match does not name the current version."""


class TooLargeError(RequestError):
    """More bytes or entries than may be taken."""


class UnsupportedTypeError(RequestError):
    """A media type that is not taken."""


class InvalidError(RequestError):
    """Understood, but against a rule."""


class UnavailableError(RequestError):
    """A service behind Coffer is overloaded or down; the same request may succeed later."""


class StoreError(CofferError):
    """What the object store answered; the message names the key."""


class ObjectMissingError(StoreError):
    """There is no object under the key."""


class ObjectChangedError(StoreError):
    """The object under the key does not have the ETag that was asked for."""


class ObjectExistsError(StoreError):
    """There is an object under the key already."""


class RecordError(CofferError):
    """What the tables answered; the message names the record."""


class RecordExistsError(RecordError):
    """There is a record with this identifier, or one that makes the same claim."""


class RecordChangedError(RecordError):
    """The record is not the one that was read: somebody wrote in between."""
