"""List the parts of a session, complete it, or abort it.

A repeated request gets the same response: Uppy 6 lists and completes again if a response was lost,
and Uppy 4 and 5 abort after every error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coffer.domain.clock import Clock
from coffer.domain.errors import (
    MalformedRequestError,
    MultipartUploadMissingError,
    PartsRefusedError,
    RecordChangedError,
    UnavailableError,
)
from coffer.domain.sessions.parts import (
    file_too_large,
    find_session,
    refuse_larger,
    session_not_found,
)
from coffer.domain.sessions.ports import MultipartStore, Sessions
from coffer.domain.sessions.record import (
    MIN_PART_BYTES,
    PART_URL_LIFETIME,
    SessionStatus,
    StoredPart,
    Uploader,
    UploadSession,
)
from coffer.domain.sessions.requests import ClientPart, CompletionRequest

_MAX_ATTEMPTS = 5
_REFUSALS: Mapping[str, str] = {
    "EntityTooSmall": f"A part other than the last has fewer than {MIN_PART_BYTES} bytes.",
    "InvalidPart": "A part was uploaded again while the upload was being completed.",
    "BadDigest": "The uploaded bytes do not have the announced CRC-32. Upload the file again.",
}


@dataclass(frozen=True, kw_only=True)
class SessionEditor:
    """Lists, completes and aborts the sessions of uploaders."""

    sessions: Sessions
    store: MultipartStore
    clock: Clock

    def list_parts(self, uploader: Uploader, identifier: str, key: str) -> Sequence[StoredPart]:
        """Return all parts that were uploaded; of a completed session those of the file."""
        session = self._find(uploader, identifier, key)
        if session.status is not SessionStatus.UPLOADING:
            return session.parts
        try:
            return self.store.parts(key, session.store_upload)
        except MultipartUploadMissingError:
            # Another request has completed or ended it since the record was read.
            current = self._find(uploader, identifier, key)
            if current.status is SessionStatus.UPLOADING:
                raise session_not_found() from None
            return current.parts

    def complete(
        self, uploader: Uploader, identifier: str, key: str, request: CompletionRequest
    ) -> UploadSession:
        """Join the uploaded parts into the file and return the completed session.

        The client must name exactly the parts that the store has. Raises MalformedRequestError
        otherwise, and if the file has another size or CRC-32 than announced. Ends the session and
        raises TooLargeError if the file exceeds its limit.
        """
        for _ in range(_MAX_ATTEMPTS):
            session = self._find(uploader, identifier, key)
            try:
                if session.status is SessionStatus.UPLOADING:
                    session = self._fix_parts(uploader, session, request.parts)
                else:
                    _require_same(request.parts, session.parts)
                if session.status is SessionStatus.COMPLETED:
                    return session
                return self._join(session, request.crc32 or session.crc32)
            except RecordChangedError:
                continue  # another request has changed the session
            except MultipartUploadMissingError:
                # Another request has completed or ended it, or the store has lost it.
                current = self._find(uploader, identifier, key)
                if current.status is SessionStatus.UPLOADING:
                    raise session_not_found() from None
        raise _session_busy()

    def abort(self, uploader: Uploader, identifier: str, key: str) -> None:
        """Discard the parts of an unfinished upload. A completed one keeps its file."""
        for _ in range(_MAX_ATTEMPTS):
            session = find_session(self.sessions, uploader, identifier, key)
            if session.status is not SessionStatus.UPLOADING:
                return
            try:
                self._abort(session)
            except RecordChangedError:
                continue
            return
        raise _session_busy()

    def _find(self, uploader: Uploader, identifier: str, key: str) -> UploadSession:
        session = find_session(self.sessions, uploader, identifier, key)
        if session.has_ended(self.clock.now()):
            raise session_not_found()
        return session

    def _fix_parts(
        self, uploader: Uploader, session: UploadSession, parts: Sequence[ClientPart]
    ) -> UploadSession:
        """Return the session with the parts of the file: the store's, if the client's are equal."""
        stored = self.store.parts(session.key, session.store_upload)
        total = sum(part.size_bytes for part in stored)
        if total > session.max_bytes:
            self._abort(session)
            raise file_too_large(session)
        refuse_larger(uploader, total)
        _require_same(parts, stored)
        _require_whole(session, stored, total)
        return self.sessions.replace(session, session.completing(stored))

    def _join(self, session: UploadSession, crc32: str | None) -> UploadSession:
        try:
            self.store.complete(session.key, session.store_upload, session.parts, crc32=crc32)
        except PartsRefusedError as error:
            self.sessions.replace(session, session.refused())
            detail = _REFUSALS.get(error.code, f"The store refuses the parts: {error.code}.")
            raise MalformedRequestError("parts_refused", detail) from error
        except MultipartUploadMissingError:
            # An earlier request has completed it: nothing aborts a session in this state in time.
            pass
        return self.sessions.replace(session, session.completed(self.clock.now()))

    def _abort(self, session: UploadSession) -> None:
        """End the session, then remove its parts.

        A part whose upload has begun can still arrive, so housekeeping removes the parts again.
        """
        again = self.clock.now() + PART_URL_LIFETIME
        self.sessions.replace(session, session.aborted(again))
        self.store.abort(session.key, session.store_upload)


def _session_busy() -> UnavailableError:
    return UnavailableError(
        "records_busy", "Several requests change this upload at the same time. Try again."
    )


def _require_same(parts: Sequence[ClientPart], stored: Sequence[StoredPart]) -> None:
    """Raise MalformedRequestError unless the client names exactly the parts of the store."""
    named = {part.number: part.etag for part in parts}
    etags = {part.number: part.etag for part in stored}
    missing = sorted(etags.keys() - named.keys())
    unknown = sorted(named.keys() - etags.keys())
    differing = sorted(number for number in named.keys() & etags if named[number] != etags[number])
    if not etags and not named:
        raise MalformedRequestError("parts_differ", "No part of the file was uploaded.")
    for numbers, problem in (
        (missing, "The list lacks parts that were uploaded"),
        (unknown, "The list names parts that were not uploaded"),
        (differing, "The list has other ETags than the parts that were uploaded"),
    ):
        if numbers:
            shown = ", ".join(map(str, numbers[:10])) + (", …" if len(numbers) > 10 else "")
            raise MalformedRequestError("parts_differ", f"{problem}: {shown}.", pointer="/parts")


def _require_whole(session: UploadSession, stored: Sequence[StoredPart], total: int) -> None:
    """Raise MalformedRequestError if parts are missing or too small, or the size is wrong."""
    if [part.number for part in stored] != list(range(1, len(stored) + 1)):
        raise MalformedRequestError(
            "parts_differ",
            f"The {len(stored)} uploaded parts are not numbered from 1 to {len(stored)}.",
            pointer="/parts",
        )
    if any(part.size_bytes < MIN_PART_BYTES for part in stored[:-1]):
        raise MalformedRequestError("parts_refused", _REFUSALS["EntityTooSmall"])
    if session.size_in_bytes is not None and total != session.size_in_bytes:
        raise MalformedRequestError(
            "parts_differ",
            f"The uploaded parts have {total} bytes, but {session.size_in_bytes} were announced.",
            pointer="/parts",
        )
