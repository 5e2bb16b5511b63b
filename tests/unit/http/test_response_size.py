"""Responses fit into the 6 MB of a Lambda function, whatever characters the records have."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from coffer.domain.changes.history import SnapshotPage, SnapshotQuery
from coffer.domain.errors import TooLargeError
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.http.changes.history import snapshots_response
from coffer.http.responses import Response
from coffer.http.transactions.bulk import check_response_size, records_response
from tests.fakes.records import ADMIN, identifier, metadata, thumbnail
from tests.unit.http.events import make_request
from tests.unit.http.listing.test_responses import list_response, shown

MAX_PAYLOAD = 6 * 1024**2
TEXTS = {
    "plain": "x",
    "quotes": '"',
    "backslashes": "\\",
    "controls": "\x01",
    "astral": "\U0001f33f",
}


def payload(response: Response) -> int:
    return len(json.dumps(response.to_gateway()))


def snapshots(text: str, count: int) -> SnapshotPage:
    found: tuple[dict[str, Any], ...] = tuple(
        {
            "instanceId": f"metadata/{identifier(number)}",
            "commitDateTime": "2026-01-01T00:00:00Z",
            "state": {"acTags": [text * 60_000]},
        }
        for number in range(count)
    )
    return SnapshotPage(snapshots=found, total=count, is_lower_bound=False)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_page_of_snapshots_ends_early_with_a_link(text: str) -> None:
    request = make_request("GET /api/v1/audit-snapshot", query="page[limit]=1000")
    offset = pages = 0
    while True:
        page = snapshots(text, 200 - offset)
        query = SnapshotQuery(author="alice", offset=offset, limit=1000)
        total = SnapshotPage(snapshots=page.snapshots, total=200, is_lower_bound=False)
        response = snapshots_response(request, query, total)
        assert payload(response) < MAX_PAYLOAD
        document = json.loads(response.body)
        offset += len(document["data"])
        pages += 1
        if "next" not in document["links"]:
            break
        assert f"page%5Boffset%5D={offset}" in document["links"]["next"]
    assert (offset, pages > 1) == (200, True)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_list_and_a_bulk_response_fit(text: str) -> None:
    records = [
        metadata(identifier=identifier(number), ac_tags=(text * 250,) * 100)
        for number in range(250)
    ]
    response = list_response("page[limit]=250", ADMIN, *records)
    assert 0 < len(json.loads(response.body)["data"]) < 250
    assert payload(response) < MAX_PAYLOAD
    fitting = 0
    for count in range(10, 250, 10):
        check = check_response_size(make_request(), METADATA_FIELDS)
        try:
            check(records[:count])
        except TooLargeError:
            break
        fitting = count
        assert (
            payload(records_response(make_request(), METADATA_FIELDS, records[:count]))
            < MAX_PAYLOAD
        )
    assert fitting > 0


@pytest.mark.parametrize("is_list", [False, True])
def test_a_record_with_too_many_included_ones_is_refused(is_list: bool) -> None:
    record = metadata()
    derivatives = [
        thumbnail(identifier=identifier(50 + number), ac_tags=('"' * 250,) * 100)
        for number in range(120)
    ]
    show: Callable[..., object] = list_response if is_list else shown
    with pytest.raises(TooLargeError) as refused:
        show("include=derivatives", ADMIN, record, *derivatives)
    [problem] = refused.value.problems
    assert problem.code == "answer_too_large"
    assert "include" in problem.detail
