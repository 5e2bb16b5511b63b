"""Record the AWS requests that each function sends, and the URLs that it signs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from http.client import HTTPConnection, HTTPSConnection
from typing import Any

from botocore.httpsession import URLLib3Session

from local.faults.throttling import STACK_USER_AGENT
from local.functions.in_process import InProcessInvoker
from local.patching import Patches
from local.resources import Function
from tests.privileges.calls import Need, needs_of


class Recorder:
    """The needs of each function, by its logical id."""

    def __init__(self, buckets: Iterable[str]) -> None:
        self.needs: dict[str, set[Need]] = {}
        self._buckets = frozenset(buckets)
        self._by_thread: dict[int, str] = {}
        self._latest: str | None = None
        self._patches = Patches()

    def start(self) -> None:
        """Record until `stop`."""
        # Coffer may only be imported after the stack has started.
        from coffer.adapters.signing.sigv4 import Signer

        self._wrap(InProcessInvoker, "_run", self._running)
        self._wrap(URLLib3Session, "send", self._sent)
        self._wrap(HTTPConnection, "request", self._requested)
        self._wrap(Signer, "presign_url", self._presigned)
        self._wrap(Signer, "sign_posts", self._posts_signed)

    def stop(self) -> None:
        """Stop recording."""
        self._patches.undo()

    def _wrap(self, owner: type, name: str, around: Callable[..., Any]) -> None:
        original = getattr(owner, name)

        @wraps(original)
        def call(itself: Any, *args: Any, **kwargs: Any) -> Any:
            with around(itself, *args, **kwargs):
                return original(itself, *args, **kwargs)

        self._patches.replace(owner, name, call)

    @contextmanager
    def _running(
        self, _invoker: InProcessInvoker, function: Function, *_: Any, **__: Any
    ) -> Iterator[None]:
        # A test may have one handler invoked in the middle of another.
        thread = threading.get_ident()
        outer = self._by_thread.get(thread)
        self._by_thread[thread] = self._latest = function.logical_id
        try:
            yield
        finally:
            self._latest = outer
            if outer is None:
                del self._by_thread[thread]
            else:
                self._by_thread[thread] = outer

    @contextmanager
    def _sent(self, _session: URLLib3Session, request: Any) -> Iterator[None]:
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        headers = {
            name: value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        # A test may read the stack while a handler waits. That is not the handler's call.
        if STACK_USER_AGENT not in headers.get("User-Agent", ""):
            body = body if isinstance(body, bytes) else b""
            self._note(request.method, request.url, headers, body)
        yield

    @contextmanager
    def _requested(
        self,
        connection: HTTPConnection,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> Iterator[None]:
        if type(connection) in (HTTPConnection, HTTPSConnection):
            self._note(method, url, headers or {}, body if isinstance(body, bytes) else b"")
        yield

    @contextmanager
    def _presigned(self, _signer: Any, method: str, url: str, **_: Any) -> Iterator[None]:
        self._note(method, url, {}, b"")
        yield

    @contextmanager
    def _posts_signed(
        self,
        _signer: Any,
        bucket: str,
        forms: Iterable[tuple[Mapping[str, str], Any]],
        *,
        common: Mapping[str, str] | None = None,
        **_: Any,
    ) -> Iterator[None]:
        """Record the permissions that S3 checks when a client sends the form."""
        for fields, _size in forms:
            every = {**(common or {}), **fields}
            arn = f"arn:aws:s3:::{bucket}/{every.get('key', '')}"
            self._add(Need("s3:PutObject", arn))
            if "acl" in every:
                self._add(Need("s3:PutObjectAcl", arn))
        yield

    def _note(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
        if self._by_thread or self._latest:
            for need in needs_of(method, url, headers, body, self._buckets):
                self._add(need)

    def _add(self, need: Need) -> None:
        function = self._by_thread.get(threading.get_ident())
        if function is None and threading.current_thread() is not threading.main_thread():
            # A thread that the latest handler started. The main thread is the test's.
            function = self._latest
        if function is not None:
            self.needs.setdefault(function, set()).add(need)
