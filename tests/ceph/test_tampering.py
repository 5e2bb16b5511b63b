"""Whatever Coffer signs: taken as it is, refused with anything changed, by both stores."""

from __future__ import annotations

import pytest

from tests.ceph import tampered_forms, tampered_requests
from tests.ceph.cases import BODY, HELD, Case
from tests.ceph.comparison import ROWS, Answer, Row
from tests.ceph.sides import Side

CASES = [*tampered_forms.cases(), *tampered_requests.cases()]


def response_of(case: Case, side: Side) -> Answer:
    """What a store says to a request, and whether that changed anything in it."""
    side.empty()
    side.put(HELD, BODY)
    before = side.contents()
    reply = case.send(side)
    return Answer(reply.status, reply.code, stored=side.contents() != before)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_stores_take_what_is_honest_and_refuse_the_rest(
    case: Case, both_sides: tuple[Side, Side], pytestconfig: pytest.Config
) -> None:
    local, ceph = (response_of(case, side) for side in both_sides)
    row = Row(case.request, case.change, local, ceph, "" if ceph.refused else case.gap)
    pytestconfig.stash[ROWS].append(row)
    assert local.refused is not case.honest
    assert row.note or ceph.refused is not case.honest
