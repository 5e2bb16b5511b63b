"""An imageable upload was created: make its thumbnail, or say why there is none."""

from typing import Any

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads import DynamoUploads
from coffer.adapters.imaging.isolated import IsolatedThumbnailer
from coffer.adapters.s3_objects import S3Objects, s3_client
from coffer.adapters.system_clock import SystemClock
from coffer.batches import queue_handler
from coffer.domain.thumbnails import Thumbnailing
from coffer.observability import count, logger
from coffer.settings import settings

# The queue gives a message up after five; the last two only say so, because an attempt that ran
# out of time or memory could not.
MOST_ATTEMPTS = 3

thumbnailing = Thumbnailing(
    uploads=DynamoUploads(),
    catalogue=DynamoCatalogue(),
    objects=S3Objects(s3_client(), settings.object_bucket),
    thumbnailer=IsolatedThumbnailer(settings.thumbnail_size),
    clock=SystemClock(),
)


def make(event: dict[str, Any], attempt: int) -> None:
    identifier = event["detail"]["fileIdentifier"]
    provide = thumbnailing.give_up if attempt > MOST_ATTEMPTS else thumbnailing.make
    status = provide(identifier)
    outcome = status.value if status else "NOTHING_TO_DO"
    logger.info("thumbnail", file_identifier=identifier, outcome=outcome, attempt=attempt)
    count(f"Thumbnails{outcome.title().replace('_', '')}")


lambda_handler = queue_handler(make)
