"""Fuzz the detector with coverage guidance: `make fuzz-detection SECONDS=300`.

The first byte of an input selects a name, the rest is the file. An exception from the detector, a
read beyond its budget, or 250 ms of CPU end the run. The input is then in the working directory;
add it to the cases of `test_hostile_input`. The make target installs Atheris; it is not a
dependency.
"""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "layers" / "coffer" / "python"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

NAMES = (
    None, "a", "a.csv", "a.jpg", "a.docx", "a.xls", "a.svg", "a.xml", "a.exe", "a.zip", "a.ogg",
    "a.warc.gz", "a.mkv", "a.stl", "Makefile", "a.bin",
)  # fmt: skip
MAX_MILLISECONDS = 250.0


def check(data: bytes) -> None:
    """Detect one input; raise AssertionError for an invalid result."""
    from coffer.domain.detection import detect
    from tests.detection.builders import CountingReader

    if not data:
        return
    reader = CountingReader.of(data[1:])
    started = time.process_time()
    detect(reader, NAMES[data[0] % len(NAMES)])
    spent = (time.process_time() - started) * 1e3
    assert spent <= MAX_MILLISECONDS, f"{spent:.0f} ms"
    assert len(reader.reads) <= 4, reader.reads
    assert reader.bytes_read <= 262_144, reader.bytes_read


def main() -> None:
    """Fuzz with libFuzzer's options from the command line, starting with the tests' own files."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["coffer"]):
        importlib.import_module("coffer.domain.detection")
    from tests.detection.test_fuzz import SEEDS
    from tests.detection.test_research_files import EVERYTHING

    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    contents = [row[1] for row in EVERYTHING]
    for number, content in enumerate([*SEEDS, *contents]):
        data = content.encode() if isinstance(content, str) else content
        (corpus / f"seed-{number}").write_bytes(bytes((number % len(NAMES),)) + data)
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
