"""Call moto's S3 application, which handles buckets, their configuration, tags and ACLs.

The gate calls it in process, after it has verified the request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote

from moto.moto_server.werkzeug_app import create_backend_app

from local.s3.messages import Request, Response

# Request headers about the signature and the transfer, which moto does not need.
NOT_FORWARDED = {
    "authorization",
    "connection",
    "content-length",
    "expect",
    "host",
    "origin",
    "transfer-encoding",
    "x-amz-content-sha256",
    "x-amz-decoded-content-length",
    "x-amz-security-token",
    "x-amz-trailer",
}
# Response headers that the gate's server sets itself.
NOT_RETURNED = {"connection", "content-length", "date", "server", "x-amz-request-id", "x-amz-id-2"}
CORS = "access-control-"


class MotoApp:
    """moto's S3 as a function from a request to a response."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._app: Callable[[dict[str, Any], Any], Iterable[bytes]] = create_backend_app("s3")

    def __call__(self, request: Request, body: bytes) -> Response:
        status_line = ""
        received: list[tuple[str, str]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _: object = None
        ) -> Callable[[bytes], object]:
            nonlocal status_line
            status_line = status
            received.extend(headers)
            return lambda _: None

        pieces = self._app(self._environ(request, body), start_response)
        try:
            content = b"".join(pieces)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
        headers = {
            name: value
            for name, value in received
            if name.lower() not in NOT_RETURNED and not name.lower().startswith(CORS)
        }
        return Response(int(status_line.split()[0]), headers, content)

    def _environ(self, request: Request, body: bytes) -> dict[str, Any]:
        path = "/" + quote(request.bucket) + ("/" + quote(request.key) if request.key else "")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path).encode().decode("latin-1"),
            "RAW_URI": f"{path}?{request.raw_query}" if request.raw_query else path,
            "QUERY_STRING": request.raw_query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            # moto reads the region, and through the key the account, out of this header.
            "HTTP_AUTHORIZATION": (
                f"AWS4-HMAC-SHA256 Credential=test/20000101/{self._region}/s3/aws4_request"
            ),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": BytesIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers.items():
            if name not in NOT_FORWARDED:
                key = name.upper().replace("-", "_")
                environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        return environ
