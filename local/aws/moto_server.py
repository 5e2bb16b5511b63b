"""moto's server in this process: DynamoDB, SQS and EventBridge on a free loopback port."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import moto.moto_server.threaded_moto_server as server_module
import moto.sqs.models as sqs_models
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.events.models import EventsBackend, events_backends
from moto.server import ThreadedMotoServer
from moto.sqs.models import Queue, SQSBackend, sqs_backends

from local.aws import moto_speed
from local.aws.dynamodb_fixes import DynamoDBFixes
from local.clock import StackClock, WakeupSignal
from local.faults.fault_injection import FaultInjector
from local.faults.throttling import ThrottlingApplication
from local.invocation import MAX_ASYNCHRONOUS_BYTES
from local.patching import Patches
from local.resources import ACCOUNT, DEFAULT_REGION, Resources

HOST = "127.0.0.1"

PutEvents = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@dataclass(frozen=True)
class ReceivedMessage:
    """A message out of a queue."""

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    sent_ms: int
    first_received_ms: int
    body_md5: str


class MotoServer:
    """The server, with DynamoDB mended, time on the stack's clock, and its bus replaced.

    moto's own bus is not used to deliver: it knows neither retries nor dead-letter queues nor
    Lambda targets, and a rule with only a schedule matches every event there.
    """

    def __init__(
        self, clock: StackClock, wakeup: WakeupSignal, faults: FaultInjector | None = None
    ) -> None:
        self._clock = clock
        self._wakeup = wakeup
        self._faults = faults or FaultInjector()
        self.fixes = DynamoDBFixes(clock.now, wakeup.notify)
        self._patches = Patches()
        self._queue_lock = threading.RLock()
        self._server: ThreadedMotoServer | None = None
        self.application: ThrottlingApplication | None = None
        """The WSGI application behind `url`, which callers in this process may call directly."""

    @property
    def url(self) -> str:
        """Where it answers; only once it has started."""
        if self._server is None:
            raise RuntimeError("moto's server hasn't started")
        host, port = self._server.get_host_and_port()
        return f"http://{host}:{port}"

    def start(self, put_events: PutEvents) -> None:
        """Starts it; `put_events` takes what handlers put on a bus."""
        for noisy in ("werkzeug", "moto", "botocore", "boto3", "urllib3"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        self.reset()
        self.fixes.install()
        replace = self._patches.replace
        replace(sqs_models, "unix_time_millis", self._clock.milliseconds)
        replace(sqs_models, "unix_time", self._clock.seconds)
        # moto goes by SQS's newer 1 MiB, which not every consumer of these messages takes.
        replace(sqs_models, "MAXIMUM_MESSAGE_LENGTH", MAX_ASYNCHRONOUS_BYTES)
        replace(EventsBackend, "put_events", lambda _backend, events: put_events(events))
        moto_speed.install(self._patches)
        self._mend_queues()
        self._refuse_calls()
        self._server = ThreadedMotoServer(HOST, 0, verbose=False)
        self._server.start()

    def _mend_queues(self) -> None:
        """Makes sending, receiving and deleting safe between threads, and sending heard.

        moto rebuilds the list of messages to delete one: what was sent meanwhile is lost.
        """
        add, delete = vars(Queue)["add_message"], vars(Queue)["delete_message"]
        receive = vars(SQSBackend)["receive_message"]

        def add_message(queue: Queue, message: Any) -> None:
            late = self._faults.delay_seconds(str(queue.name))
            if late:
                message.delay(late)
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
                    _hide_together(backend.get_queue(queue_name), found)
                left = deadline - time.monotonic()
                if found or left <= 0:
                    return found
                self._wakeup.wait(seen, min(left, 1.0))

        self._patches.replace(Queue, "add_message", add_message)
        self._patches.replace(Queue, "delete_message", delete_message)
        self._patches.replace(SQSBackend, "receive_message", receive_message)

    def _refuse_calls(self) -> None:
        make_application: Any = vars(server_module)["DomainDispatcherApplication"]
        service_error = self._faults.service_error

        def make_refusing(create: Any) -> ThrottlingApplication:
            self.application = ThrottlingApplication(make_application(create), service_error)
            return self.application

        self._patches.replace(server_module, "DomainDispatcherApplication", make_refusing)

    def stop(self) -> None:
        """Stops it and leaves moto as it came."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._patches.undo()
        self.fixes.remove()
        self.reset()

    def holds(self, resources: Resources) -> bool:
        """Whether all tables, queues and buses are still there: moto is one for a process."""
        events = events_backends[ACCOUNT][DEFAULT_REGION]
        return (
            all(table.name in self.dynamodb.tables for table in resources.tables)
            and all(queue.name in self._sqs.queues for queue in resources.queues)
            and all(bus.name in events.event_buses for bus in resources.buses)
        )

    def reset(self) -> None:
        """Back to an account without tables, queues and buses."""
        for backend in (dynamodb_backends, sqs_backends, events_backends):
            backend[ACCOUNT][DEFAULT_REGION].reset()

    @property
    def dynamodb(self) -> DynamoDBBackend:
        """moto's DynamoDB."""
        return dynamodb_backends[ACCOUNT][DEFAULT_REGION]

    @property
    def _sqs(self) -> SQSBackend:
        return sqs_backends[ACCOUNT][DEFAULT_REGION]

    def table(self, name: str) -> Table:
        """moto's table of that name."""
        return self.dynamodb.get_table(name)

    @contextmanager
    def locked_dynamodb(self) -> Iterator[None]:
        """Nobody writes to DynamoDB within the block."""
        with self.fixes.lock:
            yield

    def empty(self) -> None:
        """Deletes every item, stream record and message; tables and queues stay."""
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
        """Deletes the items whose TTL has passed; answers how many."""
        return self.fixes.sweep_expired(self.dynamodb)

    def send(self, queue: str, body: str, attributes: Mapping[str, str] | None = None) -> str:
        """Sends a message with attributes of type String; answers its id."""
        described = {
            name: {"data_type": "String", "string_value": text}
            for name, text in (attributes or {}).items()
        }
        return str(self._sqs.send_message(queue, body, described).id)

    def receive(self, queue: str, count: int) -> list[ReceivedMessage]:
        """Takes up to `count` visible messages; dead ones go to the dead-letter queue first."""
        with self._queue_lock:
            held = self._sqs.get_queue(queue)
            ready = [one for one in held._messages if one.visible and not one.delayed]
            rest = [one for one in held._messages if one not in ready]
            held._messages = [*self._faults.reordered(ready, queue), *rest]
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

    def delete(self, queue: str, receipts: Sequence[str]) -> None:
        """Deletes messages that were received."""
        for receipt in receipts:
            self._sqs.delete_message(queue, receipt)

    def message_bodies(self, queue: str) -> list[str]:
        """The bodies of everything in a queue, visible or not; nothing is taken."""
        return [message.body for message in self._sqs.get_queue(queue)._messages]

    def next_visible_ms(self, queue: str) -> float | None:
        """When the next message that is hidden now can be seen; None without any."""
        now = self._clock.milliseconds()
        hidden = (
            max(message.visible_at, message.delayed_until)
            for message in self._sqs.get_queue(queue)._messages
        )
        return min((one for one in hidden if one >= now), default=None)


def _hide_together(queue: Queue, received: Sequence[Any]) -> None:
    """What was received at once becomes visible again at once; moto looks at its clock for each."""
    until = max((message.visible_at for message in received), default=0.0)
    names = {message.id for message in received}
    for message in queue._messages:
        if message.id in names:
            message.visible_at = until
