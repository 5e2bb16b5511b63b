"""Schemas and operations of uploads, downloads, thumbnails and media types."""

from __future__ import annotations

from collections.abc import Mapping

from coffer.domain.contents.fields import ARCHIVE_MEMBER_FIELDS
from coffer.domain.file_names import MAX_NAME_LENGTH, MAX_PATH_LENGTH
from coffer.domain.media_types import MAX_MEDIA_TYPE_LENGTH
from coffer.domain.uploads.presigned_uploads import MAX_FILES
from coffer.http.openapi import schemas as s
from coffer.http.openapi.deployment import MAX_DIRECT_UPLOAD_BYTES, MAX_POST_BYTES
from coffer.http.openapi.field_schemas import response_properties
from coffer.http.openapi.operation import (
    ANY_TYPE,
    CONDITIONS,
    FORM,
    PLAIN_PATH,
    REDIRECT,
    Body,
    Operation,
    Success,
    Tag,
    file_content,
    json_api,
    plain_json,
)
from coffer.http.responses import JSON, JSON_API

_BLANK_OR_MEDIA_TYPE = "^\\s*$|^[!-.0-~][ -.0-~]*/[ -~]*[!-~]$"
_RELATIVE_PATH = (
    "Path of the file in the folder that is uploaded, at most "
    f"{MAX_PATH_LENGTH} characters. The name of the file replaces its last segment."
)
# The last segment is a name, no segment has dots only, and there is no drive and no server.
_SAFE_PATH = (
    "^\\s*$|^(?![/\\\\]{2})(?![/\\\\]?[A-Za-z]:)(?!(.*[/\\\\])?[\\s.]*\\.\\.[\\s.]*([/\\\\]|$))"
    ".*[^\\s./\\\\][^/\\\\]*$"
)
_HASHES = {"sha1Hex": ("SHA-1", 40), "sha256Hex": ("SHA-256", 64), "crc32": ("CRC-32", 8)}

# fmt: off
SCHEMAS: s.Properties = {
    "FileForm": s.structure("A form with one file among at most 16 parts. Others are ignored.", {
        "file": s.string(
            "File: the bytes, the name, and the media type as Content-Type of the part. At most "
            f"{MAX_DIRECT_UPLOAD_BYTES} bytes.",
            format="binary", contentMediaType="application/octet-stream"),
        "relativePath": s.string(
            f"{_RELATIVE_PATH} Without it, a file name with slashes is used as the path.",
            examples=["folder/sub/x.txt"]),
    }, required=("file",)),
    "UploadRequest": s.structure("Files to upload. Either all get a presigned POST or none.", {
        "files": s.array("Files.", s.reference("AnnouncedFile"), minItems=1, maxItems=MAX_FILES),
    }),
    "AnnouncedFile": s.structure("A file to upload.", {
        "originalFilename": s.string(
            "Name of the file. Its extension has at most 9 characters.",
            maxLength=MAX_NAME_LENGTH, pattern="[^\\s]", examples=["field-recording.wav"]),
        "relativePath": s.nullable(s.string(
            f"{_RELATIVE_PATH} A browser has it as webkitRelativePath.",
            maxLength=MAX_PATH_LENGTH, pattern=_SAFE_PATH,
            examples=["folder/sub/field-recording.wav"])),
        "receivedMediaType": s.nullable(s.string(
            "Media type of the file. The upload must then have exactly this type. Without it, the "
            "client may change the field Content-Type of the form, which then is the declared "
            "type.",
            maxLength=MAX_MEDIA_TYPE_LENGTH, pattern=_BLANK_OR_MEDIA_TYPE,
            examples=["audio/wav"])),
        "sizeInBytes": s.nullable(s.integer(
            "Size of the content in bytes. The upload must then have exactly this size.",
            minimum=1, maximum=MAX_POST_BYTES)),
        "isDerivative": s.boolean("True if the file was made from another file. Default: false."),
        "checksums": s.reference("Checksums", "Checksum of the content."),
        "md5": s.nullable(s.string("MD5 of the content, in base64.",
                                   pattern="^[A-Za-z0-9+/]{22}==$")),
    }, required=("originalFilename",), closed=True),
    "Checksums": s.nullable(s.structure(
        "A checksum of the content. S3 then accepts no other content.", {
            name: s.string(f"{algorithm}, in hexadecimal.", pattern=f"^[0-9A-Fa-f]{{{digits}}}$")
            for name, (algorithm, digits) in _HASHES.items()
        }, required=(), closed=True, maxProperties=1)),
    "UploadOffers": s.structure("Presigned POSTs.", {
        "files": s.array("In the order of the request.", s.reference("UploadOffer")),
    }),
    "UploadOffer": s.structure("The presigned POST of one file.", {
        "fileIdentifier": s.uuid("Identifier of the file and its record."),
        "upload": s.structure("Presigned POST.", {
            "method": s.string("HTTP method.", const="POST"),
            "url": s.uri("Address that the form is sent to."),
            "fields": s.mapping(
                "Fields of the form, in their order. The file is the last field.",
                s.string("Value of the field.")),
            "expires": s.timestamp("Time until which S3 accepts the form."),
        }),
        "links": s.structure("Links.", {
            "objectUpload": s.uri("Address of the record once the content was inspected."),
        }),
    }),
    "DownloadLink": s.structure("A presigned link to a file.", {
        "url": s.uri("Address of the file, for everybody who has it."),
        "expires": s.timestamp("Time until which the link works."),
    }),
    "DownloadLinkOrFile": {
        "description": "With `redirect=false` a link, otherwise the file, if it is a JSON file.",
        "anyOf": [s.reference("DownloadLink"), s.anything("Content of the file.")],
    },
    "FileContent": s.string("Content of a file.", format="binary"),
    "FileInfo": s.structure("A file in the store.", {
        "length": s.integer("Size in bytes.", minimum=1),
        "contentType": s.string("Media type.", examples=["image/png"]),
    }),
    "MediaType": s.resource(
        "A media type that files can have.", "media-type",
        s.structure("Attributes.", {
            "mediaType": s.string("Media type.", pattern=s.MEDIA_TYPE_PATTERN)}),
        id_=s.string("Media type.", pattern=s.MEDIA_TYPE_PATTERN, examples=["image/jpeg"])),
    "MediaTypesDocument": s.list_document("Media types.", s.reference("MediaType")),
    "MediaTypeDocument": s.document("A media type.", s.reference("MediaType", "Media type.")),
    "ArchiveMember": s.resource(
        "A member of an archive.", ARCHIVE_MEMBER_FIELDS.type,
        s.structure("Attributes.", response_properties(ARCHIVE_MEMBER_FIELDS.attributes)),
        id_=s.string("fileIdentifier of the archive, and the number of the member.",
                     pattern=f"{s.UUID_PATTERN[:-1]}:[0-9]+$")),
    "ArchiveMembersDocument": s.structure("A page of the members of an archive.", {
        "data": s.array("Members in the order of the archive.", s.reference("ArchiveMember")),
        "links": s.reference("PageLinks", "Links to pages."),
        "meta": s.structure("Metadata of the list.", {
            "totalResourceCount": s.integer(
                "Number of members that the archive states, or of those so far.", minimum=0),
            "totalIsLowerBound": s.boolean(
                "True if the archive may have more members than totalResourceCount."),
            "moduleVersion": s.string("Version of Coffer.", examples=["0.1.0"]),
            "warnings": s.structure("Warnings, by code.", {
                "archive_damaged": s.string(
                    "Reason why the members after the last one cannot be listed."),
            }, required=()),
        }, required=("totalResourceCount", "moduleVersion")),
    }),
    "Sentence": s.string("A sentence that says what to do."),
}

_FILE_HEADERS = ("ETag", "Last-Modified", "Accept-Ranges", "Content-Disposition", "Cache-Control",
                 "X-Content-Type-Options")
_NOT_MODIFIED = {304: Success("The caller has the current version.", headers=_FILE_HEADERS)}
_READ_ERRORS = "GROUP_ROLE RECORDS STORE 400 malformed_parameter 410 file_deleted"
_NO_FILE = "404 file_not_found file_rejected file_missing"
_NO_DERIVATIVE = f"{_NO_FILE} thumbnail_pending thumbnail_failed"
_NO_THUMBNAIL = f"{_NO_DERIVATIVE} thumbnail_unsupported"


def _upload(identifier: str, noun: str) -> Operation:
    return Operation(
        identifier, Tag.FILES, f"Upload {noun}",
        "For small files. Larger files go straight to S3, see `/api/v1/upload/{bucket}`. The media "
        "type is detected from the content. The response is a JSON:API document if Accept has "
        f"{JSON_API}, otherwise the older flat object. Requires GUEST in the group.",
        parameters="bucket idempotencyKey", body=Body("FileForm", (FORM,)),
        successes={
            200: Success("The file is stored; its record is a flat object.",
                         {JSON: "FlatObjectUpload"}),
            201: Success("The file is stored; its record is a JSON:API document.",
                         {JSON_API: "ObjectUploadDocument"}, ("Location", "ETag")),
        },
        errors="GROUP_ROLE RECORDS STORE FILE_NAME 400 malformed_form missing_file_part "
        "several_file_parts 413 file_too_large 415 media_type_forbidden")


def _download(name: str, noun: str, not_found: str) -> Operation:
    is_thumbnail = name == "Thumbnail"
    content = file_content("image/jpeg" if is_thumbnail else ANY_TYPE)
    link = "DownloadLink" if is_thumbnail else "DownloadLinkOrFile"
    return Operation(
        f"download{name}", Tag.FILES, f"Download {noun}",
        "The response is the content up to 4 MiB, otherwise a redirect to a link that works for "
        "five minutes. Requires READ_ONLY in the group, or a publicly releasable record. A single "
        "range is served; several ranges, or ranges in other units, get the whole content.",
        parameters=f"bucket fileId redirect disposition range ifRange {CONDITIONS}",
        successes={
            200: Success("The file; with `redirect=false` a link to it.",
                         content | {JSON: link}, ("Cache-Control",)),
            206: Success("The requested range of the file.", content,
                         (*_FILE_HEADERS, "Content-Range")),
            **_NOT_MODIFIED,
            **REDIRECT,
        },
        errors=f"{_READ_ERRORS} {not_found} 416 range_not_satisfiable")


def _describe(name: str, noun: str, not_found: str) -> Operation:
    return Operation(
        f"describe{name}", Tag.FILES, f"Get the headers of {noun}",
        "Returns the headers of GET without the content, and never a redirect.",
        parameters=f"bucket fileId disposition {CONDITIONS}",
        successes={200: Success("The file exists.", None, (*_FILE_HEADERS, "X-Content-Length"))}
        | _NOT_MODIFIED,
        errors=f"{_READ_ERRORS} {not_found}")


def _file_info(identifier: str, noun: str) -> Operation:
    return Operation(
        identifier, Tag.FILES, f"Look up {noun} in the store",
        "The name is the identifier with the extension. The store itself is asked. Requires "
        "SUPER_USER in the group.",
        parameters="bucket filename", successes=plain_json("The file is in the store.", "FileInfo"),
        errors="GROUP_ROLE RECORDS STORE 404 file_not_found")


_DOWNLOADS = (
    ("/api/v1/file/{bucket}/{fileId}", "File", "a file", _NO_FILE),
    ("/api/v1/file/{bucket}/derivative/{fileId}", "Derivative",
     "a derivative, or a generated thumbnail by its thumbnailIdentifier", _NO_DERIVATIVE),
    ("/api/v1/file/{bucket}/{fileId}/thumbnail", "Thumbnail", "the thumbnail of a file",
     _NO_THUMBNAIL),
)
OPERATIONS: Mapping[str, Operation] = {
    "POST /api/v1/file/{bucket}": _upload("uploadFile", "a file"),
    "POST /api/v1/file/{bucket}/derivative": _upload("uploadDerivative",
                                                     "a file that was made from another file"),
    **{f"GET {path}": _download(*row) for path, *row in _DOWNLOADS},
    **{f"HEAD {path}": _describe(*row) for path, *row in _DOWNLOADS},
    "POST /api/v1/upload/{bucket}": Operation(
        "offerUploads", Tag.FILES, "Create presigned POSTs that upload files straight to S3",
        "Stores nothing. Each form works for an hour and for exactly the announced file. Send its "
        "fields in their order to its URL as multipart/form-data, and the file last, as `file`. "
        "The record can be read once the content was inspected. Requires GUEST in the group.",
        parameters="bucket", body=Body("UploadRequest"),
        successes=plain_json("Presigned POSTs, in the order of the request.", "UploadOffers"),
        errors="GROUP_ROLE FILE_NAME 400 malformed_file malformed_checksum more_problems "
        "413 too_many_files file_too_large answer_too_large "
        "422 no_files upload_grant_too_long file_too_large"),
    "GET /api/v1/object-upload/{id}/contents": Operation(
        "listContents", Tag.FILES, "List the members of a zip or tar archive",
        "Lists what the archive says about its members, 20 on a page by default; nothing is "
        "unpacked. The detected media type decides: zip archives, documents that are zip archives "
        "(Office, OpenDocument, EPUB, KMZ, JAR), and tar archives without compression. One request "
        "reads at most 256 KiB, so a page may end early: follow links.next while it is present. "
        "Requires what the record of the upload requires.",
        parameters="uploadId limit cursor",
        successes=json_api(200, "A page of members.", "ArchiveMembersDocument"),
        errors="GROUP_ROLE RECORDS STORE 400 malformed_cursor "
        "404 upload_not_found file_rejected file_missing 410 upload_deleted record_deleted "
        "422 listing_not_supported archive_damaged"),
    "GET /api/v1/file-info/{bucket}/{filename}": _file_info("describeStoredFile", "a file"),
    "GET /api/v1/file-info/{bucket}/derivative/{filename}": _file_info(
        "describeStoredDerivative", "a derivative or a generated thumbnail"),
    "GET /api/v1/media-type": Operation(
        "listMediaTypes", Tag.RECORDS, "List the media types that files can have",
        "Lists detected media types that are not forbidden, without parameters, in "
        "alphabetical order. Other operators replace LIKE: EQ, NEQ, IN, ILIKE, GT, GE, LT, LE.",
        parameters="filterMediaType likeMediaType fiql sortMediaType offset limit",
        successes=json_api(200, "The media types.", "MediaTypesDocument"), errors="FILTERS"),
    "GET /api/v1/media-type/{id+}": Operation(
        "getMediaType", Tag.RECORDS, "Look up whether files can have a media type",
        "The id is the media type, with its slash or with %2F.",
        parameters="mediaTypeId",
        successes=json_api(200, "Files can have it.", "MediaTypeDocument") | PLAIN_PATH,
        errors="404 media_type_not_found"),
}
# fmt: on
