"""Random requests to every route get a response in time that keeps every rule."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.security.group_records import GroupRecords, Sent, routes
from tests.security.response_rules import check

MAX_CPU_SECONDS = 10
"""CPU time of this process, so that a busy machine does not count."""
TYPE = ("Content-Type", "application/vnd.api+json")
BOMBS = (
    b"[" * 200_000, b'{"a":' * 100_000, b'{"data":' + b"9" * 100_000 + b"}", b'{"data":1e999999}',
    json.dumps({"data": {str(number): {} for number in range(50_000)}}).encode(),
    b'{"data": {"type": "metadata"}, "data": []}', b'"' + b"\\u0000" * 100_000 + b'"', b"\xff\xfe{",
    b'{"data": {"type": "' + b"a" * 2_000_000 + b'"}}', b'{"data": "\\ud800"}',
    b"null", b"[]", b"0",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["data", "type", "id", "attributes", "relationships", "files"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_large_and_deep_documents_get_a_response(group_records: GroupRecords, bomb: bytes) -> None:
    for route in routes(group_records.stack):
        # The route of a new key ignores the body.
        if route.method in ("POST", "PATCH") and not route.path.endswith("/key"):
            target = group_records.request(route).target
            started = time.process_time()
            response = group_records.ask(route.method, Sent(target, [TYPE], bomb))
            check(target, response)
            assert 400 <= response.status < 500, f"{route.key}: {response.status}"
            assert time.process_time() - started < MAX_CPU_SECONDS


@settings(
    max_examples=300, derandomize=True, database=None, deadline=None,
    phases=[Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(st.data())
def test_no_random_request_gets_a_5xx(group_records: GroupRecords, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(routes(group_records.stack)))
    variables = {
        name: quote(data.draw(st.text(min_size=1, max_size=30)), safe="")
        for name in group_records.variables(route)
        if data.draw(st.booleans())
    }
    sent = group_records.request(route, variables)
    query = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from(["filter[bucket]", "sort", "page[limit]", "include", "fiql", "["])
                | st.text(max_size=8),
                st.text(max_size=12),
            ),
            max_size=3,
        )
    )
    pairs = "&".join(f"{quote(name, safe='[]')}={quote(value)}" for name, value in query)
    body = data.draw(st.just(sent.body) | st.binary(max_size=60) | JSON.map(_encoded))
    target = f"{sent.target}{'&' if '?' in sent.target else '?'}{pairs}"
    started = time.process_time()
    response = group_records.ask(route.method, Sent(target, sent.headers or [TYPE], body))
    assert time.process_time() - started < MAX_CPU_SECONDS
    check(target, response)


def _encoded(document: object) -> bytes:
    return json.dumps(document).encode()
