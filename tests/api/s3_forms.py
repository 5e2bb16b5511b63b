"""Send a form to an S3 endpoint with the standard library."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from http.client import HTTPConnection


def post(host: str, path: str, fields: Mapping[str, str], body: bytes) -> int:
    """Send a form with these fields and the file last, and return the status."""
    boundary = uuid.uuid4().hex
    pieces = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    pieces.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    )
    form = "".join(pieces).encode() + body + f"\r\n--{boundary}--\r\n".encode()
    connection = HTTPConnection(host, timeout=30)
    try:
        connection.request(
            "POST", path, form, {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        )
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()
