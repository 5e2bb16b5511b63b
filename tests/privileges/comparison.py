"""Compare the permissions of the template's roles with the recorded needs of the functions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from local.resources import DEFAULT_REGION
from local.stack import TEMPLATE
from local.template.parser import TemplateParser
from local.template.source import read_source, translate
from tests.privileges.calls import Need
from tests.privileges.policies import Grant, grants
from tests.privileges.reasons import reason_for

Needs = Mapping[str, Collection[Need]]
"""Values by the logical id of a function."""


def allowed_by_the_template() -> list[Grant]:
    """Return every grant of every function's role, with the template's default parameters."""
    template = translate(read_source(TEMPLATE), {}, DEFAULT_REGION)
    return list(grants(TemplateParser(template, "coffer", "http://sqs")))


def missing(allowed: Sequence[Grant], needed: Needs) -> list[tuple[str, Need]]:
    """Return the needs that no policy of the function allows."""
    return [
        (function, need)
        for function, needs in sorted(needed.items())
        for need in sorted(needs, key=str)
        if not any(grant.function == function and grant.allows(need) for grant in allowed)
    ]


def unused(allowed: Sequence[Grant], needed: Needs) -> list[Grant]:
    """Return the grants that no recorded call needed."""
    return [
        grant
        for grant in allowed
        if not any(grant.allows(need) for need in needed.get(grant.function, ()))
    ]


def unexplained(allowed: Sequence[Grant], needed: Needs) -> list[Grant]:
    """Return the unused grants that have no reason."""
    return [grant for grant in unused(allowed, needed) if reason_for(grant) is None]


def table(allowed: Sequence[Grant], needed: Needs) -> Iterator[str]:
    """Yield the lines of the comparison."""
    idle = set(unused(allowed, needed))
    yield f"{'function':<32} {'grants':>6} {'used':>5} {'calls':>6}"
    for function in sorted({grant.function for grant in allowed} | set(needed)):
        own = [grant for grant in allowed if grant.function == function]
        used = sum(grant not in idle for grant in own)
        yield f"{function:<32} {len(own):>6} {used:>5} {len(needed.get(function, ())):>6}"
    for grant in sorted(idle, key=str):
        reason = reason_for(grant) or "NO REASON IS WRITTEN DOWN"
        yield f"unused: {grant.function} {grant.action} {grant.pattern} ({reason})"
    for function, need in missing(allowed, needed):
        asked = "" if need.prefix is None else f" with the prefix {need.prefix!r}"
        yield f"MISSING: {function} {need.action} {need.arn}{asked}"
    yield (
        f"{len(allowed)} grants, {len(allowed) - len(idle)} used, {len(idle)} unused, "
        f"{len(unexplained(allowed, needed))} of them without a reason; "
        f"{len(missing(allowed, needed))} calls not allowed"
    )


def holds(allowed: Sequence[Grant], needed: Needs) -> bool:
    """True if no permission is missing and every unused grant has a reason."""
    return not missing(allowed, needed) and not unexplained(allowed, needed)
