"""Schedule (if configured): remove files that no record has described for too long.

An operator may invoke it too, with `age` instead of the configured age and with `dryRun`.

Settings, see `coffer/settings.py`: aws, orphan, store, table.
"""

from collections import Counter
from typing import Any

from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.s3.objects import S3Objects, s3_client
from coffer.adapters.system_clock import SystemClock
from coffer.domain.configuration.durations import parse_duration
from coffer.domain.uploads.delete import UploadDeletion
from coffer.domain.uploads.orphans import OrphanOutcome, OrphanRemoval, describe_orphan
from coffer.observability import count, flush_metrics, logger, start_invocation
from coffer.settings import orphan_settings, store_settings

MIN_MILLISECONDS = 15_000
"""Time that one more upload may take, with retries."""
MAX_NAMED_ORPHANS = 1000
"""Lambda limits the response to 6 MB."""

max_age = orphan_settings.orphan_removal_object_max_age
schedule = orphan_settings.orphan_removal_cron  # fails here if EventBridge would not take it
uploads = DynamoUploads()
clock = SystemClock()
orphans = OrphanRemoval(
    uploads=uploads,
    deletion=UploadDeletion(
        uploads=uploads, objects=S3Objects(s3_client(), store_settings.object_bucket), clock=clock
    ),
    clock=clock,
)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    start_invocation(context.aws_request_id)
    age = parse_duration(event["age"]) if "age" in event else max_age
    outcomes: Counter[str] = Counter()
    named: list[dict[str, object]] = []
    errors: list[Exception] = []
    for swept in orphans.sweep(
        age,
        dry_run=event.get("dryRun") is True,
        time_is_up=lambda: context.get_remaining_time_in_millis() < MIN_MILLISECONDS,
    ):
        outcomes[swept.outcome] += 1
        if swept.upload is not None and len(named) < MAX_NAMED_ORPHANS:
            named.append({**describe_orphan(swept.upload), "fate": swept.outcome})
        if swept.error is not None:
            errors.append(swept.error)
    logger.info("orphans swept", fates=dict(outcomes))
    for outcome in (OrphanOutcome.REMOVED, OrphanOutcome.SPARED, OrphanOutcome.FAILED):
        count(f"Orphans{outcome.title()}", outcomes[outcome])
    flush_metrics()
    if errors:
        raise ExceptionGroup(f"{len(errors)} orphans could not be removed", errors)
    return {**outcomes, "orphans": named}
