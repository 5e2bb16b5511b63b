"""Pieces of objects, read ahead by several threads into one ring of memory.

The ring is all the memory there is: a piece is asked for as soon as there is room for it behind
the one before, and given to whoever takes it as a view, without a copy.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from coffer.domain.export.ports import ObjectRange

Fetch = Callable[[ObjectRange, memoryview], None]


class _Slot:
    """A place in the ring for one piece; `end` counts the bytes up to behind it, gaps included."""

    def __init__(self, piece: ObjectRange, view: memoryview, end: int) -> None:
        self.piece, self.view, self.end = piece, view, end
        self.is_ready = False
        self.failure: BaseException | None = None


class ReadAhead:
    """The Pieces port over `fetch`; a context manager, which ends its threads."""

    def __init__(
        self, wanted: Iterable[ObjectRange], fetch: Fetch, *, capacity: int, threads: int
    ) -> None:
        self._wanted = iter(wanted)
        self._fetch = fetch
        self._ring = memoryview(bytearray(capacity))
        self._next: ObjectRange | None = None
        self._written = self._freed = 0  # bytes since the beginning; the ring is modulo capacity
        self._waiting: deque[_Slot] = deque()
        self._taken: list[_Slot] = []
        self._changed = threading.Condition()
        self._is_closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"reading ahead {number}", daemon=True)
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
        self._waiting.clear()
        self._taken.clear()

    def take(self, piece: ObjectRange) -> memoryview:
        """The bytes of a piece; one that was not announced is read now, into memory of its own."""
        with self._changed:
            slot = self._slot_of(piece)
            while slot is not None and not slot.is_ready:
                self._changed.wait()
        if slot is None:
            view = memoryview(bytearray(piece.length))
            self._fetch(piece, view)
            return view
        self._taken.append(slot)
        if slot.failure is not None:
            raise slot.failure
        return slot.view

    def free(self) -> None:
        with self._changed:
            if self._taken:
                self._freed = self._taken[-1].end
                self._taken.clear()
                self._changed.notify_all()

    def _slot_of(self, piece: ObjectRange) -> _Slot | None:
        """The slot of a piece, when those announced before it have been passed over."""
        while True:
            while self._waiting:
                slot = self._waiting[0]
                if slot.piece == piece:
                    return self._waiting.popleft()
                if not slot.is_ready:
                    self._changed.wait()
                    continue
                self._waiting.popleft()
                # Whoever passes pieces over has freed those before: there is nothing to keep.
                self._freed = slot.end
                self._changed.notify_all()
            if self._announced() is None:
                return None
            self._changed.wait()

    def _announced(self) -> ObjectRange | None:
        """The piece whose turn it is; None where there is none left."""
        if self._next is None:
            self._next = next(self._wanted, None)
        return self._next

    def _fits(self) -> bool:
        piece = self._next
        return piece is not None and self._end_of(piece) - self._freed <= len(self._ring)

    def _end_of(self, piece: ObjectRange) -> int:
        """Where the ring is filled up to with this piece, which must not wrap around its end."""
        place = self._written % len(self._ring)
        gap = len(self._ring) - place if place + piece.length > len(self._ring) else 0
        return self._written + gap + piece.length

    def _work(self) -> None:
        while (slot := self._reserve()) is not None:
            try:
                self._fetch(slot.piece, slot.view)
            except BaseException as error:  # for whoever takes the piece to deal with
                slot.failure = error
            with self._changed:
                slot.is_ready = True
                self._changed.notify_all()

    def _reserve(self) -> _Slot | None:
        """A place for the next piece, as soon as there is one; None at the end of the work."""
        with self._changed:
            while not self._is_closed:
                piece = self._announced()
                if piece is None:
                    self._changed.notify_all()
                    return None
                if self._fits():
                    end = self._end_of(piece)
                    start = (end - piece.length) % len(self._ring)
                    slot = _Slot(piece, self._ring[start : start + piece.length], end)
                    self._next, self._written = None, end
                    self._waiting.append(slot)
                    self._changed.notify_all()
                    return slot
                self._changed.wait()
            return None
