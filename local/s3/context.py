"""The dependencies of every operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from local.s3.events import EventPublisher
from local.s3.store import Store

# Limit of an object that is written in one request, of a part, and of the source of a copy.
# Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits" and "Copying objects".
MAX_SINGLE_BYTES = 5 * 1024**3


@dataclass(frozen=True)
class Context:
    store: Store
    publisher: EventPublisher
    region: str
    now: Callable[[], datetime]
