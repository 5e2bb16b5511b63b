"""Both stores accept signed requests unchanged, and refuse them with any change."""

from __future__ import annotations

import pytest

from tests.ceph import tampered_forms, tampered_requests
from tests.ceph.cases import BODY, HELD, Case
from tests.ceph.comparison import ROWS, Outcome, Row
from tests.ceph.stores import Store

CASES = [*tampered_forms.cases(), *tampered_requests.cases()]


def outcome_of(case: Case, store: Store) -> Outcome:
    """Send a request to a store, and return the outcome."""
    store.empty()
    store.put(HELD, BODY)
    before = store.contents()
    reply = case.send(store)
    return Outcome(reply.status, reply.code, stored=store.contents() != before)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_stores_accept_valid_requests_and_refuse_changed_ones(
    case: Case, both_stores: tuple[Store, Store], pytestconfig: pytest.Config
) -> None:
    local, ceph = (outcome_of(case, store) for store in both_stores)
    row = Row(case.request, case.change, local, ceph, "" if ceph.refused else case.gap)
    pytestconfig.stash[ROWS].append(row)
    assert local.refused is not case.is_valid
    assert row.note or ceph.refused is not case.is_valid
