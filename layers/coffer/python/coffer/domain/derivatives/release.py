"""Decide which derivatives a caller may read: nothing derived is more visible than its source.

A derivative is public if its own record, the metadata that it derives from, and every derivative
that it was generated from are publicly releasable. The sources are read each time. So a change of
a source takes effect at once, and nothing has to be copied to derivatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from coffer.domain.buckets import bucket_key
from coffer.domain.callers import Caller
from coffer.domain.derivatives.ports import Derivatives, Source
from coffer.domain.derivatives.record import Derivative
from coffer.domain.transactions.read import require_undeleted

MAX_GENERATIONS = 5
"""Derivatives that one was generated from, one after the other. With more it is not public."""


def readable_ids(
    records: Derivatives[Source], caller: Caller, derivatives: Iterable[Derivative]
) -> frozenset[str]:
    """Return the ids of those of these derivatives that the caller may read.

    Sources are read only if a derivative belongs to a group that the caller may not read.
    """
    every = list(derivatives)
    own = frozenset(one.identifier for one in every if caller.may_read(one.bucket))
    return own | _public_ids(records, [one for one in every if one.identifier not in own])


def check_readable(caller: Caller, derivative: Derivative, readable: frozenset[str]) -> None:
    """Raise a `RequestError` if the derivative is not among the `readable` ids, or was deleted."""
    if derivative.identifier not in readable:
        caller.require_reader(derivative.bucket)
    require_undeleted(derivative)


def _public_ids(records: Derivatives[Source], derivatives: Iterable[Derivative]) -> frozenset[str]:
    released = [one for one in derivatives if one.publicly_releasable]
    if not released:
        return frozenset()
    known = {one.identifier: one for one in released}
    for _ in range(MAX_GENERATIONS):
        parents = {one.generated_from_derivative for one in known.values()}
        missing = {one for one in parents if one is not None and one not in known}
        if not missing or not (found := records.derivatives_of(missing)):
            break
        known.update(found)
    sources = records.metadata_of({one.ac_derived_from for one in known.values()})
    return frozenset(one.identifier for one in released if _is_public(one, known, sources))


def _is_public(
    derivative: Derivative, known: Mapping[str, Derivative], sources: Mapping[str, Source]
) -> bool:
    """True if the derivative and everything that it was made from are public."""
    seen: set[str] = set()
    while _allows(sources.get(derivative.ac_derived_from), derivative):
        seen.add(derivative.identifier)
        parent_id = derivative.generated_from_derivative
        if parent_id is None or parent_id in seen:
            return True
        parent = known.get(parent_id)
        if parent is None or not _allows(parent, derivative):
            return False
        derivative = parent
    return False


def _allows(source: Source | Derivative | None, derivative: Derivative) -> bool:
    """True if the source is public, of the same bucket, and not deleted before the derivative."""
    return (
        source is not None
        and source.publicly_releasable
        and bucket_key(source.bucket) == bucket_key(derivative.bucket)
        and (source.deleted_on is None or derivative.deleted_on is not None)
    )
