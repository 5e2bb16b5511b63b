"""The record of an export with its states, its access keys, and its manifest in the store.

NEW        accepted; no worker has started
RUNNING    a worker builds the archive, or another one resumes soon
COMPLETED  the archive exists and has every file
PARTIAL    the archive exists; `problems` names the files that were missing or had changed
ERROR      there will be no archive; `failure` says why
EXPIRED    the archive existed and was removed

`version` counts the changes that readers and the event bus see; progress is not one of them.
`revision` counts every write. A worker builds under a lease, which expires if the worker dies.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from coffer.domain.clock import from_text, to_text

KEY_LENGTH = 128
KEY_LIFETIME = timedelta(minutes=60)
"""How long a key is valid, and how long the archive stays after a download (the reference's
figure for both)."""
ARCHIVE_LIFETIME = timedelta(hours=24)
"""How long an archive exists at most, whatever keys are issued."""
LEASE_DURATION = timedelta(minutes=10)
"""How long a lease lasts without a heartbeat; longer than any single call takes."""
RESEND_AFTER = timedelta(minutes=15)
"""Housekeeping enqueues an export again that no worker has started after this time."""
MAX_ATTEMPTS = 6
"""The export fails after this many runs in a row that saved no progress."""
RECORD_RETENTION = timedelta(days=90)
"""How long a record is kept after its archive was removed."""

_MANIFEST_VERSION = 1
_ALPHABET = string.ascii_letters + string.digits


class ExportStatus(StrEnum):
    """The state of an export; the module's table explains each."""

    NEW = "NEW"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIAL"
    ERROR = "ERROR"
    EXPIRED = "EXPIRED"


PROBLEM_DETAILS: Mapping[str, str] = {
    "file_missing": "The file no longer existed when the archive was built.",
    "file_changed": "The bytes of the file have changed since its record was written.",
    "file_not_public": "The user could read the file because it was public, which it no longer is.",
    "not_an_image": "The bytes of the file are not of its media type.",
    "image_damaged": "The image cannot be decoded.",
    "image_too_large": "The image, or the result of its transformation, is too large.",
    "kind_unsupported": "This kind of image cannot be decoded.",
    "memory_exhausted": "Decoding the image needs too much memory.",
    "decoder_timed_out": "Decoding the image takes too long.",
    "decoder_crashed": "The decoder crashed on the image.",
}
"""Reasons why a file was left out of an archive, by code."""


@dataclass(frozen=True)
class LeftOutFile:
    """A file that is not in the archive, with the code of the reason."""

    file_identifier: str
    code: str

    @property
    def detail(self) -> str:
        """The reason as a sentence."""
        return PROBLEM_DETAILS.get(self.code, self.code)


class DueAction(StrEnum):
    """The next thing to do about an export, as the sparse index has it."""

    BUILDING = "building"
    REMOVAL = "removal"


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """A key that opens the archive of one export, once, until it expires.

    Only the digest of the key is stored.
    """

    digest: str
    export: str
    expires_on: datetime


@dataclass(frozen=True, kw_only=True)
class Export:
    """One export. Times are aware UTC; byte counts are those of the files before compression."""

    identifier: str
    created_by: str
    created_on: datetime
    name: str | None = None
    status: ExportStatus
    entries: int
    bytes_total: int
    entries_done: int = 0
    bytes_done: int = 0
    problems: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The files that were left out, by problem code."""
    failure: str | None = None
    archive_bytes: int | None = None
    finished_on: datetime | None = None
    available_until: datetime | None = None
    lease: int = 0
    """The number of the latest lease; each run of a worker has its own."""
    attempts: int = 0
    """The runs since the last saved progress."""
    owner_subject: str | None = None
    """The claim `sub` of the user who requested it. Users may be able to change their names."""
    due: DueAction | None = None
    due_on: datetime | None = None
    expires_at: datetime | None = None
    version: int = 1
    revision: int = 0

    # Exports are never deleted or edited by users: these fields of other records stay empty.
    deleted_on: ClassVar[datetime | None] = None
    deleted_by: ClassVar[str | None] = None
    changed_by: ClassVar[str | None] = None

    @property
    def instance_id(self) -> str:
        """`object-export/<id>`."""
        return f"object-export/{self.identifier}"

    @property
    def left_out(self) -> tuple[LeftOutFile, ...]:
        """The files that are not in the archive."""
        return tuple(
            LeftOutFile(file, code) for code, files in self.problems.items() for file in files
        )

    @property
    def problem_counts(self) -> Mapping[str, int]:
        """Number of files that were left out, by the code of the reason."""
        return {code: len(files) for code, files in self.problems.items()}

    @property
    def folder(self) -> str:
        """The prefix of every S3 key of this export."""
        return f"exports/{self.identifier}/"

    @property
    def archive_key(self) -> str:
        return f"{self.folder}{self.identifier}.zip"

    @property
    def request_key(self) -> str:
        return f"{self.folder}request.json"

    @property
    def sources_key(self) -> str:
        return f"{self.folder}sources.json"

    @property
    def temporary(self) -> str:
        """The prefix of the temporary objects of all workers."""
        return f"{self.folder}parts/"

    @property
    def scratch(self) -> str:
        """The prefix of this worker's temporary objects; an expired worker has another one."""
        return f"{self.temporary}{self.lease}/"

    def checkpoint_key(self, lease: int) -> str:
        """Return the S3 key of the checkpoint that the worker with this lease saves."""
        return f"{self.folder}checkpoint-{lease}.json"

    @property
    def archive_name(self) -> str:
        """The file name of the archive in a download (as in object-store-api 1.31)."""
        return f"{self.identifier}.zip"

    @property
    def is_unfinished(self) -> bool:
        return self.status in (ExportStatus.NEW, ExportStatus.RUNNING)

    @property
    def has_archive(self) -> bool:
        return self.status in (ExportStatus.COMPLETED, ExportStatus.PARTIAL)

    def is_over(self, now: datetime) -> bool:
        """Return True if the archive has existed for as long as it may."""
        return self.finished_on is not None and now >= self.finished_on + ARCHIVE_LIFETIME

    def is_leased(self, now: datetime) -> bool:
        """Return True if a worker has a lease that has not expired."""
        running = self.status is ExportStatus.RUNNING
        return running and self.due_on is not None and self.due_on > now

    def leased(self, now: datetime) -> Export:
        """Return the record with a new lease for one worker."""
        return replace(
            self,
            status=ExportStatus.RUNNING,
            lease=self.lease + 1,
            attempts=self.attempts + 1,
            due=DueAction.BUILDING,
            due_on=now + LEASE_DURATION,
            version=self.version + (self.status is ExportStatus.NEW),
        )

    def with_heartbeat(self, now: datetime, entries_done: int, bytes_done: int) -> Export:
        """Return the record with the lease extended and the progress so far."""
        return replace(
            self, entries_done=entries_done, bytes_done=bytes_done, due_on=now + LEASE_DURATION
        )

    def with_progress_saved(self, now: datetime, entries_done: int, bytes_done: int) -> Export:
        """Return the record after a checkpoint was saved: the count of attempts is reset."""
        return replace(self.with_heartbeat(now, entries_done, bytes_done), attempts=0)

    def released(self, now: datetime, *, is_attempt: bool = True) -> Export:
        """Return the record with the lease ended, so that another worker can resume."""
        attempts = self.attempts if is_attempt else max(0, self.attempts - 1)
        return replace(self, due_on=now, attempts=attempts)

    def finished(
        self,
        now: datetime,
        problems: Mapping[str, Sequence[str]],
        bytes_done: int,
        archive_bytes: int,
    ) -> Export:
        """Return the record of a finished archive: COMPLETED, or PARTIAL with its problems."""
        left_out = sum(map(len, problems.values()))
        return replace(
            self,
            status=ExportStatus.PARTIAL if problems else ExportStatus.COMPLETED,
            problems=problems,
            entries_done=self.entries - left_out,
            bytes_done=bytes_done,
            archive_bytes=archive_bytes,
            finished_on=now,
            version=self.version + 1,
        ).available(now)

    def failed(
        self, now: datetime, code: str, problems: Mapping[str, Sequence[str]] | None = None
    ) -> Export:
        """Return the record of an export that will have no archive."""
        return replace(
            self,
            status=ExportStatus.ERROR,
            failure=code,
            problems=problems or {},
            finished_on=now,
            due=DueAction.REMOVAL,
            due_on=now,
            version=self.version + 1,
        )

    def available(self, now: datetime) -> Export:
        """Return the record with the archive kept for KEY_LIFETIME from now, but not for longer
        than ARCHIVE_LIFETIME altogether."""
        until = min(now + KEY_LIFETIME, (self.finished_on or now) + ARCHIVE_LIFETIME)
        return replace(self, available_until=until, due=DueAction.REMOVAL, due_on=until)

    def expired(self, now: datetime) -> Export:
        """Return the record as EXPIRED, before its objects are removed."""
        return replace(self, status=ExportStatus.EXPIRED, due_on=now, version=self.version + 1)

    def cleared(self, now: datetime) -> Export:
        """Return the record after its objects were removed, with its own expiry."""
        return replace(self, due=None, due_on=None, expires_at=now + RECORD_RETENTION)


def new_access_key(export: Export) -> tuple[str, AccessKey]:
    """Return a new key of 128 random letters and digits (762 bits), and what is stored of it.

    It expires when the archive does.
    """
    key = "".join(secrets.choice(_ALPHABET) for _ in range(KEY_LENGTH))
    if export.available_until is None:
        raise ValueError(f"the export {export.identifier} has no archive")
    return key, AccessKey(
        digest=key_digest(key), export=export.identifier, expires_on=export.available_until
    )


def key_digest(key: str) -> str:
    """Return the SHA-256 of an access key, in hexadecimal.

    A random key of this length needs no salt and no slow hash.
    """
    return hashlib.sha256(key.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class StartedList:
    """The exports that a user has started, with the times, and the revision of the list."""

    owner: str
    times: Mapping[str, datetime]
    revision: int = 0


@dataclass(frozen=True, kw_only=True)
class ManifestEntry:
    """A file of the export. `size_bytes` is None for a generated thumbnail, whose record has no
    size; `path` is the file's path in the archive. `is_public` is True if the user may read the
    file only because it is public."""

    file_identifier: str
    key: str
    path: str
    media_type: str
    size_bytes: int | None
    crc32: str | None
    sha1_hex: str | None
    modified: datetime
    is_transformed: bool = False
    is_public: bool = False

    @property
    def bucket_key(self) -> str:
        """The bucket of the file in lower case, which is the second part of every object's key."""
        return self.key.split("/")[1]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The content of `request.json`: the attributes of the request as they were sent, the entries
    of the archive, and the export function. It is written once, when the request is accepted."""

    request: Mapping[str, Any]
    entries: tuple[ManifestEntry, ...]
    function: Mapping[str, Any] | None = None

    def encode(self) -> bytes:
        document = {
            "form": _MANIFEST_VERSION,
            "request": self.request,
            "function": self.function,
            "entries": [_encode_entry(entry) for entry in self.entries],
        }
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, encoded: bytes) -> Manifest:
        document = json.loads(encoded)
        if document["form"] != _MANIFEST_VERSION:
            raise ValueError(
                f"request.json has version {document['form']}, not {_MANIFEST_VERSION}"
            )
        return cls(
            request=document["request"],
            function=document["function"],
            entries=tuple(_decode_entry(entry) for entry in document["entries"]),
        )


def _encode_entry(entry: ManifestEntry) -> dict[str, Any]:
    return {
        "fileIdentifier": entry.file_identifier,
        "objectKey": entry.key,
        "path": entry.path,
        "mediaType": entry.media_type,
        "sizeInBytes": entry.size_bytes,
        "crc32": entry.crc32,
        "sha1Hex": entry.sha1_hex,
        "modified": to_text(entry.modified),
        "isMade": entry.is_transformed,
        "isPublic": entry.is_public,
    }


def _decode_entry(document: Mapping[str, Any]) -> ManifestEntry:
    return ManifestEntry(
        file_identifier=document["fileIdentifier"],
        key=document["objectKey"],
        path=document["path"],
        media_type=document["mediaType"],
        size_bytes=document["sizeInBytes"],
        crc32=document["crc32"],
        sha1_hex=document["sha1Hex"],
        modified=from_text(document["modified"]),
        is_transformed=document["isMade"],
        is_public=document.get("isPublic", False),
    )
