"""Thumbnails of PDF: the first page on white."""

from __future__ import annotations

import pytest

from coffer.domain.thumbnails.ports import ThumbnailError
from tests.imaging.documents import encrypted_pdf, filled_in_pdf, pdf
from tests.imaging.helpers import colour_of, failure_of, make, near, picture_of

RED = (255, 0, 0)


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ("0 0 600 300", (200, 100)),
        ("0 0 612 792", (155, 200)),
        ("0 0 100 50", (100, 50)),
        ("10 10 210 110", (200, 100)),
        ("0 0 14400 14400", (200, 200)),
        ("0 0 200000 100000", (200, 100)),
        ("0 0 200 1", (200, 1)),
    ],
)
def test_the_first_page_fits_the_square_and_is_never_enlarged(
    box: str, size: tuple[int, int]
) -> None:
    made = make(pdf(box, "0 0 50 50"))
    assert all(abs(one - other) <= 1 for one, other in zip(made.size, size, strict=True))


def test_the_page_is_drawn_on_white() -> None:
    assert near(colour_of(make(pdf("0 0 300 300"))), RED, apart=10)
    assert colour_of(make(pdf("0 0 300 300", content=b""))) == (255, 255, 255)


def test_the_content_of_form_fields_is_drawn() -> None:
    assert near(colour_of(make(filled_in_pdf())), (0, 0, 255), apart=10)


def test_a_page_is_rotated_as_it_says() -> None:
    turned = pdf("0 0 600 300").replace(b"/MediaBox", b"/Rotate 90/MediaBox")
    assert make(turned, "application/pdf").size == (100, 200)


def test_a_page_has_no_size_in_pixels() -> None:
    properties = picture_of(pdf("0 0 300 300")).properties
    assert (properties.width, properties.height, properties.exif) == (None, None, {})


def test_a_document_with_a_password_is_encrypted() -> None:
    assert failure_of(encrypted_pdf()) == "document_encrypted"


@pytest.mark.parametrize("document", [b"%PDF-1.4\n", b"%PDF-1.7\nnonsense %%EOF", pdf()])
def test_a_document_without_a_page_is_damaged(document: bytes) -> None:
    assert failure_of(document, "application/pdf") == "image_damaged"


@pytest.mark.parametrize(
    "box", ["0 0 0 0", "5 5 5 5", "nan nan nan nan", "0 0 -5 -5", "0 0 9999999999 10", ""]
)
def test_a_page_without_a_size_only_fails(box: str) -> None:
    try:
        made = make(pdf(box))
    except ThumbnailError as error:
        assert error.code == "image_damaged"  # noqa: PT017 - or it is made, in PDFium's own size
    else:
        assert max(made.size) <= 200


def test_a_document_cut_anywhere_only_fails() -> None:
    document = pdf("0 0 300 300")
    for tenth in range(10):
        try:
            picture_of(document[: len(document) * tenth // 10], media_type="application/pdf")
        except ThumbnailError as error:
            assert error.code == "image_damaged"  # noqa: PT017 - or it is mended
