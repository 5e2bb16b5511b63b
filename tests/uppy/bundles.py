"""Bundle each version of Uppy, unmodified, and serve a page with it on its own port.

The page is on another origin than the API and the store, as a deployed page is.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.stacks import HOST, ROOT

MODULES = ROOT / ".tools" / "uppy" / "node_modules"
PACKAGES = ("core", "aws-s3", "golden-retriever")
VERSIONS = ("4", "5", "6")
HARNESS = Path(__file__).with_name("harness.js")
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Uppy {version}</title>
<link rel="icon" href="data:,">
<script type="importmap">{imports}</script>
<input type="file" multiple>
<script type="module" src="/harness.js"></script>
"""
MEDIA_TYPES = {".html": "text/html", ".js": "text/javascript"}


def esbuild() -> Path | None:
    """Return the bundler's program, or None if the packages are not installed."""
    return next(MODULES.glob("@esbuild/*/bin/esbuild"), None)


def installed_version(package: str, version: str) -> str:
    """Return the full version number of an installed package of Uppy."""
    manifest = MODULES / "@uppy" / f"{package}-{version}" / "package.json"
    return str(json.loads(manifest.read_text())["version"])


def bundle(version: str, folder: Path) -> None:
    """Write the packages of one major version into a folder, as modules for browsers.

    The packages import `@uppy/core`, which is installed under another name for each version.
    """
    bundler = esbuild()
    assert bundler is not None, "esbuild is not installed: run `make test-uppy`"
    done = subprocess.run(  # noqa: S603 - the bundler, with the tests' own words
        [
            bundler,
            *(f"{package}=@uppy/{package}-{version}" for package in PACKAGES),
            *(f"--alias:@uppy/{package}=@uppy/{package}-{version}" for package in PACKAGES),
            "--bundle",
            "--splitting",
            "--format=esm",
            "--log-level=warning",
            f"--outdir={folder / version}",
        ],
        cwd=MODULES.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


class Pages:
    """A web server for `/4/`, `/5/` and `/6/`, and for scripts that a test adds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = 0
        for version in VERSIONS:
            bundle(version, folder)
            imports = {f"@uppy/{package}": f"/{version}/{package}.js" for package in PACKAGES}
            page = PAGE.format(version=version, imports=json.dumps({"imports": imports}))
            self.add(f"{version}/index.html", page)
        self.reset()

    def reset(self) -> None:
        """Serve the script of this suite again, after a test has replaced it."""
        self.add("harness.js", HARNESS.read_text(encoding="utf-8"))

    def add(self, name: str, text: str) -> None:
        """Add a file, or replace it."""
        (self._folder / name).write_text(text, encoding="utf-8")

    def url(self, version: str) -> str:
        """Return the URL of a version's page."""
        return f"http://{HOST}:{self.port}/{version}/"

    @contextmanager
    def running(self) -> Iterator[Pages]:
        """Serve for a `with` block."""
        folder = self._folder

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                file = (
                    folder / f"{path}index.html".lstrip("/")
                    if path.endswith("/")
                    else (folder / path.lstrip("/"))
                )
                found = file.is_relative_to(folder) and file.is_file()
                body = file.read_bytes() if found else b""
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", MEDIA_TYPES.get(file.suffix, "text/plain"))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        with ThreadingHTTPServer((HOST, 0), Handler) as server:
            self.port = server.server_address[1]
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield self
            server.shutdown()
