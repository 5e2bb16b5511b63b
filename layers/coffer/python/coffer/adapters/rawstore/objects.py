"""The PackageObjects port: one object of the store of packages at a time, without an AWS client."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from coffer.adapters.http_connections import FAILURES, Host, Reply
from coffer.adapters.rawstore.probe import stored_file_of
from coffer.adapters.signing.sigv4 import Endpoint, Signer
from coffer.domain.clock import Clock
from coffer.domain.errors import ObjectChangedError, ObjectMissingError, UnavailableError
from coffer.domain.rawstore.objects import StoredFile

TIMEOUT_SECONDS = 3.0
_UNSIGNED: Mapping[str, str] = {}


class S3PackageObjects:
    """The objects of one S3 bucket, asked for over one connection."""

    def __init__(self, signer: Signer, endpoint: Endpoint, bucket: str, clock: Clock) -> None:
        self._signer = signer
        self._endpoint = endpoint
        self._bucket = bucket
        self._clock = clock
        self._connection = Host(endpoint.url, timeout_seconds=TIMEOUT_SECONDS).connection()

    def describe(self, key: str, *, etag: str | None = None) -> StoredFile:
        condition = {"if-match": f'"{etag}"'} if etag else _UNSIGNED
        reply = self._head(
            key,
            self._signer.sign_headers(
                "HEAD", self.address(key), now=self._clock.now(), headers=condition
            ),
        )
        if reply.status == HTTPStatus.OK:
            return stored_file_of(reply)
        if reply.status == HTTPStatus.NOT_FOUND:
            raise ObjectMissingError(key)
        if reply.status == HTTPStatus.PRECONDITION_FAILED:
            raise ObjectChangedError(key)
        raise _unavailable()

    def is_public(self, key: str) -> bool:
        return self._head(key, _UNSIGNED).status == HTTPStatus.OK

    def address(self, key: str) -> str:
        return self._endpoint.object_url(self._bucket, key)

    def link(self, key: str, *, life: timedelta) -> str:
        return self._signer.presign_url(
            "GET", self.address(key), now=self._clock.now(), expires_in=life
        )

    def _head(self, key: str, headers: Mapping[str, str]) -> Reply:
        target = self.address(key).removeprefix(self._endpoint.url)
        try:
            return self._connection.request_patiently(
                "HEAD", target, headers, is_passing=_is_trouble_there
            )
        except FAILURES as error:
            raise _unavailable() from error


def _is_trouble_there(reply: Reply) -> bool:
    return reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "store_unavailable", "The store cannot be reached right now. Try again."
    )
