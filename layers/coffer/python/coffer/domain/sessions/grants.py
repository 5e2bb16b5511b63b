"""Create, open and revoke group grants, with which a page uploads files without a bearer token.

A grant is valid for one group, for files up to one size, and for at most an hour. It acts for the
user who created it: files and sessions belong to that user. Coffer learns the groups of a user from
bearer tokens only, so a user who leaves the group keeps a grant until it expires or is revoked.

The text of a grant is the id of its record and a secret. Only the digest of the secret is stored.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from coffer.domain.buckets import bucket_key
from coffer.domain.callers import Caller, Role, group_key
from coffer.domain.clock import Clock
from coffer.domain.errors import InvalidError, NotFoundError, TooLargeError
from coffer.domain.identifiers import new_identifier
from coffer.domain.sessions.ports import GroupGrants
from coffer.domain.sessions.record import GroupGrant, Uploader
from coffer.domain.sessions.requests import GrantRequest

MAX_GRANT_LIFETIME = timedelta(hours=1)
MIN_GRANT_LIFETIME = timedelta(minutes=1)
_SECRET_BYTES = 32
_ID_LENGTH = 32


@dataclass(frozen=True, kw_only=True)
class CreatedGrant:
    """A new grant and its text, which only the response to its creation contains."""

    grant: GroupGrant
    text: str


def create_grant(
    grants: GroupGrants, clock: Clock, uploader: Uploader, request: GrantRequest
) -> CreatedGrant:
    """Return a new grant for the uploader's group; raise RequestError if it is not allowed."""
    caller, bucket = uploader.caller, uploader.bucket
    caller.require_role(Role.GUEST, bucket)
    lifetime = MAX_GRANT_LIFETIME if request.lifetime is None else request.lifetime
    if not MIN_GRANT_LIFETIME <= lifetime <= MAX_GRANT_LIFETIME:
        raise InvalidError(
            "grant_lifetime_out_of_range",
            f"A grant is valid for {_seconds(MIN_GRANT_LIFETIME)} to "
            f"{_seconds(MAX_GRANT_LIFETIME)} seconds, not {_seconds(lifetime)}.",
            pointer="/lifetimeSeconds",
        )
    limit = uploader.max_bytes if request.max_bytes is None else request.max_bytes
    if limit > uploader.max_bytes:
        raise TooLargeError(
            "file_too_large",
            f"A grant allows files of at most {uploader.max_bytes} bytes, not {limit}.",
            pointer="/maxBytes",
        )
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    grant = GroupGrant(
        identifier=new_identifier(clock),
        digest=_digest(secret),
        bucket=bucket,
        max_bytes=limit,
        created_by=caller.username,
        owner_subject=caller.subject,
        expires_at=clock.now() + lifetime,
    )
    grants.add(grant)
    return CreatedGrant(grant=grant, text=UUID(grant.identifier).hex + secret)


def open_grant(grants: GroupGrants, text: str, *, max_bytes: int) -> Uploader:
    """Return the uploader for whom a grant acts.

    Raises NotFoundError, with the same words, for grants that expired, were revoked or never were.
    """
    identifier, secret = _identifier_in(text), text[_ID_LENGTH:]
    grant = grants.get(identifier) if identifier else None
    if grant is None or not secrets.compare_digest(grant.digest, _digest(secret)):
        raise NotFoundError(
            "grant_not_found",
            "This upload grant is not valid: it has expired, it was revoked, or it never existed. "
            "Reload the page to get a new one.",
            parameter="grant",
        )
    caller = Caller(
        username=grant.created_by,
        subject=grant.owner_subject,
        groups={group_key(grant.bucket): frozenset({Role.GUEST})},
    )
    return Uploader(caller=caller, bucket=grant.bucket, max_bytes=min(grant.max_bytes, max_bytes))


def revoke_grant(grants: GroupGrants, caller: Caller, bucket: str, identifier: str) -> None:
    """Delete a grant. Its creator and the SUPER_USERs of its group may do that.

    Raises NotFoundError for grants of other users and groups, as for those that do not exist.
    """
    grant = grants.get(identifier)
    is_of_group = grant is not None and bucket_key(grant.bucket) == bucket_key(bucket)
    if grant is None or not is_of_group or not _may_revoke(caller, grant):
        raise NotFoundError(
            "grant_not_found",
            f"You have no upload grant with the id {identifier} in the group {bucket!r}.",
            parameter="id",
        )
    grants.remove(identifier)


def _may_revoke(caller: Caller, grant: GroupGrant) -> bool:
    is_owner = caller.owns(grant.created_by, grant.owner_subject)
    return is_owner or caller.has_role(Role.SUPER_USER, grant.bucket)


def _identifier_in(text: str) -> str | None:
    """Return the id at the beginning of a grant's text, or None if there is none."""
    try:
        return str(UUID(hex=text[:_ID_LENGTH])) if text.isascii() else None
    except ValueError:
        return None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _seconds(lifetime: timedelta) -> int:
    return int(lifetime.total_seconds())
