"""PDF: the first page, as a picture, by PDFium."""

from __future__ import annotations

import math
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from coffer.domain.ports import ThumbnailError

_OVERSAMPLING = 2  # PDFium smooths little, so it draws more than is shown


def first_page(document: Path, edge: int) -> Image.Image:
    """The first page on white, drawn about twice as large as a square of `edge` pixels takes.

    A point is a pixel at most: pages are never enlarged. Raises ThumbnailError.
    """
    try:
        with pypdfium2.PdfDocument(document) as opened:
            if len(opened) == 0:
                raise ThumbnailError("image_damaged", "the document has no page")
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
