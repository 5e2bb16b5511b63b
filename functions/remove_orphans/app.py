"""On its schedule, where there is one: files that nobody described for too long are removed.

An operator may invoke it too, with `age` in the place of the configured one and with `dryRun`.
"""

from collections import Counter
from typing import Any

from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.objects import S3Objects, s3_client
from coffer.adapters.system_clock import SystemClock
from coffer.domain.configuration.durations import parse_duration
from coffer.domain.uploads.orphans import Fate, OrphanRemoval, describe_orphan
from coffer.domain.uploads.removal import Removal
from coffer.observability import count, flush_metrics, logger, start_invocation
from coffer.settings import orphan_settings, store_settings

NEEDED_MILLISECONDS = 15_000
"""What one more upload may take, retries included."""
MAX_NAMED = 1000
"""How many orphans a dry run names in its answer, which may have 6 MB."""

max_age = orphan_settings.orphan_removal_object_max_age
schedule = orphan_settings.orphan_removal_cron  # fails here if EventBridge would not take it
uploads = DynamoUploads()
clock = SystemClock()
orphans = OrphanRemoval(
    uploads=uploads,
    removal=Removal(
        uploads=uploads, objects=S3Objects(s3_client(), store_settings.object_bucket), clock=clock
    ),
    clock=clock,
)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    start_invocation(context.aws_request_id)
    age = parse_duration(event["age"]) if "age" in event else max_age
    fates: Counter[str] = Counter()
    named: list[dict[str, object]] = []
    failures: list[Exception] = []
    for found in orphans.sweep(
        age,
        dry_run=event.get("dryRun") is True,
        time_is_up=lambda: context.get_remaining_time_in_millis() < NEEDED_MILLISECONDS,
    ):
        fates[found.fate] += 1
        if found.upload is not None and len(named) < MAX_NAMED:
            named.append({**describe_orphan(found.upload), "fate": found.fate})
        if found.problem is not None:
            failures.append(found.problem)
    logger.info("orphans swept", fates=dict(fates))
    for fate in (Fate.REMOVED, Fate.SPARED, Fate.FAILED):
        count(f"Orphans{fate.title()}", fates[fate])
    flush_metrics()
    if failures:
        raise ExceptionGroup(f"{len(failures)} orphans could not be removed", failures)
    return {**fates, "orphans": named}
