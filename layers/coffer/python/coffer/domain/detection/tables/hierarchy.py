"""The special cases of general media types, if their names do not show the relation.

Source: the sub-class relations of Apache Tika 3.2.3's type registry. Relations that follow from
the name (parameters, `+xml`, `+zip`, `text/`) are rules in `registry.py`, not rows here.
"""

from __future__ import annotations

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."

# A general type, and the types directly under it (separated by blanks).
SPECIAL_CASES: dict[str, str] = {
    "application/dita+xml; format=topic": "application/dita+xml;format=concept",
    "application/epub+zip": "application/x-ibooks+zip",
    "application/fits": "image/fits",
    "application/gzip": (
        "application/x-ms-wmz image/x-emf-compressed application/x-vnd.datapackage+gz"
        " application/warc+gz application/arc+gz"
    ),
    "application/java-archive": (
        "application/vnd.android.package-archive application/x-tika-java-enterprise-archive"
        " application/x-tika-java-web-archive"
    ),
    "application/json": "application/manifest+json application/x-vnd.datapackage+json",
    "application/mathematica": "application/vnd.wolfram.wl",
    "application/ogg": "application/kate audio/ogg video/ogg",
    "application/pdf": "application/illustrator",
    "application/postscript": "application/illustrator+ps",
    "application/quicktime": "application/mp4 video/quicktime",
    "application/vnd.apple.iwork": (
        "application/vnd.apple.keynote application/vnd.apple.numbers application/vnd.apple.pages"
        " application/x-tika-iworks-protected"
    ),
    "application/vnd.ms-cab-compressed": "application/onenote;format=package",
    "application/vnd.ms-excel": "application/x-tika-msworks-spreadsheet",
    f"{_ODF}tika.flat.document": (
        f"{_ODF}flat.presentation {_ODF}flat.spreadsheet {_ODF}flat.text"
    ),
    "application/vnd.sun.xml.writer": "application/vnd.sun.xml.writer.template",
    "application/x-archive": "application/x-debian-package",
    "application/x-berkeley-db; format=btree": (
        "application/x-berkeley-db;format=btree;version=2"
        " application/x-berkeley-db;format=btree;version=3"
        " application/x-berkeley-db;format=btree;version=4"
    ),
    "application/x-berkeley-db; format=hash": (
        "application/x-berkeley-db;format=hash;version=2"
        " application/x-berkeley-db;format=hash;version=3"
        " application/x-berkeley-db;format=hash;version=4"
        " application/x-berkeley-db;format=hash;version=5"
    ),
    "application/x-bplist": (
        "application/x-memgraph application/x-webarchive application/x-bplist-itunes"
        " application/x-bplist-memgraph application/x-bplist-webarchive"
    ),
    "application/x-bzip": "application/x-bzip2",
    "application/x-elf": (
        "application/x-coredump application/x-executable application/x-object"
        " application/x-sharedlib"
    ),
    "application/x-iso9660-image": "application/x-roxio-toast",
    "application/x-mach-o-universal": "application/x-java-jnilib",
    "application/x-matroska": "audio/x-matroska video/webm video/x-matroska",
    "application/x-msdownload": "application/x-dosexec application/x-msdownload;format=pe",
    "application/x-msdownload; format=pe": (
        "application/x-msdownload;format=pe-itanium application/x-msdownload;format=pe32"
        " application/x-msdownload;format=pe64"
    ),
    "application/x-mysql-db": (
        "application/x-mysql-misam-compressed-index application/x-mysql-misam-data"
        " application/x-mysql-misam-index application/x-mysql-table-definition"
    ),
    "application/x-sqlite3": (
        "application/x-bentley-besqlite application/x-bentley-localization"
        " application/x-esri-spatially-enabled-db application/x-fossil-checkout"
        " application/x-fossil-global-conf application/x-fossil-repository"
        " application/x-geopackage application/x-mbtiles application/x-monotone-source-repo"
        " application/x-texnicard"
    ),
    "application/x-tar": "application/x-gtar",
    "application/x-tex": "application/x-latex",
    "application/x-tika-msoffice": (
        "application/msword application/sldworks application/vnd.ms-excel"
        " application/vnd.ms-outlook application/vnd.ms-powerpoint application/vnd.ms-project"
        " application/vnd.ms-works application/vnd.visio application/x-corelpresentations"
        " application/x-esri-layer application/x-hwp-v5 application/x-ms-installer"
        " application/x-mspublisher application/x-quattro-pro application/x-tika-msoffice-embedded"
        " application/x-tika-ole-drm-encrypted application/x-tika-ooxml-protected"
        " application/x-tika-staroffice image/vnd.dgn;version=8"
    ),
    "application/x-tika-old-excel": (
        "application/vnd.ms-excel.sheet.2 application/vnd.ms-excel.sheet.3"
        " application/vnd.ms-excel.sheet.4 application/vnd.ms-excel.workspace.3"
        " application/vnd.ms-excel.workspace.4"
    ),
    "application/x-tika-ooxml": (
        "application/vnd.ms-excel.addin.macroenabled.12"
        " application/vnd.ms-excel.sheet.binary.macroenabled.12"
        " application/vnd.ms-excel.sheet.macroenabled.12"
        " application/vnd.ms-excel.template.macroenabled.12"
        " application/vnd.ms-powerpoint.addin.macroenabled.12"
        " application/vnd.ms-powerpoint.presentation.macroenabled.12"
        " application/vnd.ms-powerpoint.slide.macroenabled.12"
        " application/vnd.ms-powerpoint.slideshow.macroenabled.12"
        " application/vnd.ms-powerpoint.template.macroenabled.12"
        " application/vnd.ms-word.document.macroenabled.12"
        " application/vnd.ms-word.template.macroenabled.12 application/vnd.ms-xpsdocument"
        f" {_OOXML}presentationml.presentation {_OOXML}presentationml.slide"
        f" {_OOXML}presentationml.slideshow {_OOXML}presentationml.template"
        f" {_OOXML}spreadsheetml.sheet {_OOXML}spreadsheetml.template"
        f" {_OOXML}wordprocessingml.document {_OOXML}wordprocessingml.template"
        " application/x-tika-visio-ooxml model/vnd.dwfx+xps"
    ),
    "application/x-tika-staroffice": (
        "application/vnd.stardivision.calc application/vnd.stardivision.draw"
        " application/vnd.stardivision.impress application/vnd.stardivision.writer"
        " application/x-staroffice-template"
    ),
    "application/x-tika-visio-ooxml": (
        "application/vnd.ms-visio.drawing application/vnd.ms-visio.drawing.macroenabled.12"
        " application/vnd.ms-visio.stencil application/vnd.ms-visio.stencil.macroenabled.12"
        " application/vnd.ms-visio.template application/vnd.ms-visio.template.macroenabled.12"
    ),
    "application/x-vnd.datapackage+zip": "application/x-wacz",
    "application/xml": (
        "application/vnd.adobe.xfdf application/vnd.ms-spreadsheetml application/vnd.ms-word2006ml"
        f" {_ODF}tika.flat.document application/vnd.ms-wordml"
        " application/x-adobe-indesign-interchange application/x-amf"
        " application/x-ms-asx application/x-plist application/x-tmx image/vnd.adobe.premiere"
        " text/iso19139+xml"
    ),
    "application/zip": (
        "application/bizagi-modeler application/java-archive application/vnd.apple.iwork"
        " application/vnd.adobe.indesign-idml-package application/vnd.apple.unknown.13"
        " application/vnd.geogebra.file application/vnd.geogebra.tool"
        " application/vnd.google-earth.kmz application/vnd.mindjet.mindmanager"
        f" {_ODF}chart {_ODF}chart-template {_ODF}formula {_ODF}formula-template {_ODF}graphics"
        f" {_ODF}graphics-template {_ODF}image {_ODF}image-template {_ODF}presentation"
        f" {_ODF}presentation-template {_ODF}spreadsheet {_ODF}spreadsheet-template {_ODF}text"
        f" {_ODF}text-master {_ODF}text-template {_ODF}text-web"
        " application/vnd.openofficeorg.autotext application/vnd.openofficeorg.extension"
        " application/vnd.sun.xml.calc application/vnd.sun.xml.draw"
        " application/vnd.sun.xml.impress application/vnd.sun.xml.writer"
        " application/x-itunes-ipa application/x-tika-ooxml application/x-xmind"
    ),
    "audio/ac3": "audio/eac3",
    "audio/amr": "audio/amr-wb",
    "audio/ogg": "audio/opus audio/speex audio/vorbis audio/x-oggflac audio/x-oggpcm",
    "image/heif": "image/heic",
    "image/heif-sequence": "image/heic-sequence",
    "image/tiff": "image/x-canon-cr2",
    "image/x-jp2-container": "image/jp2 image/jpm image/jpx video/mj2",
    "image/x-portable-anymap": (
        "image/x-portable-arbitrarymap image/x-portable-bitmap image/x-portable-graymap"
        " image/x-portable-pixmap"
    ),
    "message/rfc822": "multipart/related",
    "text/javascript": "application/json",
    "text/plain": (
        "application/inf application/mathematica application/relax-ng-compact-syntax"
        " application/rtf application/vnd.java.hprof.text application/vnd.mif application/x-bat"
        " application/x-bibtex-text-file application/x-openscad application/x-project"
        " application/x-sas application/x-sfdu application/x-sh application/x-subrip"
        " application/x-tex application/xml application/xml-dtd application/xquery"
    ),
    "text/x-basic": "text/x-vbasic",
    "text/x-csrc": "image/x-xbitmap",
    "text/x-tika-text-based-message": "application/mbox message/news message/rfc822 message/x-emlx",
    "text/x-vbasic": "text/x-vbdotnet text/x-vbscript",
    "video/mp4": "audio/mp4 video/x-m4v",
    "video/ogg": (
        "video/daala video/theora video/x-dirac video/x-oggrgb video/x-ogguvs video/x-oggyuv"
        " video/x-ogm"
    ),
    "video/quicktime": (
        "image/heif image/heif-sequence image/x-canon-cr3 video/iso.segment video/mp4"
    ),
    "video/x-ms-asf": "audio/x-ms-wma video/x-ms-wmv",
}
