"""What is wrong with a Coffer, found by trying it as its clients do.

Each check answers findings and touches nothing, but for the canary: a small text file that goes
the whole way of an upload, from the signed form to its record, and is deleted again if the caller
may do that.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from operations.dead_letters import dead_letter_queues
from operations.failed_changes import failed_batches
from operations.installation import Installation
from operations.web import Response, Web

MAX_CLOCK_SKEW = timedelta(minutes=5)
"""S3 refuses signatures from clocks further apart than 15 minutes; forms are short-lived."""
ORIGIN = "https://doctor.coffer.example"
CANARY = b"Coffer's canary: may be deleted at any time.\n"
SIGNER = "OfferUploadsFunction"


class Health(StrEnum):
    """How well something is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `remedy` says what to do where it isn't well."""

    subject: str
    health: Health
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class Doctor:
    """Looks at an installation. `token` is a bearer token, for the canary."""

    installation: Installation
    token: str | None = None
    bucket: str = "coffer-doctor"
    web: Web = field(default_factory=Web)
    now: Callable[[], datetime] | None = None
    """This machine's time; without, the installation says what that is."""
    patience_seconds: float = 60.0
    """How long the canary may take."""

    def examine(self) -> Iterator[Finding]:
        """Every finding, as it is made."""
        yield self.check_api()
        yield self.check_clock()
        yield self.check_issuer()
        yield self.check_region()
        yield self.check_cors()
        yield from self.check_dead_letters()
        yield self.check_failed_changes()
        yield self.check_orphan_removal()
        yield self.check_canary()

    def check_api(self) -> Finding:
        """Whether the API answers at all."""
        subject, url = "API", f"{self.installation.api_url}/api/v1/health"
        answer = self.web.request("GET", url)
        if isinstance(answer, str):
            return Finding(subject, Health.FAILURE, f"{url}: {answer}", "Is the address right?")
        if answer.status != 200:
            remedy = "Look into the log of DescribeApiFunction."
            return Finding(subject, Health.FAILURE, f"{url}: status {answer.status}", remedy)
        return Finding(subject, Health.OK, url)

    def check_clock(self) -> Finding:
        """Whether this machine and S3 agree on the time."""
        subject, url = "clock", self._store_url()
        answer = self.web.request("GET", url)
        if isinstance(answer, str) or "date" not in answer.headers:
            detail = f"{url} tells no time" if isinstance(answer, Response) else f"{url}: {answer}"
            return Finding(subject, Health.FAILURE, detail, "S3 has to be reachable from here.")
        now = (self.now or self.installation.now)()
        skew = abs(parsedate_to_datetime(answer.headers["date"]) - now)
        detail = f"{skew.total_seconds():.0f} s apart from S3's"
        if skew > MAX_CLOCK_SKEW:
            remedy = "Set this machine's clock; what it signs would be refused."
            return Finding(subject, Health.FAILURE, detail, remedy)
        return Finding(subject, Health.OK, detail)

    def check_issuer(self) -> Finding:
        """Whether the keys that tokens are checked with can be fetched."""
        subject, environment = "token issuer", self.installation.environment(SIGNER)
        issuer = environment.get("OIDC_ISSUER", "")
        if environment.get("DEVELOPMENT_IDENTITY"):
            detail = "none: every request is made by the development user"
            return Finding(subject, Health.OK, detail)
        if not issuer:
            remedy = "Deploy with the parameter OidcIssuer; no function below /api starts without."
            return Finding(subject, Health.FAILURE, "OidcIssuer is empty", remedy)
        found = self.web.request("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        address = (found.document() or {}).get("jwks_uri") if isinstance(found, Response) else None
        keys = self.web.request("GET", str(address)) if address else found
        if isinstance(keys, str) or keys.status != 200 or not keys.document():
            detail = f"{issuer}: {keys if isinstance(keys, str) else f'status {keys.status}'}"
            remedy = "The issuer has to serve its configuration and its keys over HTTPS."
            return Finding(subject, Health.FAILURE, detail, remedy)
        usable = [key for key in keys.document().get("keys", []) if key.get("kty") in ("RSA", "EC")]
        if not usable:
            return Finding(
                subject, Health.FAILURE, f"{issuer} has no RSA or EC key", "See its set-up."
            )
        return Finding(subject, Health.OK, f"{issuer}, {len(usable)} keys")

    def check_region(self) -> Finding:
        """Whether the bucket is where forms are signed for."""
        subject = "bucket's region"
        signed = self.installation.environment(SIGNER)["AWS_REGION"]
        bucket = self.installation.names["ObjectBucket"]
        try:
            answer = self.installation.client("s3").get_bucket_location(Bucket=bucket)
        except ClientError as error:
            return Finding(subject, Health.FAILURE, str(error), "Does the bucket still exist?")
        region = answer.get("LocationConstraint") or "us-east-1"
        if region != signed:
            detail = f"{bucket} is in {region}, but forms are signed for {signed}"
            return Finding(subject, Health.FAILURE, detail, "Deploy Coffer in the bucket's region.")
        return Finding(subject, Health.OK, region)

    def check_cors(self) -> Finding:
        """Whether a browser's preflight for an upload gets through, and the answer can be read."""
        subject = "CORS of the bucket"
        url = f"{self._store_url()}{self.installation.names['ObjectBucket']}"
        answer = self.web.request(
            "OPTIONS", url, {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
        )
        remedy = (
            "Put back the rule that template.yaml gives ObjectBucket; narrow it to your origins "
            "with AllowedOrigins only."
        )
        if isinstance(answer, str):
            return Finding(subject, Health.FAILURE, f"{url}: {answer}", remedy)
        allowed = answer.headers.get("access-control-allow-origin")
        if answer.status != 200 or allowed is None:
            health = Health.WARNING if self._origins_are_narrowed() else Health.FAILURE
            detail = f"the preflight of {ORIGIN} is answered with {answer.status}"
            return Finding(subject, health, detail, remedy)
        return Finding(subject, Health.OK, f"uploads from {allowed} get through")

    def check_dead_letters(self) -> Iterator[Finding]:
        """What was given up on."""
        for queue in dead_letter_queues(self.installation):
            if queue.messages:
                detail, remedy = f"{queue.messages} messages", "Find the cause, then: make redrive"
                yield Finding(queue.logical_id, Health.WARNING, detail, remedy)
            else:
                yield Finding(queue.logical_id, Health.OK, "empty")

    def check_failed_changes(self) -> Finding:
        """Which changes nobody was told of."""
        subject, count = "untold changes", sum(1 for _ in failed_batches(self.installation))
        if count:
            remedy = "Find the cause, then: make redrive-stream"
            return Finding(subject, Health.WARNING, f"{count} batches", remedy)
        return Finding(subject, Health.OK, "none")

    def check_orphan_removal(self) -> Finding:
        """Whether orphans are removed, and which: said, since neither is a fault."""
        environment = self.installation.environment("RemoveOrphansFunction")
        cron = environment.get("ORPHAN_REMOVAL_CRON", "")
        age = environment.get("ORPHAN_REMOVAL_OBJECT_MAX_AGE", "")
        detail = f"at cron({cron}), older than {age}" if cron else "off: they are kept for ever"
        return Finding("orphan removal", Health.OK, detail)

    def check_canary(self) -> Finding:
        """Whether an upload comes out at the other end: form, S3, notification, queue, record."""
        subject = "notification path"
        offered = self._api("POST", f"/api/v1/upload/{self.bucket}", _ANNOUNCEMENT)
        if isinstance(offered, str):
            return Finding(subject, Health.FAILURE, offered, "See API.")
        if offered.status in (401, 403):
            remedy = f"Give a token of a user of the group {self.bucket}: --token, or COFFER_TOKEN."
            return Finding(subject, Health.WARNING, "not tried: no usable token", remedy)
        if offered.status != 200:
            detail = f"the form: status {offered.status} {offered.body[:200]!r}"
            return Finding(subject, Health.FAILURE, detail, "Look into OfferUploadsFunction's log.")
        [offer] = offered.document()["files"]
        fields = {**offer["upload"]["fields"], "file": ("canary.txt", CANARY, "text/plain")}
        posted = self.web.request("POST", offer["upload"]["url"], fields=fields)
        if isinstance(posted, str) or posted.status != 201:
            detail = f"S3: {posted if isinstance(posted, str) else posted.body[:300]!r}"
            return Finding(subject, Health.FAILURE, detail, "S3 refuses what Coffer signs.")
        return self._await_canary(subject, offer["fileIdentifier"])

    def _await_canary(self, subject: str, identifier: str) -> Finding:
        path, begun = f"/api/v1/object-upload/{identifier}", time.monotonic()
        answer: Response | str = "nothing was asked"
        while time.monotonic() - begun < self.patience_seconds:
            answer = self._api("GET", path)
            if isinstance(answer, Response) and answer.status == 200:
                took = f"the record was there after {time.monotonic() - begun:.1f} s"
                return Finding(subject, Health.OK, f"{took}; {self._remove_canary(path)}")
            time.sleep(0.5)
        said = answer if isinstance(answer, str) else f"status {answer.status}"
        detail = f"no record of {identifier} after {self.patience_seconds:.0f} s ({said}); "
        waiting = self._messages("ProcessUploadQueue")
        if waiting:
            remedy = (
                "The queue isn't worked off: look into ProcessUploadFunction's log, and whether "
                "its event source mapping is enabled and the function may be invoked so often."
            )
        else:
            remedy = (
                "No event came, or it was given up: is EventBridge switched on for the bucket, "
                "and the rule UploadArrivedRule enabled? See the dead-letter queues, too."
            )
        detail += f"{waiting} messages wait or are tried in ProcessUploadQueue"
        return Finding(subject, Health.FAILURE, detail, remedy)

    def _messages(self, queue: str) -> int:
        """How many messages a queue has, those included that are being worked on."""
        sqs = self.installation.client("sqs")
        url = sqs.get_queue_url(QueueName=self.installation.names[queue])["QueueUrl"]
        kinds = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=kinds)["Attributes"]
        return sum(int(found[kind]) for kind in kinds)

    def _remove_canary(self, path: str) -> str:
        answer = self._api("DELETE", path)
        if isinstance(answer, Response) and answer.status == 204:
            return "the canary is deleted"
        return "the canary stays until orphans are removed: the caller may not delete uploads"

    def _api(self, method: str, path: str, document: Any = None) -> Response | str:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = {} if document is None else {"body": json.dumps(document).encode()}
        return self.web.request(method, f"{self.installation.api_url}{path}", headers, **body)

    def _store_url(self) -> str:
        """The S3 endpoint that forms name, with a slash at the end."""
        environment = self.installation.environment(SIGNER)
        endpoint = environment.get("AWS_ENDPOINT_URL_S3")
        if not endpoint:
            endpoint = f"https://s3.{environment['AWS_REGION']}.amazonaws.com"
        parts = urlsplit(endpoint)
        return f"{parts.scheme}://{parts.netloc}/"

    def _origins_are_narrowed(self) -> bool:
        bucket = self.installation.names["ObjectBucket"]
        try:
            rules = self.installation.client("s3").get_bucket_cors(Bucket=bucket)
        except ClientError:
            return False
        return any("*" not in "".join(rule["AllowedOrigins"]) for rule in rules["CORSRules"])


_ANNOUNCEMENT = {
    "files": [
        {
            "originalFilename": "coffer-doctor-canary.txt",
            "receivedMediaType": "text/plain",
            "sizeInBytes": len(CANARY),
        }
    ]
}
