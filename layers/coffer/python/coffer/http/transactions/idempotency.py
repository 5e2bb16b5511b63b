"""Return the stored response of a request that was sent before under its Idempotency-Key."""

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
    process: Callable[[Run | None], Response],
    *,
    sent: bytes | None = None,
) -> Response:
    """Return the response of `process`, or the stored one of the same request with the same key.

    Requests are the same if their paths and their contents are. `sent` is the content if it is not
    the body: a form can encode the same content in many ways. Without the header there is no run.
    After an error that wrote nothing the key can be used again.
    """
    key = request.header(HEADER.lower())
    if not key:
        return process(None)
    if len(key) > MAX_LENGTH or not (key.isascii() and key.isprintable()):
        raise MalformedRequestError(
            "malformed_idempotency_key",
            f"A key has 1 to {MAX_LENGTH} printable ASCII characters.",
            header=HEADER,
        )
    content = request.body if sent is None else sent
    fingerprint = hashlib.sha256(f"{request.path}\0".encode() + content).hexdigest()
    run = idempotency.begin(caller, request.route_key, key, fingerprint)
    if run.response is not None:
        return _unpack(run.response)
    return _run(idempotency, run, process)


def reserved_identifier(run: Run | None, number: int = 0) -> ReservedIdentifier | None:
    """Return the identifier of a record that the run creates; None without a run."""
    return run.reserved(number) if run else None


def _run(idempotency: Idempotency, run: Run, process: Callable[[Run | None], Response]) -> Response:
    try:
        response = process(run)
    except (PartialWriteError, UnavailableError):
        idempotency.give_up(run)
        raise
    except RequestError:
        idempotency.forget(run)
        raise
    except Exception:
        idempotency.give_up(run)
        raise
    # If this fails, the next request with the key finds the records by their identifiers.
    with suppress(UnavailableError):
        idempotency.finish(run, _pack(response))
    return response


def _pack(response: Response) -> bytes:
    is_text = isinstance(response.body, str)
    body = response.body if isinstance(response.body, str) else b64encode(response.body).decode()
    packed = {
        "status": int(response.status),
        "headers": dict(response.headers),
        "body": body,
        "isText": is_text,
    }
    return json.dumps(packed).encode()


def _unpack(packed: bytes) -> Response:
    stored = json.loads(packed)
    body = stored["body"] if stored["isText"] else b64decode(stored["body"])
    return Response(status=stored["status"], headers=stored["headers"], body=body)
