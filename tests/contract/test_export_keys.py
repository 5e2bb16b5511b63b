"""Probes and redemptions of access keys, for the fake of the port and for DynamoDB."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from coffer.adapters.dynamodb.export.exports import DynamoAccessKeys
from coffer.domain.export.ports import AccessKeys
from coffer.domain.export.record import AccessKey, key_digest
from tests.fakes.clocks import NOON
from tests.fakes.exports import InMemoryAccessKeys
from tests.fakes.records import identifier

DIGEST = key_digest("k" * 128)
ACCESS = AccessKey(
    digest=DIGEST, export=identifier(1), expires_on=NOON.replace(microsecond=0) + timedelta(hours=1)
)


@pytest.fixture(params=["in memory", "DynamoDB"])
def keys(request: pytest.FixtureRequest) -> AccessKeys:
    keys: AccessKeys
    if request.param == "in memory":
        keys = InMemoryAccessKeys()
    else:
        request.getfixturevalue("stack")
        keys = DynamoAccessKeys()
    keys.add(ACCESS)
    return keys


def test_a_key_can_be_probed_as_often_as_the_limit_says(keys: AccessKeys) -> None:
    assert [keys.probe(DIGEST, NOON, 3) for _ in range(5)] == [True] * 3 + [False] * 2
    assert keys.look(DIGEST, NOON) == ACCESS
    assert keys.redeem(DIGEST, NOON)


def test_a_key_that_is_gone_cannot_be_probed_and_does_not_come_back(keys: AccessKeys) -> None:
    assert keys.probe(DIGEST, NOON, 3)
    assert keys.redeem(DIGEST, NOON)
    assert not keys.redeem(DIGEST, NOON)
    assert not keys.probe(DIGEST, NOON, 3)
    assert keys.look(DIGEST, NOON) is None
    assert not keys.probe(key_digest("other"), NOON, 3)
    assert keys.look(key_digest("other"), NOON) is None


def test_an_expired_key_cannot_be_probed(keys: AccessKeys) -> None:
    assert keys.probe(DIGEST, ACCESS.expires_on - timedelta(seconds=1), 3)
    assert not keys.probe(DIGEST, ACCESS.expires_on, 3)
    assert not keys.redeem(DIGEST, ACCESS.expires_on)


def test_simultaneous_callers_get_no_more_probes_than_allowed(keys: AccessKeys) -> None:
    together = threading.Barrier(10)

    def probe(number: int) -> bool:
        if number < 10:
            together.wait()
        return keys.probe(DIGEST, NOON, 16)

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(probe, range(60))) == 16
