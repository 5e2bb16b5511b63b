"""What the S3 API answers: its errors, its XML, and the checksums in its headers."""

from __future__ import annotations

from base64 import b64decode
from email.message import Message
from xml.etree import ElementTree  # only of what our own store answers

from coffer.adapters.http_connections import Reply
from coffer.domain.errors import MultipartUploadMissingError, ObjectChangedError, ObjectMissingError

_MISSING_UPLOAD = frozenset({"NoSuchUpload", "InvalidPart"})
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404"})
_CHANGED = frozenset({"PreconditionFailed", "InvalidRange", "412", "416"})


def error_code(reply: Reply) -> str:
    """The code of an error, which may come under a good status: what takes long is answered at
    once, and kept up with white space until there is more to say; or nothing."""
    body = reply.body.lstrip()
    if reply.status < 300:
        root = body.partition(b"?>")[2].lstrip() if body.startswith(b"<?xml") else body
        if not root.startswith(b"<Error>"):
            return ""
    if body.startswith(b"<"):
        return text(document_of(reply), "Code") or str(reply.status)
    return str(reply.status)


def failure(code: str, reply: Reply, key: str) -> Exception:
    """What to raise of an error about `key`."""
    if code in _MISSING_UPLOAD:
        return MultipartUploadMissingError(key)
    if code in _MISSING:
        return ObjectMissingError(key)
    if code in _CHANGED:
        return ObjectChangedError(key)
    return RuntimeError(f"the store answered {reply.status} {code} about {key}")


def document_of(reply: Reply) -> ElementTree.Element:
    """An answer's XML, its names without their namespace."""
    root = ElementTree.fromstring(reply.body.strip())  # noqa: S314 - what our own store answers
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def text(document: ElementTree.Element, path: str) -> str:
    """The text of the element at this path; nothing where there is none."""
    return document.findtext(path, "")


def texts(document: ElementTree.Element, path: str) -> list[str]:
    """The texts of all elements at this path."""
    return [element.text or "" for element in document.findall(path)]


def crc32_of(checksum: str) -> int | None:
    """The number that base64 stands for; None of a composite, which is about parts."""
    if not checksum or "-" in checksum:
        return None
    return int.from_bytes(b64decode(checksum), "big")


def whole_checksum(headers: Message, algorithm: str) -> str | None:
    """A checksum of the whole object in hexadecimal."""
    value = headers.get(f"x-amz-checksum-{algorithm}")
    composite = headers.get("x-amz-checksum-type") == "COMPOSITE"
    return None if value is None or composite or "-" in value else b64decode(value).hex()
