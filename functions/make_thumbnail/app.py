"""Create the thumbnail of an upload, or record why there is none.

An operator invokes it with `again`, a failure code, to request the thumbnails that failed with it
again, behind the upload `after` if that is given.

Settings, see `coffer/settings.py`: aws, messaging, store, table, thumbnail.
"""

from functools import partial
from typing import Any

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.adapters.imaging.decoder_function import DecoderFunction, FunctionThumbnailer
from coffer.adapters.s3.objects import S3Objects, s3_client
from coffer.adapters.sqs.event_queue import EventQueue
from coffer.adapters.system_clock import SystemClock
from coffer.batches import timed_queue_handler
from coffer.domain.clock import RemainingTime
from coffer.domain.thumbnails.create import RETRY_DELAY, ThumbnailCreation, run_attempt
from coffer.domain.thumbnails.retry_failed import retry_failed_thumbnails
from coffer.observability import count, logger, start_invocation
from coffer.settings import messaging_settings, store_settings, thumbnail_settings

MIN_MILLISECONDS = 15_000  # that one more request may take, with retries

clock = SystemClock()
queue = EventQueue(messaging_settings.make_thumbnail_queue_url, clock)
decoder, edge = DecoderFunction(clock), thumbnail_settings.thumbnail_size
uploads, catalogue = DynamoUploads(), DynamoCatalogue()
objects = S3Objects(s3_client(), store_settings.object_bucket)


@timed_queue_handler
def make_thumbnail(event: dict[str, Any], attempt: int, remaining: RemainingTime) -> None:
    identifier = event["detail"]["fileIdentifier"]
    thumbnailer = FunctionThumbnailer(decoder, edge, remaining)
    creation = ThumbnailCreation(
        uploads=uploads, catalogue=catalogue, objects=objects, thumbnailer=thumbnailer, clock=clock
    )
    postpone = partial(queue.send, event, RETRY_DELAY)
    outcome = run_attempt(creation, identifier, attempt, postpone)
    logger.info("thumbnail", file_identifier=identifier, outcome=outcome, attempt=attempt)
    count(f"Thumbnails{outcome.title().replace('_', '')}")


def retry_failed(event: dict[str, Any], context: Any) -> dict[str, Any]:
    start_invocation(context.aws_request_id)
    result = retry_failed_thumbnails(
        uploads,
        str(event["again"]),
        after=event.get("after"),
        is_time_up=lambda: context.get_remaining_time_in_millis() < MIN_MILLISECONDS,
    )
    logger.info("thumbnails requested", failure=event["again"], requested=result.requested)
    return {"asked": result.requested, "goOnAfter": result.continue_after}


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return retry_failed(event, context) if "again" in event else make_thumbnail(event, context)
