"""Load many records by their ids, or report every record that cannot be loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from coffer.domain.errors import NotFoundError, RequestError, combine_errors

Loaded = TypeVar("Loaded")


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
