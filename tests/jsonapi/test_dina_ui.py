"""Every request of dina-ui 0.227 to the functions of the two specifications, in its shapes.

`docs/clients.md` has the table of the requests. Its code is public: github.com/AAFC-BICoE/dina-ui.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

from tests.e2e.stacks import ROOT, Stack
from tests.jsonapi.clients import run_script, url_of

DOCUMENT: Path = ROOT / "docs" / "clients.md"
HEADING = "| dina-ui | request | response |"
BUCKET = "dina"


def documented() -> list[str]:
    """Return the rows of the table."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    start = lines.index(HEADING) + 2
    return [line for line in lines[start : lines.index("", start)] if line.startswith("|")]


def jpeg() -> str:
    """Return a photo in base64."""
    file = io.BytesIO()
    Image.effect_noise((64, 48), 50).convert("RGB").save(file, "JPEG")
    return base64.b64encode(file.getvalue()).decode()


def test_every_request_of_dina_ui_is_served(stack: Stack, node: str) -> None:
    given = {"url": url_of(stack), "bucket": BUCKET, "jpeg": jpeg(), "user": "dev"}

    calls = run_script(node, "dina_ui.mjs", given)

    assert [call for call in calls if call[3] != "ok"] == []
    table = [f"| {source} | `{request}` | {status} |" for source, request, status, _ in calls]
    assert documented() == table, "\n".join(table)
