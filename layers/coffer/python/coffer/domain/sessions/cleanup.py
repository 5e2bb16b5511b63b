"""End sessions that were abandoned, and remove parts that arrived after a session was aborted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from coffer.domain.clock import Clock
from coffer.domain.errors import RecordChangedError
from coffer.domain.sessions.ports import MultipartStore, Sessions
from coffer.domain.sessions.record import SessionStatus


@dataclass(frozen=True, kw_only=True)
class SessionCleanup:
    """Dependencies of the tasks for sessions."""

    sessions: Sessions
    store: MultipartStore
    clock: Clock

    def tasks(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield the name and the task of each session that is due."""
        for identifier in self.sessions.due(self.clock.now()):
            yield f"session {identifier}", partial(self.end, identifier)

    def end(self, identifier: str) -> str:
        """Abort the multipart upload of a session that is due, and return the result's name."""
        session, now = self.sessions.get(identifier), self.clock.now()
        if session is None or session.due_on is None or session.due_on > now:
            return "settled_already"
        try:
            if session.status is not SessionStatus.ABORTED:
                session = self.sessions.replace(session, session.aborted(now))
            self.store.abort(session.key, session.store_upload)
            self.sessions.replace(session, session.aborted(None))
        except RecordChangedError:
            return "busy"
        return "aborted"
