"""Container formats: zip and OLE2 by members, Ogg by streams, tar by its header."""

from __future__ import annotations

import gzip
import struct
import zipfile

import pytest

from tests.detection import builders
from tests.detection.detected import type_of

OOXML = builders.OOXML
ODF = "application/vnd.oasis.opendocument."


@pytest.mark.parametrize("first", [True, False], ids=["list first", "list last"])
@pytest.mark.parametrize(
    ("main_part", "media_type"),
    [
        (f"{OOXML}wordprocessingml.document.main+xml", f"{OOXML}wordprocessingml.document"),
        (f"{OOXML}wordprocessingml.template.main+xml", f"{OOXML}wordprocessingml.template"),
        (f"{OOXML}spreadsheetml.sheet.main+xml", f"{OOXML}spreadsheetml.sheet"),
        (f"{OOXML}presentationml.slideshow.main+xml", f"{OOXML}presentationml.slideshow"),
        (f"{OOXML}themeManager+xml", "application/vnd.openxmlformats-officedocument"),
        (
            "application/vnd.ms-word.document.macroEnabled.main+xml",
            "application/vnd.ms-word.document.macroenabled.12",
        ),
        (
            "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
            "application/vnd.ms-word.template.macroenabled.12",
        ),
        (
            "application/vnd.ms-excel.sheet.binary.macroEnabled.main",
            "application/vnd.ms-excel.sheet.binary.macroenabled.12",
        ),
        ("application/vnd.ms-visio.drawing.main+xml", "application/vnd.ms-visio.drawing"),
        (
            "application/vnd.ms-package.xps-fixeddocumentsequence+xml",
            "application/vnd.ms-xpsdocument",
        ),
        ("application/vnd.something.else+xml", "application/x-tika-ooxml"),
    ],
)
def test_office_packages_by_their_main_part(main_part: str, media_type: str, first: bool) -> None:
    package = builders.office(main_part, first=first)
    assert type_of(package) == media_type
    assert type_of(package, "upload.bin") == media_type
    assert type_of(package, "notes.odt") == media_type


ARCHIVES = [
    ({"a.txt": "x"}, "application/zip"),
    ({"mimetype": f"{ODF}text", "content.xml": "<x/>"}, f"{ODF}text"),
    ({"mimetype": f"{ODF}graphics-template"}, f"{ODF}graphics-template"),
    ({"mimetype": f"{ODF}database"}, f"{ODF}base"),
    ({"a": "x", "mimetype": "application/epub+zip\n"}, "application/epub+zip"),
    ({"mimetype": "application/x-krita"}, "application/x-krita"),
    ({"mimetype": "image/openraster"}, "image/openraster"),
    ({"META-INF/MANIFEST.MF": "x"}, "application/java-archive"),
    ({"META-INF/MANIFEST.MF": "x", "WEB-INF/": ""}, "application/x-tika-java-web-archive"),
    (
        {"META-INF/MANIFEST.MF": "x", "META-INF/application.xml": ""},
        "application/x-tika-java-enterprise-archive",
    ),
    ({"AndroidManifest.xml": "x"}, "application/vnd.android.package-archive"),
    ({"datapackage.json": "{}", "data.csv": "a"}, "application/x-vnd.datapackage+zip"),
    ({"datapackage.json": "{}", "archive/x.warc.gz": "a"}, "application/x-wacz"),
    ({"doc.kml": "<kml/>", "files/a.png": "x"}, "application/vnd.google-earth.kmz"),
    ({"a.kml": "<kml/>", "b.kml": "<kml/>"}, "application/zip"),
    (
        {
            "Payload/x.app/Info.plist": "",
            "Payload/x.app/PkgInfo": "",
            "Payload/x.app/_CodeSignature/CodeResources": "",
        },
        "application/x-itunes-ipa",
    ),
    (
        {"Metadata/BuildVersionHistory.plist": "", "Index/Slide.iwa": ""},
        "application/vnd.apple.keynote.13",
    ),
    ({"Metadata/BuildVersionHistory.plist": ""}, "application/vnd.apple.unknown.13"),
    ({"x.key/Metadata/BuildVersionHistory.plist": ""}, "application/vnd.apple.keynote.18"),
    (
        {
            "buildVersionHistory.plist": "",
            "index.xml": '<d:document xmlns:d="http://developer.apple.com/namespaces/ls"/>',
        },
        "application/vnd.apple.numbers",
    ),
    ({"buildVersionHistory.plist": "", "index.xml": "<x/>"}, "application/vnd.apple.iwork"),
    (
        {
            "META-INF/manifest.xml": (
                '<m:manifest xmlns:m="http://openoffice.org/2001/manifest"><m:file-entry'
                ' m:media-type="application/vnd.sun.xml.calc" m:full-path="/"/></m:manifest>'
            )
        },
        "application/vnd.sun.xml.calc",
    ),
    (
        {
            "META-INF/manifest.xml": (
                '<m:manifest xmlns:m="http://openoffice.org/2001/manifest"><m:file-entry'
                ' m:media-type="" m:full-path="/"/></m:manifest>'
            )
        },
        "application/vnd.openofficeorg.autotext",
    ),
]


@pytest.mark.parametrize(("members", "media_type"), ARCHIVES)
def test_zip_archives_by_their_members(members: dict[str, str], media_type: str) -> None:
    archive = builders.zip_of(members)
    assert type_of(archive) == media_type
    # Behind a program that unpacks it, all its offsets are off; as text it is not even a zip.
    assert type_of(archive + b"and a comment that is none") == media_type


@pytest.mark.parametrize(
    "claim", ["image/png", "text/html", "application/pdf", "application/zip", "x", "a/b/c", "é/x"]
)
def test_an_archive_cannot_claim_another_type(claim: str) -> None:
    assert type_of(builders.zip_of({"mimetype": claim, "a": "x"})) == "application/zip"


@pytest.mark.parametrize(
    "claim",
    [
        "image/png.main+xml",
        "text/html.main+xml",
        "application/zip.main+xml",
        "application/x-unheard-of.main+xml",
        "application/pdf&#10;x-other: header.main+xml",
        "x" * 5000 + ".main+xml",
        "vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        ".main+xml",
    ],
)
def test_a_package_cannot_claim_another_type(claim: str) -> None:
    assert type_of(builders.office(claim), "a.zip") == "application/x-tika-ooxml"


@pytest.mark.parametrize(
    ("members", "name", "media_type"),
    [
        ({"a": "x"}, "a.kmz", "application/vnd.google-earth.kmz"),
        ({"a": "x"}, "a.docx", f"{OOXML}wordprocessingml.document"),
        ({"a": "x"}, "a.pdf", "application/zip"),
        ({"META-INF/MANIFEST.MF": "x"}, "a.ear", "application/x-tika-java-enterprise-archive"),
        (
            {builders.CONTENT_TYPES: builders.content_types("a/b")},
            "a.ppam",
            "application/vnd.ms-powerpoint.addin.macroenabled.12",
        ),
    ],
)
def test_the_name_makes_a_general_archive_specific(
    members: dict[str, str], name: str, media_type: str
) -> None:
    assert type_of(builders.zip_of(members), name) == media_type


def test_a_truncated_zip_is_read_from_its_start() -> None:
    package = builders.office(f"{OOXML}wordprocessingml.document.main+xml")
    assert type_of(package[:-60]) == f"{OOXML}wordprocessingml.document"


def test_a_part_of_a_split_zip_is_a_zip() -> None:
    assert type_of(b"PK\x07\x08" + builders.zip_of({"a": "x"})) == "application/zip"


def test_an_empty_zip_is_a_zip() -> None:
    assert type_of(builders.zip_of({})) == "application/zip"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 99])
def test_member_names_are_used_if_the_list_of_parts_is_unreadable(method: int) -> None:
    members = {builders.CONTENT_TYPES: builders.content_types("a/b"), "xl/workbook.xml": "<x/>"}
    if method == 99:
        archive = bytearray(builders.zip_of(members))
        central = archive.index(b"PK\x01\x02")
        archive[8:10] = archive[central + 10 : central + 12] = struct.pack("<H", 99)
        package = bytes(archive)
    else:
        package = builders.zip_of(members, method=method)
    assert type_of(package) == f"{OOXML}spreadsheetml.sheet"


def test_an_encrypted_mimetype_is_ignored() -> None:
    archive = bytearray(builders.zip_of({"mimetype": f"{ODF}text"}))
    central = archive.index(b"PK\x01\x02")
    archive[central + 8] |= 1
    assert type_of(bytes(archive)) == "application/zip"


COMPOUND_FILES = [
    (["WordDocument", "1Table"], "application/msword"),
    (["Workbook"], "application/vnd.ms-excel"),
    (["Book"], "application/vnd.ms-excel"),
    (["WksSSWorkBook", "Workbook"], "application/x-tika-msworks-spreadsheet"),
    (["PowerPoint Document"], "application/vnd.ms-powerpoint"),
    (["VisioDocument"], "application/vnd.visio"),
    (["__substg1.0_001A001E", "__properties_version1.0"], "application/vnd.ms-outlook"),
    (["Quill", "Contents"], "application/x-mspublisher"),
    (["\x01CompObj", "Props12", "   114"], "application/vnd.ms-project"),
    (["\x01CompObj", "Props12"], "application/x-tika-msoffice"),
    (["MatOST"], "application/vnd.ms-works"),
    (["CONTENTS", "SPELLING"], "application/vnd.ms-works"),
    (["\x05HwpSummaryInformation"], "application/x-hwp-v5"),
    (["EncryptedPackage", "EncryptionInfo"], "application/x-tika-ooxml-protected"),
    (["EncryptedPackage"], "application/x-tika-msoffice"),
    (["PerfectOffice_MAIN", "SlideShow"], "application/x-corelpresentations"),
    (["NativeContent_MAIN"], "application/x-quattro-pro; version=9"),
    (["StarCalcDocument"], "application/vnd.stardivision.calc"),
    (["Dgn~Mf", "Dgn~S", "Dgn~H"], "image/vnd.dgn; version=8"),
    (["Layer"], "application/x-esri-layer"),
    (["Something"], "application/x-tika-msoffice"),
    ([], "application/x-tika-msoffice"),
]


@pytest.mark.parametrize(("names", "media_type"), COMPOUND_FILES)
def test_compound_files_by_their_root_directory(names: list[str], media_type: str) -> None:
    assert type_of(builders.ole2(names)) == media_type


def test_embedded_documents_are_ignored() -> None:
    document = builders.ole2(["ObjectPool", "WordDocument"], nested=["Workbook"])
    assert type_of(document) == "application/msword"
    assert (
        type_of(builders.ole2(["ObjectPool"], nested=["Workbook"])) == "application/x-tika-msoffice"
    )


def test_rights_management_is_found_at_any_depth() -> None:
    managed = builders.ole2(["\x06DataSpaces"], nested=["\tDRMDataSpace"])
    assert type_of(managed) == "application/x-tika-ole-drm-encrypted"


def test_the_program_distinguishes_drawing_and_presentation() -> None:
    drawing = builders.ole2(["StarDrawDocument3", "\x01CompObj"])
    assert type_of(drawing) == "application/vnd.stardivision.draw"
    assert type_of(drawing + b"StarImpress 5.0") == "application/vnd.stardivision.impress"


def test_the_name_makes_a_general_compound_file_specific() -> None:
    plain = builders.ole2(["Something"])
    assert type_of(plain, "setup.msi") == "application/x-ms-installer"
    assert type_of(plain, "letter.doc") == "application/msword"
    assert type_of(plain, "letter.pdf") == "application/x-tika-msoffice"
    protected = builders.ole2(["EncryptedPackage", "EncryptionInfo"])
    assert type_of(protected, "a.xlsx") == "application/x-tika-ooxml-protected"


def test_a_compound_file_without_directory_is_detected_by_names_in_its_head() -> None:
    broken = bytearray(builders.ole2(["x"]).ljust(4096, b"\x00"))
    broken[48:52] = b"\xfe\xff\xff\xff"
    assert type_of(bytes(broken)) == "application/x-tika-msoffice"
    name = "PowerPoint Document".encode("utf-16-le")
    broken[1200 : 1200 + len(name)] = name
    assert type_of(bytes(broken)) == "application/vnd.ms-powerpoint"


@pytest.mark.parametrize(
    ("packets", "media_type"),
    [
        ([b"\x01vorbis"], "audio/vorbis"),
        ([b"OpusHead"], "audio/opus"),
        ([b"Speex   "], "audio/speex"),
        ([b"\x7fFLAC\x01\x00"], "audio/x-oggflac"),
        ([b"\x80theora"], "video/theora"),
        ([b"\x01video\x00\x00"], "video/x-ogm"),
        ([b"\x80theora", b"\x01vorbis"], "video/theora"),
        ([b"\x01vorbis", b"\x80theora"], "video/theora"),
        ([b"fishead\x00", b"\x01vorbis"], "audio/vorbis"),
        ([b"\x01vorbis", b"\x01vorbis"], "audio/vorbis"),
        ([b"\x01vorbis", b"OpusHead"], "audio/ogg"),
        ([b"\x80theora", b"BBCD\x00\x00\x00\x00"], "video/ogg"),
        ([b"whatever"], "application/ogg"),
        ([b"fishead\x00", b"CMML\x00\x00\x00\x00"], "application/ogg"),
    ],
)
def test_ogg_by_its_streams(packets: list[bytes], media_type: str) -> None:
    assert type_of(builders.ogg(*packets)) == media_type


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (builders.tar_header(), "application/x-tar"),
        (builders.tar_header(magic=b"ustar  \x00"), "application/x-gtar"),
        (builders.tar_header(magic=b""), "application/x-tar"),
        (
            builders.tar_header(magic=b"").replace(b"notes.txt", b"motes.txt"),
            "application/octet-stream",
        ),
        (bytes(24) + struct.pack("<I", 60_012) + bytes(1000), "application/x-tika-unix-dump"),
    ],
)
def test_tar_archives_by_their_header(content: bytes, media_type: str) -> None:
    assert type_of(content) == media_type


@pytest.mark.parametrize(
    ("inside", "media_type"),
    [
        (b"WARC/1.0\r\n", "application/warc+gz"),
        (b"filedesc://x", "application/arc+gz"),
        (b"@read\nACGT\n", "application/gzip"),
    ],
)
def test_gzip_by_the_start_of_its_content(inside: bytes, media_type: str) -> None:
    assert type_of(gzip.compress(inside), "reads.fastq.gz") == media_type


@pytest.mark.parametrize(
    ("keys", "media_type"),
    [
        (b"\x5f\x10\x0fWebMainResource", "application/x-bplist-webarchive"),
        (b"YPlaylistsVTracks\\Music Folder", "application/x-bplist-itunes"),
        (b"Unothing", "application/x-bplist"),
    ],
)
def test_binary_property_lists_by_their_keys(keys: bytes, media_type: str) -> None:
    assert type_of(b"bplist00\xd1\x01\x02" + keys) == media_type
