"""Sample records. A test passes only the attributes that matter to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from coffer.domain.callers import Caller, Role
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.identifiers import paired_identifier
from coffer.domain.media_types import DcType
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.record import Metadata
from coffer.domain.transactions.actions import Action, Add, Claim
from coffer.domain.uploads.object_keys import final_key
from coffer.domain.uploads.record import (
    Awaiting,
    Content,
    ObjectUpload,
    ThumbnailStatus,
    UploadStatus,
)
from tests.fakes.clocks import NOON
from tests.fakes.files import PNG
from tests.fakes.objects import crc32_of, sha1_of


def identifier(number: int) -> str:
    """Return a UUID with this number."""
    return str(UUID(int=0x0193_0000_0000_7000_8000_0000_0000_0000 + number))


FILE, METADATA = identifier(1), identifier(3)
THUMBNAIL = paired_identifier(FILE)


def caller(role: Role | None = Role.USER, group: str = "aafc", **changes: Any) -> Caller:
    """Return a caller with one role in one group."""
    roles = frozenset({role} if role is not None else ())
    return Caller(**{"username": "alice", "groups": {group: roles}} | changes)


ADMIN = Caller(username="root", realm_roles=frozenset({Role.DINA_ADMIN}))
STRANGER = caller(Role.SUPER_USER, "elsewhere", username="mallory")


def content(**changes: Any) -> Content:
    """Return the detected content of a PNG."""
    known: dict[str, Any] = {
        "detected_media_type": "image/png",
        "detected_file_extension": ".png",
        "evaluated_media_type": "image/png",
        "evaluated_file_extension": ".png",
        "dc_type": DcType.IMAGE,
        "size_in_bytes": len(PNG),
        "sha1_hex": sha1_of(PNG),
        "crc32": crc32_of(PNG),
    }
    return Content(**known | changes)


def upload(**changes: Any) -> ObjectUpload:
    """Return an AVAILABLE upload of a PNG without metadata; its thumbnail is pending."""
    known: dict[str, Any] = {
        "file_identifier": FILE,
        "bucket": "aafc",
        "is_derivative": False,
        "original_filename": "leaf.png",
        "received_media_type": "image/png",
        "created_by": "alice",
        "created_on": NOON,
        "status": UploadStatus.AVAILABLE,
        "inspected_content": content(),
        "thumbnail_identifier": THUMBNAIL,
        "thumbnail_status": ThumbnailStatus.PENDING,
        "awaiting": Awaiting.CLAIM,
        "awaiting_since": NOON,
        "version": 1,
        "revision": 1,
    } | changes
    known.setdefault(
        "object_key",
        final_key(
            known["bucket"],
            known["file_identifier"],
            ".png",
            is_derivative=known["is_derivative"],
        ),
    )
    return ObjectUpload(**known)


def pending(**changes: Any) -> ObjectUpload:
    """Return a PENDING direct upload, whose bytes may not be stored yet."""
    known: dict[str, Any] = {
        "status": UploadStatus.PENDING,
        "thumbnail_status": None,
        "awaiting": Awaiting.COMPLETION,
        "version": 0,
    }
    return upload(**known | changes)


def metadata(**changes: Any) -> Metadata:
    """Return the metadata of that PNG."""
    known: dict[str, Any] = {
        "identifier": METADATA,
        "bucket": "aafc",
        "created_by": "alice",
        "created_on": NOON,
        "xmp_metadata_date": NOON,
        "dc_type": DcType.IMAGE,
        "dc_format": "image/png",
        "publicly_releasable": True,
        "file_identifier": FILE,
        "original_filename": "leaf.png",
        "filename": "leaf.png",
        "file_extension": ".png",
        "ac_hash_function": "SHA-1",
        "ac_hash_value": sha1_of(PNG),
    }
    return Metadata(**known | changes)


def thumbnail(**changes: Any) -> Derivative:
    """Return the derivative record of its generated thumbnail."""
    known: dict[str, Any] = {
        "identifier": THUMBNAIL,
        "bucket": "aafc",
        "file_identifier": THUMBNAIL,
        "object_key": f"thumbnails/aafc/{THUMBNAIL}.jpg",
        "file_extension": ".jpg",
        "dc_type": DcType.IMAGE,
        "dc_format": "image/jpeg",
        "derivative_type": DerivativeType.THUMBNAIL_IMAGE,
        "ac_derived_from": METADATA,
        "publicly_releasable": True,
        "created_by": "System Generated",
        "created_on": NOON,
    }
    return Derivative(**known | changes)


def describing_actions(record: Metadata, thumbnail: Derivative | None = None) -> tuple[Action, ...]:
    """Return the actions that write metadata and its thumbnail's record and claim its file."""
    planned = (Add(thumbnail),) if thumbnail else ()
    if record.file_identifier is None:
        return (Add(record), *planned)
    claim = Claim(
        file_identifier=record.file_identifier,
        claimant=f"metadata/{record.identifier}",
        plans_thumbnail=thumbnail is not None,
    )
    return (Add(record), *planned, claim)


def describe(catalogue: Catalogue, record: Metadata, thumbnail: Derivative | None = None) -> None:
    """Write metadata and claim its file."""
    catalogue.commit(describing_actions(record, thumbnail))
