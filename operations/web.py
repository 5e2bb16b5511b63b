"""Plain HTTP, as any client of Coffer speaks it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3


@dataclass(frozen=True)
class Response:
    """What a request was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> Any:
        """The JSON in the body; None where there is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Web:
    """Plain HTTP, as any client speaks it."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(10))

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, **body: Any
    ) -> Response | str:
        """The answer; or, where none came, why."""
        try:
            answer = self._pool.request(
                method, url, headers=dict(headers or {}), redirect=False, **body
            )
        except urllib3.exceptions.HTTPError as error:
            return str(error)
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, names, answer.data)
