"""Check a running Coffer by using it as its clients do.

A check returns a finding and changes nothing, except the canary: a small text file that is uploaded
with a presigned POST and deleted afterwards if the caller may delete it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from coffer.adapters.signing.sigv4 import Endpoint
from operations.dead_letters import dead_letter_queues
from operations.failed_changes import failed_batches
from operations.findings import Finding, Health
from operations.http_client import HttpClient, HttpResponse
from operations.installation import AccountInstallation
from operations.rawstore_bucket import MISSING_PERMISSION, RawstoreBucket

MAX_CLOCK_SKEW = timedelta(minutes=5)
"""S3 refuses a signature if the clocks differ by 15 minutes; presigned POSTs are short-lived."""
ORIGIN = "https://doctor.coffer.example"
CANARY = b"Coffer's canary: may be deleted at any time.\n"
SIGNER, RAWSTORE = "OfferUploadsFunction", "AuthorizeUploadsFunction"
MIN_CONCURRENCY = 400
"""Functions that run at once: 138 behind queues (MaximumConcurrency), 24 of decode_picture for
those of thumbnails and exports, the rest of the API."""


@dataclass(frozen=True)
class Doctor:
    """Checks an installation. `token` is a bearer token for the canary."""

    installation: AccountInstallation
    token: str | None = None
    bucket: str = "coffer-doctor"
    http: HttpClient = field(default_factory=HttpClient)
    now: Callable[[], datetime] | None = None
    """Returns this machine's time; by default the installation does."""
    timeout_seconds: float = 60.0
    """How long the canary may take."""

    def run(self) -> Iterator[Finding]:
        """Run all checks and yield each finding."""
        yield self.check_api()
        yield self.check_clock()
        yield self.check_issuer()
        yield self.check_region()
        yield self.check_bucket_cors()
        yield self.check_bucket_downloads()
        yield self.check_api_cors()
        yield from self.check_rawstore()
        yield from self.check_dead_letters()
        yield self.check_concurrency()
        yield self.check_failed_changes()
        yield self.check_orphan_removal()
        yield self.check_canary()

    def check_api(self) -> Finding:
        """Check that the API responds."""
        subject, url = "API", f"{self.installation.api_url}/api/v1/health"
        response = self.http.request("GET", url)
        if isinstance(response, str):
            return Finding(subject, Health.FAILURE, f"{url}: {response}", "Is the URL right?")
        if response.status != 200:
            remedy = "See the log of DescribeApiFunction."
            return Finding(subject, Health.FAILURE, f"{url}: status {response.status}", remedy)
        return Finding(subject, Health.OK, url)

    def check_clock(self) -> Finding:
        """Check that this machine and S3 have the same time."""
        subject, url = "clock", self._store_url()
        response = self.http.request("GET", url)
        if isinstance(response, str) or "date" not in response.headers:
            reason = "no Date header" if isinstance(response, HttpResponse) else response
            remedy = "This machine must be able to reach S3."
            return Finding(subject, Health.FAILURE, f"{url}: {reason}", remedy)
        now = (self.now or self.installation.now)()
        skew = abs(parsedate_to_datetime(response.headers["date"]) - now)
        detail = f"{skew.total_seconds():.0f} s difference to S3"
        if skew > MAX_CLOCK_SKEW:
            remedy = "Set this machine's clock, because S3 would refuse its signatures."
            return Finding(subject, Health.FAILURE, detail, remedy)
        return Finding(subject, Health.OK, detail)

    def check_issuer(self) -> Finding:
        """Check that the keys that verify tokens can be fetched."""
        subject, environment = "token issuer", self.installation.environment(SIGNER)
        issuer = environment.get("OIDC_ISSUER", "")
        if environment.get("DEVELOPMENT_IDENTITY"):
            detail = "none: every request is made by the development user"
            return Finding(subject, Health.OK, detail)
        if not issuer:
            remedy = "Deploy with the parameter OidcIssuer: functions below /api need it to start."
            return Finding(subject, Health.FAILURE, "OidcIssuer is empty", remedy)
        keys = self._fetch_issuer_keys(issuer)
        if isinstance(keys, str):
            remedy = "The issuer must serve its configuration and its keys over HTTPS."
            return Finding(subject, Health.FAILURE, f"{issuer}: {keys}", remedy)
        usable = [key for key in keys if key.get("kty") in ("RSA", "EC")]
        if not usable:
            detail, remedy = f"{issuer} has no RSA or EC key", "See the issuer's configuration."
            return Finding(subject, Health.FAILURE, detail, remedy)
        return Finding(subject, Health.OK, f"{issuer}, {len(usable)} keys")

    def _fetch_issuer_keys(self, issuer: str) -> list[dict[str, Any]] | str:
        """Return the JSON Web Keys of an issuer, or the reason if they cannot be fetched."""
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        for member in ("jwks_uri", "keys"):
            response = self.http.request("GET", url)
            if isinstance(response, str):
                return response
            document = response.document()
            if response.status != 200 or not document or member not in document:
                return f"{url}: status {response.status} without {member}"
            url = document[member]
        keys: list[dict[str, Any]] = document["keys"]
        return keys

    def check_region(self) -> Finding:
        """Check that presigned POSTs are signed for the region of the bucket."""
        subject = "bucket's region"
        signed = self.installation.environment(SIGNER)["AWS_REGION"]
        bucket = self.installation.names["ObjectBucket"]
        try:
            response = self.installation.client("s3").get_bucket_location(Bucket=bucket)
        except ClientError as error:
            return Finding(subject, Health.FAILURE, str(error), "Does the bucket still exist?")
        region = response.get("LocationConstraint") or "us-east-1"
        if region != signed:
            detail = f"{bucket} is in {region}, but forms are signed for {signed}"
            return Finding(subject, Health.FAILURE, detail, "Deploy Coffer in the bucket's region.")
        return Finding(subject, Health.OK, region)

    def check_bucket_cors(self) -> Finding:
        """Check that a browser may upload to the bucket and read the response."""
        url = f"{self._store_url()}{self.installation.names['ObjectBucket']}"
        remedy = (
            "Restore the CORS rule of ObjectBucket in template.yaml. Use AllowedOrigins to "
            "restrict it to your origins."
        )
        return self._check_preflight(
            "CORS of the bucket", url, "", remedy, self._has_restricted_origins
        )

    def check_bucket_downloads(self) -> Finding:
        """Check that any page may read the files that the API redirects it to."""
        url = f"{self._store_url()}{self.installation.names['ObjectBucket']}"
        remedy = "Restore the CORS rule of ObjectBucket for GET and HEAD in template.yaml."
        return self._check_downloads("downloads from the bucket", url, remedy)

    def check_rawstore(self) -> Iterator[Finding]:
        """Check the bucket of the rawstore, if the rawstore is used."""
        environment = self.installation.environment(RAWSTORE)
        if not environment.get("DATAHUB_PUBLIC_KEY") and not environment.get(
            "DATAHUB_PUBLIC_KEY_URL"
        ):
            detail = "not used: there is no DatahubPublicKey"
            yield Finding("rawstore bucket", Health.OK, detail)
            return
        bucket = RawstoreBucket(self.installation)
        yield from bucket.check()
        url = f"{bucket.endpoint or self._store_url().rstrip('/')}/{bucket.name}"
        remedy = bucket.cors_command()
        yield self._check_preflight(
            "CORS of the rawstore", url, "", remedy, bucket.has_restricted_origins
        )
        yield self._check_downloads("downloads from the rawstore", url, remedy)

    def check_api_cors(self) -> Finding:
        """Check that a browser may call the API: its preflight needs a success and the header."""
        url = f"{self.installation.api_url}/api/v1/metadata"
        remedy = (
            "Restore CorsConfiguration of Api in template.yaml, and see that the route $default "
            "still leads to AnswerUnroutedFunction, which returns 204."
        )
        return self._check_preflight(
            "CORS of the API",
            url,
            "authorization,content-type",
            remedy,
            self._has_restricted_origins,
        )

    def _check_preflight(
        self,
        subject: str,
        url: str,
        headers: str,
        remedy: str,
        has_restricted_origins: Callable[[], bool],
    ) -> Finding:
        """Send the preflight of a POST that carries `headers`, separated by commas.

        If the origins are restricted, a missing header may be intended: a warning.
        """
        preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
        if headers:
            preflight["Access-Control-Request-Headers"] = headers
        response = self.http.request("OPTIONS", url, preflight)
        if isinstance(response, str):
            return Finding(subject, Health.FAILURE, f"{url}: {response}", remedy)
        allowed = response.headers.get("access-control-allow-origin")
        is_success = 200 <= response.status < 300
        if not is_success or allowed is None:
            may_be_wanted = is_success and has_restricted_origins()
            health = Health.WARNING if may_be_wanted else Health.FAILURE
            detail = f"the preflight request of {ORIGIN} returns {response.status}"
            return Finding(subject, health, detail, remedy)
        return Finding(subject, Health.OK, f"requests from {allowed} are allowed")

    def _check_downloads(self, subject: str, url: str, remedy: str) -> Finding:
        """Send the preflights of a GET from a page, and from a page after a redirect.

        S3 uses the first CORS rule that matches, so another rule can hide the right one.
        """
        for origin in (ORIGIN, "null"):
            preflight = {"Origin": origin, "Access-Control-Request-Method": "GET"}
            response = self.http.request("OPTIONS", url, preflight)
            if isinstance(response, str):
                return Finding(subject, Health.FAILURE, f"{url}: {response}", remedy)
            if response.status != 200 or "access-control-allow-origin" not in response.headers:
                detail = f"the preflight request of {origin} returns {response.status}"
                return Finding(subject, Health.FAILURE, detail, remedy)
            exposed = response.headers.get("access-control-expose-headers", "").lower()
            if "content-range" not in exposed:
                detail = f"the rule for {origin} does not expose Content-Range, which viewers need"
                return Finding(subject, Health.FAILURE, detail, remedy)
        return Finding(subject, Health.OK, "any page may read files")

    def check_dead_letters(self) -> Iterator[Finding]:
        """Check that each dead-letter queue is empty."""
        for queue in dead_letter_queues(self.installation):
            if queue.messages:
                detail, remedy = f"{queue.messages} messages", "Find the cause, then: make redrive"
                yield Finding(queue.logical_id, Health.WARNING, detail, remedy)
            else:
                yield Finding(queue.logical_id, Health.OK, "empty")

    def check_concurrency(self) -> Finding:
        """Check that the account lets enough functions run at once for the queues and the API."""
        subject = "concurrency"
        try:
            limit = self.installation.concurrency_limit()
        except ClientError as error:
            return Finding(subject, Health.WARNING, f"not checked: {error}", MISSING_PERMISSION)
        if limit is None or limit >= MIN_CONCURRENCY:
            return Finding(subject, Health.OK, "no limit" if limit is None else str(limit))
        detail = f"{limit} functions run at once in this account; others are throttled (429, 503)"
        remedy = (
            "New accounts begin with a low limit. Ask for more: aws service-quotas "
            "request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
            "--desired-value 1000"
        )
        return Finding(subject, Health.WARNING, detail, remedy)

    def check_failed_changes(self) -> Finding:
        """Check that every change was published."""
        subject = "unpublished changes"
        count = sum(1 for _ in failed_batches(self.installation))
        if count:
            remedy = "Find the cause, then: make redrive-stream"
            return Finding(subject, Health.WARNING, f"{count} batches", remedy)
        return Finding(subject, Health.OK, "none")

    def check_orphan_removal(self) -> Finding:
        """Report whether orphans are removed. Both settings are OK."""
        environment = self.installation.environment("RemoveOrphansFunction")
        cron = environment.get("ORPHAN_REMOVAL_CRON", "")
        age = environment.get("ORPHAN_REMOVAL_OBJECT_MAX_AGE", "")
        detail = f"at cron({cron}), older than {age}" if cron else "off: orphans are kept for ever"
        return Finding("orphan removal", Health.OK, detail)

    def check_canary(self) -> Finding:
        """Check that an upload gets a record: presigned POST, S3, event, queue, function."""
        subject = "notification path"
        offered = self._request_api("POST", f"/api/v1/upload/{self.bucket}", _CANARY_REQUEST)
        if isinstance(offered, str):
            return Finding(subject, Health.FAILURE, offered, "See API.")
        if offered.status in (401, 403):
            remedy = f"Pass a token of a user in the group {self.bucket}: --token or COFFER_TOKEN."
            return Finding(subject, Health.WARNING, "not checked: no usable token", remedy)
        if offered.status != 200:
            detail = f"the presigned POST: status {offered.status} {offered.body[:200]!r}"
            remedy = "See the log of OfferUploadsFunction."
            return Finding(subject, Health.FAILURE, detail, remedy)
        [file] = offered.document()["files"]
        fields = {**file["upload"]["fields"], "file": ("canary.txt", CANARY, "text/plain")}
        posted = self.http.request("POST", file["upload"]["url"], fields=fields)
        if isinstance(posted, str) or posted.status != 201:
            detail = f"S3: {posted if isinstance(posted, str) else posted.body[:300]!r}"
            return Finding(subject, Health.FAILURE, detail, "S3 refuses the presigned POST.")
        return self._await_canary(subject, file["fileIdentifier"])

    def _await_canary(self, subject: str, identifier: str) -> Finding:
        path, started = f"/api/v1/object-upload/{identifier}", time.monotonic()
        response: HttpResponse | str = "no request was sent"
        while time.monotonic() - started < self.timeout_seconds:
            response = self._request_api("GET", path)
            if isinstance(response, HttpResponse) and response.status == 200:
                detail = f"the record existed after {time.monotonic() - started:.1f} s"
                return Finding(subject, Health.OK, f"{detail}; {self._remove_canary(path)}")
            time.sleep(0.5)
        reason = response if isinstance(response, str) else f"status {response.status}"
        waiting = self._messages("ProcessUploadQueue")
        if waiting:
            remedy = (
                "The queue is not processed: see the log of ProcessUploadFunction, whether its "
                "event source mapping is enabled, and whether it is throttled."
            )
        else:
            remedy = (
                "No event arrived, or it failed: are EventBridge for the bucket and the rule "
                "UploadArrivedRule enabled? See the dead-letter queues too."
            )
        detail = (
            f"no record of {identifier} after {self.timeout_seconds:.0f} s ({reason}); "
            f"{waiting} messages in ProcessUploadQueue"
        )
        return Finding(subject, Health.FAILURE, detail, remedy)

    def _messages(self, queue: str) -> int:
        """Return the number of messages in a queue, including those that are being processed."""
        sqs = self.installation.client("sqs")
        url = sqs.get_queue_url(QueueName=self.installation.names[queue])["QueueUrl"]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def _remove_canary(self, path: str) -> str:
        response = self._request_api("DELETE", path)
        if isinstance(response, HttpResponse) and response.status == 204:
            return "the canary is deleted"
        return "the canary stays until orphans are removed: the caller may not delete uploads"

    def _request_api(self, method: str, path: str, document: Any = None) -> HttpResponse | str:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = {} if document is None else {"body": json.dumps(document).encode()}
        return self.http.request(method, f"{self.installation.api_url}{path}", headers, **body)

    def _store_url(self) -> str:
        """Return the S3 endpoint of presigned POSTs, with a slash at the end."""
        environment = self.installation.environment(SIGNER)
        endpoint = environment.get("AWS_ENDPOINT_URL_S3")
        if not endpoint:
            endpoint = Endpoint.for_region(environment["AWS_REGION"]).url
        parts = urlsplit(endpoint)
        return f"{parts.scheme}://{parts.netloc}/"

    def _has_restricted_origins(self) -> bool:
        bucket = self.installation.names["ObjectBucket"]
        try:
            cors = self.installation.client("s3").get_bucket_cors(Bucket=bucket)
        except ClientError:
            return False
        return any("*" not in "".join(rule["AllowedOrigins"]) for rule in cors["CORSRules"])


_CANARY_REQUEST = {
    "files": [
        {
            "originalFilename": "coffer-doctor-canary.txt",
            "receivedMediaType": "text/plain",
            "sizeInBytes": len(CANARY),
        }
    ]
}
