"""The page that shows the API's description: one answer, with nothing from anywhere else.

It runs one script and one style, which its Content-Security-Policy names by their hashes, and asks
for `openapi.json` beside it. Whatever that holds is shown as text.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from coffer.http.responses import Response

HTML = "text/html"


def docs_page() -> Response:
    """The page, with the headers that keep everything else out of it."""
    folder = files(__name__)
    page, style, script = (
        folder.joinpath(f"page.{kind}").read_text(encoding="utf-8")
        for kind in ("html", "css", "js")
    )
    policy = (
        "default-src 'none'",
        f"style-src {_hash(style)}",
        f"script-src {_hash(script)}",
        "connect-src 'self'",
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
            "Cache-Control": "public, max-age=300",
        },
        body=page.replace("%STYLE%", style).replace("%SCRIPT%", script),
    )


def _hash(text: str) -> str:
    """How a policy names an inline text (CSP level 3, 2.3.1)."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
