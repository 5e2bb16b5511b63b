"""The attribute tables of exports: the request, the record, and its audit snapshot."""

from __future__ import annotations

from coffer.domain.export.record import PROBLEM_DETAILS, ExportStatus
from coffer.domain.fields import Field, FieldType, RecordFields

TYPE = "object-export"
MAX_NAME_LENGTH = 250
"""The maximum length of names in a request, in characters."""

# fmt: off
EXPORT_REQUEST_FIELDS = RecordFields(
    TYPE,
    (
        Field("name", "name", FieldType.TEXT, writable=True, nullable=True,
              max_length=MAX_NAME_LENGTH,
              doc="Name of the export, which the notification repeats."),
        Field("fileIdentifiers", "file_identifiers", FieldType.IDENTIFIERS, writable=True,
              required=True, doc="Files to export, in this order, each once.",
              item_doc="fileIdentifier of a file, derivative or thumbnail."),
        # The members of these objects are names and identifiers that the caller chooses:
        # coffer.http.export.documents parses them.
        Field("filenameAliases", "aliases", FieldType.OBJECT, writable=True, nullable=True,
              max_length=MAX_NAME_LENGTH, item_doc="Name in the archive.",
              doc="Names of files in the archive, by fileIdentifier. Extensions do not change."),
        Field("exportLayout", "layout", FieldType.OBJECT, writable=True, nullable=True,
              max_length=MAX_NAME_LENGTH, item_doc="Files in the folder.",
              doc="Folders of the archive with their files. Files without a folder are at the "
              "top."),
        Field("useRelativePaths", "use_relative_paths", FieldType.BOOLEAN, writable=True,
              doc="True if each file is placed in the folder of its relativePath. Names, aliases "
              "and functions apply as without. Cannot be combined with exportLayout."),
        Field("exportFunction", "function", FieldType.OBJECT, writable=True, nullable=True,
              doc="Function that transforms each file."),
    ),
    ignores_relationships=True,
)

_STATUS = Field("status", "status", FieldType.CHOICE, choices=ExportStatus,
                doc="State of the export.")
_CREATED = (
    Field("createdBy", "created_by", FieldType.TEXT, doc="Name of the user who requested it."),
    Field("createdOn", "created_on", FieldType.TIME, doc="Time of the request."),
)
_NAME = Field("name", "name", FieldType.TEXT, nullable=True, doc="Name of the export.")
_RESULT = (
    Field("failure", "failure", FieldType.TEXT, nullable=True,
          doc="Stable code of the reason why the export has the status ERROR."),
    Field("archiveSizeInBytes", "archive_bytes", FieldType.INTEGER, nullable=True, minimum=0,
          doc="Size of the archive in bytes."),
    Field("finishedOn", "finished_on", FieldType.TIME, nullable=True,
          doc="Time when the export was completed or failed."),
)

EXPORT_FIELDS = RecordFields(
    TYPE,
    (
        _NAME,
        _STATUS,
        *_CREATED,
        Field("progress", "", FieldType.OBJECT, doc="Progress of the export.",
              members=(
                  Field("files", "entries_done", FieldType.INTEGER, minimum=0,
                        doc="Number of files that are in the archive."),
                  Field("filesTotal", "entries", FieldType.INTEGER, minimum=0,
                        doc="Number of files in the request."),
                  Field("bytes", "bytes_done", FieldType.INTEGER, minimum=0,
                        doc="Bytes of files that are in the archive."),
                  Field("bytesTotal", "bytes_total", FieldType.INTEGER, minimum=0,
                        doc="Bytes of files in the request, without generated thumbnails."),
              )),
        Field("problems", "left_out", FieldType.OBJECTS,
              doc="Files that were left out, with the reasons.", item_doc="One of these files.",
              members=(
                  Field("fileIdentifier", "file_identifier", FieldType.IDENTIFIER,
                        doc="File that is not in the archive."),
                  Field("code", "code", FieldType.CHOICE, choices=tuple(PROBLEM_DETAILS),
                        doc="Stable code of the reason."),
                  Field("detail", "detail", FieldType.TEXT, doc="Reason as a sentence."),
              )),
        *_RESULT,
        Field("availableUntil", "available_until", FieldType.TIME, nullable=True,
              doc="Time until which the archive exists, if no key is used before."),
    ),
)

EXPORT_SNAPSHOT_FIELDS = RecordFields(
    TYPE,
    (
        *_CREATED,
        _NAME,
        _STATUS,
        Field("files", "entries", FieldType.INTEGER, doc="Number of files in the request."),
        Field("sizeInBytes", "bytes_total", FieldType.INTEGER,
              doc="Bytes of files in the request."),
        Field("problems", "problem_counts", FieldType.OBJECT,
              doc="Number of files that were left out, by the code of the reason."),
        *_RESULT,
    ),
)
# fmt: on
