"""Serve the files of `web/`, the browser console, at the root of the API's port.

Routes of the template have priority over files. A path that is neither goes to the API too, which
handles it like any unknown path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from local.gateway.api import Request, Response
from local.gateway.routes import DEFAULT, RouteTable
from local.resources import Route

FOLDER = Path(__file__).resolve().parents[2] / "web"
FRONT_PAGE = "index.html"
MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Console:
    """The files of the console. `store_url` is the S3 URL to which the browser posts files."""

    def __init__(self, routes: Sequence[Route], store_url: str, folder: Path = FOLDER) -> None:
        self._routes = RouteTable(routes)
        self._folder = folder
        self._headers = [
            ("content-security-policy", content_security_policy(store_url)),
            ("cross-origin-opener-policy", "same-origin"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            # So that a changed file is seen at the next reload.
            ("cache-control", "no-store"),
        ]

    def find(self, request: Request) -> Response | None:
        """Return a response with a file of the console, or None if the request is for the API."""
        if request.method not in ("GET", "HEAD") or self._is_routed(request):
            return None
        name = unquote(request.raw_path).removeprefix("/") or FRONT_PAGE
        # Only names of existing files are compared, so no path can leave the folder.
        path = self._files().get(name)
        if path is None:
            return None
        headers = [("content-type", MEDIA_TYPES[path.suffix]), *self._headers]
        return Response(200, headers, path.read_bytes())

    def _is_routed(self, request: Request) -> bool:
        match = self._routes.find(request.method, request.raw_path)
        return match is not None and match.route.path != DEFAULT

    def _files(self) -> dict[str, Path]:
        return {
            path.relative_to(self._folder).as_posix(): path
            for path in self._folder.rglob("*")
            if path.suffix in MEDIA_TYPES and path.is_file()
        }


def content_security_policy(store_url: str) -> str:
    """Return the policy: the page may use its own files, call the API and post to the store.

    Images come through the API and are shown as blobs. Trusted types make the browser refuse every
    API that turns text into script or markup.
    """
    store = urlsplit(store_url)
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob:",
        "connect-src": f"'self' {store.scheme}://{store.netloc}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())
