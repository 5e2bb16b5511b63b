"""The media types the detector can name, each with its file extensions, the primary one first.

Source of names, extensions and their order: Apache Tika 3.2.3 (tika-mimetypes.xml), the version
that object-store-api 1.31 pins.
"""

from __future__ import annotations

OCTET_STREAM = "application/octet-stream"
PLAIN_TEXT = "text/plain"

_OOXML = "application/vnd.openxmlformats-officedocument."
_EXTENSIONS: dict[str, str] = {
    OCTET_STREAM: ".bin .dms .lha .lrf .lzh .so .dist .distz .pkg .bpk .dump .elc .deploy",
    PLAIN_TEXT: ".txt .text .def .list .in .data .dat",
    "text/csv": ".csv",
    "text/html": ".html .htm",
    "application/xml": ".xml .xsl .xsd",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/gzip": ".gz .tgz",
    "application/x-7z-compressed": ".7z",
    "application/x-tar": ".tar",
    "application/msword": ".doc .dot",
    "application/vnd.ms-excel": ".xls .xlm .xla .xlc .xlt .xlw .xll .xld",
    "application/vnd.ms-powerpoint": ".ppt .ppz .pps .pot .ppa",
    _OOXML + "wordprocessingml.document": ".docx",
    _OOXML + "spreadsheetml.sheet": ".xlsx",
    _OOXML + "presentationml.presentation": ".pptx .thmx",
    "application/x-msdownload": ".exe .dll",
    "application/x-executable": "",
    "image/png": ".png",
    "image/jpeg": ".jpg .jpeg .jpe .jif .jfif .jfi",
    "image/gif": ".gif",
    "image/tiff": ".tiff .tif",
    "image/webp": ".webp",
    "image/bmp": ".bmp .dib",
    "audio/mpeg": ".mpga .mp2 .mp2a .mp3 .m2a .m3a",
    "video/mp4": ".mp4 .mp4v .mpg4",
    "video/quicktime": ".qt .mov",
}
_BY_TYPE = {name: tuple(extensions.split()) for name, extensions in _EXTENSIONS.items()}
KNOWN_MEDIA_TYPES: tuple[str, ...] = tuple(sorted(_BY_TYPE))


def extensions_of(media_type: str) -> tuple[str, ...]:
    """All known extensions of a media type with their dots, the primary one first; or nothing."""
    return _BY_TYPE.get(media_type.lower(), ())


def type_of_extension(extension: str) -> str | None:
    """The type an extension (".csv") stands for."""
    for media_type, extensions in _BY_TYPE.items():
        if extension in extensions and media_type != OCTET_STREAM:
            return media_type
    return None
