"""`S3Gate`: the S3 server of the local stack, in front of moto's S3."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from local.hosts import LOOPBACK_HOSTS, name_below, refusal
from local.s3 import lifecycle
from local.s3.context import Context
from local.s3.errors import S3Error
from local.s3.events import Event, EventPublisher
from local.s3.messages import Request, Response, decode
from local.s3.object_headers import http_date
from local.s3.operations import Operations
from local.s3.server import METHODS, Server, identity
from local.s3.sigv4 import Verifier
from local.s3.store import Store

log = logging.getLogger(__name__)


class S3Gate:
    """An S3 server on loopback that refuses what Amazon S3 refuses.

    `credentials` maps access keys to secrets. `now` is the clock for objects, events and expiry; a
    request that is signed in its header may use it or the machine's clock. `deliver` receives each
    event in EventBridge's form, after the change is visible and before the response is sent, in
    the thread of that request. `folder` holds the bytes, and the gate deletes them. `next_error`
    can return an error for a request before anything is done. A request must name one of
    `allowed_hosts`, or a bucket below one, such as `photos.localhost`. Objects live until `stop`.
    There can be one running gate per process, because moto keeps the buckets once per process.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int,
        credentials: Mapping[str, str],
        region: str,
        now: Callable[[], datetime],
        deliver: Callable[[Event], None],
        folder: Path,
        next_error: Callable[[Request], S3Error | None] = lambda _request: None,
        allowed_hosts: frozenset[str] = LOOPBACK_HOSTS,
    ) -> None:
        self._allowed_hosts = allowed_hosts
        self._address = (host, port)
        self._next_error = next_error
        self._now = now
        self._verifier = Verifier(dict(credentials), region)
        self.store = Store(folder, now)
        self.publisher = EventPublisher(region, now, deliver)
        self._context = Context(self.store, self.publisher, region, now)
        self._operations = Operations(self._context, self._verifier)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2] if self._server else self._address
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        """Listen; raise OSError if the port is taken."""
        self._server = Server(self._address, self._handle, lambda: http_date(self._now()))
        self.reset()
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="local-s3", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, close all connections, and delete all objects and their files."""
        if self._server is None or self._thread is None:
            return
        self._server.close()
        self._thread.join()
        self._server = self._thread = None
        self.store.clear()

    @property
    def buckets(self) -> frozenset[str]:
        """The names of the buckets that exist."""
        return frozenset(self.store.backend.buckets)

    def apply_lifecycle(self) -> int:
        """Delete what the buckets' lifecycle rules say is due, and return how much that was."""
        return lifecycle.apply_rules(self._context)

    def empty(self) -> None:
        """Delete all objects, versions and uploads without events; keep the buckets."""
        self.store.empty()

    def reset(self) -> None:
        """Delete all buckets."""
        self.publisher.reset()
        self.store.reset()

    def _handle(self, request: Request) -> Response:
        try:
            self._name_resource(request)
            response = self._respond(request)
        except S3Error as error:
            error.headers |= self._operations.cors_headers(request)
            raise
        except ConnectionError:
            raise
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            raise S3Error("InternalError") from error
        response.headers |= self._operations.cors_headers(request)
        response.headers |= identity(request.request_id)
        return response

    def _respond(self, request: Request) -> Response:
        if request.method not in METHODS:
            raise S3Error("MethodNotAllowed", details={"Method": request.method})
        if request.method == "OPTIONS":
            return self._operations.preflight(request)
        error = self._next_error(request)
        if error is not None:
            raise error
        moments = (self._now(), datetime.now(UTC))
        caller = self._verifier.caller(request, moments)
        return self._operations.run(request, caller)

    def _name_resource(self, request: Request) -> None:
        """Set the request's bucket and key from its path, or the bucket from its host name.

        Raise AccessDenied for a host that is not allowed.
        """
        below = name_below(request.host, self._allowed_hosts)
        if below is None:
            raise S3Error("AccessDenied", refusal(request.host))
        path = request.path.removeprefix("/")
        if below:
            request.bucket, request.key = below, decode(path)
            return
        bucket, _, key = path.partition("/")
        request.bucket, request.key = decode(bucket), decode(key)
