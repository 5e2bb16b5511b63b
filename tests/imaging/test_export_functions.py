"""Export functions on real images: resized, converted, rotated, or a failure code."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from coffer.adapters.imaging.export_functions import IsolatedImageFunctions
from coffer.domain.export.transform_member import ExportFunction, TransformError
from tests.imaging.containers import DEEP_JPEG_2000, grey_tiff
from tests.imaging.helpers import colour_of, near
from tests.imaging.scientific import Picture, contrast, ramp

HALF = ExportFunction(name="IMG_RESIZE", factor=0.5)


def picture(kind: str, mode: str = "RGB", size: tuple[int, int] = (40, 20)) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 0).save(out, kind)
    return out.getvalue()


def opened(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


def test_an_image_is_made_smaller() -> None:
    image = opened(IsolatedImageFunctions().apply(HALF, picture("JPEG")))
    assert (image.format, image.size) == ("JPEG", (20, 10))


def test_no_side_becomes_smaller_than_a_pixel() -> None:
    tiny = ExportFunction(name="IMG_RESIZE", factor=0.001)
    assert opened(IsolatedImageFunctions().apply(tiny, picture("JPEG"))).size == (1, 1)


@pytest.mark.parametrize(
    ("target", "kind"),
    [("image/jpeg", "JPEG"), ("image/png", "PNG"), ("image/tiff", "TIFF"), ("image/webp", "WEBP")],
)
@pytest.mark.parametrize(("source", "mode"), [("PNG", "RGBA"), ("JPEG", "CMYK"), ("GIF", "P")])
def test_an_image_is_converted_to_another_type(
    target: str, kind: str, source: str, mode: str
) -> None:
    function = ExportFunction(name="MAGICK", target_media_type=target, quality=80, rotation=90)
    image = opened(IsolatedImageFunctions().apply(function, picture(source, mode)))
    assert (image.format, image.size) == (kind, (20, 40))


@pytest.mark.parametrize("function", [HALF, ExportFunction(name="MAGICK", rotation=90)])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("photometric", [1, 0])
def test_sixteen_bits_are_scaled(function: ExportFunction, order: str, photometric: int) -> None:
    grey = grey_tiff("H", 0x4000, order=order, photometric=photometric, bits=16)
    image = opened(IsolatedImageFunctions().apply(function, grey))
    assert near(colour_of(image), (64 if photometric else 191,) * 3, apart=2)


def test_a_picture_that_uses_few_bits_is_converted_with_contrast() -> None:
    function = ExportFunction(name="MAGICK")
    for picture in (
        Picture(code="H", bands=(ramp(0, 4095),)),
        Picture(code="f", bands=(ramp(0, 1),)),
    ):
        assert contrast(opened(IsolatedImageFunctions().apply(function, picture.write())))[1] > 60


def test_sixteen_bits_are_kept_where_the_target_can_store_them() -> None:
    function = ExportFunction(name="MAGICK", target_media_type="image/png")
    image = opened(IsolatedImageFunctions().apply(function, grey_tiff("H", 0x1234, bits=16)))
    assert image.getpixel((5, 5)) == 0x1234


def test_unsupported_deep_colours_are_refused() -> None:
    with pytest.raises(TransformError) as failed:
        IsolatedImageFunctions().apply(HALF, DEEP_JPEG_2000)
    assert failed.value.code == "kind_unsupported"


@pytest.mark.parametrize("body", [b"no image", b"", picture("JPEG")[:200]])
def test_an_undecodable_image_has_a_code(body: bytes) -> None:
    with pytest.raises(TransformError) as failed:
        IsolatedImageFunctions().apply(HALF, body)
    assert failed.value.code in ("not_an_image", "image_damaged")


def test_a_decoder_that_takes_too_long_is_ended() -> None:
    with pytest.raises(TransformError) as failed:
        IsolatedImageFunctions(seconds=0).apply(HALF, picture("JPEG"))
    assert failed.value.code in ("decoder_timed_out", "decoder_crashed")


def test_the_same_image_is_converted_equally_twice() -> None:
    functions = IsolatedImageFunctions()
    body = picture("JPEG")
    assert functions.apply(HALF, body) == functions.apply(HALF, body)
