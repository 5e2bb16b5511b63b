"""Find out for whom a request uploads: by its bearer token, or by the grant in its path."""

from __future__ import annotations

from dataclasses import dataclass

from coffer.domain.buckets import parse_bucket
from coffer.domain.sessions.grants import open_grant
from coffer.domain.sessions.ports import GroupGrants
from coffer.domain.sessions.record import Uploader
from coffer.http.api import require_variable
from coffer.http.callers import Identify
from coffer.http.requests import Request


@dataclass(frozen=True, kw_only=True)
class Uploaders:
    """Identifies uploaders. `max_bytes` is the largest file of the deployment."""

    identify: Identify
    grants: GroupGrants
    max_bytes: int

    def of(self, request: Request) -> Uploader:
        """Return the uploader; raise UnauthenticatedError, or NotFoundError for an invalid grant.

        Raises no error for a caller without a role in the group: the use cases check it.
        """
        if grant := request.variables.get("grant"):
            return open_grant(self.grants, grant, max_bytes=self.max_bytes)
        bucket = parse_bucket(require_variable(request, "bucket"))
        return Uploader(caller=self.identify(request), bucket=bucket, max_bytes=self.max_bytes)
