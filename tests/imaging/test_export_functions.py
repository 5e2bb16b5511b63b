"""Export functions on real images: resized, converted, rotated, or a failure code."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PIL import Image

from coffer.adapters.imaging.decoder_process import CONVERSION
from coffer.domain.export.transform_member import ExportFunction
from coffer.domain.thumbnails.ports import ThumbnailError
from tests.imaging.containers import DEEP_JPEG_2000, grey_tiff
from tests.imaging.decoding import Converter
from tests.imaging.helpers import colour_of, encode, near
from tests.imaging.scientific import Picture, contrast, ramp

HALF = ExportFunction(name="IMG_RESIZE", factor=0.5)


@pytest.fixture(scope="module")
def converter() -> Iterator[Converter]:
    """Yield a converter with the limits of the function."""
    made = Converter()
    yield made
    made.close()


def picture(
    kind: str, mode: str = "RGB", size: tuple[int, int] = (40, 20), *, noise: bool = False
) -> bytes:
    image = Image.effect_noise(size, 80).convert(mode) if noise else Image.new(mode, size, 0)
    return encode(image, kind)


def opened(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


def test_an_image_is_made_smaller(converter: Converter) -> None:
    image = opened(converter.apply(HALF, picture("JPEG")))
    assert (image.format, image.size) == ("JPEG", (20, 10))


def test_no_side_becomes_smaller_than_a_pixel(converter: Converter) -> None:
    tiny = ExportFunction(name="IMG_RESIZE", factor=0.001)
    assert opened(converter.apply(tiny, picture("JPEG"))).size == (1, 1)


@pytest.mark.parametrize(
    ("target", "kind"),
    [("image/jpeg", "JPEG"), ("image/png", "PNG"), ("image/tiff", "TIFF"), ("image/webp", "WEBP")],
)
@pytest.mark.parametrize(("source", "mode"), [("PNG", "RGBA"), ("JPEG", "CMYK"), ("GIF", "P")])
def test_an_image_is_converted_to_another_type(
    converter: Converter, target: str, kind: str, source: str, mode: str
) -> None:
    function = ExportFunction(name="MAGICK", target_media_type=target, quality=80, rotation=90)
    image = opened(converter.apply(function, picture(source, mode)))
    assert (image.format, image.size) == (kind, (20, 40))


@pytest.mark.parametrize("function", [HALF, ExportFunction(name="MAGICK", rotation=90)])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("photometric", [1, 0])
def test_sixteen_bits_are_scaled(
    converter: Converter, function: ExportFunction, order: str, photometric: int
) -> None:
    grey = grey_tiff("H", 0x4000, order=order, photometric=photometric, bits=16)
    image = opened(converter.apply(function, grey))
    assert near(colour_of(image), (64 if photometric else 191,) * 3, apart=2)


def test_a_picture_that_uses_few_bits_is_converted_with_contrast(converter: Converter) -> None:
    function = ExportFunction(name="MAGICK")
    for picture in (
        Picture(code="H", bands=(ramp(0, 4095),)),
        Picture(code="f", bands=(ramp(0, 1),)),
    ):
        assert contrast(opened(converter.apply(function, picture.write())))[1] > 60


def test_sixteen_bits_are_kept_where_the_target_can_store_them(converter: Converter) -> None:
    function = ExportFunction(name="MAGICK", target_media_type="image/png")
    image = opened(converter.apply(function, grey_tiff("H", 0x1234, bits=16)))
    assert image.getpixel((5, 5)) == 0x1234


def test_unsupported_deep_colours_are_refused(converter: Converter) -> None:
    with pytest.raises(ThumbnailError) as failed:
        converter.apply(HALF, DEEP_JPEG_2000)
    assert failed.value.code == "kind_unsupported"


@pytest.mark.parametrize("body", [b"no image", b"", picture("JPEG")[:200]])
def test_an_undecodable_image_has_a_code(converter: Converter, body: bytes) -> None:
    with pytest.raises(ThumbnailError) as failed:
        converter.apply(HALF, body)
    assert failed.value.code in ("not_an_image", "image_damaged")


def test_a_decoder_that_takes_too_long_is_ended() -> None:
    slow = Converter(replace(CONVERSION, seconds=1))
    noise = Image.effect_noise((4000, 4000), 80).convert("RGB")
    best = ExportFunction(name="MAGICK", target_media_type="image/webp", quality=100, rotation=7)
    try:
        with pytest.raises(ThumbnailError) as failed:
            slow.apply(best, encode(noise, "PNG", compress_level=1))
    finally:
        slow.close()
    assert failed.value.code == "decoder_timed_out"


def test_a_result_that_is_too_large_is_refused() -> None:
    small = Converter(replace(CONVERSION, file_bytes=2000))
    try:
        for target in ("image/tiff", "image/png", "image/jpeg", "image/webp"):
            function = ExportFunction(name="MAGICK", target_media_type=target)
            with pytest.raises(ThumbnailError) as failed:
                small.apply(function, picture("PNG", size=(400, 300), noise=True))
            assert failed.value.code == "image_too_large", target
    finally:
        small.close()


def test_the_same_image_is_converted_equally_twice(converter: Converter) -> None:
    body = picture("JPEG")
    assert converter.apply(HALF, body) == converter.apply(HALF, body)
