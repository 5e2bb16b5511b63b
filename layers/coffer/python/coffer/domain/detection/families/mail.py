"""Recognise mail and mailboxes by their header fields."""

from __future__ import annotations

_MBOX_FIELDS = (
    b"\nFrom: ",
    b"\nDate: ",
    b"\nSubject: ",
    b"\nDelivered-To: ",
    b"\nReceived: by ",
    b"\nReceived: via ",
    b"\nReceived: from ",
    b"\nMime-Version: ",
)
# After private fields, the subject alone is not enough.
_MBOX_FIELDS_AFTER_PRIVATE = tuple(field for field in _MBOX_FIELDS if b"Subject" not in field)

# A file that starts with one of these is a mail.
_SURE_FIRST_ANY_CASE = (b"relay-version:", b"return-path:", b"message-id:")
_SURE_FIRST = (b"#! rnews", b"N#! rnews", b"X-Mailer:")
_PRIVATE_FIRST = (b"X-", b"DKIM-", b"ARC-")
_AFTER_PRIVATE_ANY_CASE = (
    b"\ndate:",
    b"\nfrom:",
    b"\nmessage-id:",
    b"\nmime-version:",
    b"\nreceived:",
    b"\nrelay-version:",
    b"\nreturn-path:",
    b"\nx-originating-ip:",
)
_AFTER_PRIVATE = (b"\nDelivered-To:", b"\nStatus:", b"\nUser-Agent:", b"\nX-Mailer:")

# Other texts may start with these too, so a second field must follow.
_FIRST_ANY_CASE = (
    b"content-id:",
    b"content-location:",
    b"content-transfer-encoding:",
    b"content-type:",
    b"date:",
    b"from:",
    b"message-id:",
    b"mime-version:",
    b"received:",
    b"relay-version:",
    b"return-path:",
    b"x-originating-ip:",
)
_FIRST = (
    b"Delivered-To:",
    b"Sent:",
    b"Status:",
    b"Subject:",
    b"To:",
    b"User-Agent:",
    b"X-Mailer:",
)
_NEXT_ANY_CASE = tuple(b"\n" + field for field in _FIRST_ANY_CASE if field != b"message-id:")
_NEXT = (*(b"\n" + field for field in _FIRST), b"\nDKIM-", b"\nARC-")

_SAVED_BY_EXPLORER = (
    b"from: <saved by windows internet explorer 8>",
    b'from: "saved by internet explorer 11"',
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def mbox(head: bytes) -> str | None:
    """Recognise mailboxes: the separator line, and a header field soon after."""
    if not head.startswith(b"From "):
        return None
    if any(_starts_within(head, field, 32, 256) for field in _MBOX_FIELDS):
        return "application/mbox"
    private = _starts_within(head[:300].lower(), b"\nx-", 32, 256)
    if private and any(
        _starts_within(head, field, 32, 8192) for field in _MBOX_FIELDS_AFTER_PRIVATE
    ):
        return "application/mbox"
    return None


def saved_page(head: bytes) -> str | None:
    """Recognise web pages that Internet Explorer saved as mail."""
    starts = head[:48].lower().startswith(_SAVED_BY_EXPLORER)
    return "multipart/related" if starts else None


def certain(head: bytes) -> str | None:
    """Recognise mail by a first line that no other format has."""
    if head.startswith(_SURE_FIRST) or head[:16].lower().startswith(_SURE_FIRST_ANY_CASE):
        return "message/rfc822"
    if not head.startswith(_PRIVATE_FIRST):
        return None
    start = head[: 8192 + 32]
    lowered = start.lower()
    if any(field in start for field in _AFTER_PRIVATE) or any(
        field in lowered for field in _AFTER_PRIVATE_ANY_CASE
    ):
        return "message/rfc822"
    return None


def likely(head: bytes) -> str | None:
    """Recognise mail by two header fields, one of them at the start."""
    start = head.removeprefix(_BYTE_ORDER_MARK) if head[0] == 0xEF else head
    lowered = start[:32].lower()
    if not (start.startswith(_FIRST) or lowered.startswith(_FIRST_ANY_CASE)):
        return None
    start = head[: 1024 + 32]
    lowered = start.lower()
    if any(_starts_within(start, field, 0, 1024) for field in _NEXT) or any(
        _starts_within(lowered, field, 0, 1024) for field in _NEXT_ANY_CASE
    ):
        return "message/rfc822"
    return None


def possible(head: bytes) -> str | None:
    """Recognise mail by a line that starts with Message-ID."""
    found = _starts_within(head[: 1000 + 16].lower(), b"\nmessage-id:", 0, 1000)
    return "message/rfc822" if found else None


def _starts_within(text: bytes, mark: bytes, first: int, last: int) -> bool:
    return text.find(mark, first, last + len(mark)) >= 0
