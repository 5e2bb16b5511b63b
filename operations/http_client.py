"""A plain HTTP client, for requests that any client of Coffer could send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3


@dataclass(frozen=True)
class HttpResponse:
    """The response of a server. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> Any:
        """Return the JSON of the body, or None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class HttpClient:
    """Sends requests without retries or redirects."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(10))

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, **body: Any
    ) -> HttpResponse | str:
        """Return the response, or the reason as text if the request failed."""
        try:
            response = self._pool.request(
                method, url, headers=dict(headers or {}), redirect=False, **body
            )
        except urllib3.exceptions.HTTPError as error:
            return str(error)
        names = {name.lower(): value for name, value in response.headers.items()}
        return HttpResponse(response.status, names, response.data)
