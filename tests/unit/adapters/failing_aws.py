"""AWS answers with an error, or not at all: what botocore makes of it is botocore's own."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch  # botocore has no other way to wait less between its tries

from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

TARGET = "http://127.0.0.1:9"
SILENCES = {
    "no connection": EndpointConnectionError(endpoint_url=TARGET),
    "no connection in time": ConnectTimeoutError(endpoint_url=TARGET),
    "no answer in time": ReadTimeoutError(endpoint_url=TARGET),
}


@dataclass(frozen=True)
class Answer:
    """What AWS sends."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class _Raw(io.BytesIO):
    """What botocore reads a response's body from."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


TRANSACTIONS = "before-send.dynamodb.TransactWriteItems"


def answer_always(client: Any, response: Answer | Exception, requests: str = "before-send") -> None:
    """From now on this client gets the same answer to whatever it asks, or to such requests,
    which comes before what all others get."""
    _answer(client, lambda: response, requests)


def answer_in_turn(
    client: Any, responses: list[Answer | Exception], requests: str = "before-send"
) -> None:
    """The same, but takes each answer off the list, which is given once."""
    _answer(client, lambda: responses.pop(0), requests)


def _answer(client: Any, choose: Callable[[], Answer | Exception], requests: str) -> None:
    def before_send(**_: object) -> AWSResponse:
        response = choose()
        if isinstance(response, Exception):
            raise response
        headers: Any = HeadersDict(response.headers)
        return AWSResponse(TARGET, response.status, headers, _Raw(response.body))

    client.meta.events.register(requests, before_send, unique_id=f"failing-aws {requests}")


def answer_normally(client: Any, requests: str = "before-send") -> None:
    """AWS is well again."""
    client.meta.events.unregister(requests, unique_id=f"failing-aws {requests}")


def s3_error(code: str, status: int) -> Answer:
    """An error of S3 (REST and XML)."""
    return Answer(status, f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode())


def json_error(code: str, status: int = 400, **more: Any) -> Answer:
    """An error of a service that speaks JSON."""
    document = {"__type": f"com.amazonaws.x#{code}", "message": "m", **more}
    return Answer(status, json.dumps(document).encode())


def no_pauses() -> Any:
    """Tries follow each other without a pause."""
    return patch("botocore.endpoint.time.sleep", lambda _seconds: None)
