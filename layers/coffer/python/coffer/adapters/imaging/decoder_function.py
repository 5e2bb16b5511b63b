"""Implement the Thumbnailer and ImageFunctions ports with the function `decode_picture`.

The function gets a presigned GET of one file, and for a conversion a presigned PUT of one temporary
key. It has no other access to data. Its response comes from a process that has read untrusted
bytes, so it is validated (docs/adr/0016).
"""

from __future__ import annotations

import hashlib
import json
import random
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from coffer.adapters.http_connections import (
    CONNECTION_ERRORS,
    ConnectionPool,
    HttpResponse,
    send_with_retries,
)
from coffer.adapters.imaging.messages import MalformedReplyError, parse_reply
from coffer.adapters.signing.object_store import role_credentials, store_endpoint, store_signer
from coffer.adapters.signing.sigv4 import Endpoint, Signer
from coffer.domain.clock import Clock, RemainingTime
from coffer.domain.errors import CofferError, DecoderBusyError, ObjectChangedError
from coffer.domain.export.transform_member import ExportFunction, TransformError
from coffer.domain.objects import StoredObject
from coffer.domain.thumbnails.ports import ThumbnailError, ThumbnailResult
from coffer.settings import aws_settings, messaging_settings, store_settings

URL_LIFETIME = timedelta(minutes=2)
"""A little longer than the timeout of the function."""
_TIMEOUT_SECONDS = 95
MIN_TIME = timedelta(seconds=100)
"""A picture is sent only if the caller has this much time left: decoding can take 90 seconds."""
PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""The longest pauses before the next attempts. Half of each is random: callers that were throttled
together do not return together."""
_BUSY_STATUSES = frozenset({429, 500, 502, 503, 504})


class DecoderFailedError(CofferError):
    """The function that decodes ended with an error: it ran out of time or memory, or crashed."""


class DecoderFunction:
    """Invokes `decode_picture`."""

    def __init__(self, clock: Clock) -> None:
        name = messaging_settings.decode_picture_function
        region = aws_settings.aws_region
        endpoint = Endpoint.for_region(region, aws_settings.aws_endpoint_url, service="lambda")
        self._base = endpoint.url
        self._path = f"/2015-03-31/functions/{name}/invocations"
        self._signer = Signer(role_credentials, region, "lambda")
        self._pool = ConnectionPool(self._base, timeout_seconds=_TIMEOUT_SECONDS)
        self._store_signer, self._store = store_signer(), store_endpoint()
        self._bucket = store_settings.object_bucket
        self._clock = clock

    def decode(
        self,
        source: StoredObject,
        task: Mapping[str, Any],
        remaining: RemainingTime,
        target: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the response about a stored picture.

        Raises DecoderBusyError if the function did not run, and DecoderFailedError if it ended with
        an error. The URL is only valid for this version of the object.
        """
        if remaining() < MIN_TIME:
            raise _busy()
        signed = self.presign("GET", source.key, {"if-match": f'"{source.etag}"'})
        event = {**task, "source": {**signed, "sizeBytes": source.size_bytes}}
        if target is not None:
            event["target"] = target
        try:
            send = partial(self._invoke, json.dumps(event).encode())
            response = send_with_retries(
                send, lambda one: one.status in _BUSY_STATUSES, _pauses(remaining)
            )
        except CONNECTION_ERRORS as error:
            raise _busy() from error
        if response.status != 200:
            raise _busy(f" (status {response.status})")
        if "X-Amz-Function-Error" in response.headers:
            raise DecoderFailedError("the function that decodes ended with an error")
        try:
            document = json.loads(response.body)
        except ValueError as error:
            raise DecoderFailedError("the function that decodes sent no JSON") from error
        return document if isinstance(document, dict) else {}

    def presign(self, method: str, key: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """Return the URL with which one key can be read or written once, with these headers."""
        url = self._store_signer.presign_url(
            method,
            self._store.object_url(self._bucket, key),
            now=self._clock.now(),
            expires_in=URL_LIFETIME,
            headers=headers,
        )
        return {"url": url, "headers": dict(headers)}

    def _invoke(self, body: bytes) -> HttpResponse:
        headers = self._signer.sign_headers(
            "POST",
            f"{self._base}{self._path}",
            now=self._clock.now(),
            headers={"content-type": "application/json"},
            payload_hash=hashlib.sha256(body).hexdigest(),
        )
        try:
            return self._pool.request("POST", self._path, headers, body)
        except TimeoutError as error:
            # Not sent again: the caller has no time for that, and the function may have run.
            raise DecoderFailedError("the function that decodes sent no response") from error


class FunctionThumbnailer:
    """The Thumbnailer port: thumbnails that fit a square of `edge` pixels."""

    def __init__(self, function: DecoderFunction, edge: int, remaining: RemainingTime) -> None:
        self._function, self._edge, self._remaining = function, edge, remaining

    def create(self, source: StoredObject, media_type: str) -> ThumbnailResult:
        task = {"mediaType": media_type, "edge": self._edge}
        response = self._function.decode(source, task, self._remaining)
        try:
            found = parse_reply(response)
            thumbnail = b64decode(response["thumbnail"], validate=True)
        except (MalformedReplyError, KeyError, TypeError, ValueError) as error:
            raise ThumbnailError("decoder_crashed", "the decoder sent no thumbnail") from error
        return replace(found, thumbnail=thumbnail)


class FunctionImages:
    """The ImageFunctions port."""

    def __init__(self, function: DecoderFunction, remaining: RemainingTime) -> None:
        self._function, self._remaining = function, remaining

    def apply(self, function: ExportFunction, source: StoredObject, destination: str) -> None:
        headers = {"content-type": function.target_media_type}
        target = self._function.presign("PUT", destination, headers)
        task = {"function": function.document}
        response = self._function.decode(source, task, self._remaining, target)
        try:
            parse_reply(response)
        except ThumbnailError as error:
            if error.code == "source_missing":
                raise ObjectChangedError(source.key) from error
            raise TransformError(error.code) from error
        except MalformedReplyError as error:
            raise TransformError("decoder_crashed") from error


def _pauses(remaining: RemainingTime) -> Iterator[float]:
    """Yield the pauses between attempts, as long as the last attempt would have enough time."""
    for longest in PAUSES_SECONDS:
        pause = longest * random.uniform(0.5, 1)  # noqa: S311 - the pause needs no secure randomness
        if remaining() - timedelta(seconds=pause) < MIN_TIME:
            return
        yield pause


def _busy(detail: str = "") -> DecoderBusyError:
    return DecoderBusyError(
        "decoder_unavailable", f"The image decoder cannot be used right now{detail}."
    )
