"""Files of research groups, museums and data portals have the types of Apache Tika 3.2.3.

A row is a name, the bytes (only what identifies the format), the type with that name, and the type
without a name. Under the name `upload.bin` the type is the same as without. Formats that Tika knows
by name only, and we by content too, have the type in both columns.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import pickle
import plistlib
import struct

import pytest

from tests.detection import builders
from tests.detection.detected import type_of

Row = tuple[str, bytes | str, str, str]

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
NOISE = bytes(number * number % 251 for number in range(3000))
# The empty last block of BGZF (SAM/BAM Format Specification, section 4.1.2).
BGZF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
NIFTI = "application/x-nifti"
BINARY, TEXT = "application/octet-stream", "text/plain"

TABLES_AND_ARRAYS: list[Row] = [
    ("t.parquet", b"PAR1" + NOISE + b"PAR1", "application/x-parquet", "application/x-parquet"),
    ("t.avro", b"Obj\x01\x04\x14avro.codec\x08null\x16avro.schema" + NOISE, BINARY, BINARY),
    ("t.orc", b"ORC" + NOISE, BINARY, BINARY),
    ("a.h5", b"\x89HDF\r\n\x1a\n" + NOISE, "application/x-hdf", "application/x-hdf"),
    ("a.hdf5", b"\x89HDF\r\n\x1a\n" + NOISE, "application/x-hdf", "application/x-hdf"),
    ("a.nc", b"\x89HDF\r\n\x1a\n" + NOISE, "application/x-hdf", "application/x-hdf"),
    ("b.nc", b"CDF\x01" + NOISE, "application/x-netcdf", "application/x-netcdf"),
    ("c.nc", b"CDF\x05" + NOISE, "application/x-netcdf", "application/x-netcdf"),
    ("d.cdf", b"\xcd\xf3\x00\x01" + NOISE, "application/x-netcdf", BINARY),
    (
        "measurements.mat",
        b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124)
        + b"\x00\x02IM"
        + bytes(384)
        + b"\x89HDF\r\n\x1a\n"
        + NOISE,
        "application/x-matlab-data",
        "application/x-matlab-data",
    ),
    (
        "m5.mat",
        b"MATLAB 5.0 MAT-file, Platform: PCWIN64".ljust(124) + b"\x00\x01IM" + NOISE,
        "application/x-matlab-data",
        "application/x-matlab-data",
    ),
    ("f.m", "function y = f(x)\ny=x;\n", "text/x-matlab", "text/x-matlab"),
    ("s.m", "% comment\nx=1;\n", "text/x-objcsrc", TEXT),
    ("a.npy", b"\x93NUMPY\x01\x00v\x00" + NOISE, "application/x-npy", "application/x-npy"),
    ("a.npz", builders.zip_of({"arr_0.npy": "x"}), "application/zip", "application/zip"),
    ("a.pkl", pickle.dumps({"a": 1}), BINARY, BINARY),
    (
        "s.dta",
        b"<stata_dta><header><release>118</release><byteorder>LSF" + NOISE,
        "application/x-stata-dta; version=14",
        "application/x-stata-dta; version=14",
    ),
    (
        "s119.dta",
        b"<stata_dta><header><release>119</release>" + NOISE,
        "application/x-stata-dta",
        "application/x-stata-dta",
    ),
    ("s115.dta", b"s\x02\x01\x00" + NOISE, "application/x-stata-dta", "application/x-stata-dta"),
    ("s.do", "use x\n", TEXT, TEXT),
    (
        "s.sav",
        b"$FL2@(#) SPSS DATA FILE" + NOISE,
        "application/x-spss-sav",
        "application/x-spss-sav",
    ),
    (
        "s.sas7bdat",
        bytes(12)
        + b"\xc2\xea\x81`\xb3\x14\x11\xcf\xbd\x92\x08\x00\t\xc71\x8c\x18\x1f\x10\x11"
        + bytes(52)
        + b"SAS FILE"
        + NOISE,
        "application/x-sas-data",
        "application/x-sas-data",
    ),
    (
        "s.xpt",
        b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!000" + NOISE,
        "application/x-sas-xport",
        "application/x-sas-xport",
    ),
    ("s.sas", "data x; run;\n", "application/x-sas", TEXT),
    (
        "d.rds",
        gzip.compress(b"X\n\x00\x00\x00\x03" + NOISE),
        "application/gzip",
        "application/gzip",
    ),
    ("d.RData", gzip.compress(b"RDX3\nX\n" + NOISE), "application/gzip", "application/gzip"),
    ("a.R", "x <- 1\n", "text/x-rsrc", TEXT),
    ("a.Rmd", "---\ntitle: x\n---\n", TEXT, TEXT),
    ("x.sqlite", builders.sqlite(), "application/x-sqlite3", "application/x-sqlite3"),
    ("x.gpkg", builders.sqlite(b"GPKG"), "application/x-geopackage", "application/x-geopackage"),
    ("e.csv", "\ufeffa,b\n1,2\n", "text/csv", TEXT),
    ("u16.csv", "a,b\n1,2\n".encode("utf-16"), "text/csv", TEXT),
    ("l1.csv", "näme,größe\nx,1\n".encode("latin-1"), "text/csv", TEXT),
    ("t.tsv", "a\tb\n", "text/tab-separated-values", TEXT),
    ("a.ndjson", '{"a":1}\n{"a":2}\n', TEXT, TEXT),
    ("a.ipynb", '{"cells":[],"nbformat":4}', TEXT, TEXT),
    (
        "i.fits",
        "SIMPLE  =                    T / x".ljust(80),
        "application/fits",
        "application/fits",
    ),
    ("g.grb", b"GRIB\x00\x00\x10\x01" + NOISE, "application/x-grib", "application/x-grib"),
    ("g.grib", b"GRIB\x00\x00\x10\x01" + NOISE, "application/x-grib", "application/x-grib"),
    ("g.fcs", b"FCS3.1    " + NOISE, "application/vnd.isac.fcs", "application/vnd.isac.fcs"),
    ("g.root", b"root\x00\x00\xf2" + NOISE, BINARY, BINARY),
    (
        "g.mdb",
        b"\x00\x01\x00\x00Standard Jet DB\x00" + NOISE,
        "application/x-msaccess",
        "application/x-msaccess",
    ),
    (
        "g.accdb",
        b"\x00\x01\x00\x00Standard ACE DB\x00" + NOISE,
        "application/x-msaccess",
        "application/x-msaccess",
    ),
]
MEDICINE_AND_LIFE_SCIENCES: list[Row] = [
    ("a.dcm", bytes(128) + b"DICM" + NOISE, "application/dicom", "application/dicom"),
    ("brain.nii", struct.pack("<i", 348) + bytes(340) + b"n+1\x00" + NOISE, NIFTI, NIFTI),
    (
        "brain.nii.gz",
        gzip.compress(struct.pack("<i", 348) + bytes(340) + b"n+1\x00" + NOISE),
        "application/gzip",
        "application/gzip",
    ),
    ("a.nrrd", "NRRD0004\ntype: float\ndimension: 3\n\n", TEXT, TEXT),
    ("seq.fasta", ">sp|P1|X\nMKVLAAGIVG\n", "text/x-fasta", "text/x-fasta"),
    ("seq.fastq", "@r1\nACGT\n+\nIIII\n", "text/x-fastq", "text/x-fastq"),
    (
        "seq.fq.gz",
        gzip.compress(b"@r1\nACGT\n+\nIIII\n" * 50),
        "application/gzip",
        "application/gzip",
    ),
    ("a.bam", BGZF, "application/x-bam", "application/gzip"),
    ("a.vcf.gz", BGZF, "application/gzip", "application/gzip"),
    ("calls.vcf", "##fileformat=VCFv4.2\n##source=x\n#CHROM\tPOS\n", "text/x-vcf", "text/x-vcf"),
    ("a.sam", "@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:1\tLN:5\n", "text/x-sam", "text/x-sam"),
    ("a.cram", b"CRAM\x03\x00" + NOISE, "application/x-cram", "application/x-cram"),
    ("a.gff3", "##gff-version 3\nctg\t.\tgene\n", TEXT, TEXT),
    ("a.gb", "LOCUS       SCU49845     5028 bp    DNA\nDEFINITION x\n", TEXT, TEXT),
    ("a.nwk", "(A:0.1,B:0.2);", TEXT, TEXT),
    ("a.nex", "#NEXUS\nbegin taxa;\nend;\n", TEXT, TEXT),
    ("a.ab1", b"ABIF\x00e" + NOISE, BINARY, BINARY),
    (
        "m.sdf",
        "caffeine\n  RDKit          2D\n\n 14 15  0  0  0  0  0  0  0  0999 V2000\nM  END\n$$$$\n",
        TEXT,
        TEXT,
    ),
    ("m.mol", "\n  x\n\n  1  0  0  0\nM  END\n", TEXT, TEXT),
    ("m.pdb", "HEADER    HYDROLASE   01-JAN-99   1ABC\nATOM      1\n", TEXT, TEXT),
    ("m.cif", "data_1ABC\n_cell.length_a 1\n", TEXT, TEXT),
    ("m.xyz", "3\nwater\nO 0 0 0\n", TEXT, TEXT),
    ("m.mol2", "@<TRIPOS>MOLECULE\nx\n", TEXT, TEXT),
    ("x.cdxml", '<?xml version="1.0"?><CDXML/>', "application/vnd.chemdraw+xml", "application/xml"),
    (
        "a.mzML",
        '<?xml version="1.0"?><mzML xmlns="http://psi.hupo.org/ms/mzml"/>',
        "application/x-mzml+xml",
        "application/x-mzml+xml",
    ),
    ("x.czi", b"ZISRAWFILE\x00\x00\x00" + NOISE, "image/x-czi", "image/x-czi"),
    ("slide.svs", b"II*\x00" + NOISE, "image/tiff", "image/tiff"),
    ("cell.ome.tif", b"II*\x00" + NOISE, "image/tiff", "image/tiff"),
    ("g.edf", b"0       " + b"X" * 80 + NOISE, BINARY, BINARY),
]
MAPS_POINT_CLOUDS_MODELS: list[Row] = [
    ("g.tif", b"II*\x00\x08\x00\x00\x00" + NOISE, "image/tiff", "image/tiff"),
    ("big.tif", b"II+\x00\x08\x00\x00\x00" + NOISE, "image/tiff", "image/tiff"),
    ("bigm.tif", b"MM\x00+\x00\x08\x00\x00" + NOISE, "image/tiff", "image/tiff"),
    (
        "roads.shp",
        b"\x00\x00'\n" + bytes(24) + b"\xe8\x03\x00\x00" + NOISE,
        "application/x-shapefile",
        "application/x-shapefile",
    ),
    (
        "roads.shx",
        b"\x00\x00'\n" + bytes(24) + b"\xe8\x03\x00\x00" + NOISE,
        "application/x-shapefile",
        "application/x-shapefile",
    ),
    (
        "roads.dbf",
        b"\x03z\x01\x01"
        + struct.pack("<IHH", 1, 65, 11)
        + bytes(20)
        + b"NAME\x00\x00\x00\x00\x00\x00\x00C"
        + bytes(4)
        + b"\n"
        + bytes(15)
        + b"\r"
        + b" abcdefghij",
        "application/x-dbf",
        "application/x-dbf",
    ),
    ("roads.prj", 'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984"]]', TEXT, TEXT),
    ("roads.cpg", "UTF-8", TEXT, TEXT),
    (
        "a.kml",
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"/>',
        "application/vnd.google-earth.kml+xml",
        "application/vnd.google-earth.kml+xml",
    ),
    (
        "a.kmz",
        builders.zip_of({"doc.kml": "<kml/>"}),
        "application/vnd.google-earth.kmz",
        "application/vnd.google-earth.kmz",
    ),
    ("a.geojson", '{"type":"FeatureCollection","features":[]}', TEXT, TEXT),
    (
        "p.las",
        b"LASF" + bytes(20) + b"\x01\x02" + NOISE,
        "application/x-asprs",
        "application/x-asprs",
    ),
    (
        "p4.las",
        b"LASF" + bytes(20) + b"\x01\x04" + NOISE,
        "application/x-asprs",
        "application/x-asprs",
    ),
    (
        "p.laz",
        b"LASF" + bytes(20) + b"\x01\x03" + NOISE,
        "application/x-asprs",
        "application/x-asprs",
    ),
    ("m.e57", b"ASTM-E57" + NOISE, "model/e57", "model/e57"),
    (
        "m.stl",
        b"binary stl".ljust(80) + struct.pack("<I", 1) + bytes(50),
        "model/x.stl-binary",
        BINARY,
    ),
    ("m.ply", "ply\nformat ascii 1.0\nelement vertex 8\nend_header\n", TEXT, TEXT),
    ("b.ply", b"ply\nformat binary_little_endian 1.0\nend_header\n" + NOISE, BINARY, BINARY),
    ("m.obj", "# blender\nv 0 0 0\nf 1 2 3\n", TEXT, TEXT),
    ("m.gltf", '{"asset":{"version":"2.0"}}', TEXT, TEXT),
    ("m.glb", b"glTF\x02\x00\x00\x00" + NOISE, BINARY, BINARY),
    (
        "m.dae",
        '<?xml version="1.0"?><COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema"/>',
        "application/xml",
        "application/xml",
    ),
    ("m.wrl", "#VRML V2.0 utf8\n", TEXT, TEXT),
    ("m.step", "ISO-10303-21;\nHEADER;\n", TEXT, TEXT),
    ("m.vtk", "# vtk DataFile Version 3.0\nx\nASCII\n", TEXT, TEXT),
    ("g.asc", b"ncols         4\n", TEXT, TEXT),
    ("g.img", b"EHFA_HEADER_TAG\x00" + NOISE, "application/x-erdas-hfa", "application/x-erdas-hfa"),
    ("g.ntf", b"NITF02.10" + NOISE, "image/nitf", "image/nitf"),
    ("g.mseed", b"000001D " + NOISE, "application/vnd.fdsn.mseed", "application/vnd.fdsn.mseed"),
    ("g.dwg", b"AC1032" + NOISE, "image/vnd.dwg", "image/vnd.dwg"),
    (
        "g.dxf",
        "  0\nSECTION\n  2\nHEADER\n",
        "image/vnd.dxf; format=ascii",
        "image/vnd.dxf; format=ascii",
    ),
    (
        "g.pcap",
        b"\xd4\xc3\xb2\xa1" + NOISE,
        "application/vnd.tcpdump.pcap",
        "application/vnd.tcpdump.pcap",
    ),
    (
        "g.pcapng",
        b"\n\r\r\n\x1c\x00\x00\x00M<+\x1a" + NOISE,
        "application/vnd.tcpdump.pcapng",
        "application/vnd.tcpdump.pcapng",
    ),
    (
        "g.gpx",
        XML + '<gpx xmlns="http://www.topografix.com/GPX/1/1"/>',
        "application/xml",
        "application/xml",
    ),
    (
        "g.gml",
        XML + '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"/>',
        "application/xml",
        "application/xml",
    ),
]
DESCRIPTIONS: list[Row] = [
    ("a.jsonld", '{"@context":"https://schema.org"}', TEXT, TEXT),
    (
        "ro-crate-metadata.json",
        '{"@context":"https://w3id.org/ro/crate/1.1/context"}',
        "application/json",
        TEXT,
    ),
    ("datapackage.json", '{"name":"x","resources":[]}', "application/json", TEXT),
    (
        "dp.zip",
        builders.zip_of({"datapackage.json": "{}", "data.csv": "x"}),
        "application/x-vnd.datapackage+zip",
        "application/x-vnd.datapackage+zip",
    ),
    (
        "a.wacz",
        builders.zip_of({"datapackage.json": "{}", "archive/a.warc.gz": "x", "indexes/i": "x"}),
        "application/x-wacz",
        "application/x-wacz",
    ),
    ("a.ttl", "@prefix ex: <http://e/> .\nex:a ex:b ex:c .\n", TEXT, TEXT),
    ("a.nt", "<http://a> <http://b> <http://c> .\n", TEXT, TEXT),
    (
        "a.owl",
        '<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
        "application/rdf+xml",
        "application/rdf+xml",
    ),
    (
        "r.bib",
        "@article{a,\n title={x}}\n",
        "application/x-bibtex-text-file",
        "application/x-bibtex-text-file",
    ),
    (
        "r2.bib",
        "% c\n\n@book{a}\n",
        "application/x-bibtex-text-file",
        "application/x-bibtex-text-file",
    ),
    ("r.ris", "TY  - JOUR\nAU  - X\nER  - \n", TEXT, TEXT),
    (
        "r.enw",
        "%0 Journal Article\n%A X\n%D 2000\n%T Y\n",
        "application/x-endnote-refer",
        "application/x-endnote-refer",
    ),
    (
        "r.mrc",
        b"00714cam a2200205 a 4500001001200000" + b"\x1e" * 20,
        "application/marc",
        "application/marc",
    ),
    (
        "r.marcxml",
        '<?xml version="1.0"?><collection xmlns="http://www.loc.gov/MARC21/slim"/>',
        "application/xml",
        "application/xml",
    ),
    ("p.tex", "\\documentclass{article}\n", "application/x-tex", "application/x-tex"),
    ("q.tex", "% comment\n\\documentclass{article}\n", "application/x-tex", TEXT),
    ("p.sty", "\\ProvidesPackage{x}\n", TEXT, TEXT),
    ("a.warc", "WARC/1.0\r\nWARC-Type: warcinfo\r\n", "application/warc", "application/warc"),
    (
        "a.warc.gz",
        gzip.compress(b"WARC/1.0\r\nWARC-Type: warcinfo\r\n" * 5),
        "application/warc+gz",
        "application/warc+gz",
    ),
    (
        "t.xml",
        XML + '<TEI xmlns="http://www.tei-c.org/ns/1.0"/>',
        "application/xml",
        "application/xml",
    ),
    ("e.xml", XML + '<ead xmlns="urn:isbn:1-931666-22-9"/>', "application/xml", "application/xml"),
    (
        "m.xml",
        XML + '<mods xmlns="http://www.loc.gov/mods/v3"/>',
        "application/xml",
        "application/xml",
    ),
    (
        "mets.xml",
        XML + '<mets xmlns="http://www.loc.gov/METS/"/>',
        "application/xml",
        "application/xml",
    ),
    (
        "meta.xml",
        XML + '<archive xmlns="http://rs.tdwg.org/dwc/text/"/>',
        "application/xml",
        "application/xml",
    ),
    (
        "eml.xml",
        XML + '<eml:eml xmlns:eml="eml://ecoinformatics.org/eml-2.1.1"/>',
        "application/xml",
        "application/xml",
    ),
    ("r.rss", XML + '<rss version="2.0"/>', "application/rss+xml", "application/rss+xml"),
    (
        "x.xsl",
        XML + '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>',
        "application/xslt+xml",
        "application/xslt+xml",
    ),
    (
        "x.xsd",
        XML + '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>',
        "application/xml",
        "application/xml",
    ),
    (
        "iso.xml",
        XML + '<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd"/>',
        "application/xml",
        "application/xml",
    ),
    (
        "x.iso19139",
        XML + '<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd"/>',
        "text/iso19139+xml",
        "application/xml",
    ),
    (
        "d.dif",
        XML + '<DIF xmlns="http://gcmd.gsfc.nasa.gov/Aboutus/xml/dif/"/>',
        "application/dif+xml",
        "application/dif+xml",
    ),
    (
        "f.fodt",
        XML + '<o:document xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0"/>',
        "application/vnd.oasis.opendocument.flat.text",
        "application/vnd.oasis.opendocument.tika.flat.document",
    ),
    (
        "x.html",
        XML + '<html xmlns="http://www.w3.org/1999/xhtml"/>',
        "application/xhtml+xml",
        "application/xhtml+xml",
    ),
    (
        "x.xhtml",
        XML + '<html xmlns="http://www.w3.org/1999/xhtml"/>',
        "application/xhtml+xml",
        "application/xhtml+xml",
    ),
    ("rss.xml", XML + "<rss/>", "application/rss+xml", "application/rss+xml"),
    (
        "feed.xml",
        XML + '<feed xmlns="http://www.w3.org/2005/Atom"/>',
        "application/atom+xml",
        "application/atom+xml",
    ),
    (
        "a.xmp",
        XML + '<x:xmpmeta xmlns:x="adobe:ns:meta/"/>',
        "application/rdf+xml",
        "application/xml",
    ),
    (
        "m.musicxml",
        XML + "<score-partwise/>",
        "application/vnd.recordare.musicxml+xml",
        "application/xml",
    ),
]
MESSAGES_AND_BOOKS: list[Row] = [
    ("a.eml", "From: a@b.c\nTo: d@e.f\nSubject: x\n\nhi\n", "message/rfc822", "message/rfc822"),
    (
        "a.mbox",
        "From a@b Mon Jan  1 00:00:00 2020\nFrom: a@b\nSubject: x\nDate: y\n\nhi\n",
        "application/mbox",
        "application/mbox",
    ),
    (
        "a.ics",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\nEND:VCALENDAR\r\n",
        "text/calendar",
        "text/calendar",
    ),
    ("a.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n", "text/x-vcard", "text/x-vcard"),
    (
        "mht.mht",
        "MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n",
        "multipart/related",
        "multipart/related",
    ),
    (
        "b.epub",
        builders.zip_of({"mimetype": "application/epub+zip", "META-INF/container.xml": "<x/>"}),
        "application/epub+zip",
        "application/epub+zip",
    ),
    ("b.djvu", b"AT&TFORM\x00\x00\x00\x10DJVU" + NOISE, "image/vnd.djvu", "image/vnd.djvu"),
    (
        "b.mobi",
        b"Name".ljust(60, b"\x00") + b"BOOKMOBI" + NOISE,
        "application/x-mobipocket-ebook",
        "application/x-mobipocket-ebook",
    ),
    (
        "b.fb2",
        '<?xml version="1.0"?><FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"/>',
        "application/x-fictionbook+xml",
        "application/x-fictionbook+xml",
    ),
    (
        "b.chm",
        b"ITSF\x03\x00\x00\x00" + NOISE,
        "application/vnd.ms-htmlhelp",
        "application/vnd.ms-htmlhelp",
    ),
]
CAMERA_RAW_AND_PICTURES: list[Row] = [
    ("r.dng", b"II*\x00\x08\x00\x00\x00" + NOISE, "image/tiff", "image/tiff"),
    ("r.nef", b"MM\x00*\x00\x00\x00\x08" + NOISE, "image/tiff", "image/tiff"),
    ("r.arw", b"II*\x00\x08\x00\x00\x00" + NOISE, "image/tiff", "image/tiff"),
    (
        "r.cr2",
        b"II*\x00\x10\x00\x00\x00CR\x02\x00" + NOISE,
        "image/x-canon-cr2",
        "image/x-canon-cr2",
    ),
    ("r.raf", b"FUJIFILMCCD-RAW 0201" + NOISE, "image/x-raw-fuji", "image/x-raw-fuji"),
    ("r.orf", b"IIRO\x08\x00\x00\x00" + NOISE, "image/x-raw-olympus", "image/x-raw-olympus"),
    ("r.rw2", b"IIU\x00\x18\x00\x00\x00" + NOISE, "image/x-raw-panasonic", "image/x-raw-panasonic"),
    ("r.x3f", b"FOVb" + NOISE, "image/x-raw-sigma", BINARY),
    ("r.crw", b"II\x1a\x00\x00\x00HEAPCCDR" + NOISE, "image/x-raw-canon", "image/x-raw-canon"),
    ("r.mrw", b"\x00MRM" + NOISE, "image/x-raw-minolta", "image/x-raw-minolta"),
    (
        "i.jp2",
        b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 " + NOISE,
        "image/jp2",
        "image/jp2",
    ),
    ("i.j2k", b"\xffO\xffQ" + NOISE, "image/x-jp2-codestream", "image/x-jp2-codestream"),
    ("i.jxl", b"\xff\n" + NOISE, "image/jxl", "image/jxl"),
    (
        "i.psd",
        b"8BPS\x00\x01" + bytes(6) + NOISE,
        "image/vnd.adobe.photoshop",
        "image/vnd.adobe.photoshop",
    ),
    ("i.ai", b"%PDF-1.5\n%\xe2\xe3\n" + NOISE, "application/illustrator", "application/pdf"),
    ("i.eps", "%!PS-Adobe-3.0 EPSF-3.0\n", "application/postscript", "application/postscript"),
    ("w.eps", b"\xc5\xd0\xd3\xc6" + NOISE, "application/postscript", "application/postscript"),
    (
        "i.svg",
        '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        "image/svg+xml",
        "image/svg+xml",
    ),
    (
        "n.svg",
        '<svg xmlns="http://www.w3.org/2000/svg" width="1"/>',
        "image/svg+xml",
        "image/svg+xml",
    ),
    ("o.svg", '<svg width="1"/>', "image/svg+xml", TEXT),
    (
        "c.svg",
        '<!-- made -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
        "image/svg+xml",
        "image/svg+xml",
    ),
    (
        "i.ico",
        b"\x00\x00\x01\x00\x01\x00" + NOISE,
        "image/vnd.microsoft.icon",
        "image/vnd.microsoft.icon",
    ),
    ("i.cur", b"\x00\x00\x02\x00\x01\x00" + NOISE, BINARY, BINARY),
    ("i.wmf", b"\xd7\xcd\xc6\x9a\x00\x00" + NOISE, "image/wmf", "image/wmf"),
    ("i.emf", b"\x01\x00\x00\x00" + bytes(36) + b" EMF" + NOISE, "image/emf", "image/emf"),
    (
        "i.bmp",
        b"BM"
        + bytes(8)
        + b"6\x00\x00\x00(\x00\x00\x00"
        + bytes(8)
        + b"\x01\x00\x18\x00"
        + bytes(30),
        "image/bmp",
        "image/bmp",
    ),
    ("i.pcx", b"\n\x05\x01\x08" + NOISE, "image/vnd.zbrush.pcx", "image/vnd.zbrush.pcx"),
    (
        "i.tga",
        b"\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x10\x00\x18\x00" + NOISE,
        "image/x-tga",
        "image/x-tga",
    ),
    ("i.xcf", b"gimp xcf file\x00" + NOISE, "image/x-xcf", "image/x-xcf"),
    (
        "i.ora",
        builders.zip_of({"mimetype": "image/openraster"}),
        "image/openraster",
        "image/openraster",
    ),
    ("i.exr", b"v/1\x01\x02\x00\x00\x00" + NOISE, "image/aces", "image/aces"),
    ("i.dds", b"DDS |\x00\x00\x00" + NOISE, BINARY, BINARY),
    ("i.webp", b"RIFF\x10\x00\x00\x00WEBPVP8 " + NOISE, "image/webp", "image/webp"),
    ("i.ppm", b"P6\n1 1\n255\n\x00\x00\x00", "image/x-portable-pixmap", "image/x-portable-pixmap"),
    ("i.cr3", builders.iso_bmff(b"crx "), "image/x-canon-cr3", "image/x-canon-cr3"),
    ("i.avif", builders.iso_bmff(b"avif"), "image/avif", "image/avif"),
    ("i.heic", builders.iso_bmff(b"heic"), "image/heic", "image/heic"),
    ("i.heif", builders.iso_bmff(b"mif1"), "image/heif", "image/heif"),
    ("j.heic", builders.iso_bmff(b"mif1"), "image/heic", "image/heif"),
]
SOUND_AND_FILM: list[Row] = [
    ("a.flac", b"fLaC" + NOISE, "audio/x-flac", "audio/x-flac"),
    ("a.mid", b"MThd\x00\x00\x00\x06" + NOISE, "audio/midi", "audio/midi"),
    ("a.m4a", b"\x00\x00\x00 ftypM4A \x00\x00\x00\x00" + NOISE, "audio/mp4", "audio/mp4"),
    (
        "a.mp3",
        b"ID3\x03\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x00" + bytes(500),
        "audio/mpeg",
        "audio/mpeg",
    ),
    ("b.mp3", b"\xff\xfb\x90\x00" + bytes(500), "audio/mpeg", "audio/mpeg"),
    ("a.aac", b"\xff\xf1P\x80" + NOISE, "audio/x-aac", "audio/x-aac"),
    ("a.aiff", b"FORM\x00\x00\x00\x10AIFFCOMM" + NOISE, "audio/x-aiff", "audio/x-aiff"),
    ("a.wav", b"RIFF\x10\x00\x00\x00WAVEfmt " + NOISE, "audio/vnd.wave", "audio/vnd.wave"),
    ("a.rf64.wav", b"RF64\xff\xff\xff\xffWAVEds64" + NOISE, "audio/vnd.wave", "audio/vnd.wave"),
    (
        "a.wma",
        b"0&\xb2u\x8ef\xcf\x11" + NOISE + "Windows Media Audio".encode("utf-16le"),
        "audio/x-ms-wma",
        "audio/x-ms-wma",
    ),
    ("a.amr", b"#!AMR\n" + NOISE, "audio/amr", "audio/amr"),
    (
        "a.au",
        b".snd\x00\x00\x00\x18\x00\x00\x00\x00\x00\x00\x00\x01" + NOISE,
        "audio/basic",
        "audio/basic",
    ),
    ("a.caf", b"caff\x00\x01\x00\x00" + NOISE, "audio/x-caf", "audio/x-caf"),
    ("v.mkv", builders.ebml(b"matroska"), "video/x-matroska", "application/x-matroska"),
    ("v.webm", builders.ebml(b"webm"), "video/webm", "video/webm"),
    ("v.avi", b"RIFF\x00\x00\x01\x00AVI LIST" + NOISE, "video/x-msvideo", "video/x-msvideo"),
    ("v.wmv", b"0&\xb2u\x8ef\xcf\x11" + NOISE, "video/x-ms-wmv", "video/x-ms-asf"),
    ("v.flv", b"FLV\x01\x05" + NOISE, "video/x-flv", "video/x-flv"),
    ("v.mpg", b"\x00\x00\x01\xbaD" + NOISE, "video/mpeg", "video/mpeg"),
    ("v.ts", (b"G@\x00\x10" + bytes(184)) * 20, BINARY, BINARY),
    ("v.mxf", b"\x06\x0e+4\x02\x05\x01\x01" + NOISE, "application/mxf", BINARY),
    (
        "v.srt",
        "1\n00:00:01,000 --> 00:00:02,000\nhi\n",
        "application/x-subrip",
        "application/x-subrip",
    ),
    ("v.vtt", "WEBVTT\n\n", "text/vtt", "text/vtt"),
    ("v.mp4", builders.iso_bmff(b"isom"), "video/mp4", "video/quicktime"),
    ("w.mp4", builders.iso_bmff(b"mp42"), "video/mp4", "video/mp4"),
    ("v.mov", builders.iso_bmff(b"qt  "), "video/quicktime", "video/quicktime"),
    ("v.m4v", builders.iso_bmff(b"M4V "), "video/x-m4v", "video/x-m4v"),
    ("v.3gp", builders.iso_bmff(b"3gp4"), "video/3gpp", "video/3gpp"),
]
ARCHIVES_AND_PROGRAMS: list[Row] = [
    (
        "a.7z",
        b"7z\xbc\xaf'\x1c" + NOISE,
        "application/x-7z-compressed",
        "application/x-7z-compressed",
    ),
    (
        "a.rar",
        b"Rar!\x1a\x07\x00" + NOISE,
        "application/x-rar-compressed; version=4",
        "application/x-rar-compressed; version=4",
    ),
    (
        "b.rar",
        b"Rar!\x1a\x07\x01\x00" + NOISE,
        "application/x-rar-compressed; version=5",
        "application/x-rar-compressed; version=5",
    ),
    ("a.xz", lzma.compress(NOISE), "application/x-xz", "application/x-xz"),
    (
        "a.lzma",
        lzma.compress(NOISE, format=lzma.FORMAT_ALONE),
        "application/x-lzma",
        "application/x-lzma",
    ),
    ("a.zst", b"(\xb5/\xfd" + NOISE, "application/zstd", "application/zstd"),
    ("a.lz4", b'\x04"M\x18' + NOISE, "application/x-lz4", "application/x-lz4"),
    ("a.bz2", bz2.compress(NOISE), "application/x-bzip2", "application/x-bzip2"),
    ("a.tgz", gzip.compress(NOISE), "application/gzip", "application/gzip"),
    ("a.csv.gz", gzip.compress(b"a,b\n1,2\n"), "application/gzip", "application/gzip"),
    ("a.Z", b"\x1f\x9d\x90" + NOISE, "application/x-compress", "application/x-compress"),
    ("a.br", NOISE, "application/x-brotli", BINARY),
    (
        "a.cab",
        b"MSCF\x00\x00\x00\x00" + NOISE,
        "application/vnd.ms-cab-compressed",
        "application/vnd.ms-cab-compressed",
    ),
    (
        "a.iso",
        bytes(32768) + b"\x01CD001" + NOISE,
        "application/x-iso9660-image",
        "application/x-iso9660-image",
    ),
    (
        "a.deb",
        b"!<arch>\ndebian-binary   " + NOISE,
        "application/x-debian-package",
        "application/x-debian-package",
    ),
    ("a.rpm", b"\xed\xab\xee\xdb" + NOISE, "application/x-rpm", "application/x-rpm"),
    ("a.cpio", b"070701" + NOISE, "application/x-cpio", "application/x-cpio"),
    ("a.zip", builders.zip_of({"a.txt": "x"}), "application/zip", "application/zip"),
    (
        "a.dwc.zip",
        builders.zip_of({"meta.xml": "<archive/>", "occurrence.txt": "x"}),
        "application/zip",
        "application/zip",
    ),
    (
        "a.jar",
        builders.zip_of({"META-INF/MANIFEST.MF": "Manifest-Version: 1.0", "a.class": "x"}),
        "application/java-archive",
        "application/java-archive",
    ),
    (
        "a.apk",
        builders.zip_of({"AndroidManifest.xml": "x", "classes.dex": "x"}),
        "application/vnd.android.package-archive",
        "application/vnd.android.package-archive",
    ),
    (
        "a.class",
        b"\xca\xfe\xba\xbe\x00\x00\x004" + NOISE,
        "application/java-vm",
        "application/java-vm",
    ),
    ("a.wasm", b"\x00asm\x01\x00\x00\x00", "application/wasm", "application/wasm"),
    ("a.sh", "#!/bin/bash\necho\n", "application/x-sh", "application/x-sh"),
    ("b.sh", "#!/usr/bin/env bash\n", "application/x-sh", "application/x-sh"),
    ("c.sh", "echo hi\n", "application/x-sh", TEXT),
    ("a.py", "#!/usr/bin/env python3\nprint()\n", "text/x-python", "application/x-sh"),
    ("b.py", "import os\n", "text/x-python", TEXT),
    ("a.rb", "#!/usr/bin/env ruby\n", "text/x-ruby", "application/x-sh"),
    ("a.bat", "@echo off\r\n", "application/x-bat", "application/x-bat"),
    ("a.ps1", "Write-Host x\n", TEXT, TEXT),
    ("a.js", "#!/usr/bin/env node\n", "text/javascript", "application/x-sh"),
    ("a.go", "package main\n", "text/x-go", TEXT),
    ("Makefile", "all:\n\techo\n", "text/x-makefile", TEXT),
    (
        "f.ttf",
        b"\x00\x01\x00\x00\x00\x10" + NOISE,
        "application/x-font-ttf",
        "application/x-font-ttf",
    ),
    ("f.otf", b"OTTO\x00\x10" + NOISE, "application/x-font-otf", "application/x-font-otf"),
    ("f.ttc", b"ttcf\x00\x01\x00\x00" + NOISE, "application/x-font-ttf", "application/x-font-ttf"),
    ("f.woff", b"wOFF\x00\x01\x00\x00" + NOISE, "font/woff", "font/woff"),
    ("f.woff2", b"wOF2\x00\x01\x00\x00" + NOISE, "font/woff2", "font/woff2"),
    (
        "f.pfb",
        b"\x80\x01\x10\x10\x00\x00%!PS-AdobeFont-1.0: X" + NOISE,
        "application/x-font-type1",
        "application/x-font-type1",
    ),
    ("a.torrent", b"d8:announce3:xyze", "application/x-bittorrent", "application/x-bittorrent"),
    (
        "a.pem",
        "-----BEGIN CERTIFICATE-----\n",
        "application/x-x509-cert; format=pem",
        "application/x-x509-cert; format=pem",
    ),
    (
        "a.plist",
        plistlib.dumps({"a": 1}, fmt=plistlib.FMT_BINARY),
        "application/x-bplist",
        "application/x-bplist",
    ),
    ("x.plist", plistlib.dumps({"a": 1}), "application/x-plist", "application/x-plist"),
    ("a.tar", builders.tar_header(), "application/x-tar", "application/x-tar"),
    (
        "gnu.tar",
        builders.tar_header(magic=b"ustar  \0"),
        "application/x-gtar",
        "application/x-gtar",
    ),
]
PLAIN_TEXT: list[Row] = [
    ("u16be.txt", b"\xfe\xff" + "hello".encode("utf-16be"), TEXT, TEXT),
    ("u16nobom.txt", "hello world this".encode("utf-16le"), TEXT, BINARY),
    ("sp.txt", "   ", TEXT, TEXT),
    ("nul.txt", b"abc\x00def", TEXT, BINARY),
    ("sjis.txt", "日本語テキスト".encode("shift_jis"), TEXT, BINARY),
    ("koi.txt", "Привет мир".encode("koi8-r"), TEXT, TEXT),
    ("utf8.txt", "Привет мир", TEXT, TEXT),
    ("README", "# x", TEXT, TEXT),
    ("README.md", "# x", "text/x-web-markdown", TEXT),
    ("LICENSE", "MIT", TEXT, TEXT),
    ("a.yaml", "a: 1\n", "text/x-yaml", TEXT),
    ("a.toml", "[x]\na=1\n", TEXT, TEXT),
    ("a.ini", "[a]\n", "text/x-ini", TEXT),
    ("a.log", "2020 x", "text/x-log", TEXT),
    ("a.dat", "1 2 3\n", TEXT, TEXT),
    ("a.rst", "Title\n=====\n", "text/x-rst", TEXT),
    ("a.diff", "diff --git a b\n", "text/x-diff", "text/x-diff"),
    ("a.sql", "SELECT 1;\n", "text/x-sql", TEXT),
    ("a.dot", "digraph G { a -> b }", "text/vnd.graphviz", "text/vnd.graphviz"),
    ("h.html", "<!DOCTYPE html>\n<html><body/></html>", "text/html", "text/html"),
    ("frag.html", "<p>hi</p>", "text/html", TEXT),
]

EVERYTHING = [
    *TABLES_AND_ARRAYS,
    *MEDICINE_AND_LIFE_SCIENCES,
    *MAPS_POINT_CLOUDS_MODELS,
    *DESCRIPTIONS,
    *MESSAGES_AND_BOOKS,
    *CAMERA_RAW_AND_PICTURES,
    *SOUND_AND_FILM,
    *ARCHIVES_AND_PROGRAMS,
    *PLAIN_TEXT,
]


@pytest.mark.parametrize(
    ("name", "content", "named", "unnamed"),
    [pytest.param(*row, id=f"{number} {row[0]}") for number, row in enumerate(EVERYTHING)],
)
def test_the_type_is_tikas(name: str, content: bytes | str, named: str, unnamed: str) -> None:
    assert type_of(content, name) == named
    assert type_of(content) == unnamed
    assert type_of(content, "upload.bin") == unnamed
