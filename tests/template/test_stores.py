"""Buckets and tables: private, encrypted, and not lost with the stack."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from coffer.domain.sessions.record import SESSION_LIFETIME
from tests.template.template_file import as_list, deployed, reference, resources, source

BUCKETS = resources("AWS::S3::Bucket")
POLICIES = resources("AWS::S3::BucketPolicy")
TABLES = resources("AWS::DynamoDB::Table")
NAME = "StorageBucketName"
WITHOUT_STREAM = ("UsageTable", "CountsTable", "IdempotencyTable", "UploadSessionsTable")
"""Tables whose changes are not published: counters, idempotent requests, unfinished uploads."""
BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


@pytest.mark.parametrize("name", sorted(BUCKETS | TABLES))
def test_a_bucket_or_table_outlives_its_stack(name: str) -> None:
    store = (BUCKETS | TABLES)[name]
    assert store["DeletionPolicy"] == "RetainExceptOnCreate"
    assert store["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("name", sorted(set(BUCKETS) - {"RawstoreBucket"}))
def test_a_bucket_is_private_and_free_of_acls(name: str) -> None:
    properties = BUCKETS[name]["Properties"]
    assert properties["PublicAccessBlockConfiguration"] == dict.fromkeys(BLOCKS, True)
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@pytest.mark.parametrize(
    ("public", "acl_blocks", "ownership"),
    [(True, False, "BucketOwnerPreferred"), (False, True, "BucketOwnerEnforced")],
)
def test_only_the_rawstore_bucket_allows_public_acls_and_only_if_configured(
    public: bool, acl_blocks: bool, ownership: str
) -> None:
    properties = BUCKETS["RawstoreBucket"]["Properties"]
    block = properties["PublicAccessBlockConfiguration"]
    assert _choose(block["BlockPublicAcls"], public) is acl_blocks
    assert _choose(block["IgnorePublicAcls"], public) is acl_blocks
    assert block["BlockPublicPolicy"] is True
    assert block["RestrictPublicBuckets"] is True
    (rule,) = properties["OwnershipControls"]["Rules"]
    assert _choose(rule["ObjectOwnership"], public) == ownership


@pytest.mark.parametrize("name", sorted(BUCKETS))
def test_a_bucket_is_encrypted_by_s3_and_refuses_plain_http(name: str) -> None:
    (rule,) = BUCKETS[name]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    policy = resources("AWS::S3::BucketPolicy")[f"{name}Policy"]["Properties"]
    assert reference(policy["Bucket"]) == name
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


@pytest.mark.parametrize("name", sorted(BUCKETS))
def test_a_bucket_aborts_abandoned_multipart_uploads_after_a_week(name: str) -> None:
    rules = BUCKETS[name]["Properties"]["LifecycleConfiguration"]["Rules"]
    whole_bucket = [rule for rule in rules if "Prefix" not in rule]
    assert {"DaysAfterInitiation": 7} in [
        rule.get("AbortIncompleteMultipartUpload") for rule in whole_bucket
    ]


def test_housekeeping_ends_an_upload_in_parts_before_the_bucket_does() -> None:
    assert timedelta(days=7) > SESSION_LIFETIME


def test_incoming_objects_are_kept_longer_than_their_messages() -> None:
    rules = BUCKETS["ObjectBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    (days,) = [rule["ExpirationInDays"] for rule in rules if rule.get("Prefix") == "incoming/"]
    queue_days, dead_letter_days = 4, 14
    assert days > queue_days + dead_letter_days


def test_both_stores_notify_eventbridge_and_allow_uploads_by_browsers() -> None:
    for name in ("ObjectBucket", "RawstoreBucket"):
        properties = BUCKETS[name]["Properties"]
        notification = properties["NotificationConfiguration"]["EventBridgeConfiguration"]
        assert notification == {"EventBridgeEnabled": True}
        rule, downloads = properties["CorsConfiguration"]["CorsRules"]
        # S3 uses the first rule that matches, so one rule must not hide another.
        assert rule["AllowedMethods"] == ["POST", "PUT"]
        # After a redirect to another origin, a browser sends `Origin: null`.
        assert downloads["AllowedOrigins"] == ["*"]
        assert set(downloads["AllowedMethods"]) == {"GET", "HEAD"}
        checksums = {one for one in rule["ExposedHeaders"] if one.startswith("x-amz-checksum-")}
        assert set(downloads["ExposedHeaders"]) == checksums | {
            "ETag",
            "Content-Range",
            "Accept-Ranges",
            "Content-Disposition",
            "Last-Modified",
        }
        assert rule["AllowedOrigins"] == {"Ref": "AllowedOrigins"}
        assert {"ETag", "Location", "x-amz-checksum-sha1"} <= set(rule["ExposedHeaders"])
        assert "VersioningConfiguration" not in properties


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_is_on_demand_recoverable_and_protected(name: str) -> None:
    properties = TABLES[name]["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    recovery = properties["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True}
    assert properties["DeletionProtectionEnabled"]["Fn::If"] == ["TablesAreProtected", True, False]


@pytest.mark.parametrize(
    "name", sorted(set(TABLES) - {"AccessKeysTable", "AuditTable", *WITHOUT_STREAM})
)
def test_a_table_of_records_streams_both_images(name: str) -> None:
    properties = TABLES[name]["Properties"]
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.mark.parametrize("name", sorted(set(TABLES) - {"AuditTable", "CountsTable"}))
def test_a_table_expires_its_tombstones(name: str) -> None:
    properties = TABLES[name]["Properties"]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


@pytest.mark.parametrize("name", WITHOUT_STREAM)
def test_a_table_of_counters_has_no_stream(name: str) -> None:
    assert "StreamSpecification" not in TABLES[name]["Properties"]


def test_the_counts_never_expire() -> None:
    assert "TimeToLiveSpecification" not in TABLES["CountsTable"]["Properties"]


def test_the_audit_never_expires_and_has_no_stream() -> None:
    properties = TABLES["AuditTable"]["Properties"]
    assert "TimeToLiveSpecification" not in properties
    assert "StreamSpecification" not in properties


def test_a_failed_first_deployment_can_delete_its_tables() -> None:
    """CloudFormation cannot roll back a stack whose tables refuse to be deleted."""
    assert source().data["Parameters"]["ProtectTables"]["Default"] == "false"


RAWSTORE_FUNCTIONS = (
    "AuthorizeUploadsFunction",
    "ListPrefixesFunction",
    "PresignDownloadFunction",
    "RecordUsageFunction",
)
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keys-AbCdEf"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-1111-2222-333344445555"


@pytest.mark.parametrize(
    ("parameters", "bucket"),
    [
        ((), "coffer-rawstorebucket"),
        ((("StorageBucketName", "acme.files"),), "acme.files"),
        ((("StorageBucketName", "files"), ("StorageHostname", "s3.example.org")), "files"),
    ],
    ids=["created", "exists in S3", "exists elsewhere"],
)
def test_everything_of_the_rawstore_refers_to_one_bucket(
    parameters: tuple[tuple[str, str], ...], bucket: str
) -> None:
    stack = deployed(*parameters)
    is_created = not parameters
    assert ("RawstoreBucket" in stack) is is_created
    assert ("RawstoreBucketPolicy" in stack) is is_created
    for name in RAWSTORE_FUNCTIONS:
        variables = stack[name]["Properties"]["Environment"]["Variables"]
        assert variables["STORAGE_BUCKET_NAME"] == bucket, name
        arns = [arn for arn in _resources_of_role(stack, name) if ":s3:::" in arn]
        assert {arn.partition(":s3:::")[2].partition("/")[0] for arn in arns} <= {bucket}, name
        assert bool(arns) == (name != "ListPrefixesFunction"), name
    pattern = stack["RawstoreChangedRule"]["Properties"]["EventPattern"]
    assert pattern["detail"]["bucket"] == {"name": [bucket]}
    output = source().data["Outputs"]["RawstoreBucketName"]["Value"]["Fn::If"]
    assert output == ["RawstoreBucketIsCreated", {"Ref": "RawstoreBucket"}, {"Ref": NAME}]


def test_a_bucket_that_another_one_replaces_is_kept_with_its_policy() -> None:
    for resource in (BUCKETS["RawstoreBucket"], POLICIES["RawstoreBucketPolicy"]):
        assert resource["Condition"] == "RawstoreBucketIsCreated"
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resource["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("key", ["", KEY])
def test_functions_decrypt_the_storage_secret_only_with_the_key_of_the_operator(key: str) -> None:
    stack = deployed(("StorageCredentialsSecretArn", SECRET), ("StorageCredentialsKeyArn", key))
    for name in set(RAWSTORE_FUNCTIONS) - {"ListPrefixesFunction"}:
        arns = _resources_of_role(stack, name)
        assert SECRET in arns
        assert (KEY in arns) is bool(key)


def _resources_of_role(stack: dict[str, dict[str, Any]], function: str) -> list[str]:
    """Return the ARNs that the policies of a function name."""
    return [
        arn
        for policy in stack[f"{function}Role"]["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        for arn in as_list(statement["Resource"])
    ]


def _choose(value: Any, public: bool) -> Any:
    """Return the branch of a condition for a public or a private rawstore."""
    condition, then, otherwise = value["Fn::If"]
    assert condition == "RawstoreMayBePublic"
    return then if public else otherwise
