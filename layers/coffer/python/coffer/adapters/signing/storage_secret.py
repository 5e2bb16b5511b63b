"""Keys of another S3-compatible store, from Secrets Manager, without an AWS client.

The secret is a JSON object with the two settings that it stands for: `STORAGE_ACCESS_KEY_ID` and
`STORAGE_SECRET_ACCESS_KEY`.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

from coffer.adapters.fetch import fetch
from coffer.adapters.signing.object_store import role_credentials
from coffer.adapters.signing.sigv4 import Credentials, Signer
from coffer.domain.clock import Clock
from coffer.domain.errors import UnavailableError
from coffer.observability import logger
from coffer.settings import aws_settings

SECRET_LIFE = timedelta(minutes=5)


class StorageSecret:
    """The secret's current credentials, asked for again after SECRET_LIFE.

    When Secrets Manager cannot be reached then, the known ones stay in use.
    """

    def __init__(self, arn: str, clock: Clock) -> None:
        self._arn = arn
        self._clock = clock
        region = aws_settings.aws_region
        url = aws_settings.aws_endpoint_url or f"https://secretsmanager.{region}.amazonaws.com"
        self._url = f"{url.rstrip('/')}/"
        self._signer = Signer(role_credentials, region, "secretsmanager")
        self._credentials: Credentials | None = None
        self._tried: datetime | None = None

    def __call__(self) -> Credentials:
        """The credentials; UnavailableError where they were never had."""
        now = self._clock.now()
        if self._tried is None or now - self._tried >= SECRET_LIFE:
            self._refresh(now)
        if self._credentials is None:
            self._tried = None
            raise UnavailableError(
                "storage_keys_unavailable", "The store's keys cannot be had right now. Try again."
            )
        return self._credentials

    def _refresh(self, now: datetime) -> None:
        self._tried = now
        try:
            self._credentials = _read(self._ask(now))
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.warning("storage secret not read", reason=type(error).__name__)

    def _ask(self, now: datetime) -> bytes:
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


def _read(answer: bytes) -> Credentials:
    secret = json.loads(json.loads(answer)["SecretString"])
    return Credentials(
        access_key_id=str(secret["STORAGE_ACCESS_KEY_ID"]),
        secret_access_key=str(secret["STORAGE_SECRET_ACCESS_KEY"]),
    )
