"""A client of the deployed API that remembers which routes it called."""

from __future__ import annotations

import io
import json
import re
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import requests
from PIL import Image

from tests.deployed.deployment import Deployment
from tests.deployed.emulator import Emulator

JSON_API = {"Content-Type": "application/vnd.api+json"}
_WAIT_SECONDS = 60
Found = TypeVar("Found")


class ApiClient:
    """Calls the API through the emulator's gateway, with a bearer token unless told otherwise."""

    def __init__(self, emulator: Emulator, deployment: Deployment, token: str) -> None:
        self._url = emulator.url
        self._authority = str(emulator.authority)
        self._headers = {"Host": deployment.api_host, "Authorization": f"Bearer {token}"}
        self.calls: list[tuple[str, str]] = []
        """Method and path of every call, without the query."""

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request and return the response; redirects are not followed."""
        given: Mapping[str, str] = options.pop("headers", {})
        headers = {name: text for name, text in {**self._headers, **given}.items() if text}
        self.calls.append((method, path.partition("?")[0]))
        return requests.request(
            method,
            self._url + path,
            headers=headers,
            verify=self._authority,
            timeout=60,
            allow_redirects=False,
            **options,
        )

    def send(self, method: str, path: str, document: object, **headers: str) -> requests.Response:
        """Send a JSON:API document."""
        return self.call(method, path, data=json.dumps(document), headers=JSON_API | headers)

    def fetch(self, url: str) -> requests.Response:
        """Get an absolute URL without any header of ours, as after a redirect."""
        return requests.get(url, verify=self._authority, timeout=60)

    def post_form(
        self, upload: Mapping[str, Any], body: bytes, name: str = "file.png"
    ) -> requests.Response:
        """Post a file to the store with a presigned form (`url` and `fields`)."""
        return requests.post(
            upload["url"],
            data=upload["fields"],
            files={"file": (name, body)},
            verify=self._authority,
            timeout=60,
        )

    def put(self, url: str, body: bytes) -> requests.Response:
        """Send bytes to an absolute URL without any header of ours."""
        return requests.put(url, data=body, verify=self._authority, timeout=60)

    def download(self, path: str) -> bytes:
        """Return the bytes behind a download route, which redirects to the store."""
        response = self.call("GET", path)
        assert response.status_code in (200, 302, 303, 307), response.text
        location = response.headers.get("Location")
        return self.fetch(location).content if location else response.content


def called_routes(
    route_keys: frozenset[str], calls: list[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Return the route key that each call matched; the most specific one, as at API Gateway."""
    patterns = sorted(
        ((key, _pattern(key)) for key in route_keys if key != "$default"),
        key=lambda entry: (entry[0].count("{"), "{proxy+}" in entry[0], "+}" in entry[0]),
    )
    return {
        (method, path): next(
            (key for key, pattern in patterns if pattern.fullmatch(f"{method} {path}")), "$default"
        )
        for method, path in calls
    }


def _pattern(route_key: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", route_key)
    return re.compile(
        "".join(
            (".*" if part.endswith("+}") else "[^/]+") if part.startswith("{") else re.escape(part)
            for part in parts
        )
    )


def wait_for(probe: Callable[[], Found | None], seconds: float = _WAIT_SECONDS) -> Found:
    """Return the first result of `probe` that is true; fail when the time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"nothing happened within {seconds} s")


def epub() -> bytes:
    """Return an e-book of one chapter, which is a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("OEBPS/chapter1.xhtml", "Chapter 1")
    return out.getvalue()


def png(width: int = 640, height: int = 480) -> bytes:
    """Return a PNG that no other call returns."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    noise = uuid.uuid4().bytes
    for x, value in enumerate(noise):
        image.putpixel((x, 0), (value, 255 - value, x))
    body = io.BytesIO()
    image.save(body, "PNG")
    return body.getvalue()
