"""The snippets of docs/uploading.md, extracted from the page and run in Chromium."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from tests.e2e.stacks import ROOT
from tests.uppy.bundles import Pages
from tests.uppy.owner import BUCKET, Owner
from tests.uppy.test_uploads import assert_stored

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

MARKDOWN = (ROOT / "docs" / "uploading.md").read_text(encoding="utf-8")
SNIPPETS = dict(re.findall(r"^```js\n// (.*?)\n(.*?)^```$", MARKDOWN, re.DOTALL | re.MULTILINE))
USED = {
    "form",
    "presigned post",
    "uppy 5",
    "uppy 6",
    "identifiers",
    "new token of uppy 5",
    "new grant of uppy 6",
    "messages of uppy 6",
    "continuing",
    "parts",
}
WAIT_MILLISECONDS = 30_000
SIZE = 11 * 1024**2
"""The size of the file: three parts, and too large for Golden Retriever's own store."""
SHA256 = hashlib.sha256(b"\x07" * SIZE).hexdigest()
Run = Callable[..., "Page"]

PREPARED = """
const {{api, bucket, token}} = {settings}
const bytes = new Uint8Array({size}).fill(7)
const file = new File([bytes], 'plot 7.wav', {{type: 'audio/wav', lastModified: 1}})
"""


@pytest.fixture
def run(browser: Browser, pages: Pages, owner: Owner) -> Iterator[Run]:
    """Return a function that runs snippets, then a script, in a page of a version of Uppy."""
    context = browser.new_context()
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    problems: list[str] = []

    def start(*names: str, script: str, version: str = "5", size: int = SIZE) -> Page:
        api = f"http://localhost:{owner.stack.port}"
        settings = {"api": api, "bucket": BUCKET, "token": owner.token}
        prepared = PREPARED.format(settings=json.dumps(settings), size=size)
        pages.add("harness.js", "\n".join([prepared, *(SNIPPETS[name] for name in names), script]))
        page.goto(pages.url(version))
        return page

    yield start
    context.close()
    pages.reset()
    assert problems == []


def wait_for(page: Page, expression: str) -> Any:
    """Return the value of an expression as soon as it is true."""
    return page.wait_for_function(expression, timeout=WAIT_MILLISECONDS).json_value()


def test_every_snippet_is_run() -> None:
    assert set(SNIPPETS) == USED
    assert MARKDOWN.count("```js") == len(USED)


@pytest.mark.parametrize("name", ["form", "presigned post"])
def test_a_file_is_sent_with_fetch(name: str, run: Run, owner: Owner) -> None:
    page = run(name, script="window.uploaded = fileIdentifier", size=1000)
    assert_stored(
        owner,
        wait_for(page, "window.uploaded"),
        originalFilename="plot 7.wav",
        receivedMediaType="audio/wav",
        sizeInBytes=1000,
        sha256=hashlib.sha256(b"\x07" * 1000).hexdigest(),
    )


@pytest.mark.parametrize(("name", "version"), [("uppy 5", "4"), ("uppy 5", "5"), ("uppy 6", "6")])
def test_uppy_uploads_with_the_documented_options(
    name: str, version: str, run: Run, owner: Owner
) -> None:
    script = """
    const meta = {relativePath: 'day 1/plot 7.wav', other: 1}
    uppy.addFile({name: file.name, type: file.type, data: file, meta})
    await uppy.upload()
    window.identifiers = identifiers
    """
    page = run(name, "identifiers", script=script, version=version)
    [identifier] = wait_for(page, "window.identifiers")
    assert_stored(
        owner,
        identifier,
        originalFilename="plot 7.wav",
        receivedMediaType="audio/wav",
        relativePath="day 1/plot 7.wav",
        sizeInBytes=SIZE,
        sha256=SHA256,
    )


@pytest.mark.parametrize("version", ["4", "5"])
def test_uppy_uses_a_new_token_during_an_upload(version: str, run: Run, owner: Owner) -> None:
    renewed = owner.stack.token("--user", owner.name, "--group", f"{BUCKET}/user")
    assert renewed != owner.token
    script = f"""
    uppy.getPlugin('AwsS3Multipart').setOptions({{shouldUseMultipart: true}})
    uppy.on('s3-multipart:part-uploaded', () => useToken({json.dumps(renewed)}))
    window.start = () => uppy.addFile({{name: file.name, type: file.type, data: file}})
    window.uppy = uppy
    window.identifiers = identifiers
    """
    page = run("uppy 5", "identifiers", "new token of uppy 5", script=script, version=version)
    wait_for(page, "!!window.uppy")
    with page.expect_request("**/complete?*") as completion:
        page.evaluate("() => { start(); uppy.upload() }")

    assert completion.value.headers["authorization"] == f"Bearer {renewed}"
    [identifier] = wait_for(page, "window.identifiers.length && window.identifiers")
    assert_stored(owner, identifier, sizeInBytes=SIZE, sha256=SHA256)


def test_uppy_6_continues_with_a_new_grant(run: Run, owner: Owner) -> None:
    script = """
    uppy.getPlugin('AwsS3').setOptions({shouldUseMultipart: true})
    window.start = () => uppy.addFile({name: file.name, type: file.type, data: file})
    window.uppy = uppy
    window.identifiers = identifiers
    """
    page = run("uppy 6", "identifiers", "new grant of uppy 6", script=script, version="6")
    revoked: list[str] = []
    sent: list[str] = []

    def revoke(route: Route) -> None:
        """Revoke the first grant before the second part is signed."""
        if not revoked:
            grant = route.request.url.partition("/grant/")[2][:32]
            status, _ = owner.request("DELETE", f"/api/v1/upload-grant/{BUCKET}/{UUID(grant)}")
            assert status == 204
            revoked.append(grant)
        route.continue_()

    page.route("**/s3/multipart/*/2?*", revoke)
    page.on("request", lambda one: sent.append(one.url) if one.method == "PUT" else None)
    wait_for(page, "!!window.uppy")
    page.evaluate("() => { start(); uppy.upload() }")

    [identifier] = wait_for(page, "window.identifiers.length && window.identifiers")
    assert len(revoked) == 1
    numbers = [parse_qs(urlsplit(url).query)["partNumber"] for url in sent]
    assert numbers == [["1"], ["2"], ["3"]]
    assert_stored(owner, identifier, sizeInBytes=SIZE, sha256=SHA256)


def test_uppy_6_shows_the_words_of_the_api(run: Run) -> None:
    script = """
    uppy.on('info-visible', () => { window.shown = uppy.getState().info.map((one) => one.message) })
    uppy.addFile({name: 'tool.exe', type: 'application/x-msdownload', data: file})
    await uppy.upload()
    """
    page = run("uppy 6", "messages of uppy 6", script=script, version="6")
    shown = wait_for(page, "window.shown?.length > 1 && window.shown")
    assert any("application/x-msdownload" in message for message in shown)


@pytest.mark.parametrize(("name", "version"), [("uppy 5", "5"), ("uppy 6", "6")])
def test_a_page_continues_after_a_reload(name: str, version: str, run: Run, owner: Owner) -> None:
    script = """
    const plugin = uppy.getPlugin('AwsS3') ?? uppy.getPlugin('AwsS3Multipart')
    plugin.setOptions({shouldUseMultipart: true})
    window.parts = 0
    uppy.on('s3-multipart:part-uploaded', () => { window.parts++ })
    uppy.on('restored', () => { window.restored = true })
    window.add = () => uppy.addFile({name: file.name, type: file.type, data: file})
    window.identifiers = identifiers
    window.uppy = uppy
    """
    page = run(name, "identifiers", "continuing", script=script, version=version)
    sent: list[str] = []

    def only_the_first(route: Route) -> None:
        sent.append(route.request.url)
        if len(sent) == 1:
            route.continue_()

    page.route("**/incoming/**", only_the_first)
    wait_for(page, "!!window.uppy")
    page.evaluate("() => { add(); uppy.upload() }")
    wait_for(page, "window.parts === 1")
    page.wait_for_timeout(1200)
    page.reload()
    page.unroute_all(behavior="ignoreErrors")

    again: list[str] = []
    page.on("request", lambda one: again.append(one.url) if one.method == "PUT" else None)
    wait_for(page, "window.restored")
    page.evaluate("add()")
    [identifier] = wait_for(page, "window.identifiers.length && window.identifiers")
    assert len(again) == 2
    assert identifier in sent[0]
    assert_stored(owner, identifier, sizeInBytes=SIZE, sha256=SHA256)


def test_fetch_uploads_in_parts_and_continues(run: Run, owner: Owner) -> None:
    script = """
    window.start = () => uploadInParts(file, {onSession: (one) => { window.session = one }})
    window.continued = () => uploadInParts(file, {session: window.session})
    """
    page = run("parts", script=script)
    wait_for(page, "!!window.start")
    page.route("**partNumber=2**", lambda route: route.abort("connectionreset"))
    assert (
        page.evaluate("start().then(() => 'done', (error) => error.message)") == "Failed to fetch"
    )
    page.unroute_all(behavior="ignoreErrors")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "PUT" else None)

    identifier = page.evaluate("continued()")

    assert len(sent) == 2
    assert_stored(owner, identifier, sizeInBytes=SIZE, sha256=SHA256)
