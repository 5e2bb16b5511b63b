"""Orphan removal: off by default, and it keeps claimed and recent files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from local.resources import DEFAULT_REGION, Schedule
from local.stack import TEMPLATE, LocalStack
from local.template.parser import TemplateParser
from local.template.source import read_source, translate
from tests.api.clients import describe, upload
from tests.api.images import png

AGE = timedelta(days=20)


def sweep(stack: LocalStack, **event: Any) -> dict[str, Any]:
    """Invoke the function as an operator does, and return its result."""
    outcome = stack.invoke("RemoveOrphansFunction", event)
    assert not outcome.failed, outcome.error_message
    return dict(outcome.payload)


def test_orphans_are_removed_and_claimed_or_recent_files_are_kept(stack: LocalStack) -> None:
    orphan = upload(stack, png()).json()["fileIdentifier"]
    claimed = upload(stack, png()).json()["fileIdentifier"]
    assert describe(stack, claimed).status == 201
    stack.settle(retries=True)
    stack.clock.advance(AGE + timedelta(minutes=1))
    young = upload(stack, png()).json()["fileIdentifier"]
    stack.settle(retries=True)

    assert [one["fileIdentifier"] for one in sweep(stack, dryRun=True)["orphans"]] == [orphan]
    response = stack.run_schedule("RemoveOrphansFunction").payload
    assert response["removed"] == 1
    stack.settle(retries=True)

    left = "".join(stack.keys("ObjectBucket"))
    assert orphan not in left
    assert claimed in left
    assert young in left
    told = [one["detail"] for one in stack.bus_events if one["detail-type"].startswith("Orphan")]
    assert {one["fileIdentifier"] for one in told} == {orphan}
    entries = [
        one for one in stack.items("AuditTable") if one["instanceId"] == f"object-upload/{orphan}"
    ]
    assert [one["snapshotType"] for one in entries].count("TERMINAL") == 1


def schedule(**parameters: str) -> Schedule:
    """Return the schedule of the orphan removal in a stack with these parameters."""
    template = translate(read_source(TEMPLATE), parameters, DEFAULT_REGION)
    resources = TemplateParser(template, "coffer", "http://sqs").parse()
    [found] = [one for one in resources.schedules if "RemoveOrphans" in one.logical_id]
    return found


def test_orphan_removal_is_off_without_a_cron_expression() -> None:
    assert not schedule().enabled
    on = schedule(OrphanRemovalCron="0 * * * ? *")
    assert (on.enabled, on.expression) == (True, "cron(0 * * * ? *)")


def test_a_hundred_claims_during_a_sweep_lose_nothing(stack: LocalStack) -> None:
    # Text files, which get no thumbnails.
    files = [upload(stack, b"file %d" % n).json()["fileIdentifier"] for n in range(100)]
    stack.settle(retries=True)
    stack.clock.advance(AGE + timedelta(minutes=1))
    with ThreadPoolExecutor(4) as pool:
        sweeping = pool.submit(sweep, stack)
        claims = list(pool.map(lambda file: describe(stack, file).status, files))
        swept = sweeping.result()
    left = "".join(stack.keys("ObjectBucket", "objects/"))
    survivors = [file for file, status in zip(files, claims, strict=True) if status == 201]
    assert set(claims) <= {201, 410, 422}
    assert all(file in left for file in survivors)
    assert swept.get("removed", 0) == len(files) - len(survivors)
    assert not any(
        file in left for file, status in zip(files, claims, strict=True) if status != 201
    )
