"""A corpus of real files, compared with the results of Apache Tika if there are any.

COFFER_CORPUS names its folder. The files belong to third parties and are not in this repository.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from coffer.domain.detection import BufferReader, detect, is_a

CORPUS = os.environ.get("COFFER_CORPUS")
pytestmark = pytest.mark.skipif(not CORPUS, reason="COFFER_CORPUS names no folder of files")

Row = dict[str, str]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    with (Path(CORPUS or "") / "manifest.csv").open(newline="", encoding="utf-8") as manifest:
        return list(csv.DictReader(manifest))


def detected(row: Row, name: str | None) -> str:
    content = (Path(CORPUS or "") / "files" / row["file"]).read_bytes()
    return detect(BufferReader(content), name).media_type


def test_named_files_are_correct_in_98_of_100(rows: list[Row]) -> None:
    misses = [
        (row["upload_filename"], row["media_type"], given)
        for row in rows
        if (given := detected(row, row["upload_filename"]))
        not in (row["media_type"], *row["accept_media_types"].split("|"))
    ]
    assert len(misses) <= 0.02 * len(rows), misses


@pytest.mark.parametrize("name", [None, "upload.bin"])
def test_unnamed_files_are_correct_in_95_of_100(rows: list[Row], name: str | None) -> None:
    misses = [
        (row["file"], row["media_type_without_name"], given)
        for row in rows
        if (given := detected(row, name))
        not in (row["media_type_without_name"], *row["accept_media_types"].split("|"))
    ]
    assert len(misses) <= 0.05 * len(rows), misses


def test_every_program_is_detected(rows: list[Row]) -> None:
    kinds = ("application/x-msdownload", "application/x-elf", "application/x-mach-o-universal")
    for row in rows:
        for kind in kinds:
            if is_a(row["media_type"], kind):
                assert is_a(detected(row, "photo.jpg"), kind), row["file"]
