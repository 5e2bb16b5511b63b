"""Invoking the function that decodes: retries within the time of the caller, and errors."""

from __future__ import annotations

import json
from datetime import timedelta
from email.message import Message
from types import SimpleNamespace
from typing import Any

import pytest

from coffer.adapters.http_connections import HttpResponse
from coffer.adapters.imaging import decoder_function
from coffer.adapters.imaging.decoder_function import MIN_TIME, DecoderFailedError, DecoderFunction
from coffer.domain.errors import DecoderBusyError, UnavailableError
from coffer.domain.objects import StoredObject
from tests.fakes.clocks import NOON, FrozenClock

PICTURE = StoredObject(key="objects/mybucket/x.png", size_bytes=10, etag="e", last_modified=NOON)
THROTTLED = HttpResponse(429, Message(), b"{}")
DECODED = HttpResponse(200, Message(), json.dumps({"thumbnail": "x"}).encode())
FAILED = HttpResponse(200, Message(), b"{}")
FAILED.headers["X-Amz-Function-Error"] = "Unhandled"


class FakeLambda:
    """Responds in turn, the last response again and again; time passes in the pauses only."""

    def __init__(self, *responses: HttpResponse | Exception, left: timedelta) -> None:
        self._responses = list(responses)
        self.left = left
        self.pauses: list[float] = []
        self.requests = 0

    def request(self, *_arguments: Any) -> HttpResponse:
        self.requests += 1
        found = self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]
        if isinstance(found, Exception):
            raise found
        return found

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.left -= timedelta(seconds=seconds)


def decode(monkeypatch: pytest.MonkeyPatch, service: FakeLambda) -> dict[str, Any]:
    function = DecoderFunction(FrozenClock())
    monkeypatch.setattr(function, "_pool", service)
    monkeypatch.setattr("coffer.adapters.http_connections.time.sleep", service.sleep)
    return function.decode(PICTURE, {"edge": 200}, lambda: service.left)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("ca-central-1", "https://lambda.ca-central-1.amazonaws.com"),
        ("cn-north-1", "https://lambda.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "https://lambda.us-gov-west-1.amazonaws.com"),
    ],
)
def test_the_host_has_the_domain_of_the_partition(
    monkeypatch: pytest.MonkeyPatch, region: str, host: str
) -> None:
    settings = SimpleNamespace(aws_region=region, aws_endpoint_url=None)
    monkeypatch.setattr(decoder_function, "aws_settings", settings)
    assert DecoderFunction(FrozenClock())._base == host


def test_a_decoder_that_is_throttled_for_ten_seconds_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = FakeLambda(*[THROTTLED] * 6, DECODED, left=timedelta(minutes=2))
    assert decode(monkeypatch, service) == {"thumbnail": "x"}
    longest = decoder_function.PAUSES_SECONDS
    assert all(
        0.5 * most <= pause <= most for pause, most in zip(service.pauses, longest, strict=True)
    )
    assert sum(longest) > 10


def test_the_pauses_differ_between_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = set()
    for _ in range(5):
        service = FakeLambda(THROTTLED, DECODED, left=timedelta(minutes=2))
        decode(monkeypatch, service)
        pauses.add(service.pauses[0])
    assert len(pauses) > 1


@pytest.mark.parametrize("extra_seconds", [0, 1, 5, 1000])
def test_the_last_attempt_has_enough_time_for_a_picture(
    monkeypatch: pytest.MonkeyPatch, extra_seconds: int
) -> None:
    service = FakeLambda(THROTTLED, left=MIN_TIME + timedelta(seconds=extra_seconds))
    with pytest.raises(DecoderBusyError):
        decode(monkeypatch, service)
    assert service.left >= MIN_TIME
    assert service.requests == len(service.pauses) + 1


def test_a_picture_is_not_sent_if_the_time_may_not_be_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = FakeLambda(DECODED, left=MIN_TIME - timedelta(milliseconds=1))
    with pytest.raises(DecoderBusyError):
        decode(monkeypatch, service)
    assert service.requests == 0


@pytest.mark.parametrize(
    "response",
    [THROTTLED, HttpResponse(503, Message(), b""), HttpResponse(403, Message(), b"no"), OSError()],
)
def test_a_decoder_that_did_not_run_is_busy(
    monkeypatch: pytest.MonkeyPatch, response: HttpResponse | Exception
) -> None:
    with pytest.raises(DecoderBusyError):
        decode(monkeypatch, FakeLambda(response, left=timedelta(minutes=2)))


@pytest.mark.parametrize(
    "response", [FAILED, HttpResponse(200, Message(), b"no JSON"), TimeoutError()]
)
def test_a_decoder_that_ran_and_failed_is_not_unavailable_and_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, response: HttpResponse | Exception
) -> None:
    service = FakeLambda(response, left=timedelta(minutes=2))
    with pytest.raises(DecoderFailedError) as raised:
        decode(monkeypatch, service)
    assert not isinstance(raised.value, UnavailableError)
    assert service.requests == 1
