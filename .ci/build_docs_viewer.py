"""Write the page that shows the OpenAPI document with Redoc.

    python .ci/build_docs_viewer.py NODE_MODULES

Puts Redoc's script, with its licences, and the files of `layers/coffer/docs-viewer` into one page,
compressed and beside the module that serves it. The page is not committed: Redoc comes from npm.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ROOT / "layers/coffer/docs-viewer"
PAGE = ROOT / "layers/coffer/python/coffer/http/docs/viewer.html.gz"

# Redoc's only request to another server: a logo in its menu. The page's policy refuses it.
LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"


def page(redoc: str, licences: str) -> str:
    """Return the page. Raise ValueError if the script could not be inside a page."""
    if redoc.count(LOGO) != 1:
        raise ValueError(f"Redoc should have the address {LOGO} once.")
    # In a script element, "<!--" would change the meaning of "<script" (HTML, section 13.2.5.4).
    script = f"{licences}\n{redoc}".replace(LOGO, "data:,").replace("<!--", r"\x3c!--")
    if "</script" in script.lower():
        raise ValueError("Redoc has the text '</script', which would end its element.")
    text = (PARTS / "page.html").read_text(encoding="utf-8")
    for name, part in (
        ("%STYLE%", (PARTS / "viewer.css").read_text(encoding="utf-8")),
        ("%SCRIPT%", (PARTS / "viewer.js").read_text(encoding="utf-8")),
        ("%REDOC%", script),
    ):
        text = text.replace(name, part)
    return text


def main() -> None:
    package = Path(sys.argv[1]) / "redoc"
    bundle = package / "bundles/redoc.standalone.js"
    licence = (package / "LICENSE").read_text(encoding="utf-8").replace("*/", "* /")
    licences = f"/*!\n{licence}*/\n{Path(f'{bundle}.LICENSE.txt').read_text(encoding='utf-8')}"
    text = page(bundle.read_text(encoding="utf-8"), licences)
    PAGE.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
