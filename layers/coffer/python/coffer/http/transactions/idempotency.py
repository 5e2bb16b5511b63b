"""Idempotency-Key: the answer to a request that was sent before, byte for byte."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress

from coffer.domain.callers import Caller
from coffer.domain.errors import (
    MalformedRequestError,
    PartialWriteError,
    RequestError,
    UnavailableError,
)
from coffer.domain.transactions.commit import ReservedIdentifier
from coffer.domain.transactions.idempotency import HEADER, Idempotency, Run
from coffer.http.requests import Request
from coffer.http.responses import Response

MAX_LENGTH = 255


def idempotent_response(
    request: Request,
    caller: Caller,
    idempotency: Idempotency,
    make: Callable[[Run | None], Response],
    *,
    sent: bytes | None = None,
) -> Response:
    """The answer that `make` gives, or gave to the same request under the same key.

    A request is the same with the same path and the same `sent`: its body, unless a form spells the
    same in many ways. Without the header there is no run. What is refused leaves the key free.
    """
    key = request.header(HEADER.lower())
    if not key:
        return make(None)
    if len(key) > MAX_LENGTH or not (key.isascii() and key.isprintable()):
        raise MalformedRequestError(
            "malformed_idempotency_key",
            f"A key is 1 to {MAX_LENGTH} printable ASCII characters.",
            header=HEADER,
        )
    content = request.body if sent is None else sent
    fingerprint = hashlib.sha256(f"{request.path}\0".encode() + content).hexdigest()
    run = idempotency.begin(caller, request.route_key, key, fingerprint)
    if run.answer is not None:
        return _unpack(run.answer)
    return _run(idempotency, run, make)


def reserved_identifier(run: Run | None, number: int = 0) -> ReservedIdentifier | None:
    """The identifier that a record of this run has to have; None outside of runs."""
    return run.reserved(number) if run else None


def _run(idempotency: Idempotency, run: Run, make: Callable[[Run | None], Response]) -> Response:
    try:
        answer = make(run)
    except (PartialWriteError, UnavailableError):
        idempotency.give_up(run)
        raise
    except RequestError:
        idempotency.forget(run)
        raise
    except Exception:
        idempotency.give_up(run)
        raise
    # What was made stays made: the next one with the key finds it by its identifier.
    with suppress(UnavailableError):
        idempotency.finish(run, _pack(answer))
    return answer


def _pack(answer: Response) -> bytes:
    is_text = isinstance(answer.body, str)
    body = answer.body if isinstance(answer.body, str) else b64encode(answer.body).decode()
    packed = {
        "status": int(answer.status),
        "headers": dict(answer.headers),
        "body": body,
        "isText": is_text,
    }
    return json.dumps(packed).encode()


def _unpack(packed: bytes) -> Response:
    stored = json.loads(packed)
    body = stored["body"] if stored["isText"] else b64decode(stored["body"])
    return Response(status=stored["status"], headers=stored["headers"], body=body)
