"""The console in a browser, as a user operates it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response

UNDER_WAY = frozenset({"waiting", "preparing", "sending", "checking", "keeping"})
WAIT_MILLISECONDS = 120_000
"""Long enough for a busy machine, on which a handler may time out and be retried."""


class ConsolePage:
    """A tab with the console, and the requests that it has sent."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.offers: list[tuple[str, str]] = []
        """File name and fileIdentifier of each presigned POST, oldest first."""
        self.requests: list[Request] = []
        self.complaints: list[str] = []
        """Violations of the content security policy, and uncaught errors."""
        page.on("request", lambda request: self.requests.append(request))
        page.on("response", self._note_offer)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note_complaint)

    def open(self, bucket: str | None = "aafc") -> ConsolePage:
        """Open the page, and enter the bucket if one is given."""
        self.page.goto(self.url)
        if bucket is not None:
            self.name_bucket(bucket)
        return self

    def name_bucket(self, bucket: str) -> None:
        """Type the bucket and leave the field."""
        field = self.page.get_by_label("Bucket")
        field.fill(bucket)
        field.blur()

    def drop(self, paths: Iterable[Path]) -> None:
        """Drop files or folders, with the browser's own drag events."""
        box = self.page.locator("#drop-zone").bounding_box()
        assert box is not None
        session = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 20, "data": data}
        for step in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": step, **at})
        session.detach()

    def row(self, name: str) -> Locator:
        """Return the row of a file."""
        return self.page.get_by_role("listitem").filter(
            has=self.page.get_by_role("heading", name=name, exact=True)
        )

    def states(self) -> dict[str, str]:
        """The state of every row, by file name."""
        pairs: list[tuple[str, str]] = self.page.locator("#files > li").evaluate_all(
            "rows => rows.map(row => [row.querySelector('h3').textContent, row.dataset.state])"
        )
        return dict(pairs)

    def wait_for_states(self, wanted: Mapping[str, str]) -> None:
        """Wait until no upload is running, and check the states."""
        deadline = time.monotonic() + WAIT_MILLISECONDS / 1000
        while time.monotonic() < deadline:
            states = self.states()
            if len(states) == len(wanted) and UNDER_WAY.isdisjoint(states.values()):
                break
            self.page.wait_for_timeout(100)
        states = self.states()
        differing = {name: state for name, state in states.items() if state != wanted.get(name)}
        assert states == dict(wanted), f"in other states than they should be: {differing}"

    def wait_for_thumbnail(self, name: str) -> None:
        """Wait until the row of a file shows an image that the browser could decode."""
        picture = self.row(name).locator("img")
        picture.wait_for(timeout=WAIT_MILLISECONDS)
        address = picture.get_attribute("src") or ""
        assert address.startswith("blob:")
        assert picture.evaluate("async (image) => { await image.decode(); return true; }")
        assert picture.evaluate("(image) => image.naturalWidth") > 0

    def use_token(self, token: str) -> None:
        """Paste a token into the open panel."""
        self.page.get_by_label("Bearer token").fill(token)
        self.page.get_by_role("button", name="Use token").click()

    @property
    def identifiers(self) -> dict[str, str]:
        """The last fileIdentifier by file name."""
        return dict(self.offers)

    @property
    def api_bodies(self) -> list[bytes]:
        """The bodies of all requests to the API."""
        bodies = [
            one.post_data_buffer for one in self.requests if one.url.startswith(f"{self.url}api/")
        ]
        return [body for body in bodies if body is not None]

    def _note_offer(self, response: Response) -> None:
        request = response.request
        if re.search(r"/api/v1/upload/[^/]+$", request.url) and response.status == 200:
            announced: Any = request.post_data_json
            offered = response.json()["files"]
            for file, offer in zip(announced["files"], offered, strict=True):
                self.offers.append((file["originalFilename"], offer["fileIdentifier"]))

    def _note_complaint(self, message: ConsoleMessage) -> None:
        # What the API or the store refuse, the browser mentions too; the page deals with it.
        is_expected = re.search(r"Failed to load resource|CORS policy", message.text)
        if message.type in ("error", "assert") and not is_expected:
            self.complaints.append(message.text)
