"""The attribute table of the members of archives."""

from __future__ import annotations

from coffer.domain.fields import Field, FieldType, RecordFields

# fmt: off
ARCHIVE_MEMBER_FIELDS = RecordFields(
    "archive-member",
    (
        Field("name", "name", FieldType.TEXT, examples=("folder/leaf.png",),
              doc="Name as the archive has it, with U+FFFD in place of control characters. It may "
              "be an absolute path or have `..`: do not write a file to it without a check."),
        Field("isDirectory", "is_directory", FieldType.BOOLEAN,
              doc="True for a folder."),
        Field("isEncrypted", "is_encrypted", FieldType.BOOLEAN,
              doc="True if a password is needed to read the member."),
        Field("sizeInBytes", "size_bytes", FieldType.INTEGER, nullable=True, minimum=0,
              doc="Size of the member, as the archive claims; null if it is not stated."),
        Field("compressedSizeInBytes", "packed_bytes", FieldType.INTEGER, nullable=True, minimum=0,
              doc="Size of the member in the archive; null in a tar archive."),
        Field("crc32", "crc32", FieldType.TEXT, nullable=True, pattern="^[0-9a-f]{8}$",
              doc="CRC-32 of the member, as the archive claims; null in a tar archive."),
        # The clock of a zip archive has no time zone, so the value is text.
        Field("modified", "modified", FieldType.TEXT, nullable=True,
              pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{6}Z)?$",
              examples=("2026-05-01T12:30:00.000000Z", "2026-05-01T12:30:00"),
              doc="Time of the last change. In UTC if it ends with Z, else by the clock of the "
              "computer that wrote the archive; null if there is no valid time."),
    ),
)
# fmt: on
