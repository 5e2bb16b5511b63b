"""Replace attributes of classes and modules, and restore them later."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self


class Patches:
    """Replaced attributes, restored in reverse order by `undo` or at the end of a `with`."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, new: Any) -> Any:
        """Replace `owner.name` and return the old value, or None if there was none."""
        own = vars(owner).get(name)
        self._undo.append((owner, name, own))
        setattr(owner, name, new)
        return own

    def undo(self) -> None:
        """Restore all replaced attributes."""
        while self._undo:
            owner, name, own = self._undo.pop()
            if own is None:
                delattr(owner, name)
            else:
                setattr(owner, name, own)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.undo()
