"""Reasons for permissions that no recorded call needs."""

from __future__ import annotations

from tests.privileges.policies import Grant

_BY_LAMBDA = "Lambda itself uses it in the function's name: the local stack's feeds have no role"

_ABSENT = (
    "S3 responds 403 about a missing key, and only a list says that it is missing: tests/contract"
)

_IN_TIME = "only where there is more to do than an invocation has time for, or where it fails"
_TAKEN_BACK = (
    "of a race that needs two runs of one claim: tests/unit/domain/uploads/test_promotion.py"
)

REASONS: dict[tuple[str, str], str] = {
    ("*", "sqs:ReceiveMessage"): _BY_LAMBDA,
    ("*", "sqs:DeleteMessage"): _BY_LAMBDA,
    ("*", "sqs:GetQueueAttributes"): _BY_LAMBDA,
    ("PublishChangesFunction", "dynamodb:DescribeStream"): _BY_LAMBDA,
    ("PublishChangesFunction", "dynamodb:GetRecords"): _BY_LAMBDA,
    ("PublishChangesFunction", "dynamodb:GetShardIterator"): _BY_LAMBDA,
    ("PublishChangesFunction", "dynamodb:ListStreams"): _BY_LAMBDA,
    ("PublishChangesFunction", "s3:ListBucket"): _BY_LAMBDA,
    ("*", "s3:ListBucket"): _ABSENT,
    ("BuildExportFunction", "s3:AbortMultipartUpload"): _IN_TIME,
    ("BuildExportFunction", "sqs:SendMessage"): _IN_TIME,
    ("CreateDerivativesInBulkFunction", "dynamodb:GetItem"): "says who claimed a file in that very "
    "moment: tests/contract/test_transactions.py",
    # These tests use a stack of their own, whose calls are not recorded.
    ("ListContentsFunction", "dynamodb:GetItem"): "says if the record of a file of another group "
    "is public: tests/api/test_contents.py",
    ("ListContentsFunction", "s3:GetObject"): "reads archives that are derivatives: "
    "tests/api/test_contents.py",
    ("MakeThumbnailFunction", "sqs:SendMessage"): "only while the function that decodes is "
    "throttled: tests/security/test_decoder.py",
    ("KeepHouseFunction", "s3:AbortMultipartUpload"): "where a worker died for good: tests/export",
    ("KeepHouseFunction", "dynamodb:Query"): "finds duplicates of an upload that was interrupted "
    "after its copy: tests/unit/domain/uploads/test_promotion.py",
    ("ProcessUploadFunction", "s3:DeleteObject"): _TAKEN_BACK,
    ("ProcessUploadFunction", "s3:GetObject"): _TAKEN_BACK,
    ("UploadFileFunction", "s3:GetObject"): "only where a run is repeated after its object was "
    "written: tests/unit/domain/uploads/test_direct_upload.py",
}
"""Reasons by function ("*": any) and action."""


def reason_for(grant: Grant) -> str | None:
    """Return the reason for an unused grant, or None."""
    return REASONS.get((grant.function, grant.action)) or REASONS.get(("*", grant.action))
