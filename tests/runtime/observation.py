"""The imported modules and compiled files of a function's process after an invocation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENTRY = ("__main__", "__mp_main__")
"""The names of the script that the emulator starts, and that multiprocessing gives it."""
RUNTIMES_OWN = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
"""Packages of Lambda's own image beside the standard library. The layers contain boto3."""


@dataclass(frozen=True)
class Observation:
    """The paths of every imported module by its name, and the source files that were compiled."""

    modules: dict[str, tuple[Path, ...]]
    compiled: tuple[Path, ...]
    standard_library: tuple[Path, ...]
    site_packages: tuple[Path, ...]

    @classmethod
    def read(cls, report: Path) -> Observation:
        """Read the report of `observed_runtime`."""
        description: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return cls(
            {name: _paths(places) for name, places in description["modules"].items()},
            _paths(description["compiled"]),
            _paths(description["standard_library"]),
            _paths(description["site_packages"]),
        )

    def packages(self) -> set[str]:
        """Names of top-level packages and modules."""
        return {name.partition(".")[0] for name in self.modules}

    def strangers(self, build: Iterable[Path]) -> list[str]:
        """Return the modules that neither the build nor Lambda's own image contains."""
        ours = tuple(build)
        return sorted(
            name
            for name, places in self.modules.items()
            if name not in ENTRY
            and not all(_below(place, ours) or self._is_lambdas(name, place) for place in places)
        )

    def _is_lambdas(self, name: str, place: Path) -> bool:
        if _below(place, self.site_packages):
            return name.partition(".")[0] in RUNTIMES_OWN
        # Python's site-packages folder is below its standard library.
        return _below(place, self.standard_library) and "site-packages" not in place.parts

    def compiled_below(self, build: Iterable[Path]) -> list[Path]:
        """Return the files of the build that were compiled for lack of a valid .pyc."""
        ours = tuple(build)
        return [path for path in self.compiled if _below(path, ours)]


def _paths(texts: Iterable[str]) -> tuple[Path, ...]:
    return tuple(Path(text) for text in texts)


def _below(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)
