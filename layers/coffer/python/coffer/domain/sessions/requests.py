"""The requests of clients to begin an upload, to complete it, and to get a grant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from coffer.domain.uploads.presigned_uploads import RequestedUpload


@dataclass(frozen=True, kw_only=True)
class AnnouncedUpload:
    """A file that a client is about to upload.

    `part_bytes` is the size of its parts if it is not the one that Uppy chooses.
    """

    file: RequestedUpload
    part_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class ClientPart:
    """A part as the client names it. `etag` is without quotes."""

    number: int
    etag: str


@dataclass(frozen=True, kw_only=True)
class CompletionRequest:
    """The parts that the client has uploaded, and the CRC-32 of the file if it sent one."""

    parts: Sequence[ClientPart]
    crc32: str | None = None


@dataclass(frozen=True, kw_only=True)
class GrantRequest:
    """A request for a grant. `max_bytes` is the largest size of one file.

    None stands for the longest lifetime and for the limit of the deployment.
    """

    max_bytes: int | None = None
    lifetime: timedelta | None = None
