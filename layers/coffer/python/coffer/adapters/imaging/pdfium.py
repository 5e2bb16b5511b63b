"""Decode the first page of a PDF, and JPEG 2000 that Pillow decodes wrongly, with PDFium."""

from __future__ import annotations

import math
from typing import BinaryIO

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from coffer.domain.thumbnails.ports import ThumbnailError

_OVERSAMPLING = 2  # PDFium smooths little, so the page is drawn larger and scaled down


def first_page(document: BinaryIO, edge: int) -> Image.Image:
    """Draw the first page on white, about twice as large as a square of `edge` pixels.

    Pages are never enlarged: a point is at most one pixel. Raises ThumbnailError.
    """
    try:
        with pypdfium2.PdfDocument(document) as opened:
            if len(opened) == 0:
                raise ThumbnailError("image_damaged", "the document has no page")
            opened.init_forms()  # else the content of form fields is not drawn
            page = opened[0]
            longest = max(page.get_size())
            if not (math.isfinite(longest) and longest > 0):
                raise ThumbnailError("image_damaged", "the page has no size")
            scale = min(1.0, _OVERSAMPLING * edge / longest)
            drawn: Image.Image = page.render(scale=scale).to_pil()
            return drawn
    except pypdfium2.PdfiumError as error:
        if error.err_code == pdfium.FPDF_ERR_PASSWORD:
            raise ThumbnailError(
                "document_encrypted", "the document opens with a password only"
            ) from error
        raise ThumbnailError("image_damaged", "the document cannot be read") from error


def decode_jpeg2000(file: BinaryIO, size: tuple[int, int]) -> Image.Image:
    """Decode a JPEG 2000 of any bit depth to eight bits a colour; raise ThumbnailError."""
    file.seek(0)
    try:
        with pypdfium2.PdfDocument(_pdf_around(file.read(), size)) as opened:
            [image] = opened[0].get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE])
            decoded: Image.Image = image.get_bitmap().to_pil()
            return decoded
    except (pypdfium2.PdfiumError, ValueError) as error:
        raise ThumbnailError("image_damaged", "the image cannot be decoded") from error


def _pdf_around(jpeg2000: bytes, size: tuple[int, int]) -> bytes:
    """Return a minimal PDF with the image on its only page (ISO 32000-1, 7.5 and 8.9)."""
    objects = (
        (b"<</Type/Catalog/Pages 2 0 R>>",),
        (b"<</Type/Pages/Count 1/Kids[3 0 R]>>",),
        (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 1 1]/Contents 4 0 R",
            b"/Resources<</XObject<</I 5 0 R>>>>>>",
        ),
        (b"<</Length 5>>stream\n/I Do\nendstream",),
        (
            b"<</Type/XObject/Subtype/Image/Width %d/Height %d" % size,
            b"/Filter/JPXDecode/Length %d>>stream\n" % len(jpeg2000),
            jpeg2000,
            b"\nendstream",
        ),
    )
    document = bytearray(b"%PDF-1.5\n")
    offsets = []
    for number, parts in enumerate(objects, 1):
        offsets.append(len(document))
        document += b"%d 0 obj\n" % number
        for part in parts:  # not joined first: the image may be large
            document += part
        document += b"\nendobj\n"
    start = len(document)
    document += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    document += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    document += trailer % (len(offsets) + 1, start)
    return bytes(document)
