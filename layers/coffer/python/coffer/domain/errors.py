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
│   ├── SeveralErrors             refusals of different kinds, in one request
│   │   └── PartlyWrittenError        of many entries some were written, others lost a race
│   └── UnavailableError          a service behind us is overloaded: try again
├── StoreError                what the object store answered; use cases handle these
│   ├── ObjectMissingError
│   ├── ObjectChangedError        other bytes than the ones that were asked for
│   └── ObjectExistsError
└── RecordError               what the tables answered; use cases handle these
    ├── RecordExistsError
    ├── RecordChangedError        somebody wrote in between
    ├── StepsRefusedError         a transaction was rolled back, and by which of its steps
    └── TermInUseError            metadata uses a term that would go, or change its meaning

Nothing here knows HTTP: `coffer.http.errors` maps the classes to statuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace


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

    def at_entry(self, index: int) -> RequestError:
        """The same error, about one entry of a list: `/data/…` points into `/data/<index>/…`."""
        inside = [(problem.pointer or "").removeprefix("/data") for problem in self.problems]
        self.problems = tuple(
            replace(problem, pointer=f"/data/{index}{pointer}")
            for problem, pointer in zip(self.problems, inside, strict=True)
        )
        return self


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


class SeveralErrors(RequestError):  # noqa: N818 - it is several
    """Refusals of different kinds that one request earned; each keeps its own status."""

    def __init__(self, errors: Sequence[RequestError]) -> None:
        apart = _apart(errors)
        problems = [problem for error in apart for problem in error.problems]
        super().__init__(problems[0].code, "; ".join(problem.detail for problem in problems))
        self.problems = tuple(problems)
        self.errors = tuple(apart)

    def at_entry(self, index: int) -> RequestError:
        for error in self.errors:
            error.at_entry(index)
        self.problems = tuple(problem for error in self.errors for problem in error.problems)
        return self


class PartlyWrittenError(SeveralErrors):
    """Some entries lost a race when others had been written: `written` has the ids by number."""

    def __init__(self, *, failed: Mapping[int, RequestError], written: Mapping[int, str]) -> None:
        super().__init__([error.at_entry(number) for number, error in sorted(failed.items())])
        self.failed = sorted(failed)
        self.written = dict(sorted(written.items()))


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


class TransactionCanceledError(RecordError):
    """A transaction was rolled back; `refused` has the reasons by the number of the step."""

    def __init__(self, refused: Mapping[int, RecordError]) -> None:
        super().__init__("; ".join(f"step {at}: {error}" for at, error in refused.items()))
        self.refused = dict(refused)


class TermInUseError(RecordError):
    """Metadata uses the term of the vocabulary that was to be deleted or to change its meaning."""


def together(errors: Sequence[RequestError]) -> RequestError:
    """One error that tells all of these; of their own kind where they are of the same one."""
    [first, *others] = apart = _apart(errors)
    if not others:
        return first
    if isinstance(first, GoneError) or any(type(error) is not type(first) for error in others):
        return SeveralErrors(apart)
    return type(first).of([problem for error in apart for problem in error.problems])


def _apart(errors: Sequence[RequestError]) -> list[RequestError]:
    """These errors, those inside of others one by one."""
    return [
        one
        for error in errors
        for one in (error.errors if isinstance(error, SeveralErrors) else (error,))
    ]


class UploadMissingError(StoreError):
    """There is no such multipart upload, or it does not have the parts it was said to have."""
