"""A page with one version of Uppy in the browser, and the requests that it sends."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

WAIT_SECONDS = 60
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class UppyPage:
    """The page of a version. `endpoint` is the companion's address."""

    page: Page
    version: str
    endpoint: str
    headers: dict[str, str] = field(default_factory=dict)
    sent: list[Request] = field(default_factory=list)
    """The requests so far."""

    def __post_init__(self) -> None:
        self._network = self.page.context.new_cdp_session(self.page)
        self._network.send("Network.enable")
        self.page.on("request", lambda request: self.sent.append(request))

    def start(
        self,
        *,
        multipart: bool | None = None,
        recover: bool = False,
        announce_sizes: bool = True,
        **more: Any,
    ) -> UppyPage:
        """Create the uploader. Without `multipart`, Uppy decides by the file's size."""
        options: dict[str, Any] = {**more}
        if self.version == "6":
            assert not self.headers, "version 6 sends no headers to a companion"
            options["companionEndpoint"] = self.endpoint
        else:
            options |= {"endpoint": self.endpoint, "headers": self.headers}
        self.page.wait_for_function("window.ready")
        self.page.evaluate(
            "one => start(one)",
            {
                "options": options,
                "multipart": multipart,
                "recover": recover,
                "announceSizes": announce_sizes,
            },
        )
        return self

    def choose(self, *paths: Path) -> None:
        """Select files on disk."""
        self.page.locator("input[type=file]").set_input_files(list(paths))

    def add_text(
        self,
        name: str,
        text: str,
        kind: str = "text/plain",
        path: str | None = None,
        meta: Mapping[str, Any] = {},
    ) -> None:
        """Add a small file, with its relative path and other metadata."""
        self.page.evaluate(
            "file => addText(file)",
            {"name": name, "type": kind, "text": text, "meta": {"relativePath": path, **meta}},
        )

    def do(self, call: str) -> None:
        """Call a method of Uppy, and do not wait for its result."""
        self.page.evaluate(f"() => {{ Promise.resolve(uppy.{call}).catch(() => null) }}")

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of a name so far."""
        found: list[dict[str, Any]] = self.page.evaluate(
            "name => events.filter(event => event.name === name)", name
        )
        return found

    def wait_for(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until an event has been recorded this many times."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            # Version 4 does not report the end of a restored upload.
            is_over = time.monotonic() > deadline or bool(self.events("complete"))
            if len(found := self.events(name)) >= count:
                return found
            if is_over:
                raise AssertionError(f"no {name}: {self.page.evaluate('events.slice(-20)')}")
            self.page.wait_for_timeout(50)

    def upload(self, count: int = 1) -> dict[str, str]:
        """Upload all files, and return their fileIdentifiers by name."""
        self.do("upload()")
        return self.wait_until_uploaded(count)

    def wait_until_uploaded(self, count: int = 1) -> dict[str, str]:
        """Wait until the upload has ended without errors, and return the fileIdentifiers."""
        succeeded = self.wait_for("upload-success", count)
        assert self.events("upload-error") == []
        assert len(succeeded) == count
        return self.identifiers()

    def identifiers(self) -> dict[str, str]:
        """Return the fileIdentifiers of the uploaded files by name."""
        return {
            event["file"]: UUID.findall(event["response"]["body"]["key"])[-1]
            for event in self.events("upload-success")
        }

    def call_after_parts(self, count: int, call: str) -> None:
        """Call a method of Uppy after this many parts, and record that as the event `called`."""
        self.page.evaluate(
            f"""count => uppy.on('s3-multipart:part-uploaded', () => {{
                if (--count === 0) {{ uppy.{call}; events.push({{name: 'called'}}) }}
            }})""",
            count,
        )

    def block(self, *urls: str) -> None:
        """Let requests to these URLs fail as without a connection, and no others."""
        self._network.send("Network.setBlockedURLs", {"urls": list(urls)})

    def slow_down(self, slow: bool = True) -> None:
        """Slow uploads down so much that no part arrives, or end that."""
        speed = 1000 if slow else -1
        self._network.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": speed},
        )

    def forget(self) -> None:
        """Remove the recorded events and requests."""
        self.page.evaluate("() => { events.length = 0 }")
        self.sent.clear()

    def session(self) -> str:
        """Return the fileIdentifier of the last part that was sent."""
        last = [request for request in self.sent if request.method == "PUT"][-1]
        return str(UUID.findall(urlsplit(last.url).path)[-1])

    def parts(self) -> list[int]:
        """Return the numbers of the parts that were sent to the store, in their order."""
        return [
            int(parse_qs(urlsplit(request.url).query)["partNumber"][0])
            for request in self.sent
            if request.method == "PUT"
        ]

    def calls(self, method: str, pattern: str) -> list[Request]:
        """Return the requests of a method whose path matches a pattern at its end."""
        return [
            request
            for request in self.sent
            if request.method == method and re.search(f"{pattern}$", urlsplit(request.url).path)
        ]
