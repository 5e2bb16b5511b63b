"""The media types of XML dialects, by namespace ("" for none) and name of the document element.

Source: the root elements in Apache Tika 3.2.3's type registry.
"""

from __future__ import annotations

_DITA = "http://docs.oasis-open.org/namespace"
_EARTH = "http://earth.google.com/kml/"

# (namespace, local name) -> media type
XML_ROOTS: dict[tuple[str, str], str] = {
    ("", "MD_metadata"): "text/iso19139+xml",
    ("http://www.isotc211.org/2005/gmd", "MD_metadata"): "text/iso19139+xml",
    ("http://purl.org/atom/ns#", "feed"): "application/atom+xml",
    ("http://www.w3.org/2005/Atom", "feed"): "application/atom+xml",
    ("", "map"): "application/dita+xml; format=map",
    (_DITA, "map"): "application/dita+xml; format=map",
    ("", "topic"): "application/dita+xml; format=topic",
    (_DITA, "topic"): "application/dita+xml; format=topic",
    ("", "task"): "application/dita+xml; format=task",
    (_DITA, "task"): "application/dita+xml; format=task",
    ("", "concept"): "application/dita+xml; format=concept",
    (_DITA, "concept"): "application/dita+xml; format=concept",
    ("", "val"): "application/dita+xml; format=val",
    (_DITA, "val"): "application/dita+xml; format=val",
    ("urn:schemas-microsoft-com:office:spreadsheet", "Workbook"): (
        "application/vnd.ms-spreadsheetml"
    ),
    ("", "Workbook"): "application/vnd.ms-spreadsheetml",
    ("http://schemas.microsoft.com/office/word/2003/wordml", "wordDocument"): (
        "application/vnd.ms-wordml"
    ),
    ("", "wordDocument"): "application/vnd.ms-wordml",
    ("http://schemas.microsoft.com/office/2006/xmlPackage", "package"): (
        "application/vnd.ms-word2006ml"
    ),
    ("", "RDF"): "application/rdf+xml",
    ("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "RDF"): "application/rdf+xml",
    ("", "rss"): "application/rss+xml",
    ("", "smil"): "application/smil+xml",
    ("http://ns.adobe.com/xdp/", "xdp"): "application/vnd.adobe.xdp+xml",
    ("http://ns.adobe.com/xfdf/", "xfdf"): "application/vnd.adobe.xfdf",
    ("http://developer.apple.com/namespaces/keynote2", "presentation"): (
        "application/vnd.apple.keynote"
    ),
    ("http://developer.apple.com/namespaces/sl", "document"): "application/vnd.apple.pages",
    ("http://developer.apple.com/namespaces/ls", "document"): "application/vnd.apple.numbers",
    ("", "kml"): "application/vnd.google-earth.kml+xml",
    ("http://www.opengis.net/kml/2.2", "kml"): "application/vnd.google-earth.kml+xml",
    (_EARTH + "2.0", "kml"): "application/vnd.google-earth.kml+xml",
    (_EARTH + "2.1", "kml"): "application/vnd.google-earth.kml+xml",
    (_EARTH + "2.2", "kml"): "application/vnd.google-earth.kml+xml",
    ("", "newsMessage"): "application/vnd.iptc.g2.newsmessage+xml",
    ("http://iptc.org/std/nar/2006-10-01/", "newsMessage"): (
        "application/vnd.iptc.g2.newsmessage+xml"
    ),
    ("urn:oasis:names:tc:opendocument:xmlns:office:1.0", "document"): (
        "application/vnd.oasis.opendocument.tika.flat.document"
    ),
    ("http://www.w3.org/ns/ttml", "tt"): "application/ttml+xml",
    ("", "amf"): "application/x-amf",
    ("", "plist"): "application/x-plist",
    ("", "stata_dta"): "application/x-stata-dta",
    ("http://www.w3.org/1999/xhtml", "html"): "application/xhtml+xml",
    ("http://www.w3.org/1999/XSL/Format", "root"): "application/xslfo+xml",
    ("http://www.w3.org/1999/XSL/Transform", "stylesheet"): "application/xslt+xml",
    ("http://xspf.org/ns/0/", "playlist"): "application/xspf+xml",
    ("http://www.w3.org/2000/svg", "svg"): "image/svg+xml",
    ("", "PremiereData"): "image/vnd.adobe.premiere",
    ("", "DIF"): "application/dif+xml",
    ("http://gcmd.gsfc.nasa.gov/Aboutus/xml/dif/", "DIF"): "application/dif+xml",
    ("http://ns.editeur.org/onix/3.0/reference", "ONIXMessage"): "application/onix-message+xml",
    ("http://ns.editeur.org/onix/3.0/short", "ONIXmessage"): "application/onix-message+xml",
    ("", "ONIXMessage"): "application/onix-message+xml",
    ("", "asx"): "application/x-ms-asx",
    ("", "ASX"): "application/x-ms-asx",
    ("http://www.gribuser.ru/xml/fictionbook/2.0", "FictionBook"): (
        "application/x-fictionbook+xml"
    ),
    ("urn:oasis:names:tc:xliff:document:1.2", "xliff"): "application/x-xliff+xml",
    # Tags of HTML with no namespace are just HTML, well-formed by chance.
    ("", "html"): "text/html",
    ("", "HTML"): "text/html",
    ("", "link"): "text/html",
    ("", "LINK"): "text/html",
    ("", "body"): "text/html",
    ("", "BODY"): "text/html",
    ("", "p"): "text/html",
    ("", "P"): "text/html",
    ("", "script"): "text/html",
    ("", "SCRIPT"): "text/html",
    ("", "frameset"): "text/html",
    ("", "FRAMESET"): "text/html",
    ("", "iframe"): "text/html",
    ("", "IFRAME"): "text/html",
}
