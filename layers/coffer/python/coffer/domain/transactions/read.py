"""Checks that reading metadata, derivatives and uploads have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

from coffer.domain.callers import Caller
from coffer.domain.errors import GoneError, NotFoundError, RequestError, combine_errors

Loaded = TypeVar("Loaded")


class DeletableRecord(Protocol):
    """A record that leaves a tombstone when it is deleted."""

    @property
    def instance_id(self) -> str:
        """`<type>/<id>` of the record."""
        ...

    @property
    def deleted_on(self) -> datetime | None:
        """Time of the deletion; None if the record was not deleted."""
        ...


class ReadableRecord(DeletableRecord, Protocol):
    """A record of a group."""

    @property
    def bucket(self) -> str:
        """The group's bucket."""
        ...

    @property
    def publicly_releasable(self) -> bool:
        """True if every signed-in user may read the record."""
        ...


def check_readable(caller: Caller, record: ReadableRecord) -> None:
    """Raise a `RequestError` if the caller may not read the record, or if it was deleted."""
    if not record.publicly_releasable:
        caller.require_reader(record.bucket)
    require_undeleted(record)


def require_undeleted(record: DeletableRecord) -> None:
    """Raise `GoneError` if the record was deleted."""
    if record.deleted_on is not None:
        raise _deleted(record.instance_id)


def _deleted(instance_id: str) -> GoneError:
    kind, _, identifier = instance_id.partition("/")
    noun = kind.removeprefix("object-")
    detail = f"The {noun} {identifier} was deleted. Its audit says by whom and when."
    match kind:
        case "metadata":
            return GoneError("metadata_deleted", detail, instance_id=instance_id)
        case "derivative":
            return GoneError("derivative_deleted", detail, instance_id=instance_id)
        case _:
            return GoneError("upload_deleted", detail, instance_id=instance_id)


def load_all(
    identifiers: Sequence[str],
    known: Mapping[str, Loaded],
    check: Callable[[Loaded], None],
    missing: Callable[[str], NotFoundError],
) -> list[Loaded]:
    """Return the records in the order of their ids.

    `known` are the records that exist, by id; `check` raises if the caller may not read one, and
    `missing` returns the error for an id without a record. Raises every error together, each with
    the pointer `/data/id/<id>`.
    """
    errors: list[RequestError] = []
    for identifier in identifiers:
        try:
            if identifier not in known:
                raise missing(identifier)
            check(known[identifier])
        except RequestError as error:
            pointer = f"/data/id/{identifier}"
            error.problems = tuple(replace(one, pointer=pointer) for one in error.problems)
            errors.append(error)
    if errors:
        raise combine_errors(errors)
    return [known[identifier] for identifier in identifiers]
