"""Refuse requests of web pages in front of moto, which would let any page read all tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from local.faults.throttling import Application
from local.hosts import is_allowed_host, refusal

_SET_BY_BROWSERS = ("HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE")
"""Headers that browsers add and that pages cannot remove. AWS clients send neither."""


class ClientsOnly:
    """A WSGI application that passes on requests of AWS clients to allowed hosts, and no others."""

    def __init__(self, application: Application, allowed_hosts: frozenset[str]) -> None:
        self._application = application
        self._allowed_hosts = allowed_hosts

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Respond 403 to a browser or another host; otherwise let the application respond."""
        host = environ.get("HTTP_HOST")
        if not is_allowed_host(host, self._allowed_hosts):
            message = refusal(host)
        elif any(name in environ for name in _SET_BY_BROWSERS):
            message = "Only AWS clients may call this port, not web pages."
        else:
            return self._application(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
        return [message.encode()]
