"""Run moto's server in this process, with Lambda's Invoke, on a free loopback port.

moto has DynamoDB, SQS and EventBridge.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import moto.moto_server.threaded_moto_server as server_module
import moto.moto_server.werkzeug_app as werkzeug_app
import moto.sqs.models as sqs_models
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.events.models import EventsBackend, events_backends
from moto.server import ThreadedMotoServer
from moto.sqs.models import Queue, SQSBackend, sqs_backends

from local.aws import moto_speed
from local.aws.clients_only import ClientsOnly
from local.aws.dynamodb_fixes import DynamoDBFixes
from local.aws.lambda_api import InvokeByName, LambdaApplication
from local.clock import StackClock, WakeupSignal
from local.faults.fault_injection import FaultInjector
from local.faults.throttling import ThrottlingApplication
from local.hosts import LOOPBACK_HOSTS
from local.invocation import MAX_ASYNCHRONOUS_BYTES, Outcome
from local.patching import Patches
from local.resources import ACCOUNT, DEFAULT_REGION, Resources

HOST = "127.0.0.1"

PutEvents = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def _no_function(_name: str, _event: Any) -> Outcome | None:
    return None


@dataclass(frozen=True)
class ReceivedMessage:
    """A message received from a queue."""

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    sent_ms: int
    first_received_ms: int
    body_md5: str


class MotoServer:
    """moto's server with a corrected DynamoDB, the stack's clock, and the stack's event bus.

    moto's own bus does not deliver events. It has no retries, dead-letter queues or Lambda
    targets, and in it a rule that only has a schedule matches every event.
    """

    def __init__(
        self,
        clock: StackClock,
        wakeup: WakeupSignal,
        faults: FaultInjector | None = None,
        allowed_hosts: frozenset[str] = LOOPBACK_HOSTS,
    ) -> None:
        self._allowed_hosts = allowed_hosts
        self._clock = clock
        self._wakeup = wakeup
        self._faults = faults or FaultInjector()
        self.fixes = DynamoDBFixes(clock.now, wakeup.notify)
        self._patches = Patches()
        self._queue_lock = threading.RLock()
        self._server: ThreadedMotoServer | None = None
        self.application: ThrottlingApplication | None = None
        """The WSGI application behind `url` and its guard. Callers in this process may call it."""

    @property
    def url(self) -> str:
        """The URL of the server; RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("moto's server has not started")
        host, port = self._server.get_host_and_port()
        return f"http://{host}:{port}"

    def start(self, put_events: PutEvents, invoke: InvokeByName = _no_function) -> None:
        """Start the server; `put_events` handles PutEvents, and `invoke` Lambda's Invoke."""
        for name in ("werkzeug", "moto", "botocore", "boto3", "urllib3"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self.reset()
        self.fixes.install()
        replace = self._patches.replace
        replace(sqs_models, "unix_time_millis", self._clock.milliseconds)
        replace(sqs_models, "unix_time", self._clock.seconds)
        # moto has SQS's newer limit of 1 MiB, which not every consumer of these messages accepts.
        replace(sqs_models, "MAXIMUM_MESSAGE_LENGTH", MAX_ASYNCHRONOUS_BYTES)
        replace(EventsBackend, "put_events", lambda _backend, events: put_events(events))
        moto_speed.install(self._patches)
        self._patch_queues()
        self._wrap_application(invoke)
        self._server = ThreadedMotoServer(HOST, 0, verbose=False)
        self._server.start()

    def _patch_queues(self) -> None:
        """Make sending, receiving and deleting thread-safe, and wake the pollers on sending.

        moto rebuilds the list of messages to delete one, so a message sent meanwhile is lost.
        """
        add, delete = vars(Queue)["add_message"], vars(Queue)["delete_message"]
        receive = vars(SQSBackend)["receive_message"]

        def add_message(queue: Queue, message: Any) -> None:
            delay = self._faults.delay_seconds(str(queue.name))
            if delay:
                message.delay(delay)
            with self._queue_lock:
                add(queue, message)
            self._wakeup.notify()

        def delete_message(queue: Queue, receipt_handle: str) -> None:
            with self._queue_lock:
                delete(queue, receipt_handle)

        def receive_message(
            backend: SQSBackend, queue_name: str, count: int, wait: int, visibility: int,
            names: list[str] | None = None,
        ) -> list[Any]:  # fmt: skip
            deadline = time.monotonic() + wait
            while True:
                seen = self._wakeup.count
                with self._queue_lock:
                    found: list[Any] = receive(backend, queue_name, count, 0, visibility, names)
                    _align_visibility(backend.get_queue(queue_name), found)
                left = deadline - time.monotonic()
                if found or left <= 0:
                    return found
                self._wakeup.wait(seen, min(left, 1.0))

        self._patches.replace(Queue, "add_message", add_message)
        self._patches.replace(Queue, "delete_message", delete_message)
        self._patches.replace(SQSBackend, "receive_message", receive_message)

    def _wrap_application(self, invoke: InvokeByName) -> None:
        """Put a guard, the errors of chaos and Lambda's Invoke in front of moto's application."""
        make_application: Any = vars(server_module)["DomainDispatcherApplication"]
        service_error = self._faults.service_error

        def make_guarded(create: Any) -> ClientsOnly:
            application = LambdaApplication(make_application(create), invoke, service_error)
            self.application = ThrottlingApplication(application, service_error)
            return ClientsOnly(self.application, self._allowed_hosts)

        self._patches.replace(werkzeug_app, "DISABLE_GLOBAL_CORS", True)
        self._patches.replace(server_module, "DomainDispatcherApplication", make_guarded)

    def stop(self) -> None:
        """Stop the server and undo all changes to moto."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._patches.undo()
        self.fixes.remove()
        self.reset()

    def has_resources(self, resources: Resources) -> bool:
        """True if all tables, queues and buses exist.

        Another stack in this process may have deleted them: moto has one state per process.
        """
        events = events_backends[ACCOUNT][DEFAULT_REGION]
        return (
            all(table.name in self.dynamodb.tables for table in resources.tables)
            and all(queue.name in self._sqs.queues for queue in resources.queues)
            and all(bus.name in events.event_buses for bus in resources.buses)
        )

    def reset(self) -> None:
        """Delete all tables, queues and buses."""
        for backend in (dynamodb_backends, sqs_backends, events_backends):
            backend[ACCOUNT][DEFAULT_REGION].reset()

    @property
    def dynamodb(self) -> DynamoDBBackend:
        """The state of moto's DynamoDB."""
        return dynamodb_backends[ACCOUNT][DEFAULT_REGION]

    @property
    def _sqs(self) -> SQSBackend:
        return sqs_backends[ACCOUNT][DEFAULT_REGION]

    def table(self, name: str) -> Table:
        """Return moto's table with that name."""
        return self.dynamodb.get_table(name)

    @contextmanager
    def locked_dynamodb(self) -> Iterator[None]:
        """Lock DynamoDB against other threads for a `with` block."""
        with self.fixes.lock:
            yield

    def empty(self) -> None:
        """Delete all items, stream records and messages; keep tables and queues."""
        with self.locked_dynamodb():
            for table in self.dynamodb.tables.values():
                table.items.clear()
                self.fixes.forget(table)
                if table.stream_shard is not None:
                    table.stream_shard.items.clear()
        with self._queue_lock:
            for queue in self._sqs.queues.values():
                queue._messages = []
                queue.pending_messages.clear()
                queue.deleted_messages.clear()

    def sweep_expired(self) -> int:
        """Delete the items whose TTL has passed, and return how many."""
        return self.fixes.sweep_expired(self.dynamodb)

    def send(self, queue: str, body: str, attributes: Mapping[str, str] | None = None) -> str:
        """Send a message with attributes of type String, and return its id."""
        typed_attributes = {
            name: {"data_type": "String", "string_value": text}
            for name, text in (attributes or {}).items()
        }
        return str(self._sqs.send_message(queue, body, typed_attributes).id)

    def receive(self, queue: str, count: int) -> list[ReceivedMessage]:
        """Receive up to `count` visible messages; move dead ones to the dead-letter queue first."""
        with self._queue_lock:
            moto_queue = self._sqs.get_queue(queue)
            ready = [one for one in moto_queue._messages if one.visible and not one.delayed]
            rest = [one for one in moto_queue._messages if one not in ready]
            moto_queue._messages = [*self._faults.reordered(ready, queue), *rest]
        timeout = int(vars(self._sqs.get_queue(queue))["visibility_timeout"])
        messages = self._sqs.receive_message(queue, count, 0, timeout)
        return [
            ReceivedMessage(
                str(message.id),
                str(message.receipt_handle),
                message.body,
                int(message.approximate_receive_count),
                int(message.sent_timestamp or 0),
                int(message.approximate_first_receive_timestamp or 0),
                message.body_md5,
            )
            for message in messages
        ]

    def delete(self, queue: str, receipt_handles: Sequence[str]) -> None:
        """Delete received messages by their receipt handles."""
        for receipt_handle in receipt_handles:
            self._sqs.delete_message(queue, receipt_handle)

    def message_bodies(self, queue: str) -> list[str]:
        """Return the bodies of all messages in a queue, visible or not, without receiving them."""
        return [message.body for message in self._sqs.get_queue(queue)._messages]

    def next_visible_ms(self, queue: str) -> float | None:
        """Return when the next hidden message becomes visible; None without hidden messages."""
        now = self._clock.milliseconds()
        hidden = (
            max(message.visible_at, message.delayed_until)
            for message in self._sqs.get_queue(queue)._messages
        )
        return min((one for one in hidden if one >= now), default=None)


def _align_visibility(queue: Queue, received: Sequence[Any]) -> None:
    """Make messages that were received together visible at the same time.

    moto reads its clock for each message, so their times would differ.
    """
    until = max((message.visible_at for message in received), default=0.0)
    names = {message.id for message in received}
    for message in queue._messages:
        if message.id in names:
            message.visible_at = until
