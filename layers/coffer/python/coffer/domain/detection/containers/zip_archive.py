"""Detect zip archives that are documents, packages or programs, by their members.

Which types may be uploaded is decided in `uploads.forbidden_types`. Sources: Apache Tika 3.2.3's
zip detectors; ECMA-376 part 2 for Office packages; OASIS OpenDocument 1.3 part 2 section 3.3 for
`mimetype`.
"""

from __future__ import annotations

from collections.abc import Callable

from coffer.domain.detection.containers.office_packages import office_type
from coffer.domain.detection.containers.zip_members import Members
from coffer.domain.detection.registry import ZIP, canonical, is_a
from coffer.domain.detection.tables.registry import EXTENSIONS, XML_ROOTS
from coffer.domain.detection.window import Window
from coffer.domain.detection.xml_parser import UnsafeXmlError, first_elements, root_element

_MARKS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"PK00")
_MAX_MIMETYPE = 127
_MAX_ENTRIES = 4096
_TOKEN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789!#$&^_.+-")
_OPEN_DOCUMENTS = ("application/vnd.oasis.opendocument.", "application/vnd.sun.xml.")
_JAVA_ARCHIVE = "application/java-archive"
_APK = "application/vnd.android.package-archive"
_IWORK_INDEXES = (b"index.apxl", b"index.xml", b"presentation.apxl")
_IWORK_2018 = {
    b".numbers/Metadata/BuildVersionHistory.plist": "application/vnd.apple.numbers.18",
    b".pages/Metadata/BuildVersionHistory.plist": "application/vnd.apple.pages.18",
    b".key/Metadata/BuildVersionHistory.plist": "application/vnd.apple.keynote.18",
}
_KEYNOTE_2013 = (b"Index/MasterSlide-", b"Index/Slide-")
_STAR_OFFICE = {
    "application/vnd.sun.xml.writer": "application/vnd.sun.xml.writer",
    "application/vnd.sun.xml.calc": "application/vnd.sun.xml.calc",
    "application/vnd.sun.xml.draw": "application/vnd.sun.xml.draw",
    "application/vnd.sun.xml.impress": "application/vnd.sun.xml.impress",
    "application/vnd.sun.star.configuration-data": "application/vnd.openofficeorg.extension",
}


def zip_type(window: Window) -> str | None:
    """Return the type of a zip archive by its members; None for other files."""
    if not window.head.startswith(_MARKS):
        return None
    members = Members(window)
    for detect_members in _DETECTORS:
        media_type = detect_members(members)
        if media_type:
            return media_type
    return ZIP


def _declared(members: Members) -> str | None:
    """Return the type in the member `mimetype`, if a zip archive can have that type.

    Other types are ignored, so an archive cannot claim to be an image or a web page.
    """
    content = members.content(b"mimetype")
    if not content or len(content) > _MAX_MIMETYPE:
        return None
    claimed = content.decode("ascii", "replace").strip().lower()
    group, slash, kind = claimed.partition("/")
    if not slash or not group or not kind or not _TOKEN.issuperset(group + kind):
        return None
    media_type = canonical(claimed)
    if media_type.startswith(_OPEN_DOCUMENTS) or is_a(media_type, ZIP):
        return media_type if media_type != ZIP else None
    return (
        media_type if media_type not in EXTENSIONS and group in ("application", "image") else None
    )


def _java(members: Members) -> str | None:
    if b"AndroidManifest.xml" in members:
        return _APK
    if b"META-INF/MANIFEST.MF" not in members:
        return None
    if b"WEB-INF/" in members:
        return "application/x-tika-java-web-archive"
    if b"META-INF/application.xml" in members:
        return "application/x-tika-java-enterprise-archive"
    if b"base/manifest/AndroidManifest.xml" in members:
        return "application/x-authorware-bin"
    return _JAVA_ARCHIVE


def _data_package(members: Members) -> str | None:
    if b"datapackage.json" not in members:
        return None
    names = members.names
    archive, indexes, pages = (
        any(name.startswith(folder) for name in names)
        for folder in (b"archive/", b"indexes/", b"pages/")
    )
    if archive or (indexes and pages):
        return "application/x-wacz"
    return None if indexes or pages else "application/x-vnd.datapackage+zip"


def _kmz(members: Members) -> str | None:
    placemarks = [
        name
        for name in members.names
        if b"/" not in name and b"\\" not in name and name.lower().endswith(b".kml")
    ]
    return "application/vnd.google-earth.kmz" if len(placemarks) == 1 else None


def _ios_app(members: Members) -> str | None:
    parts = {name.partition(b".app/")[2] for name in members.names if name.startswith(b"Payload/")}
    needed = {b"_CodeSignature/CodeResources", b"Info.plist", b"PkgInfo"}
    return "application/x-itunes-ipa" if needed <= parts else None


def _iwork(members: Members) -> str | None:
    names = members.names
    for ending, media_type in _IWORK_2018.items():
        if any(name.endswith(ending) for name in names):
            return media_type
    if b"Metadata/BuildVersionHistory.plist" in members:
        slides = b"Index/Slide.iwa" in members or b"Index/MasterSlide.iwa" in members
        if slides or any(name.startswith(_KEYNOTE_2013) for name in names):
            return "application/vnd.apple.keynote.13"
        return "application/vnd.apple.unknown.13"
    if b"buildVersionHistory.plist" not in members:
        return None
    for index in _IWORK_INDEXES:
        media_type = _type_of_root(members.content(index) or b"")
        if media_type.startswith("application/vnd.apple."):
            return media_type
    return "application/vnd.apple.iwork"


def _star_office(members: Members) -> str | None:
    content = members.content(b"META-INF/manifest.xml")
    try:
        entries = first_elements(content or b"", _MAX_ENTRIES)
    except UnsafeXmlError:
        return None
    for entry in entries:
        if entry.name == "file-entry":
            # The namespace of the attributes differs between versions, their names do not.
            plain = {key.rpartition(" ")[2]: value for key, value in entry.attributes.items()}
            declared = plain.get("media-type", "-")
            if declared in _STAR_OFFICE:
                return _STAR_OFFICE[declared]
            if not declared and plain.get("full-path") == "/":
                return "application/vnd.openofficeorg.autotext"
    return None


def _type_of_root(content: bytes) -> str:
    try:
        root = root_element(content)
    except UnsafeXmlError:
        return ""
    return XML_ROOTS.get((root.namespace, root.name), "") if root else ""


_DETECTORS: tuple[Callable[[Members], str | None], ...] = (
    _declared,
    office_type,
    _java,
    _data_package,
    _kmz,
    _ios_app,
    _iwork,
    _star_office,
)
