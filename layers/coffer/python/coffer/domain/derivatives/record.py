"""The derivative record, which describes a file that was made from another file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coffer.domain.callers import SYSTEM_GENERATED
from coffer.domain.media_types import DcType


class DerivativeType(StrEnum):
    """Purposes of derivatives."""

    THUMBNAIL_IMAGE = "THUMBNAIL_IMAGE"
    LARGE_IMAGE = "LARGE_IMAGE"
    CROPPED_IMAGE = "CROPPED_IMAGE"


@dataclass(frozen=True, kw_only=True)
class Derivative:
    """Description of a file that was made from another file. Times are aware UTC.

    Names come from Audubon Core, as object-store-api 1.31 uses them.
    """

    identifier: str
    bucket: str
    file_identifier: str
    object_key: str
    file_extension: str
    dc_type: DcType
    dc_format: str
    ac_derived_from: str
    publicly_releasable: bool
    created_by: str
    created_on: datetime
    derivative_type: DerivativeType | None = None
    filename: str | None = None
    ac_hash_function: str | None = None
    ac_hash_value: str | None = None
    ac_tags: tuple[str, ...] = ()
    not_publicly_releasable_reason: str | None = None
    source_set: str | None = None
    generated_from_derivative: str | None = None
    changed_by: str | None = None
    """User who wrote this version; None if `created_by` did."""
    deleted_on: datetime | None = None
    deleted_by: str | None = None
    expires_at: datetime | None = None
    version: int = 1

    @property
    def instance_id(self) -> str:
        """`derivative/<id>`."""
        return f"derivative/{self.identifier}"

    @property
    def is_generated(self) -> bool:
        """True if it is a generated thumbnail, whose file belongs to its source upload."""
        return self.created_by == SYSTEM_GENERATED and self.identifier == self.file_identifier
