"""Random and mutated files under random names: the type is a known one, within the budget."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffer.domain.detection import detect, known_media_types
from tests.detection import builders
from tests.detection.builders import CountingReader

KNOWN = frozenset(known_media_types())
SEEDS = [
    builders.png(),
    builders.jpeg(),
    builders.bmp(),
    builders.tiff(),
    builders.xlsx(),
    builders.zip_of({"mimetype": "application/epub+zip", "a": "x" * 500}),
    builders.zip_of({"META-INF/manifest.xml": "<m/>", "index.xml": "<x/>"}),
    builders.ole2(["WordDocument", "1Table", "\x01CompObj"], nested=["Workbook"]),
    builders.ole2(["\x06DataSpaces", "EncryptedPackage"], directory_sector=90),
    builders.ogg(b"\x80theora", b"\x01vorbis"),
    builders.tar_header(),
    builders.elf(2),
    builders.pe(),
    builders.mach_o(2),
    builders.fat_mach_o(),
    builders.dbf(),
    builders.iso_bmff(b"heic", rest=bytes(100)),
    builders.ebml(b"webm"),
    b"000001D " + bytes(60),
    bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(40),
    b'<?xml version="1.0" encoding="latin1"?><!DOCTYPE a [<!ENTITY b "c">]><a b="&b;"/>',
    b"From a Mon\nX-Y: z\nDate: 1\n",
    b"/* c */ strict digraph {}",
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + bytes(30),
    b"bplist00\xd1\x01\x02\x5f\x10\x0fWebMainResource",
]
STARTS = sorted({seed[:8] for seed in SEEDS})
NAMES = (
    st.none()
    | st.text(max_size=40)
    | st.sampled_from(
        ["a.csv", "a.jpg", "a.docx", "a.xls", "a.svg", "a.exe", "a.warc.gz", "Makefile"]
    )
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Generate a file with bytes changed, removed, inserted or cut off."""
    content = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(content)))
        piece = draw(st.binary(max_size=8))
        match draw(st.sampled_from(["change", "cut", "insert", "end", "repeat"])):
            case "change":
                content[at : at + len(piece)] = piece
            case "cut":
                del content[at : at + draw(st.integers(0, 64))]
            case "insert":
                content[at:at] = piece
            case "end":
                del content[at:]
            case _:
                content[at:at] = content[:at][-64:] * draw(st.integers(0, 40))
    return bytes(content)


def check(content: bytes, name: str | None) -> None:
    reader = CountingReader.of(content)
    detected = detect(reader, name)
    assert len(reader.reads) <= 4
    assert reader.bytes_read <= 262_144
    assert detect(CountingReader.of(content), name) == detected
    # What an archive says of itself may be a type that nobody has heard of.
    assert detected.media_type in KNOWN or content.startswith(b"PK")
    assert detected.extension == "" or detected.extension.startswith(".")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=2000), NAMES)
def test_random_bytes(content: bytes, name: str | None) -> None:
    check(content, name)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(STARTS), st.binary(max_size=1000), NAMES)
def test_random_bytes_after_a_known_start(start: bytes, content: bytes, name: str | None) -> None:
    check(start + content, name)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated(), NAMES)
def test_mutated_files(content: bytes, name: str | None) -> None:
    check(content, name)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=500), NAMES)
def test_random_text(content: str, name: str | None) -> None:
    check(content.encode("utf-8", "surrogatepass"), name)
