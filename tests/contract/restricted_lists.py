"""S3 as a role sees it that may list below some prefixes, not the whole bucket."""

from __future__ import annotations

import pytest

from local.s3.errors import S3Error
from local.s3.gate import S3Gate
from local.s3.messages import Request, Response


def restrict_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the local S3 respond 403 where it would respond 404 about a missing key.

    Source: S3 API Reference, HeadObject and GetObject, "Permissions".
    """
    respond = S3Gate._respond

    def restricted(gate: S3Gate, request: Request) -> Response:
        try:
            return respond(gate, request)
        except S3Error as error:
            if error.code == "NoSuchKey":
                raise S3Error("AccessDenied") from error
            raise

    monkeypatch.setattr(S3Gate, "_respond", restricted)
