"""What every operation works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from local.s3.events import Announcer
from local.s3.store import Store

# Most bytes of one object written in one request, of a part, and of what a copy may read.
# Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits" and "Copying objects".
MAX_SINGLE_BYTES = 5 * 1024**3


@dataclass(frozen=True)
class Context:
    store: Store
    announcer: Announcer
    region: str
    now: Callable[[], datetime]
