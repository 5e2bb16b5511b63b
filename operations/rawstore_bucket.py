"""Check the bucket of the rawstore, which the stack or the operator created.

Each remedy is a command that sets up what is missing. Coffer itself does not change the bucket.
Sources: the S3 User Guide on Block Public Access, Object Ownership and EventBridge.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from operations.findings import Finding, Health
from operations.installation import AccountInstallation

FUNCTION = "AuthorizeUploadsFunction"
BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls")
"""The settings that refuse public uploads, or make them private."""
ALL_ORIGINS = ["https://*", "http://*"]
CHECKSUMS = ("crc32", "crc32c", "crc64nvme", "sha1", "sha256", "type")
ABORT_RULE = {
    "ID": "abandoned-multiparts",
    "Status": "Enabled",
    "Filter": {},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
MISSING_PERMISSION = "Use credentials that may read the settings of the account and its buckets."
PRIVATE = "Or deploy with RawstoreAcl=bucket-owner-full-control: then all files are private."
_ACCOUNT = "$(aws sts get-caller-identity --query Account --output text)"
_IS_NOT_SET_UP = frozenset(
    {
        "NoSuchPublicAccessBlockConfiguration",
        "OwnershipControlsNotFoundError",
        "NoSuchLifecycleConfiguration",
        "NoSuchCORSConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)


class RawstoreBucket:
    """The bucket that rawstore uploads go to, with the variables that name it."""

    def __init__(self, installation: AccountInstallation) -> None:
        self._installation = installation
        self._variables = installation.environment(FUNCTION)
        self.name = self._variables["STORAGE_BUCKET_NAME"]
        hostname = self._variables.get("STORAGE_HOSTNAME", "")
        self.endpoint = hostname if "://" in hostname or not hostname else f"https://{hostname}"

    @property
    def is_public(self) -> bool:
        """True if owners may publish their files, with an ACL on each object."""
        return self._variables.get("RAWSTORE_ACL", "public-read") == "public-read"

    @cached_property
    def client(self) -> Any:
        """A client of the store, with the keys of the functions if they have some."""
        if not self.endpoint:
            return self._installation.client("s3")
        keys = self._keys()
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self._variables["AWS_REGION"],
            aws_access_key_id=keys.get("STORAGE_ACCESS_KEY_ID"),
            aws_secret_access_key=keys.get("STORAGE_SECRET_ACCESS_KEY"),
            config=Config(
                s3={"addressing_style": "path"},
                connect_timeout=5,
                read_timeout=10,
                retries={"total_max_attempts": 2},
            ),
        )

    def _keys(self) -> Mapping[str, str]:
        arn = self._variables.get("STORAGE_CREDENTIALS_SECRET_ARN")
        if not arn:
            return self._variables
        secrets = self._installation.client("secretsmanager")
        keys: Mapping[str, str] = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
        return keys

    def check(self) -> Iterator[Finding]:
        """Yield a finding for each setting that uploads, usage and costs depend on."""
        subject, expected = "rawstore bucket", self._variables["AWS_REGION"]
        try:
            region = self.client.head_bucket(Bucket=self.name).get("BucketRegion", expected)
        except (BotoCoreError, ClientError) as error:
            remedy = "StorageBucketName names a bucket that exists, with keys that may read it."
            yield Finding(subject, Health.FAILURE, f"{self.name}: {error}", remedy)
            return
        if region != expected and not self.endpoint:
            detail = f"{self.name} is in {region}, but forms are signed for {expected}"
            yield Finding(subject, Health.FAILURE, detail, "Use a bucket in the stack's region.")
            return
        yield Finding(subject, Health.OK, self.name)
        checks = [self._check_notification, self._check_lifecycle, self._check_encryption]
        for check in [self._check_public_access, *checks] if self.is_public else checks:
            try:
                yield check()
            except (BotoCoreError, ClientError) as error:
                detail = f"not checked: {error}"
                yield Finding(subject, Health.WARNING, detail, MISSING_PERMISSION)

    def _check_public_access(self) -> Finding:
        """Check that S3 accepts uploads with the ACL public-read and obeys it."""
        subject = "public rawstore files"
        if not self.endpoint:
            account = self._installation.account_public_access_block()
            if found := [name for name in BLOCKS if account.get(name)]:
                detail = f"the account has {', '.join(found)}: S3 refuses or hides public uploads"
                command = _command(
                    f"s3control put-public-access-block --account-id {_ACCOUNT}",
                    "--public-access-block-configuration",
                    {**account, **dict.fromkeys(BLOCKS, False)},
                )
                return Finding(subject, Health.FAILURE, detail, f"{command}\n{PRIVATE}")
        block = self._setting("get_public_access_block", "PublicAccessBlockConfiguration")
        if found := [name for name in BLOCKS if (block or {}).get(name)]:
            detail = f"{self.name} has {', '.join(found)}: S3 refuses or hides public uploads"
            changed = {**(block or {}), **dict.fromkeys(BLOCKS, False)}
            command = self._command(
                "put-public-access-block", "--public-access-block-configuration", changed
            )
            return Finding(subject, Health.FAILURE, detail, f"{command}\n{PRIVATE}")
        ownership = self._setting("get_bucket_ownership_controls", "OwnershipControls")
        rules = [rule["ObjectOwnership"] for rule in (ownership or {}).get("Rules", [])]
        if "BucketOwnerEnforced" in rules:
            detail = f"{self.name} has BucketOwnerEnforced, with which S3 refuses ACLs"
            command = self._command(
                "put-bucket-ownership-controls",
                "--ownership-controls",
                {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
            )
            return Finding(subject, Health.FAILURE, detail, f"{command}\n{PRIVATE}")
        return Finding(subject, Health.OK, f"no setting of {self.name} refuses ACLs")

    def _check_notification(self) -> Finding:
        """Check that S3 reports new and deleted files, which usage and quotas depend on."""
        subject = "rawstore usage"
        if self.endpoint:
            detail = f"{self.endpoint} sends no events to AWS: usage stays at 0"
            return Finding(subject, Health.WARNING, detail, "Quotas are not enforced there.")
        configured = self._setting("get_bucket_notification_configuration") or {}
        if "EventBridgeConfiguration" in configured:
            return Finding(subject, Health.OK, f"{self.name} reports to EventBridge")
        configured.pop("ResponseMetadata", None)
        command = self._command(
            "put-bucket-notification-configuration",
            "--notification-configuration",
            {**configured, "EventBridgeConfiguration": {}},
        )
        detail = f"{self.name} does not report to EventBridge: usage stays at 0"
        return Finding(subject, Health.FAILURE, detail, command)

    def _check_lifecycle(self) -> Finding:
        """Check that abandoned multipart uploads are removed, because their parts cost money."""
        subject = "abandoned rawstore uploads"
        rules = self._setting("get_bucket_lifecycle_configuration", "Rules") or []
        for rule in rules:
            days = rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation")
            if rule["Status"] == "Enabled" and days:
                return Finding(subject, Health.OK, f"parts are removed after {days} days")
        command = self._command(
            "put-bucket-lifecycle-configuration",
            "--lifecycle-configuration",
            {"Rules": [*rules, ABORT_RULE]},
        )
        detail = f"{self.name} keeps the parts of abandoned multipart uploads for ever"
        return Finding(subject, Health.WARNING, detail, command)

    def _check_encryption(self) -> Finding:
        """Check that an ETag is the MD5 of a file, by which existing files are recognised."""
        subject = "rawstore checksums"
        configured = self._setting("get_bucket_encryption", "ServerSideEncryptionConfiguration")
        for rule in (configured or {}).get("Rules", []):
            algorithm = rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "")
            if "kms" in algorithm:
                command = self._command(
                    "put-bucket-encryption",
                    "--server-side-encryption-configuration",
                    {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
                )
                detail = f"{self.name} is encrypted with {algorithm}: ETags are no MD5"
                return Finding(subject, Health.FAILURE, detail, command)
        return Finding(subject, Health.OK, "ETags are the MD5 of files")

    def has_restricted_origins(self) -> bool:
        """Return True if the bucket's CORS rules for uploads name single origins."""
        try:
            origins = upload_origins(self._setting("get_bucket_cors", "CORSRules") or [])
        except (BotoCoreError, ClientError):
            return False
        return bool(origins) and not any("*" in origin for origin in origins)

    def cors_command(self) -> str:
        """Return the command that lets browsers post files and read them.

        It keeps the rules of the bucket after ours, because S3 uses the first rule that matches.
        """
        try:
            existing = self._setting("get_bucket_cors", "CORSRules") or []
        except (BotoCoreError, ClientError) as error:
            return f"The CORS rules of the bucket cannot be read: {error}. {MISSING_PERMISSION}"
        ours = cors_rules(self._allowed_origins())
        rules = [*ours, *(rule for rule in existing if rule not in ours)]
        return self._command("put-bucket-cors", "--cors-configuration", {"CORSRules": rules})

    def _allowed_origins(self) -> list[str]:
        """Return the parameter AllowedOrigins, as the CORS rules of the ObjectBucket have it."""
        bucket = self._installation.names["ObjectBucket"]
        try:
            cors = self._installation.client("s3").get_bucket_cors(Bucket=bucket)
        except (BotoCoreError, ClientError):
            return ALL_ORIGINS
        return upload_origins(cors["CORSRules"]) or ALL_ORIGINS

    def _setting(self, operation: str, member: str = "") -> Any:
        """Return a setting of the bucket; None if it is not set up, or unknown to the store."""
        try:
            response = getattr(self.client, operation)(Bucket=self.name)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _IS_NOT_SET_UP or self.endpoint:
                return None
            raise
        return response.get(member) if member else response

    def _command(self, operation: str, option: str, document: Mapping[str, Any]) -> str:
        endpoint = f" --endpoint-url {shlex.quote(self.endpoint)}" if self.endpoint else ""
        bucket = shlex.quote(self.name)
        return _command(f"s3api{endpoint} {operation} --bucket {bucket}", option, document)


def upload_origins(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the origins whose pages may post files."""
    posts = [rule for rule in rules if "POST" in rule["AllowedMethods"]]
    return [origin for rule in posts for origin in rule["AllowedOrigins"]]


def cors_rules(origins: Sequence[str]) -> list[dict[str, Any]]:
    """Return the CORS rules of a bucket in template.yaml, in the form of S3's API."""
    checksums = [f"x-amz-checksum-{name}" for name in CHECKSUMS]
    ranges = ["Content-Range", "Accept-Ranges"]
    read = ["ETag", *ranges, "Content-Disposition", "Last-Modified", *checksums]
    common = {"AllowedHeaders": ["*"], "MaxAgeSeconds": 3600}
    return [
        {
            "AllowedOrigins": list(origins),
            "AllowedMethods": ["POST", "PUT"],
            "ExposeHeaders": ["ETag", "Location", *checksums],
            **common,
        },
        {
            "AllowedOrigins": ["*"],
            "AllowedMethods": ["GET", "HEAD"],
            "ExposeHeaders": read,
            **common,
        },
    ]


def _command(command: str, option: str, document: Mapping[str, Any]) -> str:
    # A lifecycle rule can have a date.
    text = json.dumps(document, default=datetime.isoformat)
    return f"aws {command} {option} {shlex.quote(text)}"
