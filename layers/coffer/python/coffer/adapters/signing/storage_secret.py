"""Credentials of another S3-compatible store, from Secrets Manager, without an AWS SDK.

The secret is a JSON object with `STORAGE_ACCESS_KEY_ID` and `STORAGE_SECRET_ACCESS_KEY`.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

from coffer.adapters.fetch import fetch
from coffer.adapters.signing.object_store import role_credentials
from coffer.adapters.signing.sigv4 import Credentials, Endpoint, Signer
from coffer.domain.clock import Clock
from coffer.domain.errors import UnavailableError
from coffer.observability import logger
from coffer.settings import aws_settings

SECRET_LIFE = timedelta(minutes=5)


class StorageSecret:
    """Returns the credentials of a secret, and reads them again after SECRET_LIFE.

    If Secrets Manager cannot be reached, the known credentials stay in use.
    """

    def __init__(self, arn: str, clock: Clock) -> None:
        self._arn = arn
        self._clock = clock
        region = aws_settings.aws_region
        endpoint = Endpoint.for_region(
            region, aws_settings.aws_endpoint_url, service="secretsmanager"
        )
        self._url = f"{endpoint.url}/"
        self._signer = Signer(role_credentials, region, "secretsmanager")
        self._credentials: Credentials | None = None
        self._read_on: datetime | None = None

    def __call__(self) -> Credentials:
        """Return the credentials; raises UnavailableError if they were never read."""
        now = self._clock.now()
        if self._read_on is None or now - self._read_on >= SECRET_LIFE:
            self._refresh(now)
        if self._credentials is None:
            self._read_on = None
            raise UnavailableError(
                "storage_keys_unavailable",
                "The keys of the store cannot be fetched right now. Try again.",
            )
        return self._credentials

    def _refresh(self, now: datetime) -> None:
        self._read_on = now
        try:
            self._credentials = _parse(self._fetch(now))
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.warning("storage secret not read", reason=type(error).__name__)

    def _fetch(self, now: datetime) -> bytes:
        body = json.dumps({"SecretId": self._arn}).encode()
        headers = self._signer.sign_headers(
            "POST",
            self._url,
            now=now,
            headers={
                "content-type": "application/x-amz-json-1.1",
                "x-amz-target": "secretsmanager.GetSecretValue",
            },
            payload_hash=hashlib.sha256(body).hexdigest(),
        )
        return fetch(self._url, method="POST", headers=headers, body=body)


def _parse(response: bytes) -> Credentials:
    secret = json.loads(json.loads(response)["SecretString"])
    return Credentials(
        access_key_id=str(secret["STORAGE_ACCESS_KEY_ID"]),
        secret_access_key=str(secret["STORAGE_SECRET_ACCESS_KEY"]),
    )
