"""Read the OpenAPI document from the build, or generate it on first use.

`make build` writes the constant part of the document into the layer (`.ci/compile-artifacts` runs
this module), together with the digest of the modules that it was generated from. The file is used
only if these modules still have that digest. Run from source, there is no such file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path

from coffer.http.openapi.deployment import Deployment

BUILT = Path(__file__).with_name("openapi.built.json")
_ROOT = Path(__file__).parents[3]
"""The folder that has the package `coffer`."""


@cache
def openapi_document(deployment: Deployment) -> str:
    """Return the OpenAPI document of a deployment, as JSON."""
    return deployment.fill_in(_read_built() or _generate())


def write_built() -> None:
    """Write the constant part of the document beside this module."""
    template = _generate()
    sources = sorted(
        str(Path(module.__file__).relative_to(_ROOT))
        for name, module in sys.modules.items()
        if name.startswith("coffer") and module.__file__
    )
    header = {"sources": sources, "digest": _digest(sources)}
    BUILT.write_text(f"{json.dumps(header)}\n{template}", encoding="utf-8")


def _generate() -> str:
    from coffer.http.openapi.document import document_template

    return document_template()


def _read_built() -> str | None:
    """Return the built document, or None if it is missing or its sources have changed."""
    try:
        header, _, template = BUILT.read_text(encoding="utf-8").partition("\n")
        built = json.loads(header)
        return template if _digest(built["sources"]) == built["digest"] else None
    except FileNotFoundError:
        return None


def _digest(sources: Iterable[str]) -> str:
    digest = sha256()
    for source in sources:
        digest.update(_ROOT.joinpath(source).read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    write_built()
