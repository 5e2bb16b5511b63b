"""`LocalStack`: create a stack from the template, start it, send requests, deliver, and stop it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from boto3.dynamodb.types import TypeDeserializer

from local.aws import provisioning
from local.aws.clients import Clients
from local.aws.moto_server import HOST, MotoServer
from local.clock import StackClock, WakeupSignal
from local.eventbridge.bus import Bus, Event
from local.eventbridge.schedules import Scheduler, make_event
from local.faults.chaos import NO_FAULTS, Chaos
from local.faults.fault_injection import FaultInjector
from local.functions.asynchronous import AsynchronousInvocations
from local.functions.in_process import InProcessInvoker
from local.functions.queue_poller import QueuePoller
from local.functions.stream_poller import StreamPoller
from local.functions.workers import WorkerInvoker
from local.gateway.api import Gateway, HandledRequest, Request, Response
from local.hosts import CONTAINERS_HOST, LOOPBACK_HOSTS
from local.invocation import Invoker, Outcome, RecordingInvoker
from local.reports import Reports
from local.resources import DEFAULT_REGION, DEFAULT_STACK_NAME, Resources, name_of_arn
from local.storage.gate import GateStorage, Storage
from local.storage.polling import POLL_INTERVAL_SECONDS, BucketPoller, prefixes_in_rules
from local.template.parser import TemplateParser
from local.template.source import read_source, translate
from local.template.validation import check_resources
from local.tokens import Issuer, PermissionTokenSigner

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
MAX_ROUNDS = 10_000
RAWSTORE_BUCKET = "RawstoreBucket"
"""The bucket that gets the name in STORAGE_BUCKET_NAME, unless STORAGE_HOSTNAME is set too."""

DEVELOPMENT = {"DEVELOPMENT_IDENTITY": "dev"}
"""Lets callers without a token do everything, as user `dev`. Deployed stacks refuse it."""


class Poller(Protocol):
    """Delivers from one source: a queue, a stream, a bucket, or the asynchronous invocations."""

    name: str

    def run_once(self) -> bool:
        """Make one delivery; return False if none is due."""

    def next_due_ms(self) -> float | None:
        """Return when a delivery will be due, in milliseconds of the stack's clock."""


class NeverSettledError(Exception):
    """`settle` did not end, because deliveries keep causing deliveries."""


class LocalStack:
    """A local stack.

    With `in_process` (the default) handlers run in this process, and nothing is delivered until a
    test calls `settle`. Otherwise handlers run in worker processes, and `local.foreground` runs the
    pollers. The arguments are in `local/README.md`.
    """

    def __init__(
        self,
        template: Path = TEMPLATE,
        *,
        parameters: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        in_process: bool = True,
        s3_port: int = 0,
        external_storage: Storage | None = None,
        reports: Reports | None = None,
        chaos: Chaos = NO_FAULTS,
        tokens_required: bool = False,
        allowed_hosts: frozenset[str] = LOOPBACK_HOSTS,
    ) -> None:
        self._template_path = template
        self._parameters = dict(parameters or {})
        self.tokens_required = tokens_required
        """True if callers under /api need a token; otherwise every caller is the user `dev`."""
        identity = {} if tokens_required else DEVELOPMENT
        self._extra_environment = dict(identity if environment is None else environment)
        self._in_process = in_process
        self._s3_port = s3_port
        self._external_storage = external_storage
        self._reports = reports or Reports()
        self._clients = Clients(lambda: self.storage, lambda: self.server.url)
        self._folder: Path | None = None
        self._started: list[Callable[[], None]] = []
        self.clock = StackClock()
        self.permission_tokens: PermissionTokenSigner | None = None
        """Signs rawstore's tokens; None if DATAHUB_PUBLIC_KEY was given."""
        if "DATAHUB_PUBLIC_KEY" not in self._extra_environment:
            self.permission_tokens = PermissionTokenSigner(self.clock)
            self._extra_environment["DATAHUB_PUBLIC_KEY"] = self.permission_tokens.public_key
        self.issuer: Issuer | None = None
        """Signs bearer tokens; None if none are required, or if OidcIssuer names an issuer."""
        if tokens_required and not self._parameters.get("OidcIssuer"):
            self.issuer = Issuer(self.clock)
        if chaos and in_process:
            # So that the order of delayed deliveries does not depend on the machine's speed.
            self.clock.freeze()
        self.wakeup = WakeupSignal()
        self.faults = FaultInjector(chaos, self._reports.note)
        self._client_hosts = allowed_hosts | {CONTAINERS_HOST}
        """Hosts that clients of S3 and of the other services may use."""
        self.server = MotoServer(self.clock, self.wakeup, self.faults, self._client_hosts)
        self.failures: list[tuple[str, Outcome]] = []
        """Function and outcome of every invocation that failed since the last reset."""

    def start(self) -> LocalStack:
        """Create and start everything; after an error nothing is left running.

        Raise `TemplateError` for a template that is not supported, and OSError if a port is taken.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        source = read_source(self._template_path)
        template = translate(source, self._parameters, DEFAULT_REGION)
        self.server.start(lambda entries: self.bus.put_events(entries), self._invoke_by_name)
        self._started.append(self.server.stop)
        self.storage = self._create_storage()
        self.resources: Resources = TemplateParser(
            template, DEFAULT_STACK_NAME, self.server.url, self._bucket_name
        ).parse()
        check_resources(source, self.resources)
        if self.issuer is not None:
            self.issuer.start()
            self._started.append(self.issuer.stop)
            self.issuer.claim_names = self.resources.environment
        self.storage.start()
        self._started.append(self.storage.stop)
        # Before a handler starts: this finds out the storage variables for the handlers.
        self.storage.create_buckets(self.client("s3"), self.resources.buckets)
        self.invoker = self._create_invoker()
        self._started.append(self.invoker.close)
        self._connect()
        self._provision()

    def _create_storage(self) -> Storage:
        if self._external_storage is not None:
            return self._external_storage
        self._folder = Path(tempfile.mkdtemp(prefix="coffer-local-"))
        return GateStorage(
            HOST,
            self._s3_port,
            self._folder,
            self.clock.now,
            lambda event: self.deliver(event),
            self.faults.service_error,
            self._client_hosts,
        )

    def _bucket_name(self, logical_id: str) -> str | None:
        """Return a bucket's name if the environment or the storage decides it, else None."""
        name = self._extra_environment.get("STORAGE_BUCKET_NAME")
        is_elsewhere = self._extra_environment.get("STORAGE_HOSTNAME")
        if logical_id == RAWSTORE_BUCKET and name and not is_elsewhere:
            return name
        return self.storage.bucket_name(logical_id)

    def _create_invoker(self) -> Invoker:
        if not self._in_process:
            return WorkerInvoker(
                self.endpoints(), self.clock, self._reports.output, self.faults.chaos
            )
        invoker = InProcessInvoker(self.clock, self.faults)
        try:
            invoker.prepare(self.resources.functions, self.endpoints())
        except BaseException:
            invoker.close()
            raise
        return invoker

    def _connect(self) -> None:
        recorded = RecordingInvoker(self.invoker, self.failures)
        self._recorded = recorded
        self.asynchronous = AsynchronousInvocations(
            recorded,
            self.server.send,
            self.clock,
            self._reports,
            self.wakeup,
            self.faults,
        )
        self.bus = Bus(
            self.resources,
            self.server.send,
            self.asynchronous.accept,
            self.clock,
            self._reports,
            self.faults,
        )
        self.gateway = Gateway(self.resources, recorded, self.clock)
        self.scheduler = Scheduler(self.resources, self.clock, self.asynchronous.accept)
        self.queue_pollers = [
            QueuePoller(
                mapping,
                self.resources.function(mapping.function),
                next(
                    queue
                    for queue in self.resources.queues
                    if queue.name == name_of_arn(mapping.source_arn)
                ),
                self.server,
                recorded,
                self._reports,
                self.faults,
            )
            for mapping in self.resources.mappings
            if mapping.enabled and ":sqs:" in mapping.source_arn
        ]
        self.stream_pollers = [
            StreamPoller(
                mapping,
                self.resources.function(mapping.function),
                self.server,
                recorded,
                self._reports,
                self.clock,
                self.faults,
                self._store_failed,
            )
            for mapping in self.resources.mappings
            if mapping.enabled and "/stream/" in mapping.source_arn
        ]
        self.bucket_pollers = [] if self.storage.sends_events else list(self._watch_buckets())

    def _watch_buckets(self) -> Iterator[BucketPoller]:
        """Yield a poller for each bucket whose events a rule matches."""
        for bucket in self.resources.buckets:
            prefixes = prefixes_in_rules(self.resources.rules, bucket.name)
            if bucket.sends_events and prefixes:
                yield BucketPoller(
                    self.client("s3"),
                    bucket.name,
                    prefixes,
                    DEFAULT_REGION,
                    self.clock.now,
                    self.deliver,
                    # `settle` must find changes at once.
                    pause_seconds=0.0 if self._in_process else POLL_INTERVAL_SECONDS,
                )

    def _provision(self) -> None:
        provisioning.create_tables(self.client("dynamodb"), self.resources)
        provisioning.create_queues(self.client("sqs"), self.resources)
        provisioning.create_buses(self.client("events"), self.resources)

    def stop(self) -> None:
        """Stop everything that was started, last first. It may be called again."""
        while self._started:
            self._started.pop()()
        self._clients.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> LocalStack:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def endpoints(self) -> dict[str, str]:
        """Return the environment with which handlers, or any AWS client, use this stack."""
        key, secret = self.storage.keys
        return {
            "AWS_REGION": DEFAULT_REGION,
            "AWS_DEFAULT_REGION": DEFAULT_REGION,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_ENDPOINT_URL": self.server.url,
            "AWS_ENDPOINT_URL_S3": self.storage.url,
            # No profiles of the user, and no timeout on a metadata service that does not exist.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.storage.variables,
            **(self.issuer.variables if self.issuer is not None else {}),
            **self._extra_environment,
        }

    def client(self, service: str) -> Any:
        """Return a boto3 client for this stack, always the same one."""
        return self._clients.get(service)

    def name(self, logical_id: str) -> str:
        """Return the physical name of a resource."""
        return self.resources.names[logical_id]

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes | str = b"",
        json_body: Any = None,
    ) -> Response:
        """Send a request through the template's routes, without a socket.

        `target` is the percent-encoded path with its query. `json_body` is sent as JSON.
        """
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        raw = body.encode() if isinstance(body, str) else body
        if json_body is not None:
            raw = json.dumps(json_body).encode()
        names = {name.lower() for name, _ in pairs}
        if json_body is not None and "content-type" not in names:
            pairs.append(("Content-Type", "application/json"))
        if "host" not in names:
            pairs.append(("Host", "localhost:8081"))
        if raw and "content-length" not in names:
            pairs.append(("Content-Length", str(len(raw))))
        return self.handle(Request(method, target, pairs, raw)).response

    def handle(self, request: Request) -> HandledRequest:
        """Handle a request; the result also has what the log needs."""
        return self.gateway.handle(request)

    def invoke(self, function: str, event: Any) -> Outcome:
        """Invoke a function by its logical id, and return the outcome."""
        return self._recorded.invoke(self.resources.function(function), event)

    def _invoke_by_name(self, name: str, event: Any) -> Outcome | None:
        """Invoke a function by its physical name; return None if there is none."""
        named = {function.name: function for function in self.resources.functions}
        return self._recorded.invoke(named[name], event) if name in named else None

    @property
    def pollers(self) -> list[Poller]:
        """All pollers, in the order in which `settle` calls them."""
        return [*self.bucket_pollers, *self.queue_pollers, *self.stream_pollers, self.asynchronous]

    def settle(self, *, retries: bool = False) -> None:
        """Make all deliveries that are due, and those that they cause.

        With `retries` the clock moves forward to each next attempt, until every delivery has
        succeeded or failed for good. Raise `NeverSettledError` after `MAX_ROUNDS` rounds.
        """
        for _ in range(MAX_ROUNDS):
            pollers = self.faults.reordered_pollers(self.pollers)
            if any([poller.run_once() for poller in pollers]):  # noqa: C419 - every one must run
                continue
            if not retries:
                return
            due = min(
                (one for poller in self.pollers if (one := poller.next_due_ms()) is not None),
                default=None,
            )
            if due is None:
                return
            ahead = max(0.0, due - self.clock.milliseconds())
            self.clock.advance(timedelta(milliseconds=ahead + 2))
        raise NeverSettledError(f"still delivering after {MAX_ROUNDS} rounds")

    def run_schedule(self, name: str) -> Outcome:
        """Run a schedule now, by its logical id or its function's, and return the outcome."""
        schedule = self.scheduler.find(name)
        if schedule is None:
            known = ", ".join(one.logical_id for one in self.resources.schedules)
            raise KeyError(f"there is no schedule {name!r}; there are: {known}")
        event = make_event(schedule, self.clock.now())
        return self._recorded.invoke(self.scheduler.target(schedule), event)

    def sweep_expired(self) -> int:
        """Delete what has expired on the stack's clock, and return how much that was.

        Items expire by their TTL, objects and uploads by their bucket's lifecycle rules.
        """
        return self.server.sweep_expired() + self.storage.apply_lifecycle()

    def deliver(self, event: Event) -> None:
        """Publish an event of an AWS service on the default bus; the S3 gate calls this."""
        self.bus.publish("default", event)

    def reset(self) -> None:
        """Empty everything, so that each test starts with the same state.

        Resources that another stack in this process has deleted are created again, because moto
        has one state per process.
        """
        if self._has_all_resources():
            self.server.empty()
            self.storage.empty()
        else:
            self.server.reset()
            self.storage.reset()
            self.storage.create_buckets(self.client("s3"), self.resources.buckets)
            self._provision()
        self.clock.reset()
        self.bus.forget()
        self.asynchronous.reset()
        self.scheduler.restart()
        for bucket_poller in self.bucket_pollers:
            bucket_poller.reset()
        for stream_poller in self.stream_pollers:
            stream_poller.reset()
        self.faults.reset()
        self.failures.clear()

    def _has_all_resources(self) -> bool:
        buckets = [bucket.name for bucket in self.resources.buckets]
        return self.server.has_resources(self.resources) and self.storage.has_buckets(buckets)

    @property
    def bus_events(self) -> list[Event]:
        """The events on the template's buses, oldest first."""
        return self.bus.seen

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return all items of a table, by its logical id, as plain values."""
        deserialize = TypeDeserializer().deserialize
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.name(table))
        return [
            {name: deserialize(value) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]

    def messages(self, queue: str) -> list[Any]:
        """Return the JSON bodies of all messages in a queue, by its logical id."""
        return [json.loads(body) for body in self.server.message_bodies(self.name(queue))]

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the keys in a bucket, by its logical id."""
        pages = self.client("s3").get_paginator("list_objects_v2")
        return [
            one["Key"]
            for page in pages.paginate(Bucket=self.name(bucket), Prefix=prefix)
            for one in page.get("Contents", ())
        ]

    def _store_failed(self, destination: str, key: str, document: Mapping[str, Any]) -> None:
        if destination.startswith("arn:aws:s3:::"):
            self.client("s3").put_object(
                Bucket=name_of_arn(destination),
                Key=key,
                Body=json.dumps(document).encode(),
                ContentType="application/json",
            )
        else:
            # Only an S3 destination gets the records themselves.
            without_records = {name: value for name, value in document.items() if name != "payload"}
            self.server.send(name_of_arn(destination), json.dumps(without_records))
