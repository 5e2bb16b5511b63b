"""Twenty files are dropped on the console, and end in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.conftest import OpenPage
from tests.e2e.console_page import ConsolePage
from tests.e2e.downloads import download
from tests.e2e.specimens import Specimen, copy_of, picture, text, twenty
from tests.e2e.stacks import MAX_BYTES, Stack, Wire

FORBIDDEN, TOO_LARGE, COPY = "18 backup.zip", "19 huge.dat", "20 copy.jpg"
MAX_API_BODY_BYTES = 400
"""Limit of a request that starts an upload or creates empty metadata: all files are larger."""


@pytest.fixture(params=["open", "secured"])
def stack(request: pytest.FixtureRequest) -> Stack:
    """Return each of the two stacks."""
    made: Stack = request.getfixturevalue(f"{request.param}_stack")
    return made


@pytest.fixture
def token(request: pytest.FixtureRequest, stack: Stack) -> str | None:
    """Return the token of a curator of the group, if the stack needs one."""
    if stack is not request.getfixturevalue("open_stack"):
        return stack.token("--user", "alice", "--group", "aafc/user", "--expires", "3600")
    return None


@pytest.fixture
def wire(stack: Stack) -> Iterator[Wire]:
    """Record everything that the browser sends to the API."""
    with closing(Wire(stack.port)) as made:
        yield made


def test_twenty_dropped_files_end_with_the_right_status(
    stack: Stack, token: str | None, wire: Wire, open_page: OpenPage, folder: Path
) -> None:
    files = twenty(folder)
    console = open_page(stack, wire)
    console.drop(file.path for file in files)
    if token is not None:
        console.use_token(token)
    console.wait_for_states({file.name: file.state for file in files})

    accepted = [file for file in files if file.state == "ready"]
    assert len(accepted) == 18
    _says_what_each_file_is(console, accepted)
    assert "Media type application/zip is invalid." in console.row(FORBIDDEN).inner_text()
    refusal = f"The file has {MAX_BYTES + 1} bytes; at most {MAX_BYTES} are allowed."
    assert refusal in console.row(TOO_LARGE).inner_text()
    warned = [file.name for file in files if "same content" in console.row(file.name).inner_text()]
    assert warned == [COPY]

    for file in accepted:
        body = download(stack.port, "aafc", console.identifiers[file.name], token)
        assert body == file.body, file.name
    assert Counter(stack.objects("objects/aafc/").values()) >= Counter(one.body for one in accepted)
    assert stack.objects("incoming/") == {}
    _no_byte_of_a_file_went_to_the_api(console, wire, files)


def test_accepted_files_get_metadata(
    stack: Stack, token: str | None, open_page: OpenPage, folder: Path
) -> None:
    kept, single = picture(folder, "keep me.jpg"), text(folder, "and me.txt")
    copy = copy_of(kept, "not me.jpg")
    console = open_page(stack, bucket="keeping")
    if token is not None:
        token = stack.token("--user", "alice", "--group", "keeping/user", "--expires", "3600")
    console.drop([kept.path, single.path])
    if token is not None:
        console.use_token(token)
    console.wait_for_states({kept.name: "ready", single.name: "ready"})
    console.drop([copy.path])
    console.wait_for_states({kept.name: "ready", single.name: "ready", copy.name: "ready"})
    console.page.get_by_text("Duplicates are kept one by one.").wait_for()

    console.row(single.name).get_by_role("button", name="Keep").click()
    console.wait_for_states({kept.name: "ready", single.name: "kept", copy.name: "ready"})
    console.page.get_by_role("button", name="Keep 1 file").click()
    console.wait_for_states({kept.name: "kept", single.name: "kept", copy.name: "ready"})

    described = {item["fileIdentifier"] for item in stack.items("MetadataTable")}
    identifiers = console.identifiers
    assert {identifiers[kept.name], identifiers[single.name]} <= described
    assert identifiers[copy.name] not in described
    console.page.get_by_role("button", name="Clear finished").click()
    assert console.states() == {copy.name: "ready"}


def _says_what_each_file_is(console: ConsolePage, files: list[Specimen]) -> None:
    for file in files:
        row = console.row(file.name)
        assert str(file.media_type) in row.inner_text(), file.name
        if file.shown:
            console.wait_for_thumbnail(file.name)
        else:
            assert not row.locator("img").is_visible()


def _no_byte_of_a_file_went_to_the_api(
    console: ConsolePage, wire: Wire, files: list[Specimen]
) -> None:
    assert console.api_bodies
    assert max(len(body) for body in console.api_bodies) < MAX_API_BODY_BYTES
    assert sum(len(body) for body in console.api_bodies) < len(files) * MAX_API_BODY_BYTES
    sent = wire.sent
    assert b"POST /api/v1/upload/aafc" in sent
    assert [file.name for file in files if file.mark in sent] == []
