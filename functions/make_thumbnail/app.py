"""A thumbnail is wanted of an upload: make it, or say why there is none.

An operator may invoke it too, with `again`, a reason for which thumbnails failed: they are asked
for once more, those behind the upload `after` where that is given.
"""

from typing import Any

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.imaging.isolated import IsolatedThumbnailer
from coffer.adapters.s3.objects import S3Objects, s3_client
from coffer.adapters.system_clock import SystemClock
from coffer.batches import queue_handler
from coffer.domain.thumbnails.create import Thumbnailing
from coffer.domain.thumbnails.retry_failed import ask_again
from coffer.observability import count, logger, start_invocation
from coffer.settings import store_settings, thumbnail_settings

# The queue gives a message up after five; the last two only say so, because an attempt that ran
# out of time or memory could not.
MAX_ATTEMPTS = 3
NEEDED_MILLISECONDS = 15_000
"""What asking for one more may take, retries included."""

thumbnailing = Thumbnailing(
    uploads=DynamoUploads(),
    catalogue=DynamoCatalogue(),
    objects=S3Objects(s3_client(), store_settings.object_bucket),
    thumbnailer=IsolatedThumbnailer(thumbnail_settings.thumbnail_size),
    clock=SystemClock(),
)


def make(event: dict[str, Any], attempt: int) -> None:
    identifier = event["detail"]["fileIdentifier"]
    provide = thumbnailing.give_up if attempt > MAX_ATTEMPTS else thumbnailing.make
    status = provide(identifier)
    outcome = status.value if status else "NOTHING_TO_DO"
    logger.info("thumbnail", file_identifier=identifier, outcome=outcome, attempt=attempt)
    count(f"Thumbnails{outcome.title().replace('_', '')}")


def remake(event: dict[str, Any], context: Any) -> dict[str, Any]:
    start_invocation(context.aws_request_id)
    done = ask_again(
        thumbnailing.uploads,
        str(event["again"]),
        after=event.get("after"),
        time_is_up=lambda: context.get_remaining_time_in_millis() < NEEDED_MILLISECONDS,
    )
    logger.info("thumbnails asked for again", failure=event["again"], asked=done.asked)
    return {"asked": done.asked, "goOnAfter": done.go_on_after}


from_queue = queue_handler(make)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return remake(event, context) if "again" in event else from_queue(event, context)
