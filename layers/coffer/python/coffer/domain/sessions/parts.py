"""Find the session of a request, and sign the URLs of its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from coffer.domain.buckets import bucket_key
from coffer.domain.clock import Clock
from coffer.domain.errors import (
    ConflictError,
    MalformedRequestError,
    NotFoundError,
    RecordChangedError,
    TooLargeError,
)
from coffer.domain.identifiers import is_identifier
from coffer.domain.sessions.ports import PartUrls, SessionReader, Sessions
from coffer.domain.sessions.record import (
    MAX_PARTS,
    MIN_PART_BYTES,
    SessionStatus,
    Uploader,
    UploadSession,
)

MAX_SIGNED_PARTS = 1000
"""The most parts that one request signs, so that the response fits."""


def find_session(
    sessions: SessionReader, uploader: Uploader, identifier: str, key: str
) -> UploadSession:
    """Return the session, whatever its state, if it is the uploader's own and has this key.

    Raises NotFoundError for a session of another user or group, as for one that does not exist, and
    for a user who has left the group.
    """
    session = sessions.get(identifier.lower()) if is_identifier(identifier) else None
    if (
        session is None
        or not session.belongs_to(uploader.caller)
        or bucket_key(session.bucket) != bucket_key(uploader.bucket)
        or session.key != key
    ):
        raise session_not_found()
    return session


def session_not_found() -> NotFoundError:
    """Return the error for a session that does not exist, has ended, or is of another user."""
    return NotFoundError(
        "upload_session_not_found",
        "You have no unfinished upload with this id and key in this group. It was aborted, it is "
        "older than 6 days, or it is not yours. Upload the file again.",
    )


@dataclass(frozen=True, kw_only=True)
class PartSigner:
    """Signs URLs for the parts of sessions."""

    sessions: Sessions
    urls: PartUrls
    clock: Clock

    def sign(
        self, uploader: Uploader, identifier: str, key: str, numbers: Sequence[int]
    ) -> Mapping[int, str]:
        """Return a URL for each of these parts.

        Ends the session and raises TooLargeError if the file must exceed its limit with such a
        part: every part before it has at least MIN_PART_BYTES.
        """
        now = self.clock.now()
        session = find_session(self.sessions, uploader, identifier, key)
        if session.has_ended(now):
            raise session_not_found()
        if session.status is not SessionStatus.UPLOADING:
            raise ConflictError(
                "upload_completed", "This upload is complete and takes no more parts."
            )
        _check_numbers(numbers, session.part_count or MAX_PARTS)
        least = session.size_in_bytes or (max(numbers) - 1) * MIN_PART_BYTES + 1
        if least > session.max_bytes:
            with suppress(RecordChangedError):
                # Housekeeping removes the parts.
                self.sessions.replace(session, session.aborted(now))
            raise file_too_large(session)
        refuse_larger(uploader, least)
        return {
            number: self.urls.sign(
                key, session.store_upload, number, session.length_of(number), now
            )
            for number in numbers
        }


def file_too_large(session: UploadSession) -> TooLargeError:
    """Return the error for an upload that was ended because the file is too large."""
    return TooLargeError(
        "file_too_large",
        f"The file is larger than {session.max_bytes} bytes, which is the limit here. The upload "
        "was ended.",
    )


def refuse_larger(uploader: Uploader, size_bytes: int) -> None:
    """Raise TooLargeError if the uploader may not upload so much.

    Another grant than the one that began the session can have a smaller limit. The session does not
    end then.
    """
    if size_bytes > uploader.max_bytes:
        raise TooLargeError(
            "file_too_large",
            f"The file is larger than {uploader.max_bytes} bytes, which is your limit. Continue "
            "the upload with a token or grant whose limit is larger.",
        )


def _check_numbers(numbers: Sequence[int], maximum: int) -> None:
    if not 0 < len(numbers) <= MAX_SIGNED_PARTS:
        raise MalformedRequestError(
            "malformed_part_number",
            f"One request signs 1 to {MAX_SIGNED_PARTS} parts, not {len(numbers)}.",
        )
    for number in numbers:
        if not 1 <= number <= maximum:
            raise MalformedRequestError(
                "malformed_part_number",
                f"The part number {number} is not one of this upload: 1 to {maximum}.",
            )
