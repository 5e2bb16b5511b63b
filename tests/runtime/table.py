"""The table of measurements at the end of the run."""

from __future__ import annotations

from collections.abc import Iterator

from tests.runtime.artifacts import MAX_BYTES
from tests.runtime.trials import Trials

MB = 1024**2
HEAD = ("function", "INIT ms", "cold ms", "warm ms", "own KB", "layers MB", "of 250 MB")


def table(trials: Trials) -> Iterator[str]:
    """Yield lines with the times of start and invocation on this machine and the deployed sizes."""
    rows = [HEAD, *(row(trials, folder) for folder in sorted(trials.made))]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(HEAD))]
    for name, *numbers in rows:
        cells = [f"{number:>{width}}" for number, width in zip(numbers, widths[1:], strict=True)]
        yield f"{name:<{widths[0]}}  " + "  ".join(cells)


def row(trials: Trials, folder: str) -> tuple[str, ...]:
    """Return the cells of one function."""
    trial = trials.made[folder]
    own, layers = trials.bytes_of(folder)
    times = ("-", "-", "-")
    if not trial.wrong:
        times = (f"{trial.init_ms:.0f}", f"{trial.cold_ms:.1f}", f"{trial.warm_ms:.1f}")
    share = (own + layers) / MAX_BYTES
    return folder, *times, f"{own / 1024:.0f}", f"{layers / MB:.1f}", f"{share:.0%}"
