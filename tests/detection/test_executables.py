"""Programs are detected under any name and in any disguise."""

from __future__ import annotations

import pytest

from coffer.domain.detection import is_a
from tests.detection import builders
from tests.detection.detected import type_of

NAMES = [None, "photo.jpg", "paper.pdf", "notes.txt", "page.html", "table.csv", "setup", "a.zip"]
PROGRAMS = [
    (builders.elf(1), "application/x-object"),
    (builders.elf(2), "application/x-executable"),
    (builders.elf(3), "application/x-sharedlib"),
    (builders.elf(4), "application/x-coredump"),
    (builders.elf(2, big_endian=True), "application/x-executable"),
    (builders.elf(0xFE00), "application/x-elf"),
    (b"\x7fELF", "application/x-elf"),
    (builders.pe(), "application/x-msdownload; format=pe64"),
    (builders.pe(0x014C, at=240), "application/x-msdownload; format=pe32"),
    (builders.pe(0x0200), "application/x-msdownload; format=pe-itanium"),
    (builders.pe(at=208), "application/x-msdownload; format=pe"),
    (builders.pe(at=264), "application/x-msdownload"),
    (b"MZ" + bytes(60), "application/x-msdownload"),
    (builders.mach_o(2), "application/x-mach-o-executable"),
    (builders.mach_o(6, big_endian=True, bits=32), "application/x-mach-o-dylib"),
    (builders.mach_o(99), "application/x-mach-o"),
    (builders.fat_mach_o(), "application/x-mach-o-universal"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("content", "media_type"), PROGRAMS)
def test_a_program_is_found_under_any_name(
    content: bytes, media_type: str, name: str | None
) -> None:
    assert type_of(content, name) == media_type


def test_a_class_file_is_not_a_universal_mach_o() -> None:
    assert type_of(builders.java_class()) == "application/java-vm"
    assert type_of(builders.fat_mach_o(1)) == "application/x-mach-o-universal"


def test_a_program_with_a_programs_name_is_forbidden() -> None:
    assert is_a(type_of(b"MZ" + bytes(60), "setup.exe"), "application/x-msdownload")


@pytest.mark.parametrize(
    "disguise",
    [
        # The text a linker leaves to its user, and other room for what a format is known by.
        (70, b"<tmx"),
        (80, b"BOOKMOBI"),
        (257, b"ustar  \x00"),
        (32769, b"CD001"),
    ],
    ids=["translation memory", "e-book", "tape archive", "disk image"],
)
def test_a_program_that_is_also_something_else_is_a_program(disguise: tuple[int, bytes]) -> None:
    at, mark = disguise
    program = bytearray(builders.pe(at=128).ljust(40_000, b"\x00"))
    program[at : at + len(mark)] = mark
    assert is_a(type_of(bytes(program), "paper.tmx"), "application/x-msdownload")


def test_a_tar_whose_first_member_is_mz_is_a_tar() -> None:
    assert type_of(builders.tar_header(b"MZ/data.csv")) == "application/x-tar"


@pytest.mark.parametrize(
    ("script", "media_type"),
    [
        ("#!/bin/sh\necho\n", "application/x-sh"),
        ("#!/usr/bin/env bash\n", "application/x-sh"),
        ("#!/usr/bin/python3\n", "text/x-python"),
        ("#!/usr/bin/perl -w\n", "text/x-perl"),
        ("@ECHO OFF\r\n", "application/x-bat"),
        ("<?php echo 1; ?>", "text/x-php"),
    ],
)
def test_scripts_are_detected_by_their_first_line(script: str, media_type: str) -> None:
    assert type_of(script) == media_type
