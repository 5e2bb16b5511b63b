"""Measure the detector's accuracy, its kinds of errors, and its cost.

    python benchmarks/detection.py CORPUS_DIR [--misses]

CORPUS_DIR contains `manifest.csv` and `files/`. A result is correct if the row's
`accept_media_types` contains it, and without a filename also if it is `media_type_without_name`. It
has the wrong family if its group (`image/` ...) differs from that of every accepted type, and it is
not a more general form of one of them. The same run measures the package `filetype` alone.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layers" / "coffer" / "python"))

import filetype

from coffer.domain.detection import BufferReader, canonical, detect, is_a

EXECUTABLES = (
    "application/x-msdownload",
    "application/x-dosexec",
    "application/x-elf",
    "application/x-mach-o",
    "application/x-mach-o-universal",
    "application/java-vm",
)
DISGUISES = ("photo.jpg", "paper.pdf", "table.csv", "notes.txt", "archive.zip", "data", None)
UPLOAD = "upload.bin"
GENERIC = ("application/octet-stream", "text/plain")


@dataclass(frozen=True)
class Sample:
    """One row of the manifest with the file's bytes."""

    name: str
    category: str
    content: bytes
    media_type: str
    accepted: frozenset[str]
    accepted_without_name: frozenset[str]
    accepted_extensions: frozenset[str]


@dataclass
class CountingReader:
    """A reader that counts its reads and bytes."""

    content: bytes
    reads: int = 0
    bytes_read: int = 0

    @property
    def size_bytes(self) -> int:
        """Length of the file."""
        return len(self.content)

    def read(self, start: int, length: int) -> bytes:
        """A slice, counted."""
        block = self.content[start : start + length]
        self.reads += 1
        self.bytes_read += len(block)
        return block


def load(corpus: Path) -> list[Sample]:
    """Return all samples of a corpus folder."""
    with (corpus / "manifest.csv").open(newline="", encoding="utf-8") as manifest:
        return [_sample(corpus, row) for row in csv.DictReader(manifest)]


def _sample(corpus: Path, row: dict[str, str]) -> Sample:
    accepted = frozenset(row["accept_media_types"].split("|")) | {row["media_type"]}
    return Sample(
        name=row["upload_filename"],
        category=row["category"],
        content=(corpus / "files" / row["file"]).read_bytes(),
        media_type=row["media_type"],
        accepted=accepted,
        accepted_without_name=accepted | {row["media_type_without_name"]},
        accepted_extensions=frozenset(row["accept_extensions"].split("|")),
    )


def ours(content: bytes, name: str | None) -> str:
    """Return the detector's result."""
    return detect(BufferReader(content), name).media_type


def bare_filetype(content: bytes, _name: str | None) -> str:
    """Return the result of `filetype`, with our names of its types; it uses no filename."""
    kind = filetype.guess(content)
    return canonical(kind.mime) if kind else "application/octet-stream"


def in_wrong_family(answer: str, accepted: Iterable[str]) -> bool:
    """True if a result has another group than every accepted one, and is not just more general."""
    accepted = list(accepted)
    if answer in GENERIC or any(is_a(right, answer) for right in accepted):
        return False
    return all(answer.partition("/")[0] != right.partition("/")[0] for right in accepted)


def score(
    samples: list[Sample], answer: Callable[[bytes, str | None], str], name_of: str
) -> tuple[dict[str, tuple[int, int]], list[tuple[Sample, str]], int]:
    """Return correct results and totals by category, the errors, and the wrong families."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    misses: list[tuple[Sample, str]] = []
    wrong_family = 0
    for sample in samples:
        name = {"name": sample.name, "none": None, UPLOAD: UPLOAD}[name_of]
        accepted = sample.accepted if name_of == "name" else sample.accepted_without_name
        given = answer(sample.content, name)
        total[sample.category] += 1
        if given in accepted:
            right[sample.category] += 1
        else:
            misses.append((sample, given))
            wrong_family += in_wrong_family(given, accepted)
    return {c: (right[c], total[c]) for c in sorted(total)}, misses, wrong_family


def print_accuracy(samples: list[Sample], show_misses: bool) -> None:
    """Return a table of categories by detector and kind of filename."""
    runs = [
        ("named", ours, "name"),
        ("unnamed", ours, "none"),
        (UPLOAD, ours, UPLOAD),
        ("filetype", bare_filetype, "name"),
    ]
    results = [(title, *score(samples, answer, kind)) for title, answer, kind in runs]
    print(f"{'% right':<14}{'n':>5}" + "".join(f"{title:>12}" for title, *_ in results))
    for category, (_, total) in results[0][1].items():
        cells = (100 * table[category][0] / total for _, table, *_ in results)
        print(f"{category:<14}{total:>5}" + "".join(f"{cell:>12.1f}" for cell in cells))
    everything = len(samples)
    cells = (100 * (everything - len(misses)) / everything for _, _, misses, _ in results)
    print(f"{'ALL':<14}{everything:>5}" + "".join(f"{cell:>12.1f}" for cell in cells))
    cells = (100 * wrong / everything for *_, wrong in results)
    print(f"{'wrong family':<19}" + "".join(f"{cell:>12.1f}" for cell in cells))
    if show_misses:
        for title, _, misses, _ in results[:3]:
            for sample, given in misses:
                print(f"  {title}: {sample.name} is {sample.media_type}, not {given}")


def print_extensions(samples: list[Sample]) -> None:
    """Return how often the primary extension is an accepted one."""
    right = sum(
        detect(BufferReader(s.content), s.name).extension in s.accepted_extensions for s in samples
    )
    print(f"extension accepted: {100 * right / len(samples):.1f} %")


def print_disguised(samples: list[Sample]) -> None:
    """Return how many executables with harmless names are still detected as executables."""
    programs = [s for s in samples if any(is_a(s.media_type, kind) for kind in EXECUTABLES)]
    found = sum(
        any(is_a(ours(program.content, name), kind) for kind in EXECUTABLES)
        for program in programs
        for name in DISGUISES
    )
    print(f"disguised executables found: {found} of {len(programs) * len(DISGUISES)}")


def print_cost(samples: list[Sample]) -> None:
    """Return CPU per file (best of five passes, and worst file), reads and bytes per file."""
    for title, answer in (("ours", ours), ("filetype", bare_filetype)):
        passes = [_pass_seconds(samples, answer) for _ in range(5)]
        best = min(sum(times) for times in passes) / len(samples)
        worst = max(min(times) for times in zip(*passes, strict=True))
        print(f"{title:<10} CPU a file: {best * 1e3:.3f} ms, worst {worst * 1e3:.2f} ms")
    readers = [CountingReader(sample.content) for sample in samples]
    for reader, sample in zip(readers, samples, strict=True):
        detect(reader, sample.name)
    mean_bytes = sum(r.bytes_read for r in readers) / len(readers)
    print(
        f"GETs a file: mean {sum(r.reads for r in readers) / len(readers):.2f}, "
        f"most {max(r.reads for r in readers)}; "
        f"bytes: mean {mean_bytes:.0f}, most {max(r.bytes_read for r in readers)}"
    )


def _pass_seconds(samples: list[Sample], answer: Callable[[bytes, str | None], str]) -> list[float]:
    times = []
    for sample in samples:
        started = time.process_time()
        answer(sample.content, sample.name)
        times.append(time.process_time() - started)
    return times


def main() -> None:
    """Print the tables for the corpus named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="folder with manifest.csv and files/")
    parser.add_argument("--misses", action="store_true", help="list every wrong answer")
    arguments = parser.parse_args()
    if not (arguments.corpus / "manifest.csv").is_file():
        parser.error(f"{arguments.corpus} has no manifest.csv")
    samples = load(arguments.corpus)
    print_accuracy(samples, arguments.misses)
    print_extensions(samples)
    print_disguised(samples)
    print_cost(samples)


if __name__ == "__main__":
    main()
