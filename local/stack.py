"""The local stack as one object: made from a template, started, driven, emptied, stopped."""

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
from local.invocation import Invoker, Outcome, RecordingInvoker
from local.reports import NoReports, Reports
from local.resources import DEFAULT_REGION, DEFAULT_STACK_NAME, Resources, name_of_arn
from local.storage.gate import GateStorage, Storage
from local.storage.polling import LISTING_SECONDS, BucketPoller, prefixes_in_rules
from local.template.parser import TemplateParser
from local.template.source import read_source, translate
from local.template.validation import check_resources
from local.tokens import Issuer, PermissionTokens

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
MAX_ROUNDS = 10_000
RAWSTORE_BUCKET = "RawstoreBucket"
"""The bucket of the template that STORAGE_BUCKET_NAME names, unless it is in another store."""

DEVELOPMENT = {"DEVELOPMENT_IDENTITY": "dev"}
"""Who calls when nobody says: everything is allowed to them. Settings refuse it when deployed."""


class Poller(Protocol):
    """Something that delivers: a queue's or a stream's poller, the asynchronous invocations."""

    name: str

    def run_once(self) -> bool:
        """Makes one delivery; False when nothing is due."""

    def next_due_ms(self) -> float | None:
        """When something will be due, in milliseconds of the stack's clock."""


class NeverSettledError(Exception):
    """Deliveries cause deliveries without end."""


class LocalStack:
    """A stack. In process (the default), nothing moves until a test says so: see `local`."""

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
    ) -> None:
        self._template_path = template
        self._parameters = dict(parameters or {})
        self.tokens_required = tokens_required
        """Whether callers under /api need a token; otherwise everybody is the developer."""
        identity = {} if tokens_required else DEVELOPMENT
        self._extra_environment = dict(identity if environment is None else environment)
        self._in_process = in_process
        self._s3_port = s3_port
        self._external_storage = external_storage
        self._reports = reports or NoReports()
        self._clients = Clients(lambda: self.storage, lambda: self.server.url)
        self._folder: Path | None = None
        self._started: list[Callable[[], None]] = []
        self.clock = StackClock()
        self.permission_tokens: PermissionTokens | None = None
        """Signs rawstore's tokens, unless somebody else's public key was given."""
        if "DATAHUB_PUBLIC_KEY" not in self._extra_environment:
            self.permission_tokens = PermissionTokens(self.clock)
            self._extra_environment["DATAHUB_PUBLIC_KEY"] = self.permission_tokens.public_key
        self.issuer: Issuer | None = None
        """Signs bearer tokens where they are required, unless another issuer was named."""
        if tokens_required and not self._parameters.get("OidcIssuer"):
            self.issuer = Issuer(self.clock)
        if chaos and in_process:
            # What is late comes after what is less late, however slow the machine.
            self.clock.freeze()
        self.wakeup = WakeupSignal()
        self.faults = FaultInjector(chaos, self._reports.note)
        self.server = MotoServer(self.clock, self.wakeup, self.faults)
        self.failures: list[tuple[str, Outcome]] = []
        """Function and outcome of every invocation that failed since the last reset."""

    # Beginning and end ---------------------------------------------------------------------

    def start(self) -> LocalStack:
        """Makes everything; on an error nothing is left running.

        TemplateError for what the template has and the stack doesn't know; OSError for a port.
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
        self.server.start(lambda entries: self.bus.put_events(entries))
        self._started.append(self.server.stop)
        self.storage = self._make_storage()
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
        # Before there is a handler: what the store can't do is found out here, and told to them.
        self.storage.make_buckets(self.client("s3"), self.resources.buckets)
        self.invoker = self._make_invoker()
        self._started.append(self.invoker.close)
        self._connect()
        self._provision()

    def _make_storage(self) -> Storage:
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
        )

    def _bucket_name(self, logical_id: str) -> str | None:
        """The name that somebody else chose for a bucket, or None."""
        rawstore = self._extra_environment.get("STORAGE_BUCKET_NAME")
        elsewhere = self._extra_environment.get("STORAGE_HOSTNAME")
        if logical_id == RAWSTORE_BUCKET and rawstore and not elsewhere:
            return rawstore
        return self.storage.bucket_name(logical_id)

    def _make_invoker(self) -> Invoker:
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
        """A watch for each bucket whose events some rule waits for."""
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
                    # A test that drives the stack waits for nothing.
                    pause_seconds=0.0 if self._in_process else LISTING_SECONDS,
                )

    def _provision(self) -> None:
        provisioning.make_tables(self.client("dynamodb"), self.resources)
        provisioning.make_queues(self.client("sqs"), self.resources)
        provisioning.make_buses(self.client("events"), self.resources)

    def stop(self) -> None:
        """Ends everything that was started, latest first; may be called again."""
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

    # Whereabouts ---------------------------------------------------------------------------

    def endpoints(self) -> dict[str, str]:
        """The variables by which handlers, or any AWS client, find this stack."""
        key, secret = self.storage.keys
        return {
            "AWS_REGION": DEFAULT_REGION,
            "AWS_DEFAULT_REGION": DEFAULT_REGION,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_ENDPOINT_URL": self.server.url,
            "AWS_ENDPOINT_URL_S3": self.storage.url,
            # Nobody's own profiles, and no wait for a metadata service that isn't there.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.storage.variables,
            **(self.issuer.variables if self.issuer is not None else {}),
            **self._extra_environment,
        }

    def client(self, service: str) -> Any:
        """A boto3 client of this stack; the same one each time."""
        return self._clients.get(service)

    def name(self, logical_id: str) -> str:
        """The physical name of a resource."""
        return self.resources.names[logical_id]

    # Driving it by hand --------------------------------------------------------------------

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes | str = b"",
        json_body: Any = None,
    ) -> Response:
        """One request through the template's routes, without a socket.

        `target` is the path with its query, percent-encoded. `json_body` is sent as JSON.
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
        """One request, with what the log says about it."""
        return self.gateway.handle(request)

    def invoke(self, function: str, event: Any) -> Outcome:
        """Invokes a function by its logical id and waits."""
        return self._recorded.invoke(self.resources.function(function), event)

    @property
    def pollers(self) -> list[Poller]:
        """Everything that delivers, in the order in which `settle` asks."""
        return [*self.bucket_pollers, *self.queue_pollers, *self.stream_pollers, self.asynchronous]

    def settle(self, *, retries: bool = False) -> None:
        """Delivers what is due, and what follows from it, until nothing is left to do.

        With `retries` the clock moves forward to each next attempt, until everything has gone
        well, lies in a dead-letter queue, or was given up. NeverQuietError if that never ends.
        """
        for _ in range(MAX_ROUNDS):
            pollers = self.faults.reordered_pollers(self.pollers)
            if any([poller.run_once() for poller in pollers]):  # noqa: C419 - each gets its turn
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
        """Runs a schedule now, by its logical id or its function's, and waits."""
        schedule = self.scheduler.find(name)
        if schedule is None:
            known = ", ".join(one.logical_id for one in self.resources.schedules)
            raise KeyError(f"there is no schedule {name!r}; there are: {known}")
        event = make_event(schedule, self.clock.now())
        return self._recorded.invoke(self.scheduler.target(schedule), event)

    def sweep_expired(self) -> int:
        """Deletes what has expired on the stack's clock; answers how much it was.

        Items by their TTL, objects and uploads by their bucket's lifecycle rules.
        """
        return self.server.sweep_expired() + self.storage.apply_lifecycle()

    def deliver(self, event: Event) -> None:
        """An event of an AWS service on the default bus: what the S3 gate calls."""
        self.bus.publish("default", event)

    def reset(self) -> None:
        """Empties everything, so that the next test begins like the first.

        moto exists once in a process: what another server in it took away is made again.
        """
        if self._is_whole():
            self.server.empty()
            self.storage.empty()
        else:
            self.server.reset()
            self.storage.reset()
            self.storage.make_buckets(self.client("s3"), self.resources.buckets)
            self._provision()
        self.clock.reset()
        self.bus.forget()
        self.asynchronous.reset()
        self.scheduler.restart()
        for watch in self.bucket_pollers:
            watch.reset()
        for poller in self.stream_pollers:
            poller.reset()
        self.faults.reset()
        self.failures.clear()

    def _is_whole(self) -> bool:
        buckets = [bucket.name for bucket in self.resources.buckets]
        return self.server.holds(self.resources) and self.storage.holds(buckets)

    # Looking into it -----------------------------------------------------------------------

    @property
    def bus_events(self) -> list[Event]:
        """What went over the template's bus, oldest first."""
        return self.bus.seen

    def items(self, table: str) -> list[dict[str, Any]]:
        """Everything in a table, by its logical id, as plain values."""
        deserialize = TypeDeserializer().deserialize
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.name(table))
        return [
            {name: deserialize(value) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]

    def messages(self, queue: str) -> list[Any]:
        """The JSON bodies of everything in a queue, by its logical id; nothing is taken."""
        return [json.loads(body) for body in self.server.message_bodies(self.name(queue))]

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """The keys in a bucket, by its logical id."""
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
            # Queues and topics get what S3 gets, but for the records themselves.
            short = {name: value for name, value in document.items() if name != "payload"}
            self.server.send(name_of_arn(destination), json.dumps(short))
