"""Families of formats by their bytes, and by their names if the bytes are not specific."""

from __future__ import annotations

import struct

import pytest

from tests.detection import builders
from tests.detection.detected import type_of

UTF16_WMV = "Windows Media Video 9".encode("utf-16-le")
UTF16_WMA = "Windows Media Audio 9".encode("utf-16-le")
ASF = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(100)
ID3 = b"ID3\x03\x00\x00\x00\x00\x0f\x76"

IMAGES = [
    (builders.png(), "image/png"),
    (builders.jpeg(), "image/jpeg"),
    (builders.gif(), "image/gif"),
    (builders.tiff(), "image/tiff"),
    (builders.tiff(big_endian=True), "image/tiff"),
    (builders.tiff(after=b"CR\x02\x00"), "image/x-canon-cr2"),
    (b"IIRO\x08\x00\x00\x00" + bytes(20), "image/x-raw-olympus"),
    (b"II\x1a\x00\x00\x00HEAPCCDR" + bytes(20), "image/x-raw-canon"),
    (builders.bmp(), "image/bmp"),
    (builders.bmp(depth=7), "application/octet-stream"),
    (builders.riff(b"WEBP"), "image/webp"),
    (b"8BPS\x00\x01" + bytes(20), "image/vnd.adobe.photoshop"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 ", "image/jp2"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjpx ", "image/jpx"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypmjp2", "video/mj2"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypwhat", "image/x-jp2-container"),
    (b"\xff\x4f\xff\x51\x00\x29" + bytes(40), "image/x-jp2-codestream"),
    (b"\xff\x0a\x00\x10" + bytes(20), "image/jxl"),
    (b"P5\n2 2\n255\n\x00\x01\x02\x03", "image/x-portable-graymap"),
    (b"P1 2 2 0 1 1 0", "image/x-portable-bitmap"),
    (b"P6\r2 2\r255\r" + bytes(12), "image/x-portable-pixmap"),
    (b"P7\nWIDTH 1\n", "image/x-portable-arbitrarymap"),
    (b"\x00\x00\x02\x00\x00" + bytes(7) + b"\x01\x00\x01\x00\x18\x00abc", "image/x-tga"),
    (b"\x00\x00\x01\x00\x01\x00\x10\x10" + bytes(20), "image/vnd.microsoft.icon"),
    (b"AC1015" + bytes(20), "image/vnd.dwg"),
    (b"ACxxxx\x00\x00\x00\x01" + bytes(20), "application/octet-stream"),
    (b"\xc8\x09\xfe\x02" + bytes(20), "image/vnd.dgn; version=7"),
    (b"  0\r\nSECTION\r\n  2\r\nHEADER\r\n", "image/vnd.dxf; format=ascii"),
    (b"999\nmade by hand\n0\nSECTION\n2\nENTITIES\n", "image/vnd.dxf; format=ascii"),
    (b"0\nSECTION\n2\nTABLES\n", "text/plain"),
    (b"\x00\x21\x00\x00\x10\x22\x00\x01" + bytes(8), "image/cgm"),
    (b"BA" + bytes(12) + b"BM" + bytes(8), "image/x-os2-graphics; charset=binary"),
    (b"AT&TFORM\x00\x00\x00\x10DJVU", "image/vnd.djvu"),
]
AUDIO_AND_VIDEO = [
    (builders.riff(b"WAVE"), "audio/vnd.wave"),
    (builders.riff(b"AVI "), "video/x-msvideo"),
    (builders.riff(b"CDRA"), "application/coreldraw"),
    (b"fLaC\x00\x00\x00\x22" + bytes(34), "audio/x-flac"),
    (b"\xff\xfb\x90\x64" + bytes(400), "audio/mpeg"),
    (b"\xff\xf1\x50\x80" + bytes(400), "audio/x-aac"),
    (ID3 + b"\x55" * 600, "audio/mpeg"),
    (ID3 + b"\x55" * 600 + b"\xff\xf1" + b"\x55" * 100, "audio/x-aac"),
    (bytes(100) + b"\xff\xfb\x90\x64" + bytes(100), "audio/mpeg"),
    (b"\r\nID3\x03\x00" + bytes(100), "audio/mpeg"),
    (b"\x0b\x77\x00\x00\x00\x40" + bytes(20), "audio/ac3"),
    (b"\x0b\x77\x00\x00\x00\x80" + bytes(20), "audio/eac3"),
    (b"\x0b\x77\x00\x00\x00\xf8" + bytes(20), "audio/ac3"),
    (b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60", "audio/midi"),
    (b"FORM\x00\x00\x00\x20AIFFCOMM", "audio/x-aiff"),
    (b".snd\x00\x00\x00\x18" + bytes(8), "audio/basic"),
    (b".snd\x01\x00\x00\x18\x00\x00\x00\x00\x00\x00\x00\x17", "audio/x-adpcm"),
    (b"\x00ds.\x18\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", "audio/x-dec-basic"),
    (b"PSF\x01" + bytes(20), "audio/x-psf"),
    (b"#!AMR\n" + bytes(20), "audio/amr"),
    (b"#!AMR-WB\n" + bytes(20), "audio/amr-wb"),
    (ASF, "video/x-ms-asf"),
    (ASF + UTF16_WMV, "video/x-ms-wmv"),
    (ASF + UTF16_WMA, "audio/x-ms-wma"),
    (builders.ebml(b"webm"), "video/webm"),
    (b"FLV\x01\x05\x00\x00\x00\x09", "video/x-flv"),
    (b"\x00\x00\x01\xba\x44" + bytes(20), "video/mpeg"),
    (builders.iso_bmff(b"mp42"), "video/mp4"),
    (builders.iso_bmff(b"isom"), "video/quicktime"),
    (builders.iso_bmff(b"M4A "), "audio/mp4"),
    (builders.iso_bmff(b"M4V "), "video/x-m4v"),
    (builders.iso_bmff(b"3gp5"), "video/3gpp"),
    (builders.iso_bmff(b"3g2a"), "video/3gpp2"),
    (builders.iso_bmff(b"qt  "), "video/quicktime"),
    (builders.iso_bmff(b"heic"), "image/heic"),
    (builders.iso_bmff(b"hevc"), "image/heic-sequence"),
    (builders.iso_bmff(b"mif1"), "image/heif"),
    (builders.iso_bmff(b"avif"), "image/avif"),
    (builders.iso_bmff(b"avis"), "image/avif"),
    (builders.iso_bmff(b"crx "), "image/x-canon-cr3"),
    (b"\x00\x00\x00\x08wide" + bytes(8), "video/quicktime"),
    (b"\x00\x00\x00\x20moov\x00\x00\x00\x10" + bytes(20), "video/quicktime"),
]
DATA = [
    (builders.dbf(), "application/x-dbf"),
    (builders.sqlite(), "application/x-sqlite3"),
    (builders.sqlite(b"GPKG"), "application/x-geopackage"),
    (b"\x89HDF\r\n\x1a\n" + bytes(40), "application/x-hdf"),
    (b"CDF\x01" + bytes(40), "application/x-netcdf"),
    (b"PAR1" + bytes(20), "application/x-parquet"),
    (b"GRIB\x00\x00\x00\x02" + bytes(20), "application/x-grib"),
    (b"SIMPLE  =                    T".ljust(80), "application/fits"),
    (b"\x00\x00\x27\x0a" + bytes(96), "application/x-shapefile"),
    (b"MATLAB 5.0 MAT-file".ljust(128), "application/x-matlab-data"),
    (b"$FL2@(#) SPSS DATA FILE", "application/x-spss-sav"),
    (b"FCS3.1    " + bytes(50), "application/vnd.isac.fcs"),
    (b"FCSx.1    \x00\x00\x00\x00", "application/octet-stream"),
    (bytes(128) + b"DICM" + bytes(20), "application/dicom"),
    (b"00714cam a2200205 a 4500" + b"001\x1e", "application/marc"),
    (b"99999xxx            45", "text/plain"),
    (b"<stata_dta><header><release>118</release>", "application/x-stata-dta; version=14"),
    (
        bytes(12) + struct.pack("<II", 0x00061561, 9),
        "application/x-berkeley-db; format=hash; version=5",
    ),
    (
        bytes(12) + struct.pack(">II", 0x00053162, 9),
        "application/x-berkeley-db; format=btree; version=4",
    ),
    (bytes(12) + struct.pack("<II", 0x00042253, 4), "application/x-berkeley-db; format=queue"),
    (struct.pack("<I", 0x00053162) + bytes(16), "application/x-berkeley-db; format=btree"),
    (b"=srl\x02\x00", "application/sereal; version=2"),
    (b"=\xf3rl\x03\x00", "application/sereal; version=3"),
    (b"JAVA PROFILE 1.0.2\x00" + bytes(8), "application/vnd.java.hprof"),
    (b"JAVA PROFILE 1.0.1, created", "application/vnd.java.hprof.text"),
    (b"JAVA PROFILE of the day", "text/plain"),
    (
        b"\x30\x82\x01\x22\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0",
        "application/pkcs7-signature",
    ),
    (b"\x30\x82\x01\x22\x02\x01\x00\x02", "application/x-x509-key; format=der"),
    (
        b"\x30\x82\x03\x00\x30\x82\x02\x00\xa0\x03\x02\x01\x02"
        b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00" + bytes(40),
        "application/x-x509-cert; format=der",
    ),
    (b"-----BEGIN CERTIFICATE-----\n", "application/x-x509-cert; format=pem"),
    (b"\x06owner\x00" + bytes(47) + b"\x06\x00", "application/x-ms-owner"),
    (b"\xeb\x3c\x90MSDOS5.0" + bytes(3) + b"\x01" + bytes(20), "application/x-fat-diskimage"),
    (b"DOS\x00\x01" + bytes(20), "application/x-amiga-disk-format"),
    (b"t13rabcd" + bytes(20), "application/octet-stream"),
    (b"t1xr" + bytes(20), "application/x-touhou"),
    (b"wOFF\x00\x01\x00\x00" + bytes(20), "font/woff"),
    (b"wOF2\x00\x01\x00\x00" + bytes(20), "font/woff2"),
    (b"OTTO\x00\x0b" + bytes(20), "application/x-font-otf"),
    (b"\x00\x01\x00\x00\x00\x0f" + bytes(20), "application/x-font-ttf"),
]
COMPRESSED = [
    (b"\x1f\x8b\x08\x00" + bytes(10), "application/gzip"),
    (b"BZh91AY&SY", "application/x-bzip2"),
    (b"\xfd7zXZ\x00\x00\x04", "application/x-xz"),
    (b"]\x00\x00\x80\x00" + b"\xff" * 8, "application/x-lzma"),
    (b"\x28\xb5\x2f\xfd\x24\x00", "application/zstd"),
    (b"\x50\x2a\x4d\x18\x04\x00\x00\x00" + bytes(8), "application/zstd"),
    (b"\x04\x22\x4d\x18\x64", "application/x-lz4"),
    (b"LZIP\x01\x0c", "application/x-lzip"),
    (b"\x1f\x9d\x90", "application/x-compress"),
    (b"\x78\x9c\x4b\x4c", "application/zlib"),
    (b"\xff\x06\x00\x00sNaPpY", "application/x-snappy-framed"),
    (b"\xca\xfe\xd0\x0d" + bytes(8), "application/x-java-pack200"),
    (b"7z\xbc\xaf\x27\x1c\x00\x04", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07\x00\xcf", "application/x-rar-compressed; version=4"),
    (b"Rar!\x1a\x07\x01\x00", "application/x-rar-compressed; version=5"),
    (b"!<arch>\nfile.o/         ", "application/x-archive"),
    (b"!<arch>\ndebian-binary   ", "application/x-debian-package"),
    (b"070701" + b"0" * 50, "application/x-cpio"),
    (b"\x60\xea\x28\x00" + bytes(40), "application/x-arj"),
    (bytes(32769) + b"CD001\x01", "application/x-iso9660-image"),
]


@pytest.mark.parametrize(("content", "media_type"), IMAGES)
def test_images(content: bytes, media_type: str) -> None:
    assert type_of(content) == media_type


@pytest.mark.parametrize(("content", "media_type"), AUDIO_AND_VIDEO)
def test_audio_and_video(content: bytes, media_type: str) -> None:
    assert type_of(content) == media_type


@pytest.mark.parametrize(("content", "media_type"), DATA)
def test_data(content: bytes, media_type: str) -> None:
    assert type_of(content) == media_type


@pytest.mark.parametrize(("content", "media_type"), COMPRESSED)
def test_compressed_files_and_archives(content: bytes, media_type: str) -> None:
    assert type_of(content) == media_type


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (builders.iso_bmff(b"isom"), "clip.mp4", "video/mp4"),
        (builders.iso_bmff(b"isom"), "clip.m4v", "video/x-m4v"),
        (builders.iso_bmff(b"mif1"), "photo.heic", "image/heic"),
        (builders.iso_bmff(b"heic"), "photo.heif", "image/heic"),
        (builders.ebml(b"webm"), "clip.webm", "video/webm"),
        (builders.ebml(b"webm"), "clip.mkv", "video/x-matroska"),
        (builders.ebml(b"matroska"), "clip.mka", "audio/x-matroska"),
        (ASF + UTF16_WMA, "clip.asf", "video/x-ms-asf"),
        (ASF + UTF16_WMV, "clip.asf", "video/x-ms-wmv"),
        (builders.tiff(), "scan.nef", "image/tiff"),
        (builders.tiff(), "scan.cr2", "image/x-canon-cr2"),
        (builders.png(), "trace.ab1", "image/png"),
        (b"%PDF-1.5\n", "drawing.ai", "application/illustrator"),
        (b"\x1f\x8b\x08\x00" + bytes(10), "drawing.svgz", "application/gzip"),
        (b"\x00\x00\x02\x00\x01\x00" + bytes(20), "arrow.cur", "application/octet-stream"),
        (bytes(range(128, 200)), "image.raf", "image/x-raw-fuji"),
        (bytes(range(128, 200)), "song.MP3", "audio/mpeg"),
    ],
)
def test_a_name_only_makes_a_type_more_specific(content: bytes, name: str, media_type: str) -> None:
    assert type_of(content, name) == media_type
