"""Parse errors, XML documents and checksum headers of S3 responses."""

from __future__ import annotations

from base64 import b64decode
from email.message import Message
from xml.etree import ElementTree  # only for documents of our own store

from coffer.adapters.http_connections import HttpResponse
from coffer.domain.errors import MultipartUploadMissingError, ObjectChangedError, ObjectMissingError

_MISSING_UPLOAD = frozenset({"NoSuchUpload", "InvalidPart"})
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404"})
_CHANGED = frozenset({"PreconditionFailed", "InvalidRange", "412", "416"})


def error_code(response: HttpResponse) -> str:
    """Return the code of an error, or nothing if there is none.

    An error can have the status 200: S3 sends the status of a long operation at once, then white
    space, and the result last.
    """
    body = response.body.lstrip()
    if response.status < 300:
        root = body.partition(b"?>")[2].lstrip() if body.startswith(b"<?xml") else body
        if not root.startswith(b"<Error>"):
            return ""
    if body.startswith(b"<"):
        return text(parse_xml(response), "Code") or str(response.status)
    return str(response.status)


def error_of(code: str, response: HttpResponse, key: str) -> Exception:
    """Return the exception for an error about `key`."""
    if code in _MISSING_UPLOAD:
        return MultipartUploadMissingError(key)
    if code in _MISSING:
        return ObjectMissingError(key)
    if code in _CHANGED:
        return ObjectChangedError(key)
    return RuntimeError(f"the store responded {response.status} {code} about {key}")


def parse_xml(response: HttpResponse) -> ElementTree.Element:
    """Return the XML document of a response; its names have no namespace."""
    root = ElementTree.fromstring(response.body.strip())  # noqa: S314 - from our own store
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def text(document: ElementTree.Element, path: str) -> str:
    """Return the text of an element, or an empty text if it does not exist."""
    return document.findtext(path, "")


def hex_checksum(checksum: str | None) -> str | None:
    """Return a base64 checksum in hexadecimal, or None if it is a composite of several parts.

    A composite ends in "-<parts>", whatever type the store claims.
    """
    return b64decode(checksum).hex() if checksum and "-" not in checksum else None


def header_checksum(headers: Message, algorithm: str) -> str | None:
    """Return the checksum of a whole object in hexadecimal, or None if the store has none."""
    if headers.get("x-amz-checksum-type") == "COMPOSITE":
        return None
    return hex_checksum(headers.get(f"x-amz-checksum-{algorithm}"))
