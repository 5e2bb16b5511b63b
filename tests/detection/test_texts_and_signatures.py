"""Texts that begin like a binary format are texts; research formats are found by content."""

from __future__ import annotations

import gzip
import struct
import zipfile
from io import BytesIO

import pytest

from coffer.domain.detection import is_a
from coffer.domain.detection.signatures import types_by_signature
from coffer.domain.detection.tables.registry import read_signatures
from tests.detection import builders
from tests.detection.detected import type_of

TABLE = b",RT,Intensity\n100.1,2.5,300\n101.2,2.6,400\n"
READABLE = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\n\r")
TEXT = "text/plain"


def short_signatures(most: int) -> list[tuple[str, bytes]]:
    """Return every signature of at most `most` bytes, all readable, with what stands before it."""
    found = []
    for _, media_type, parts in read_signatures():
        if sum(len(mark) for _, _, mark in parts) > most:
            continue
        content = b""
        for first, _, mark in parts:
            content = content.ljust(first) + mark
        if READABLE.issuperset(content):
            found.append((media_type, content))
    return found


@pytest.mark.parametrize(("media_type", "start"), short_signatures(3))
def test_a_signature_of_three_bytes_never_outweighs_a_table(media_type: str, start: bytes) -> None:
    assert is_a(type_of(start + TABLE, None), TEXT)
    assert type_of(start + TABLE, "peaks.csv") == "text/csv"
    assert type_of(start + TABLE, "peaks.txt") in (TEXT, media_type)


@pytest.mark.parametrize(
    "start",
    [
        b"MZ",
        b"mz",
        b"PK",
        b"BZh",
        b"BZh9",
        b"ID3",
        b"PSF",
        b"DOS",
        b"BM",
        b"AC1015",
        b"MC0.0",
        b"FCS3.0",
        b"070707",
        b"070701",
        b"070702",
        b"123456D ",
        b"GIF89a",
        b"Rar!",
        b"LZIP",
        b"MSCF",
        b"OggS",
        b"fLaC",
        b"PAR1",
        b"GRIB",
        b"CRAM",
        b"BAM",
        b"P6 sample",
        b"P1",
        b"II*",
        b"ustar",
        b" " * 257 + b"ustar",
        b"x" * 257 + b"ustar  ",
        b" " * 128 + b"DICM",
        b" " * 208 + b"MAP ",
        b" " * 36 + b"acsp",
        b"BM,x",
        b"PK\tFK",
        b"MM,DD,YYYY",
        b"II. Chapter",
        b"P2 10 20 of",
        b"P4 is a patient",
        b"P7\npatient",
        b"GIF87 and GIF89",
        b"ID3 tags",
        b"Rar! said the lion",
        b"%! is a mark",
        b"FWS,CWS",
        b"x^2 + y^2 = 1",
        b"7z is good",
        b"RIFF at noon",
        b"FORM 1040",
        b"MThd",
        b"OTTO is a name",
        b"true,false",
        b"AC1234 is a flight",
        b"BPG",
        b"NES,GB",
        b"StuffIt,Zip",
        b"conectix was a company",
        b"Drugs: **ACE** inhibitors",
        b"the ftypheic box",
        b"The BOOKMOBI header",
        b"VjCD0100",
        b"bplist is a format",
        b"JEOL.NMR",
        b" " * 84 + b"SAS FILE",
        b"REM sleep,NREM sleep",
        b">>> print(1)",
        b"> On Monday, Bob wrote:\n> hello",
        b">To be or not to be\n>THAT IS THE QUESTION",
        b"@todo\nACGT\n+ more\nIIII",
        b"@prefix ex: <http://e/> .",
        b"BEGIN:VCARDS of the office",
        b"#CHROM is a column",
        b"##fileformat of VCF",
        b"LASF",
        b"HDF5 is good",
        b"PAR1,PAR2",
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_text_that_begins_like_a_program_an_archive_or_a_picture_is_a_text(
    start: bytes, end: bytes
) -> None:
    content = (start + TABLE).replace(b"\n", end)
    assert type_of(content, None) == TEXT
    assert type_of(content, "peaks.csv") == "text/csv"
    assert type_of("Größe in µm\n".encode() + content, "peaks.csv") == "text/csv"


@pytest.mark.parametrize("length", [0, 1, 30, 5000, 60_000])
def test_a_program_with_much_text_behind_its_header_is_a_program(length: int) -> None:
    dos = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00" + bytes(20) + b"text " * length
    assert type_of(dos, "peaks.csv") == "application/x-msdownload"


@pytest.mark.parametrize("magic", [b"070707", b"070701", b"070702"])
def test_a_cpio_archive_of_texts_is_an_archive(magic: bytes) -> None:
    header = magic + b"0" * (70 if magic == b"070707" else 104)
    assert type_of(header + b"readme.txt\0" + b"words " * 9000, "x.txt") == "application/x-cpio"


@pytest.mark.parametrize("name", ["a.csv", "a.py", "a.tsv", None])
def test_a_script_has_the_type_of_its_name(name: str | None) -> None:
    expected = {"a.csv": "text/csv", "a.py": "text/x-python", None: "application/x-sh"}
    assert type_of("#!/bin/sh\nls\n", name) == expected.get(name, "text/tab-separated-values")


NOISE = bytes(number * number % 251 for number in range(3000))
SEQUENCE = "ACGTNNACGTACGTACGTACGT"
NIFTI_1 = struct.pack("<i", 348) + bytes(340)


def geopackage() -> bytes:
    return b"SQLite format 3\0".ljust(68, b"\0") + b"GPKG" + NOISE


def lif() -> bytes:
    document = '<LMSDataContainerHeader Version="2">'.encode("utf-16-le")
    return struct.pack("<IIBI", 0x70, 5 + len(document), 0x2A, len(document) // 2) + document


RESEARCH = [
    ("x.fasta", f">seq1 Fagus sylvatica\n{SEQUENCE}\n{SEQUENCE}\n>seq2\nACGT\n", "text/x-fasta"),
    ("x.faa", ">sp|P1|X_HUMAN\nMKVLAAGIVGLCAKAYLE*\n", "text/x-fasta"),
    ("x.fastq", f"@r1\n{SEQUENCE}\n+\n{'I' * len(SEQUENCE)}\n", "text/x-fastq"),
    ("x.sam", "@HD\tVN:1.6\tSO:coordinate\n", "text/x-sam"),
    ("x.sam", "@SQ\tSN:chr1\tLN:5\n", "text/x-sam"),
    ("x.bam", gzip.compress(b"BAM\x01" + NOISE), "application/x-bam"),
    ("x.cram", b"CRAM\x03\x00" + NOISE, "application/x-cram"),
    ("x.vcf", "##fileformat=VCFv4.2\n#CHROM\tPOS\n", "text/x-vcf"),
    ("x.vcf", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\n", "text/x-vcf"),
    ("x.bcf", gzip.compress(b"BCF\x02\x02" + NOISE), "application/x-bcf"),
    ("x.nc", b"CDF\x01" + NOISE, "application/x-netcdf"),
    ("x.nc", b"CDF\x02" + NOISE, "application/x-netcdf"),
    ("x.nc", b"CDF\x05" + NOISE, "application/x-netcdf"),
    ("x.h5", b"\x89HDF\r\n\x1a\n" + NOISE, "application/x-hdf"),
    ("x.dcm", bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00" + NOISE, "application/dicom"),
    ("x.nii", NIFTI_1 + b"n+1\0" + NOISE, "application/x-nifti"),
    ("x.hdr", NIFTI_1 + b"ni1\0", "application/x-nifti"),
    ("x.nii", struct.pack(">i", 348) + bytes(340) + b"n+1\0", "application/x-nifti"),
    ("x.nii", struct.pack("<i", 540) + b"n+2\0\r\n\x1a\n" + NOISE, "application/x-nifti"),
    (
        "x.mzML",
        '<?xml version="1.0"?><indexedmzML xmlns="http://psi.hupo.org/ms/mzml"><mzML/>',
        "application/x-mzml+xml",
    ),
    ("x.gpkg", geopackage(), "application/x-geopackage"),
    ("x.parquet", b"PAR1" + NOISE + b"PAR1", "application/x-parquet"),
    ("x.arrow", b"ARROW1\0\0" + NOISE, "application/vnd.apache.arrow.file"),
    ("x.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f8'}" + NOISE, "application/x-npy"),
    ("x.mrc", bytes(208) + b"MAP DD\0\0" + NOISE, "application/x-mrc"),
    ("x.map", bytes(208) + b"MAP \x11\x11\0\0" + NOISE, "application/x-mrc"),
    ("x.czi", b"ZISRAWFILE".ljust(16, b"\0") + NOISE, "image/x-czi"),
    (
        "x.nd2",
        b"\xda\xce\xbe\x0a" + bytes(12) + b"ND2 FILE SIGNATURE CHUNK NAME01!" + NOISE,
        "image/x-nd2",
    ),
    ("x.lif", lif(), "image/x-lif"),
]


@pytest.mark.parametrize(("name", "content", "media_type"), RESEARCH)
def test_a_research_format_is_found_whatever_its_name(
    name: str, content: bytes | str, media_type: str
) -> None:
    for given in (name, None, "upload.bin", "data.dat"):
        assert type_of(content, given) == media_type


NEAR_MISSES = [
    "> a quotation in a mail\n> and its second line\nand an answer\n",
    ">seq1\nthe words of a sentence\n",
    ">5,3\n1,2,3\n",
    "@alice\nhello there\n+1\nthanks\n",
    "@r1\nACGT\n+\nII\n",
    "@HD is a resolution\n",
    "@SQ,SN\n1,2\n",
    "CRAM school hours\n",
    "BAM, said the book\n",
    "BCF,1,2\n",
    "##fileformat is a header of VCF\n",
    "#CHROM,POS,ID\n1,2,3\n",
    "CDF,value\n1,2\n",
    "HDF,value\n1,2\n",
    "x" * 128 + "DICM is the mark of DICOM\n",
    "x" * 344 + "n+1 is a sum\n",
    "the mzML format of http://psi.hupo.org/ms/mzml\n",
    "SQLite format 3 is a database\n" + "GPKG " * 20,
    "PAR1 is a gene\n",
    "ARROW1,ARROW2\n1,2\n",
    "NUMPY,value\n1,2\n",
    "x" * 208 + "MAP DD is a map\n",
    "ZISRAWFILE is the mark of CZI\n",
    "ND2 FILE SIGNATURE CHUNK NAME01!\n",
    "p,*,<LMSDataContainerHeader>\n",
]


@pytest.mark.parametrize("content", NEAR_MISSES)
def test_a_text_about_a_research_format_is_a_text(content: str) -> None:
    assert type_of(content, None) == TEXT
    assert type_of(content, "x.csv") == "text/csv"
    assert type_of(content, "x.txt") == TEXT


def test_a_business_card_is_still_one() -> None:
    assert type_of("BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n", "x.vcf") == "text/x-vcard"
    assert type_of("BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n", None) == "text/x-vcard"


def test_a_forbidden_archive_of_sequences_is_still_an_archive() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x.fasta", f">seq1\n{SEQUENCE}\n")
    assert type_of(out.getvalue(), "x.fasta") == "application/zip"
    assert type_of(builders.zip_of({"a.npy": "x"}), "x.npz") == "application/zip"


def test_texts_are_checked_before_short_signatures_of_them_are_dropped() -> None:
    assert types_by_signature(b"%!PS-Adobe-3.0\n%%Title: x\n") == ["application/postscript"]
    assert types_by_signature(b"%PDF-1.4\n1 0 obj\n") == ["application/pdf"]


def test_a_batch_file_that_begins_with_a_remark_is_one() -> None:
    assert type_of("REM Backup\r\nset x=1\r\n", None) == "application/x-bat"


@pytest.mark.parametrize("name", ["", "r1", "r1 length=4"])
def test_the_second_name_of_fastq_is_the_first_or_absent(name: str) -> None:
    assert type_of(f"@r1 length=4\nACGT\n+{name}\nIIII\n", None) == (
        TEXT if name == "r1" else "text/x-fastq"
    )
