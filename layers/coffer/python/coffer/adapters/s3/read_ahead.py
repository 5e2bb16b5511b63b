"""Read ranges of objects ahead, with several threads, into a ring buffer.

The ring buffer is all the memory used. A range is requested as soon as it fits after the range
before. The caller gets it as a view, without a copy.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from coffer.domain.export.ports import ObjectRange

Fetch = Callable[[ObjectRange, memoryview], None]


class _Slot:
    """The place of one range in the ring. `end` counts all bytes up to its end, with gaps."""

    def __init__(self, wanted: ObjectRange, view: memoryview, end: int) -> None:
        self.range, self.view, self.end = wanted, view, end
        self.is_ready = False
        self.error: BaseException | None = None


class ReadAhead:
    """The RangeReader port over `fetch`. It is a context manager, which ends its threads."""

    def __init__(
        self, ranges: Iterable[ObjectRange], fetch: Fetch, *, capacity: int, threads: int
    ) -> None:
        self._ranges = iter(ranges)
        self._fetch = fetch
        self._ring = memoryview(bytearray(capacity))
        self._next: ObjectRange | None = None
        # Bytes since the start; a position in the ring is modulo its capacity.
        self._reserved_bytes = self._released_bytes = 0
        self._pending: deque[_Slot] = deque()
        self._taken: list[_Slot] = []
        self._changed = threading.Condition()
        self._is_closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"read-ahead {number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._pending.clear()
        self._taken.clear()

    def take(self, wanted: ObjectRange) -> memoryview:
        """Return the bytes of a range. One that was not announced is read now, into new memory."""
        with self._changed:
            slot = self._find_slot(wanted)
            while slot is not None and not slot.is_ready:
                self._changed.wait()
        if slot is None:
            view = memoryview(bytearray(wanted.length))
            self._fetch(wanted, view)
            return view
        self._taken.append(slot)
        if slot.error is not None:
            raise slot.error
        return slot.view

    def release(self) -> None:
        with self._changed:
            if self._taken:
                self._released_bytes = self._taken[-1].end
                self._taken.clear()
                self._changed.notify_all()

    def _find_slot(self, wanted: ObjectRange) -> _Slot | None:
        """Return the slot of a range, and drop the slots of the ranges announced before it."""
        while True:
            while self._pending:
                slot = self._pending[0]
                if slot.range == wanted:
                    return self._pending.popleft()
                if not slot.is_ready:
                    self._changed.wait()
                    continue
                self._pending.popleft()
                # A caller that skips ranges has released all it took before.
                self._released_bytes = slot.end
                self._changed.notify_all()
            if self._next_range() is None:
                return None
            self._changed.wait()

    def _next_range(self) -> ObjectRange | None:
        """Return the next range to read, or None at the end."""
        if self._next is None:
            self._next = next(self._ranges, None)
        return self._next

    def _end_of(self, wanted: ObjectRange) -> int:
        """Return the end of a range in the ring. A range does not wrap around the ring's end."""
        at = self._reserved_bytes % len(self._ring)
        gap = len(self._ring) - at if at + wanted.length > len(self._ring) else 0
        return self._reserved_bytes + gap + wanted.length

    def _work(self) -> None:
        while (slot := self._reserve_slot()) is not None:
            try:
                self._fetch(slot.range, slot.view)
            except BaseException as error:  # raised by `take`
                slot.error = error
            with self._changed:
                slot.is_ready = True
                self._changed.notify_all()

    def _reserve_slot(self) -> _Slot | None:
        """Return a slot for the next range as soon as it fits, or None if no range is left."""
        with self._changed:
            while not self._is_closed:
                wanted = self._next_range()
                if wanted is None:
                    self._changed.notify_all()
                    return None
                end = self._end_of(wanted)
                if end - self._released_bytes <= len(self._ring):
                    start = (end - wanted.length) % len(self._ring)
                    slot = _Slot(wanted, self._ring[start : start + wanted.length], end)
                    self._next, self._reserved_bytes = None, end
                    self._pending.append(slot)
                    self._changed.notify_all()
                    return slot
                self._changed.wait()
            return None
