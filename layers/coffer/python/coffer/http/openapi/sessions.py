"""Schemas, parameters and operations of Uppy's uploads and of upload grants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coffer.domain.sessions.parts import MAX_SIGNED_PARTS
from coffer.domain.sessions.record import MAX_PARTS
from coffer.http.openapi import schemas as s
from coffer.http.openapi.operation import NO_CONTENT, Access, Body, Operation, Success, Tag
from coffer.http.responses import JSON

_TEXT_OR_NUMBER = ["integer", "string", "null"]

# fmt: off
_METADATA: s.Properties = {
    "sizeInBytes": {"type": _TEXT_OR_NUMBER, "description": (
        "Size of the file in bytes, as a number or as text. The file must then have exactly this "
        "size, and every part its length.")},
    "partSizeInBytes": {"type": _TEXT_OR_NUMBER, "description": (
        "Size of all parts but the last, if `getChunkSize` is not the default. It counts with "
        "sizeInBytes only.")},
    "crc32": s.nullable(s.string("CRC-32 of the file, in hexadecimal.",
                                 pattern="^([0-9A-Fa-f]{8}|null)?$")),
    "sha1Hex": s.nullable(s.string("SHA-1 of the file, in hexadecimal. It is verified for forms "
                                   "only.", pattern="^([0-9A-Fa-f]{40}|null)?$")),
    "relativePath": s.nullable(s.string("Path of the file in the chosen folder.")),
    "isDerivative": {"type": ["boolean", "string", "null"],
                     "description": "true if the file was made from another file."},
}
SCHEMAS: s.Properties = {
    "UppyForm": s.structure("The form that uploads a small file.", {
        "method": s.string("HTTP method.", const="POST"),
        "url": s.uri("Address that the form is sent to."),
        "fields": s.mapping("Fields of the form, in their order. The file is the last field.",
                            s.string("Value of the field.")),
        "fileIdentifier": s.uuid("Identifier of the file and its record."),
    }),
    "UppyCreation": s.structure("A file to upload in parts.", {
        "filename": s.string("Name of the file.", pattern="[^\\s]", examples=["herbarium.tif"]),
        "type": s.nullable(s.string("Media type of the file.", examples=["image/tiff"])),
        "metadata": s.nullable(s.structure(
            "Metadata of the file in Uppy. Other members are ignored.", _METADATA, required=())),
    }, required=("filename",)),
    "UppySession": s.structure("A new upload.", {
        "uploadId": s.string("Id of the upload. It is the identifier that the file will have."),
        "key": s.string("Key of the file while it is uploaded."),
    }),
    "UppyPartUrl": s.structure("Where a part is uploaded.", {
        "url": s.uri("Address that the part is sent to with PUT. The upload begins in an hour."),
    }),
    "UppyPartUrls": s.structure("Where parts are uploaded.", {
        "presignedUrls": s.mapping("Addresses by part number.", s.uri("Address of the part.")),
    }),
    "UppyParts": s.array("All parts that were uploaded, in order.", s.structure("A part.", {
        "PartNumber": s.integer("Number.", minimum=1, maximum=MAX_PARTS),
        "ETag": s.string("ETag of the part, in quotes."),
        "Size": s.integer("Size in bytes.", minimum=0),
    })),
    "UppyCompletion": s.structure("The parts of the file.", {
        "parts": s.array("All parts that were uploaded.", s.structure("A part.", {
            "PartNumber": s.integer("Number."),
            "ETag": s.string("ETag of the part, with or without quotes."),
        }), maxItems=MAX_PARTS),
        "crc32": s.nullable(s.string("CRC-32 of the file, in hexadecimal.",
                                     pattern="^([0-9A-Fa-f]{8}|null)?$")),
    }, required=("parts",)),
    "UppyCompleted": s.structure("The uploaded file.", {
        "location": s.uri("Address of the record once the content was inspected."),
        "key": s.string("Key of the uploaded file until it is processed."),
        "fileIdentifier": s.uuid("Identifier of the file and its record."),
    }),
    "UppyAborted": s.structure("Nothing.", {}),
    "UploadGrantRequest": s.structure("Limits of an upload grant.", {
        "maxBytes": s.nullable(s.integer(
            "Largest size of one file. Default: the limit of the deployment.", minimum=1)),
        "lifetimeSeconds": s.nullable(s.integer(
            "How long the grant is valid. Default: 3600.", minimum=60, maximum=3600)),
    }, required=(), closed=True),
    "UploadGrantDocument": s.structure("An upload grant.", {
        "id": s.uuid("Id of the grant, to revoke it."),
        "grant": s.string("The grant, for everybody who has it. It is not shown again."),
        "bucket": s.string("Group of the files."),
        "maxBytes": s.integer("Largest size of one file in bytes.", minimum=1),
        "expires": s.timestamp("Time until which the grant is valid."),
        "links": s.structure("Links.", {
            "uppy": s.uri("Value of `companionEndpoint` or `endpoint` in Uppy's options.")}),
    }),
    "UppyErrorDocument": s.structure("An error document with the text that Uppy shows.", {
        "message": s.string("Description of all errors."),
        "errors": s.array("All errors of the request.", s.reference("Error"), minItems=1),
    }),
}
PARAMETERS: Mapping[str, dict[str, object]] = {
    "grant": s.parameter("grant", s.string("Upload grant.", minLength=1), place="path"),
    "grantId": s.parameter("id", s.uuid("Id of the upload grant."), place="path"),
    "sessionId": s.parameter("uploadId", s.string("Id of the upload."), place="path"),
    "partNumber": s.parameter("partNumber", s.integer("Number of the part.", minimum=1,
                                                      maximum=MAX_PARTS), place="path"),
    "uppyKey": s.parameter("key", s.string("Key that was returned with the uploadId.",
                                           minLength=1)) | {"required": True},
    "partNumbers": s.parameter("partNumbers", s.string(
        f"Numbers of at most {MAX_SIGNED_PARTS} parts, separated by commas.",
        pattern="^[0-9]+(,[0-9]+)*$")) | {"required": True},
    "uppyFilename": s.parameter("filename", s.string("Name of the file.", pattern="[^\\s]"))
    | {"required": True},
    "uppyType": s.parameter("type", s.string("Media type of the file.")),
    **{f"uppy.{name}": s.parameter(f"metadata[{name}]", s.string(schema["description"]))
       for name, schema in _METADATA.items()},
}
_METADATA_NAMES = " ".join(f"uppy.{name}" for name in _METADATA)


def _json(description: str, schema: str) -> dict[int, Success]:
    return {200: Success(description, {JSON: schema}, ("Cache-Control",))}


_SESSION = "RECORDS 400 unknown_parameter malformed_parameter 404 upload_session_not_found"
_SIGN = f"{_SESSION} 400 malformed_part_number 409 upload_completed 413 file_too_large"
_ANNOUNCED = ("FILE_NAME 400 unknown_parameter malformed_parameter malformed_file "
              "malformed_checksum 413 file_too_large 415 media_type_forbidden "
              "422 upload_grant_too_long")
_ROWS = (
    ("GET /params", "offerUppyForm", "Create the form with which Uppy uploads a small file",
     "Stores nothing. Forbidden types and sizes are refused by name and declared type.",
     f"uppyFilename uppyType {_METADATA_NAMES}", None, _json("The form.", "UppyForm"),
     f"{_ANNOUNCED} 403 role_required"),
    ("POST /multipart", "startUppyUpload", "Start the upload of a file in parts",
     "The upload ends after six days. Forbidden types and sizes are refused by name and declared "
     "type.", "", "UppyCreation", _json("The upload was started.", "UppySession"),
     f"{_ANNOUNCED} RECORDS STORE 403 role_required 422 part_size_out_of_range"),
    ("GET /multipart/{uploadId}/{partNumber}", "signUppyPart", "Sign the URL of a part",
     "If the size was announced, S3 accepts exactly the length of this part.",
     "sessionId partNumber uppyKey", None, _json("The URL.", "UppyPartUrl"), _SIGN),
    ("GET /multipart/{uploadId}/batch", "signUppyParts", "Sign the URLs of several parts",
     "As for one part.", "sessionId uppyKey partNumbers", None,
     _json("The URLs.", "UppyPartUrls"), _SIGN),
    ("GET /multipart/{uploadId}", "listUppyParts", "List the parts that were uploaded",
     "Of a completed upload, the parts of the file.", "sessionId uppyKey", None,
     _json("The parts.", "UppyParts"), f"{_SESSION} STORE"),
    ("POST /multipart/{uploadId}/complete", "completeUppyUpload", "Complete an upload",
     "The parts must be exactly those that were uploaded. A repeated request gets the same "
     "response. The record can be read once the content was inspected.",
     "sessionId uppyKey", "UppyCompletion", _json("The file is uploaded.", "UppyCompleted"),
     f"{_SESSION} STORE RECORDS_BUSY 400 malformed_file malformed_checksum parts_differ "
     "parts_refused 413 file_too_large"),
    ("DELETE /multipart/{uploadId}", "abortUppyUpload", "Abort an upload",
     "Removes the parts. A completed upload keeps its file, and the response is the same.",
     "sessionId uppyKey", None, _json("The upload has ended.", "UppyAborted"),
     f"{_SESSION} STORE RECORDS_BUSY"),
)


def _operations() -> Iterator[tuple[str, Operation]]:
    """Yield each operation twice: for callers with a bearer token, and for those with a grant."""
    for route, name, summary, text, parameters, body, successes, errors in _ROWS:
        method, _, path = route.partition(" ")
        sent = Body(body, (JSON,)) if body else None
        yield f"{method} /api/v1/uppy/{{bucket}}/s3{path}", Operation(
            name, Tag.FILES, summary, f"{text} Requires GUEST in the group.",
            parameters=f"bucket {parameters}", body=sent, successes=successes, errors=errors,
            has_message=True)
        by_grant = errors.replace(" 403 role_required", "")
        yield f"{method} /api/v1/uppy/grant/{{grant}}/s3{path}", Operation(
            f"{name}ByGrant", Tag.FILES, f"{summary}, with an upload grant",
            f"{text} The grant replaces the token.", access=Access.ANYONE,
            parameters=f"grant {parameters}", body=sent, successes=successes,
            errors=f"{by_grant} RECORDS 404 grant_not_found", has_message=True)


OPERATIONS: Mapping[str, Operation] = {
    **dict(_operations()),
    "POST /api/v1/upload-grant/{bucket}": Operation(
        "createUploadGrant", Tag.FILES, "Create an upload grant for a page without a token",
        "A grant uploads files into one group, up to one size each, for at most an hour. It acts "
        "for its creator, also if the creator leaves the group before it expires. Requires GUEST "
        "in the group.",
        parameters="bucket", body=Body("UploadGrantRequest", (JSON,)),
        successes={201: Success("The grant.", {JSON: "UploadGrantDocument"}, ("Cache-Control",))},
        errors="GROUP_ROLE RECORDS 400 malformed_file 413 file_too_large "
        "422 grant_lifetime_out_of_range"),
    "DELETE /api/v1/upload-grant/{bucket}/{id}": Operation(
        "revokeUploadGrant", Tag.FILES, "Revoke an upload grant",
        "It works no longer, also for uploads that have begun. Requires to be its creator, or "
        "SUPER_USER in the group.",
        parameters="bucket grantId", successes=NO_CONTENT,
        errors="RECORDS IDENTIFIER 404 grant_not_found"),
}
# fmt: on
