"""Pictures of instruments have contrast, whatever their numbers; missing values are white."""

from __future__ import annotations

import io
import math
import struct
from typing import Any

import pytest
from PIL import Image

from tests.fakes.files import png_of_rows
from tests.imaging.containers import Tiff, with_chunk
from tests.imaging.helpers import colour_of, encode, failure_of, make, near, picture_of, plain
from tests.imaging.scientific import (
    SIZE,
    Picture,
    contrast,
    falling,
    missing,
    ramp,
    rises,
)

WHITE = (255, 255, 255)
FULL_RAMP = (127, 74)
"""Mean and standard deviation of a ramp from black to white."""
NODATA = 42113


def has_contrast(made: Image.Image, apart: float = 6) -> bool:
    mean, deviation = contrast(made)
    return abs(mean - FULL_RAMP[0]) < apart and abs(deviation - FULL_RAMP[1]) < apart


def grey(code: str, low: float, high: float, **options: Any) -> Picture:
    return Picture(code=code, bands=(ramp(low, high),), **options)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("is_deflated", [False, True])
@pytest.mark.parametrize(
    ("code", "low", "high"),
    [
        ("H", 0, 4095),
        ("H", 0, 1023),
        ("H", 30000, 33000),
        ("H", 0, 65535),
        ("h", -500, 500),
        ("h", -32768, 32767),
        ("i", -1_000_000, 1_000_000),
        ("I", 0, 2**32 - 1),
        ("I", 0, 200),
        ("e", 0, 1),
        ("e", -6e4, 6e4),
        ("f", 0, 1),
        ("f", -1e-6, 1e-6),
        ("f", 1e6, 1e6 + 100),
        ("d", 0, 1),
        ("d", -1e12, 1e12),
    ],
)
def test_grey_of_any_numbers_has_contrast(
    code: str, low: float, high: float, order: str, *, is_deflated: bool
) -> None:
    made = make(grey(code, low, high, order=order, is_deflated=is_deflated).write())
    assert made.size == SIZE
    assert has_contrast(made)
    assert rises(made)


@pytest.mark.parametrize(("code", "predictor"), [("H", 2), ("h", 2), ("i", 2), ("f", 3)])
@pytest.mark.parametrize("tile", [None, 64])
def test_differences_are_added_up(code: str, predictor: int, tile: int | None) -> None:
    made = make(grey(code, 0, 4000, is_deflated=True, predictor=predictor, tile=tile).write())
    assert has_contrast(made)
    assert rises(made)


def test_white_may_be_zero() -> None:
    made = make(grey("H", 0, 4095, photometric=0).write())
    assert colour_of(made, 0.02) > colour_of(made, 0.98)


def deep_png(colour_type: int, channels: tuple[tuple[float, float], ...]) -> bytes:
    width, height = SIZE
    row = b"".join(
        struct.pack(">H", int(low + (high - low) * x / (width - 1)))
        for x in range(width)
        for low, high in channels
    )
    return png_of_rows(SIZE, 16, colour_type, [row] * height)


OPAQUE = (65535, 65535)


@pytest.mark.parametrize("high", [255, 1023, 4095, 16383])
@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3), (4, 1), (6, 3)])
def test_a_png_that_uses_few_bits_has_contrast(colour_type: int, channels: int, high: int) -> None:
    alpha = (OPAQUE,) if colour_type >= 4 else ()
    made = make(deep_png(colour_type, ((0, high),) * channels + alpha))
    assert has_contrast(made)
    assert rises(made)


def test_one_window_is_used_for_all_channels() -> None:
    """Windows of their own would change the colours: here, the blue would become as bright."""
    made = make(deep_png(2, ((0, 4000), (0, 4000), (0, 1000))))
    red, green, blue = colour_of(made, 0.9)
    assert abs(red - green) < 3
    assert near((blue,), (red // 4,), apart=10)


def test_the_alpha_of_deep_colours_is_kept() -> None:
    made = make(deep_png(6, ((0, 4000),) * 3 + ((0, 0),)))
    assert near(colour_of(made), WHITE)


ALPHA = missing(0, ramp(65535, 65535))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("is_separate", [False, True])
@pytest.mark.parametrize(("photometric", "colours"), [(1, 1), (2, 3)])
def test_transparent_pixels_are_not_counted(
    photometric: int, colours: int, order: str, *, is_separate: bool
) -> None:
    bands = (missing(0, ramp(30_000, 31_000)),) * colours + (ALPHA,)
    tags = {338: 2}
    picture = Picture(
        code="H",
        bands=bands,
        order=order,
        is_separate=is_separate,
        photometric=photometric,
        tags=tags,
    )
    made = make(picture.write())
    assert near(colour_of(made, 0.1), WHITE)
    assert near(colour_of(made, 0.27), (0, 0, 0), apart=20)
    assert rises(made, 0.3)


@pytest.mark.parametrize(("colour_type", "channels"), [(4, 1), (6, 3)])
def test_transparent_pixels_of_a_png_are_not_counted(colour_type: int, channels: int) -> None:
    width, height = SIZE
    row = b"".join(
        struct.pack(f">{channels + 1}H", *(30_000 + 6 * x,) * channels, 65535)
        if 4 * x >= width
        else bytes(2 * channels + 2)
        for x in range(width)
    )
    made = make(png_of_rows(SIZE, 16, colour_type, [row] * height))
    assert near(colour_of(made, 0.1), WHITE)
    assert near(colour_of(made, 0.27), (0, 0, 0), apart=20)
    assert rises(made, 0.3)


@pytest.mark.parametrize("high", [3000, 65535])
def test_the_transparent_colour_of_a_deep_png_is_white(high: int) -> None:
    width, height = SIZE
    row = b"".join(
        struct.pack(">3H", *((258, 0, 259) if 4 * x < width else (x * high // width,) * 3))
        for x in range(width)
    )
    image = with_chunk(
        png_of_rows(SIZE, 16, 2, [row] * height), b"tRNS", struct.pack(">3H", 258, 0, 259)
    )
    made = make(image)
    assert near(colour_of(made, 0.1), WHITE)
    assert rises(made, 0.3)


def test_a_pnm_of_text_that_uses_few_bits_has_contrast() -> None:
    width, height = SIZE
    row = b" ".join(b"%d %d %d" % ((3000 + 6 * x,) * 3) for x in range(width))
    made = make(b"P3 %d %d 65535\n" % SIZE + (row + b"\n") * height)
    assert contrast(made)[1] > 40


@pytest.mark.parametrize("magic", [b"P5", b"P6"])
@pytest.mark.parametrize("largest", [65535, 4095])
def test_a_pnm_that_uses_few_bits_has_contrast(magic: bytes, largest: int) -> None:
    width, height = SIZE
    row = b"".join(
        struct.pack(">H", 400 * x // width) * (3 if magic == b"P6" else 1) for x in range(width)
    )
    made = make(b"%s %d %d %d\n" % (magic, width, height, largest) + row * height)
    assert has_contrast(made)


@pytest.mark.parametrize("colour_type", [0, 2])
def test_deep_pictures_that_use_their_range_are_not_stretched(colour_type: int) -> None:
    made = make(deep_png(colour_type, ((13_000, 52_000),) * (3 if colour_type else 1)))
    assert near(colour_of(made, 0.01), (51,) * 3, apart=4)
    assert near(colour_of(made, 0.99), (203,) * 3, apart=4)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_pictures_of_eight_bits_are_not_stretched(kind: str) -> None:
    dark = Image.linear_gradient("L").point(lambda level: level // 8 + 20)
    made = make(encode(dark, kind))
    assert contrast(made)[1] < 12
    assert near(colour_of(made, 0.5, 0.01), (20,) * 3)


@pytest.mark.parametrize("hot", [65535, 60000])
@pytest.mark.parametrize("code", ["H", "f", "i"])
def test_a_single_hot_pixel_changes_nothing(code: str, hot: float) -> None:
    calm = ramp(100, 2000)
    width, height = SIZE

    def with_hot_pixel(x: float, y: float) -> float:
        is_hot = round(x * (width - 1)) == 7 and round(y * (height - 1)) == 9
        return hot if is_hot else calm(x, y)

    made = make(Picture(code=code, bands=(with_hot_pixel,)).write())
    assert has_contrast(made)
    assert near(colour_of(made, 0.5), colour_of(make(grey(code, 100, 2000).write()), 0.5), apart=1)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code", ["e", "f", "d"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_white(code: str, order: str, value: float) -> None:
    made = make(Picture(code=code, bands=(missing(value, ramp(5, 9)),), order=order).write())
    assert near(colour_of(made, 0.1), WHITE)
    assert near(colour_of(made, 0.27), (0, 0, 0), apart=20)
    assert near(colour_of(made, 0.98), WHITE, apart=8)
    assert rises(made, 0.3)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("h", -9999),
        ("h", -32768),
        ("h", -32767),
        ("i", -9999),
        ("i", -99999),
        ("f", -9999),
        ("f", -32768),
        ("f", -3.4e38),
        ("f", -3.4028234663852886e38),
        ("f", 9.96921e36),
        ("d", -9999),
        ("d", -1.7e308),
        ("e", -9999),
        ("e", -32768),
        ("f", 1e20),
        ("d", -1e30),
        ("i", 32767),
    ],
)
def test_the_usual_nodata_values_are_white(code: str, value: float) -> None:
    made = make(Picture(code=code, bands=(missing(value, ramp(200, 1000)),)).write())
    assert near(colour_of(made, 0.1), WHITE)
    assert near(colour_of(made, 0.27), (0, 0, 0), apart=20)
    assert rises(made, 0.3)


@pytest.mark.parametrize(
    ("code", "value", "text"),
    [
        ("H", 0, "0"),
        ("H", 65535, "65535"),
        ("h", 5000, "5000.0"),
        ("i", -1, "-1"),
        ("f", 777.5, "777.5"),
        ("f", -3.4028234663852886e38, "-3.4028234663852886e+38"),
        ("f", 0.1, "0.1"),
        ("f", math.nan, "nan"),
        ("d", -9999, " -9999 "),
        ("e", -9998, "-9998"),
        ("f", -9999, "nan"),
        ("h", -32768, "nan"),
    ],
)
def test_the_declared_nodata_value_is_white(code: str, value: float, text: str) -> None:
    picture = Picture(code=code, bands=(missing(value, ramp(2000, 3000)),), tags={NODATA: text})
    made = make(picture.write())
    assert near(colour_of(made, 0.1), WHITE)
    assert near(colour_of(made, 0.27), (0, 0, 0), apart=20)
    assert rises(made, 0.3)


@pytest.mark.parametrize("text", ["", "none", "-9999;5", "1e999", "\0"])
def test_a_malformed_nodata_tag_is_ignored(text: str) -> None:
    assert rises(make(grey("f", 0, 1, tags={NODATA: text}).write()))


def test_depths_of_the_sea_are_not_nodata() -> None:
    made = make(grey("h", -10_900, 8_000).write())
    assert rises(made)
    assert not near(colour_of(made, 0.048), WHITE)


def test_two_nodata_values_are_both_white() -> None:
    land = missing(-9999, ramp(200, 1000))
    made = make(Picture(code="h", bands=(lambda x, y: -32768 if y < 0.3 else land(x, y),)).write())
    assert near(colour_of(made, 0.1, 0.1), WHITE)
    assert near(colour_of(made, 0.1, 0.9), WHITE)
    assert near(colour_of(made, 0.27, 0.9), (0, 0, 0), apart=20)


def test_a_picture_of_nodata_alone_is_white() -> None:
    assert colour_of(make(Picture(code="h", bands=(lambda *_: -9999,)).write())) == WHITE


@pytest.mark.parametrize("every", [2, 4])
@pytest.mark.parametrize("value", [math.nan, -9999])
def test_missing_values_do_not_change_their_neighbours(every: int, value: float) -> None:
    """Only every second or fourth column has values, so no pixel is made of values alone."""

    def some(x: float, _: float) -> float:
        return value if round(x * 1199) % every else 10.0 if x < 0.5 else 20.0

    made = make(Picture(code="f", bands=(some,), size=(1200, 40)).write())
    assert made.width == 200
    assert near(colour_of(made, 0.25), (0, 0, 0), apart=12)
    assert near(colour_of(made, 0.75), WHITE, apart=12)


@pytest.mark.parametrize("code", ["H", "f"])
def test_a_few_labels_on_a_background_are_visible(code: str) -> None:
    """Less than one in a thousand pixels has a label; a window of percentiles would be empty."""

    def label(x: float, y: float) -> float:
        return 7 if 0.5 < x < 0.53 and 0.5 < y < 0.53 else 0

    made = make(Picture(code=code, bands=(label,), size=SIZE).write())
    assert colour_of(made, 0.1, 0.1) == (0, 0, 0)
    brightest: Any = made.convert("L").getextrema()[1]
    assert brightest > 150


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_picture_without_any_value_is_white(value: float) -> None:
    assert colour_of(make(Picture(code="f", bands=(lambda *_: value,)).write())) == WHITE


COLOURS = (ramp(0, 1000), falling(0, 1000), ramp(0, 0))
BYTES = {"B": (0, 255), "b": (-128, 127)}


def shows_the_colours(made: Image.Image) -> bool:
    corners = {(0.02, 0.98): (0, 0, 0), (0.98, 0.98): (255, 0, 0), (0.98, 0.02): (255, 255, 0)}
    return all(near(colour_of(made, *at), colour, 16) for at, colour in corners.items())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("is_separate", [False, True])
@pytest.mark.parametrize("tile", [None, 64])
@pytest.mark.parametrize("count", [3, 4, 5, 8])
@pytest.mark.parametrize("code", ["B", "b", "H", "h", "i", "f"])
def test_the_first_three_of_many_bands_are_the_colours(
    code: str, count: int, tile: int | None, order: str, *, is_separate: bool
) -> None:
    low, high = BYTES.get(code, (0, 1000))
    colours = (ramp(low, high), falling(low, high), ramp(low, low))
    picture = Picture(
        code=code,
        bands=(*colours, *(ramp(5, 5),) * 5)[:count],
        order=order,
        photometric=2 if count == 3 else 1,
        is_separate=is_separate,
        is_deflated=count == 8,
        tile=tile,
        size=(80, 60),
    )
    assert shows_the_colours(make(picture.write()))


@pytest.mark.parametrize(("code", "predictor"), [("H", 2), ("i", 2), ("f", 3)])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("tile", [None, 64])
def test_differences_of_many_bands_are_added_up(
    code: str, predictor: int, order: str, tile: int | None
) -> None:
    picture = Picture(
        code=code,
        bands=(*COLOURS, ramp(5, 5), ramp(0, 500)),
        order=order,
        is_deflated=True,
        predictor=predictor,
        tile=tile,
    )
    assert shows_the_colours(make(picture.write()))


def test_many_bands_of_eight_bits_are_not_stretched() -> None:
    made = make(Picture(code="B", bands=(ramp(0, 60),) * 7).write())
    assert near(colour_of(made, 0.98), (59,) * 3)


def test_two_bands_show_the_first() -> None:
    assert rises(make(Picture(code="H", bands=(ramp(0, 900), falling(0, 900))).write()))


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_bands_of_packed_bits_are_unsupported(bits: int) -> None:
    """Their numbers are no bytes, so the bytes would be shown as noise."""
    picture = Picture(code="H", bands=COLOURS, photometric=2, tags={258: [bits] * 3})
    assert failure_of(picture.write()) == "kind_unsupported"
    if bits != 12:  # Pillow decodes grey of 12 bits
        assert failure_of(grey("H", 0, 900, tags={258: bits}).write()) == "kind_unsupported"


@pytest.mark.parametrize("compression", [6, 34887, 50001, 50002])
def test_a_compression_that_is_not_decoded_is_unsupported(compression: int) -> None:
    """Old JPEG without its tables, LERC, WebP, and JPEG XL."""
    picture = Picture(code="B", bands=(ramp(0, 255),), tags={259: compression})
    assert failure_of(picture.write()) == "kind_unsupported"


def test_a_compression_of_pixels_with_many_bands_is_unsupported() -> None:
    picture = Picture(code="H", bands=COLOURS * 2, tags={259: 7})
    assert failure_of(picture.write()) == "kind_unsupported"


def pyramid(*, in_sub_directories: bool, order: str = "<") -> bytes:
    """Return a tiled picture with copies of a half, a quarter, … that are brighter each."""
    tiff = Tiff(order, b"*\0" if order == "<" else b"\0*")
    offsets, following = [], 0
    for level in (3, 2, 1):
        size = (1600 >> level, 1200 >> level)
        copy = Picture(
            code="B", bands=(ramp(60 * level, 60 * level),), order=order, size=size, tile=256
        )
        copy.tags[254] = 1
        place = copy.append(tiff, following)
        offsets.append(place)
        following = 0 if in_sub_directories else place
    main = Picture(code="B", bands=(ramp(5, 5),), order=order, size=(1600, 1200), tile=256)
    if in_sub_directories:
        main.tags[330] = offsets
    return tiff.finish(main.append(tiff, following))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("in_sub_directories", [False, True])
def test_the_smallest_copy_that_is_large_enough_is_decoded(
    order: str, *, in_sub_directories: bool
) -> None:
    image = pyramid(in_sub_directories=in_sub_directories, order=order)
    result = picture_of(image)
    made = Image.open(io.BytesIO(result.thumbnail))
    assert near(colour_of(made), (120,) * 3), "400 pixels; 200 would be too few"
    assert (result.properties.width, result.properties.height) == (1600, 1200)


def test_another_page_is_not_a_copy() -> None:
    tiff = Tiff()
    second = Picture(code="B", bands=(ramp(200, 200),), size=(800, 600)).append(tiff)
    main = Picture(code="B", bands=(ramp(5, 5),), size=(1600, 1200))
    assert near(colour_of(make(tiff.finish(main.append(tiff, second)))), (5,) * 3)


def test_a_label_is_not_a_copy() -> None:
    """Slide scanners mark the photograph of the label as reduced, but its shape differs."""
    tiff = Tiff()
    label = Picture(code="B", bands=(ramp(200, 200),), size=(600, 600), tags={254: 1}).append(tiff)
    main = Picture(code="B", bands=(ramp(5, 5),), size=(1600, 1200))
    assert near(colour_of(make(tiff.finish(main.append(tiff, label)))), (5,) * 3)


def test_a_copy_that_is_damaged_does_not_crash() -> None:
    image = bytearray(pyramid(in_sub_directories=True))
    for place in range(8, len(image), len(image) // 50):
        damaged = bytearray(image)
        damaged[place : place + 8] = b"\xff" * 8
        picture_of(bytes(damaged), media_type="image/tiff")


def test_old_jpeg_in_a_tiff_is_decoded() -> None:
    jpeg = plain("JPEG", "RGB", (30, 180, 60))
    tiff = Tiff()
    place = tiff.blob(jpeg)
    entries: dict[int, Any] = {256: 400, 257: 300, 258: [8, 8, 8], 259: 6, 262: 6, 277: 3}
    entries |= {273: place, 278: 300, 279: len(jpeg), 513: place, 514: len(jpeg), 512: 1}
    assert near(colour_of(make(tiff.finish(tiff.directory(entries)))), (30, 180, 60), apart=6)


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ((9_000, 9_000), {"code": "d"}),
        ((9_000, 9_000), {"code": "H", "bands": (ramp(0, 1),) * 3}),
        ((9_000, 9_000), {"code": "B", "bands": (ramp(0, 1),) * 6}),
        ((100, 100), {"code": "B", "tile": 32_768}),
    ],
)
def test_the_decoded_bytes_are_bounded(size: tuple[int, int], options: dict[str, Any]) -> None:
    tile = options.pop("tile", None)
    tags = {256: size[0], 257: size[1]} | ({322: tile, 323: tile} if tile else {})
    picture = Picture(
        **{"bands": (ramp(0, 1),), "size": (16, 16), "tile": 16 if tile else None} | options,
        tags=tags,
    )
    assert failure_of(picture.write()) == "image_too_large"


def test_the_decoded_bytes_of_deep_colours_are_bounded() -> None:
    """The limit of pixels alone would allow 600 MB."""
    assert failure_of(png_of_rows((9_000, 9_000), 16, 2, [b""])) == "image_too_large"
    assert failure_of(b"P6 9000 9000 65535\n\0", "image/x-portable-pixmap") == "image_too_large"
