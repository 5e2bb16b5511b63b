"""The page that shows the OpenAPI document with Redoc, or without it as a list of operations.

Redoc is not part of the repository. `make docs-viewer` installs it from npm and writes the page
`viewer.html.gz` beside this module, from where `make build` packs it into the layer. Both pages
run only the scripts and styles that their Content-Security-Policy names by hash, and load nothing
but `openapi.json`.
"""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from coffer.http.requests import Request
from coffer.http.responses import Response

HTML = "text/html"
VIEWER = Path(__file__).with_name("viewer.html.gz")

_VIEWER_DIRECTIVES = (
    "connect-src 'self'",  # openapi.json
    "img-src data:",  # icons
    "worker-src blob:",  # the search
)
_STYLES_OF_REDOC = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",  # an empty element for rules
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",  # scroll bars
)
"""Style elements that Redoc adds to the page, by their content."""
_PLAIN_STYLE = """
:root { color-scheme: light dark; }
body {
  font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 0 1rem 4rem;
}
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
a { color: inherit; }
"""


def docs_page(request: Request, document: str) -> Response:
    """Return the page: the viewer if it is installed, otherwise a list of the operations."""
    if not VIEWER.exists():
        return plain_page(document)
    compressed = VIEWER.read_bytes()
    page = _viewer_page(compressed)
    if not request.accepts_gzip():
        return page
    return Response(headers={**page.headers, "Content-Encoding": "gzip"}, body=compressed)


@cache
def _viewer_page(compressed: bytes) -> Response:
    """Return the viewer, uncompressed. Caches keep it for a day: it fetches the document anew."""
    page = gzip.decompress(compressed).decode()
    styles = [*_hashes("style", page), *_STYLES_OF_REDOC]
    return _page(page, styles, _hashes("script", page), _VIEWER_DIRECTIVES, max_age=86_400)


@cache
def plain_page(document: str) -> Response:
    """Return a page that lists the operations of the document."""
    openapi = json.loads(document)
    info = openapi["info"]
    title = escape(f"{info['title']} {info['version']}")
    sections = "".join(_section(tag, openapi["paths"]) for tag in openapi["tags"])
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_PLAIN_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{title}</h1>\n<p>{escape(info['summary'])} The whole description is in "
        f'<a href="openapi.json">openapi.json</a>.</p>\n{sections}</main>\n</body>\n</html>\n'
    )
    return _page(page, _hashes("style", page), (), (), max_age=300)


def _section(tag: dict[str, str], paths: dict[str, Any]) -> str:
    """Return the list of the operations that have a tag."""
    rows = [
        f"<li><code>{method.upper()} {escape(path)}</code> {escape(operation['summary'])}</li>\n"
        for path, item in paths.items()
        for method, operation in item.items()
        if tag["name"] in operation["tags"]
    ]
    heading = f"<h2>{escape(tag['name'])}</h2>\n<p>{escape(tag['description'])}</p>\n"
    return f"{heading}<ul>\n{''.join(rows)}</ul>\n"


def _page(
    page: str, styles: Iterable[str], scripts: Sequence[str], more: Iterable[str], *, max_age: int
) -> Response:
    """Return a page that can use only these styles and scripts, and no form and no frame."""
    policy = (
        "default-src 'none'",
        f"style-src {' '.join(styles)}",
        f"script-src {' '.join(scripts)}" if scripts else "script-src 'none'",
        *more,
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return Response(
        headers={
            "Content-Type": f"{HTML}; charset=utf-8",
            "Content-Security-Policy": "; ".join(policy),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Vary": "Accept-Encoding",
            "Cache-Control": f"public, max-age={max_age}",
        },
        body=page,
    )


def _hashes(tag: str, page: str) -> list[str]:
    """Return the hashes of the page's inline elements of a kind (CSP level 3, section 2.3.1)."""
    texts = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    return [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in texts]
