"""Sessions: races of requests, interrupted requests, and the sizes of parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from coffer.domain.callers import Caller, Role
from coffer.domain.errors import (
    MalformedRequestError,
    NotFoundError,
    RecordChangedError,
    TooLargeError,
    UnavailableError,
)
from coffer.domain.sessions.begin import UploadStart
from coffer.domain.sessions.cleanup import SessionCleanup
from coffer.domain.sessions.complete import SessionEditor
from coffer.domain.sessions.parts import PartSigner
from coffer.domain.sessions.read import find_unfinished
from coffer.domain.sessions.record import (
    MIN_PART_BYTES,
    SESSION_LIFETIME,
    SessionStatus,
    StoredPart,
    Uploader,
    UploadSession,
    default_part_bytes,
)
from coffer.domain.sessions.requests import AnnouncedUpload, ClientPart, CompletionRequest
from coffer.domain.uploads.forbidden_types import DEFAULT_FORBIDDEN_TYPES
from coffer.domain.uploads.presigned_uploads import RequestedUpload
from tests.fakes import FrozenClock, UnsignedPosts, with_hooks
from tests.fakes.hooks import once
from tests.fakes.sessions import InMemoryMultipartStore, InMemorySessions, UnsignedPartUrls

TIB, GIB = 1024**4, 1024**3
FIRST, LAST = b"a" * MIN_PART_BYTES, b"the end"
ALICE = Caller(username="alice", groups={"aafc": frozenset({Role.GUEST})})


class Scenario:
    """Sessions of alice from noon."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.sessions = InMemorySessions(self.clock)
        self.store = InMemoryMultipartStore()
        self.uploader = Uploader(caller=ALICE, bucket="aafc", max_bytes=5 * TIB)
        self.editor = SessionEditor(sessions=self.sessions, store=self.store, clock=self.clock)

    def start(self, **announced: Any) -> UploadSession:
        part_bytes = announced.pop("part_bytes", None)
        start = UploadStart(
            posts=UnsignedPosts(),
            sessions=self.sessions,
            store=self.store,
            clock=self.clock,
            forbidden=DEFAULT_FORBIDDEN_TYPES,
            max_post_bytes=5 * GIB,
        )
        file = RequestedUpload(original_filename="notes.txt", **announced)
        return start.create_session(
            self.uploader, AnnouncedUpload(file=file, part_bytes=part_bytes)
        )

    def put(self, session: UploadSession, *bodies: bytes) -> CompletionRequest:
        etags = [
            self.store.put(session.store_upload, number, body)
            for number, body in enumerate(bodies, 1)
        ]
        parts = [ClientPart(number=number, etag=etag) for number, etag in enumerate(etags, 1)]
        return CompletionRequest(parts=parts)

    def complete(
        self,
        session: UploadSession,
        request: CompletionRequest,
        editor: SessionEditor | None = None,
    ) -> UploadSession:
        editor = editor or self.editor
        return editor.complete(self.uploader, session.identifier, session.key, request)

    def abort(self, session: UploadSession, editor: SessionEditor | None = None) -> None:
        (editor or self.editor).abort(self.uploader, session.identifier, session.key)

    def status(self, session: UploadSession) -> SessionStatus:
        return self.sessions.records[session.identifier].status

    def hooked(self, call: str, action: Callable[[], object]) -> SessionEditor:
        """Return an editor that runs `action` before its first call of the store's method."""
        return replace(self.editor, store=with_hooks(self.store, before=once(call, action)))


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


def test_an_abort_before_the_parts_are_fixed_wins(scenario: Scenario) -> None:
    session = scenario.start()
    request = scenario.put(session, LAST)
    racing = scenario.hooked("parts", lambda: scenario.abort(session))
    with pytest.raises(NotFoundError):
        scenario.complete(session, request, racing)
    assert scenario.status(session) is SessionStatus.ABORTED
    assert scenario.store.objects == {}


def test_a_completion_whose_parts_are_fixed_wins(scenario: Scenario) -> None:
    session = scenario.start()
    request = scenario.put(session, LAST)
    racing = scenario.hooked("complete", lambda: scenario.abort(session))
    scenario.complete(session, request, racing)
    assert scenario.status(session) is SessionStatus.COMPLETED
    assert scenario.store.objects == {session.key: LAST}


def test_an_abort_that_other_requests_prevent_does_not_claim_success(scenario: Scenario) -> None:
    session = scenario.start()

    class Busy(InMemorySessions):
        def replace(self, before: UploadSession, after: UploadSession) -> UploadSession:
            raise RecordChangedError(before.identifier)

    busy = Busy(scenario.clock)
    busy.records = scenario.sessions.records
    with pytest.raises(UnavailableError):
        scenario.abort(session, replace(scenario.editor, sessions=busy))


def test_a_completion_during_the_abort_is_refused(scenario: Scenario) -> None:
    session = scenario.start()
    request = scenario.put(session, LAST)

    def complete() -> None:
        with pytest.raises(NotFoundError):
            scenario.complete(session, request)

    scenario.abort(session, scenario.hooked("abort", complete))
    assert scenario.store.objects == {}


def test_two_completions_at_the_same_time_have_one_result(scenario: Scenario) -> None:
    session = scenario.start()
    request = scenario.put(session, FIRST, LAST)
    for call in ("parts", "complete"):
        racing = scenario.hooked(call, lambda: scenario.complete(session, request))
        completed = scenario.complete(session, request, racing)
        assert completed.status is SessionStatus.COMPLETED
    assert scenario.store.objects == {session.key: FIRST + LAST}


def test_a_completion_whose_response_was_lost_is_repeated(scenario: Scenario) -> None:
    """The function died after the store had joined the parts."""
    session = scenario.start()
    request = scenario.put(session, LAST)
    fixed = scenario.sessions.replace(
        scenario.sessions.records[session.identifier],
        session.completing(scenario.store.parts(session.key, session.store_upload)),
    )
    scenario.store.complete(session.key, session.store_upload, fixed.parts, crc32=None)
    listed = scenario.editor.list_parts(scenario.uploader, session.identifier, session.key)
    assert listed == fixed.parts
    assert scenario.complete(session, request).status is SessionStatus.COMPLETED


def test_a_completion_that_died_before_the_store_was_asked_is_repeated(scenario: Scenario) -> None:
    session = scenario.start()
    request = scenario.put(session, LAST)

    def fail() -> None:
        raise UnavailableError("store_unavailable", "Try again.")

    with pytest.raises(UnavailableError):
        scenario.complete(session, request, scenario.hooked("complete", fail))
    assert scenario.status(session) is SessionStatus.COMPLETING
    scenario.abort(session)
    assert scenario.complete(session, request).status is SessionStatus.COMPLETED


def test_a_completion_after_the_end_of_the_session_does_not_claim_success(
    scenario: Scenario,
) -> None:
    session = scenario.start()
    request = scenario.put(session, LAST)
    stored = scenario.store.parts(session.key, session.store_upload)
    scenario.sessions.replace(session, session.completing(stored))
    scenario.clock.advance(SESSION_LIFETIME)
    # The bucket's lifecycle rule removes the parts before housekeeping runs again.
    scenario.store.abort(session.key, session.store_upload)
    with pytest.raises(NotFoundError):
        scenario.complete(session, request)


def test_a_part_that_is_replaced_during_the_completion_is_refused(scenario: Scenario) -> None:
    session = scenario.start()
    request = scenario.put(session, FIRST, LAST)
    racing = scenario.hooked("complete", lambda: scenario.put(session, FIRST, b"other"))
    with pytest.raises(MalformedRequestError, match="uploaded again"):
        scenario.complete(session, request, racing)
    assert scenario.status(session) is SessionStatus.UPLOADING
    assert scenario.complete(session, scenario.put(session, FIRST, LAST)).crc32 is None


def test_an_upload_that_the_store_has_lost_is_not_found(scenario: Scenario) -> None:
    session = scenario.start()
    request = scenario.put(session, LAST)
    scenario.store.abort(session.key, session.store_upload)
    with pytest.raises(NotFoundError):
        scenario.complete(session, request)
    with pytest.raises(NotFoundError):
        scenario.editor.list_parts(scenario.uploader, session.identifier, session.key)


def test_parts_are_listed_while_the_upload_is_completed(scenario: Scenario) -> None:
    session = scenario.start()
    request = scenario.put(session, LAST)
    racing = scenario.hooked("parts", lambda: scenario.complete(session, request))
    listed = racing.list_parts(scenario.uploader, session.identifier, session.key)
    assert [part.etag for part in listed] == [part.etag for part in request.parts]


def test_housekeeping_ends_what_is_due_and_nothing_else(scenario: Scenario) -> None:
    abandoned, completed = scenario.start(), scenario.start()
    scenario.complete(completed, scenario.put(completed, LAST))
    cleanup = SessionCleanup(sessions=scenario.sessions, store=scenario.store, clock=scenario.clock)
    assert list(cleanup.tasks()) == []
    assert cleanup.end(abandoned.identifier) == "settled_already"
    scenario.clock.advance(SESSION_LIFETIME + timedelta(seconds=1))
    assert [task() for _, task in cleanup.tasks()] == ["aborted"]
    assert list(cleanup.tasks()) == []
    assert scenario.store.uploads == {}
    assert scenario.status(completed) is SessionStatus.COMPLETED


def test_housekeeping_leaves_a_session_that_changes_meanwhile(scenario: Scenario) -> None:
    session = scenario.start()
    scenario.clock.advance(SESSION_LIFETIME + timedelta(seconds=1))
    store = with_hooks(scenario.store, before=once("abort", lambda: touch(scenario, session)))
    cleanup = SessionCleanup(sessions=scenario.sessions, store=store, clock=scenario.clock)
    assert cleanup.end(session.identifier) == "busy"
    assert cleanup.end(session.identifier) == "aborted"


def touch(scenario: Scenario, session: UploadSession) -> None:
    stored = scenario.sessions.records[session.identifier]
    scenario.sessions.replace(stored, stored)


@pytest.mark.parametrize(
    ("size", "part_bytes", "count"),
    [
        (1, MIN_PART_BYTES, 1),
        (MIN_PART_BYTES, MIN_PART_BYTES, 1),
        (MIN_PART_BYTES + 1, MIN_PART_BYTES, 2),
        (120_000_000, MIN_PART_BYTES, 23),
        (50 * GIB, 5_368_710, 10_000),
        (5 * TIB, 549_755_814, 10_000),
    ],
)
def test_parts_have_the_sizes_that_uppy_chooses(
    scenario: Scenario, size: int, part_bytes: int, count: int
) -> None:
    assert default_part_bytes(size) == part_bytes
    session = scenario.start(size_in_bytes=size)
    assert session.part_count == count
    lengths = [session.length_of(number) for number in range(1, count + 1)]
    assert sum(length or 0 for length in lengths) == size
    assert set(lengths[:-1]) <= {part_bytes}


def test_a_client_may_choose_other_parts(scenario: Scenario) -> None:
    session = scenario.start(size_in_bytes=GIB, part_bytes=100 * 1024**2)
    assert session.part_count == 11
    assert session.length_of(11) == GIB - 10 * 100 * 1024**2


def test_a_part_url_has_the_length_only_if_the_size_is_announced(scenario: Scenario) -> None:
    signer = PartSigner(sessions=scenario.sessions, urls=UnsignedPartUrls(), clock=scenario.clock)
    for session, end in ((scenario.start(), "None"), (scenario.start(size_in_bytes=7), "7")):
        urls = signer.sign(scenario.uploader, session.identifier, session.key, [1])
        assert urls[1].endswith(f"length={end}")


def test_a_file_over_the_limit_is_refused_at_the_first_part_behind_it(scenario: Scenario) -> None:
    scenario.uploader = replace(scenario.uploader, max_bytes=2 * MIN_PART_BYTES)
    session = scenario.start()
    signer = PartSigner(sessions=scenario.sessions, urls=UnsignedPartUrls(), clock=scenario.clock)
    signer.sign(scenario.uploader, session.identifier, session.key, [1, 2])
    with pytest.raises(TooLargeError):
        signer.sign(scenario.uploader, session.identifier, session.key, [3])
    assert scenario.status(session) is SessionStatus.ABORTED


def test_an_unfinished_upload_that_ends_while_it_is_read_is_not_shown(scenario: Scenario) -> None:
    session = scenario.start()
    store = with_hooks(scenario.store, before=once("parts", lambda: scenario.abort(session)))
    found = find_unfinished(scenario.sessions, store, scenario.clock, ALICE, session.identifier)
    assert found is None


def test_an_expired_session_takes_no_parts(scenario: Scenario) -> None:
    session = scenario.start()
    scenario.clock.advance(SESSION_LIFETIME)
    with pytest.raises(NotFoundError):
        scenario.complete(session, CompletionRequest(parts=[ClientPart(number=1, etag="x")]))


def test_a_session_shows_the_parts_of_its_file_after_its_completion(scenario: Scenario) -> None:
    session = scenario.start()
    request = scenario.put(session, FIRST, LAST)
    scenario.complete(session, request)
    listed = scenario.editor.list_parts(scenario.uploader, session.identifier, session.key)
    assert listed == tuple(
        StoredPart(part.number, part.etag, len(body))
        for part, body in zip(request.parts, (FIRST, LAST), strict=True)
    )
