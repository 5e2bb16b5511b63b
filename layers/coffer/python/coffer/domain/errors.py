"""The tree of all expected errors.

CofferError
├── RequestError              the request cannot be served
│   ├── MalformedRequestError     the request cannot be parsed
│   ├── UnauthenticatedError      the token is missing or invalid
│   ├── ForbiddenError            the caller lacks a role
│   ├── NotFoundError             the thing does not exist or is not visible yet
│   │   └── NotReadyError             it is being made: try again later
│   ├── ConflictError             another record has it already
│   ├── GoneError                 it was deleted
│   ├── PreconditionError         If-Match does not name the current version
│   ├── TooLargeError             too many bytes or entries
│   ├── UnsupportedTypeError      the media type is not allowed
│   ├── InvalidError              a value breaks a rule
│   ├── TooManyRequestsError      the caller has too much work running: wait
│   ├── CombinedError             several errors of different classes
│   │   └── PartialWriteError         some entries of a bulk request were written
│   └── UnavailableError          an AWS service is overloaded or down: try again
│       └── DecoderBusyError          no picture was decoded: ask again later
├── StoreError                errors of the object store, for use cases
│   ├── ObjectMissingError
│   ├── ObjectChangedError        the object has another ETag
│   ├── ObjectExistsError
│   ├── MultipartUploadMissingError
│   └── PartsRefusedError         the store does not join the parts
├── ChangeRefusedError        a service refuses a change for good: too large or invalid
└── RecordError               errors of the tables, for use cases
    ├── RecordExistsError
    ├── RecordChangedError        the record was written after it was read
    ├── TransactionCanceledError  a transaction was rolled back
    └── TermInUseError            metadata uses the vocabulary term

`coffer.http.errors` maps the classes to HTTP statuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

_MAX_DETAIL, _MAX_SOURCE = 1000, 300
"""Characters of a problem's texts. They quote names and values of the request, of any length."""


def shorten(text: str, maximum: int) -> str:
    """Return a text of at most `maximum` characters: of a longer one, its beginning and end."""
    if len(text) <= maximum:
        return text
    end = (maximum - 1) // 2
    return f"{text[: maximum - 1 - end]}…{text[-end:]}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a request.

    `code` is stable and in snake_case; `detail` is a sentence for people. At most one of `pointer`
    (RFC 6901, into the request document), `parameter` (query or path) and `header` is given.
    Texts that are too long are shortened.
    """

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", shorten(self.detail, _MAX_DETAIL))
        for name in ("pointer", "parameter", "header"):
            if (source := getattr(self, name)) is not None:
                object.__setattr__(self, name, shorten(source, _MAX_SOURCE))


class CofferError(Exception):
    """The root of all expected errors."""


class RequestError(CofferError):
    """The request cannot be served; `problems` has all that is wrong with it."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        pointer: str | None = None,
        parameter: str | None = None,
        header: str | None = None,
    ) -> None:
        problem = Problem(code, detail, pointer, parameter, header)
        super().__init__(problem.detail)
        self.problems: tuple[Problem, ...] = (problem,)

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> RequestError:
        """Return an error of this class with these problems; there must be at least one."""
        error = cls(problems[0].code, "; ".join(problem.detail for problem in problems))
        error.problems = tuple(problems)
        return error

    def at_entry(self, index: int) -> RequestError:
        """Make the pointers refer to an entry of a list: `/data/…` becomes `/data/<index>/…`."""
        inside = [(problem.pointer or "").removeprefix("/data") for problem in self.problems]
        self.problems = tuple(
            replace(problem, pointer=f"/data/{index}{pointer}")
            for problem, pointer in zip(self.problems, inside, strict=True)
        )
        return self


class MalformedRequestError(RequestError):
    """The request cannot be parsed."""


class UnauthenticatedError(RequestError):
    """The token is missing or invalid."""


class ForbiddenError(RequestError):
    """The caller is known but lacks the role or permission."""


class NotFoundError(RequestError):
    """The thing does not exist, or is not visible yet."""


class NotReadyError(NotFoundError):
    """The thing is being made; try again after `retry_after_seconds`."""

    retry_after_seconds = 2


class ConflictError(RequestError):
    """Another record has it already, or the resource is of another type."""


class GoneError(RequestError):
    """The thing was deleted; the audit snapshots of `instance_id` say when and by whom."""

    def __init__(self, code: str, detail: str, *, instance_id: str) -> None:
        super().__init__(code, detail)
        self.instance_id = instance_id


class PreconditionError(RequestError):
    """The caller's If-Match or If-Unmodified-Since does not hold for the current version."""


class TooLargeError(RequestError):
    """The request has more bytes or entries than allowed."""


class UnsupportedTypeError(RequestError):
    """The media type is not allowed."""


class InvalidError(RequestError):
    """The request can be parsed but breaks a rule."""


class TooManyRequestsError(RequestError):
    """The caller has too much work running; try again after `retry_after_seconds`."""

    retry_after_seconds = 30


class CombinedError(RequestError):
    """Several errors of different classes for one request; each keeps its own status."""

    def __init__(self, errors: Sequence[RequestError]) -> None:
        flat = flatten_errors(errors)
        problems = [problem for error in flat for problem in error.problems]
        super().__init__(problems[0].code, "; ".join(problem.detail for problem in problems))
        self.problems = tuple(problems)
        self.errors = tuple(flat)

    def at_entry(self, index: int) -> RequestError:
        for error in self.errors:
            error.at_entry(index)
        self.problems = tuple(problem for error in self.errors for problem in error.problems)
        return self


class PartialWriteError(CombinedError):
    """A bulk request failed after some of its entries were written.

    `written` has the ids by entry number.
    """

    def __init__(self, *, failed: Mapping[int, RequestError], written: Mapping[int, str]) -> None:
        super().__init__([error.at_entry(number) for number, error in sorted(failed.items())])
        self.failed = sorted(failed)
        self.written = dict(sorted(written.items()))


class UnavailableError(RequestError):
    """An AWS service is overloaded or down; the same request may succeed later."""


class DecoderBusyError(UnavailableError):
    """The function that decodes is throttled or down, or the caller has too little time left.

    No picture was decoded, so this is no attempt.
    """


class StoreError(CofferError):
    """An error of the object store; the message names the key."""


class ObjectMissingError(StoreError):
    """There is no object under the key."""


class ObjectChangedError(StoreError):
    """The object under the key has another ETag than the requested one."""


class ObjectExistsError(StoreError):
    """There is an object under the key already."""


class MultipartUploadMissingError(StoreError):
    """The multipart upload does not exist, or lacks some of its parts."""


class PartsRefusedError(StoreError):
    """The store does not join the parts of a multipart upload; `code` is its reason."""

    def __init__(self, code: str, key: str) -> None:
        super().__init__(f"{key}: {code}")
        self.code = code


class ChangeRefusedError(CofferError):
    """A change is too large or invalid for a service, so every attempt to publish it fails."""


class RecordError(CofferError):
    """An error of the tables; the message names the record."""


class RecordExistsError(RecordError):
    """There is a record with this identifier, or one that makes the same claim."""


class RecordChangedError(RecordError):
    """The record was written after it was read."""


class TransactionCanceledError(RecordError):
    """A transaction was rolled back; `reasons` has the errors by the number of the action."""

    def __init__(self, reasons: Mapping[int, RecordError]) -> None:
        super().__init__("; ".join(f"action {at}: {error}" for at, error in reasons.items()))
        self.reasons = dict(reasons)


class TermInUseError(RecordError):
    """Metadata uses the vocabulary term that was to be deleted or changed."""


def combine_errors(errors: Sequence[RequestError]) -> RequestError:
    """Return one error with the problems of all; of their class if they share one."""
    [first, *others] = flat = flatten_errors(errors)
    if not others:
        return first
    if isinstance(first, GoneError) or any(type(error) is not type(first) for error in others):
        return CombinedError(flat)
    return type(first).of([problem for error in flat for problem in error.problems])


def flatten_errors(errors: Sequence[RequestError]) -> list[RequestError]:
    """Return the errors, with those in a CombinedError in its place."""
    return [
        inner
        for error in errors
        for inner in (error.errors if isinstance(error, CombinedError) else (error,))
    ]
