"""Convert images of more than eight bits a sample to eight bits.

Such values are mapped with one window for all channels: the 2nd to the 98th percentile, unless the
values already use the range of their depth. Values that are no measurement (NaN, infinity, and the
nodata value of an elevation model) are not counted, and become transparent. What the numbers mean
is defined by TIFF 6.0, section 8, and by GDAL's tag GDAL_NODATA.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from struct import pack, unpack
from typing import Any

from PIL import Image, ImageChops, ImageMath

_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT, GDAL_NODATA = 0x0102, 0x0106, 0x0153, 0xA481
_WHITE_IS_ZERO, _SIGNED, _FLOAT = 0, 2, 3
_LARGEST_MEASUREMENT, _LARGEST_HALF_FLOAT = 1e36, 65504.0
"""Larger numbers mean nodata: 3.4e38 (GDAL), 9.97e36 (NetCDF)."""
_NODATA_VALUES = frozenset(
    array("f", (-32768, -32767, -9999, -99999, -10000, -1e30, 9999, 32767, 1e20, 1e30))
)
"""Pictures without GDAL_NODATA use these, if all other values are far above, or far below.

Floats of 16 bits have -10000 for -9999. 1e20 is the usual one of the CF conventions.
"""
_NODATA_GAP = 0.05

_LOW, _HIGH = 0.02, 0.98
_OUTLIERS = 0.01
_WIDE_LOW, _WIDE_HIGH = 0.001, 0.999
_IGNORED_PIXELS = 4  # at either end: hot pixels in a picture of one value
_USED = 0.5
_SAMPLE_EDGE = 400
_PIXELS_AT_ONCE = 8_000_000
_CODES = {"L": "B", "I;16": "H", "I": "i", "F": "f"}
_OTHER_BYTE_ORDERS = frozenset({"I;16B", "I;16L", "I;16N"})

Range = tuple[float, float]
"""The values of black and of white."""
SIXTEEN_BITS: Range = (0.0, 65535.0)
EIGHT_BITS: Range = (0.0, 255.0)
HAS_GAPS = "has_gaps"
"""Member of an image's `info`: its alpha says where values are missing."""


@dataclass(frozen=True, kw_only=True)
class _Window:
    """The values of black and white, and the values that are no measurement."""

    black: float
    white: float
    nodata: tuple[float, ...]

    @cached_property
    def table(self) -> Sequence[int]:
        """The grey levels of all numbers of 16 bits."""
        scale, offset = self.scale, self.offset
        return [max(0, min(255, int(value * scale + offset))) for value in range(65536)]

    @property
    def scale(self) -> float:
        return 255 / (self.white - self.black) if self.white != self.black else 0.0

    @property
    def offset(self) -> float:
        return 0.5 - self.black * self.scale


def is_deep(image: Image.Image) -> bool:
    """True if Pillow would clip the values of the image when it converts them to eight bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def eight_bits(image: Image.Image, alpha: Image.Image | None = None) -> Image.Image:
    """Return an image of eight bits, with alpha if values are missing.

    Other images are returned unchanged, except for signed bytes.
    """
    if is_deep(image):
        return eight_bits_of_planes(
            (plane_of(image),),
            depth=_range_of(image),
            nodata=_nodata_of(image),
            is_inverted=_tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO,
            alpha=alpha,
        )
    if image.mode == "L" and _tag(image, _SAMPLE_FORMAT) == _SIGNED:
        return of_signed_bytes(image)
    return image


def of_signed_bytes(image: Image.Image) -> Image.Image:
    """Return grey of signed bytes, which Pillow decodes as unsigned ones."""
    return image.point([value ^ 0x80 for value in range(256)])


def eight_bits_of_colours(
    shown: Image.Image,
    read_halves: Callable[[], Sequence[Image.Image]],
    depth: Range,
    alpha: Image.Image | None = None,
) -> Image.Image:
    """Return a colour image of 16 bits with eight, and its alpha.

    `shown` is how Pillow decodes it: the high bytes alone. `read_halves` returns images of the high
    and the low bytes, and is called only if the values do not use their range. `alpha` is 0 where
    the file has no pixels.
    """
    if shown.mode == "RGBA":
        own = shown.getchannel("A")
        alpha = own if alpha is None else ImageChops.darker(own, alpha)
    transparent = shown.info.get("transparency")
    levels = sorted(level for colour in shown.split()[:3] for level in _sample(colour, alpha))
    if levels and not transparent and _uses_range(levels, (0, 255)):
        return shown
    high, low = read_halves()
    planes = [_Band(high=high, low=low, band=band) for band in range(3)]
    if isinstance(transparent, tuple):
        alpha = _differs(planes, transparent)
    nodata = _nodata_of(shown) or ()
    return eight_bits_of_planes(planes, depth=depth, nodata=nodata, alpha=alpha)


@dataclass(frozen=True, kw_only=True)
class _Band:
    """One band of a colour image, whose numbers are put together only in parts, to save memory."""

    high: Image.Image
    low: Image.Image
    band: int
    mode: str = "I;16"

    @property
    def size(self) -> tuple[int, int]:
        return self.high.size

    @property
    def width(self) -> int:
        return self.high.width

    @property
    def height(self) -> int:
        return self.high.height

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        return self._joined(*(half.crop(box) for half in (self.high, self.low)))

    def resize(self, size: tuple[int, int], resample: Image.Resampling) -> Image.Image:
        return self._joined(*(half.resize(size, resample) for half in (self.high, self.low)))

    def _joined(self, high: Image.Image, low: Image.Image) -> Image.Image:
        return sixteen_bits(high.getchannel(self.band), low.getchannel(self.band))


Plane = Image.Image | _Band


def _differs(planes: Sequence[Plane], colour: tuple[int, ...]) -> Image.Image:
    """Return a mask of the pixels that do not have this colour (PNG 3, 11.3.1.1)."""
    mask = Image.new("L", planes[0].size)
    for plane, value in zip(planes, colour, strict=True):
        table = [255 * (level != value) for level in range(65536)]
        differs = Image.new("L", plane.size)
        for top, part in _parts(plane):
            differs.paste(part.convert("I").point(table, "L"), (0, top))
        mask = ImageChops.lighter(mask, differs)
    return mask


def sixteen_bits(high: Image.Image, low: Image.Image) -> Image.Image:
    """Return one plane of 16 bits of its high and its low bytes."""
    return Image.frombytes("I;16", high.size, Image.merge("LA", (low, high)).tobytes())


def eight_bits_of_planes(
    planes: Sequence[Plane],
    *,
    depth: Range | None,
    nodata: tuple[float, ...] | None,
    is_inverted: bool = False,
    alpha: Image.Image | None = None,
) -> Image.Image:
    """Return one grey or three colour planes, with one window, as an image of eight bits.

    `depth` is the range of the numbers if it is known. `nodata` is None if the file does not say
    which values are no measurement. Pixels whose `alpha` is 0 are not counted.
    """
    window = _window(planes, depth, nodata, alpha)
    if window is None:  # there is no value at all
        return Image.new("L", planes[0].size, "white")
    mapped = [_map(plane, window) for plane in planes]
    shown, masks = [grey for grey, _ in mapped], [mask for _, mask in mapped if mask]
    if is_inverted:
        shown = [ImageChops.invert(one) for one in shown]
    result = shown[0] if len(shown) == 1 else Image.merge("RGB", shown)
    if len(masks) == len(planes):  # a pixel is shown if one of its values is valid
        valid = masks[0]
        for mask in masks[1:]:
            valid = ImageChops.lighter(valid, mask)
        result.info[HAS_GAPS] = alpha is None
        alpha = valid if alpha is None else ImageChops.darker(alpha, valid)
    if alpha is not None:
        result.putalpha(alpha)
    return result


def in_window(plane: Image.Image, window: Range) -> Image.Image:
    """Return a plane with eight bits, mapped with this window."""
    return _map(plane, _Window(black=window[0], white=window[1], nodata=()))[0]


def plane_of(image: Image.Image) -> Image.Image:
    """Return the image in a mode of `_CODES`."""
    if image.mode.startswith("I;16") and _tag(image, _SAMPLE_FORMAT) == _FLOAT:
        return _of_half_floats(image)
    return image.convert("I") if image.mode in _OTHER_BYTE_ORDERS else image


def _of_half_floats(image: Image.Image) -> Image.Image:
    """Return floats of 32 bits; Pillow decodes floats of 16 bits as whole numbers."""
    order = ">" if image.mode == "I;16B" else "<"
    result = Image.new("F", image.size)
    for top, part in _parts(image):
        data = part.tobytes()
        numbers = array("f", unpack(f"{order}{len(data) // 2}e", data))
        result.paste(Image.frombytes("F", part.size, numbers.tobytes()), (0, top))
    return result


def _window(
    planes: Sequence[Plane],
    depth: Range | None,
    nodata: tuple[float, ...] | None,
    alpha: Image.Image | None,
) -> _Window | None:
    """Return the window of the planes, or None if they have no value."""
    sample = [value for plane in planes for value in _sample(plane, alpha)]
    found = sorted(value for value in sample if abs(value) < _LARGEST_MEASUREMENT)
    if nodata is None:
        nodata = _guess_nodata(found) if depth is None else ()
    values = [value for value in found if value not in nodata] if nodata else found
    if not values:
        return None
    black, white = _percentile(values, _LOW), _percentile(values, _HIGH)
    if black == white:
        black, white = _percentile(values, _WIDE_LOW), _percentile(values, _WIDE_HIGH)
    if black == white and len(values) > 2 * _IGNORED_PIXELS:
        black, white = values[_IGNORED_PIXELS], values[-1 - _IGNORED_PIXELS]
    if depth is not None and (black == white or _uses_range(values, depth)):
        black, white = depth
    return _Window(black=black, white=white, nodata=nodata)


def _uses_range(values: Sequence[float], depth: Range) -> bool:
    """True if the sorted values, without outliers, span enough of the range."""
    spread = _percentile(values, 1 - _OUTLIERS) - _percentile(values, _OUTLIERS)
    return spread >= _USED * (depth[1] - depth[0])


def _percentile(values: Sequence[float], part: float) -> float:
    return float(values[round(part * (len(values) - 1))])


def _guess_nodata(values: Sequence[float]) -> tuple[float, ...]:
    """Return the usual nodata values that are the lowest or highest ones, far from all others."""
    found: list[float] = []
    for ordered in (values, values[::-1]):
        distinct = iter(dict.fromkeys(ordered))
        value = next(distinct, None)
        while value is not None and value in _NODATA_VALUES:
            following = next(distinct, None)
            if following is not None and abs(following - value) <= _NODATA_GAP * abs(value):
                break
            found.append(value)
            value = following
    return tuple(found)


def _sample(plane: Plane, alpha: Image.Image | None = None) -> Sequence[float]:
    """Return the values of pixels that are spread evenly over the image; `alpha` excludes some."""
    values = array(_CODES[plane.mode], _few(plane).tobytes())
    return values if alpha is None else list(compress(values, _few(alpha).tobytes()))


def _few(plane: Plane) -> Image.Image:
    size = (min(plane.width, _SAMPLE_EDGE), min(plane.height, _SAMPLE_EDGE))
    if size == plane.size:
        return plane.crop((0, 0, *size))
    return plane.resize(size, Image.Resampling.NEAREST)


def _map(plane: Plane, window: _Window) -> tuple[Image.Image, Image.Image | None]:
    """Return the plane in eight bits, and a mask of its valid values if some are not valid."""
    shown, mask = Image.new("L", plane.size), Image.new("L", plane.size, 255)
    # A table needs no arithmetic, and serves the 16 bits of most microscopes and scanners.
    table = window.table if plane.mode == "I;16" else ()
    scale, offset = window.scale, window.offset

    def scaled(value: Any) -> Any:
        return value * scale + offset

    for top, part in _parts(plane):
        numbers = part.convert("I") if table else part.convert("F")
        valid = _valid(numbers, window.nodata)
        if table:
            grey = numbers.point(table, "L")
        else:
            if valid is not None:  # NaN has no level
                numbers = Image.composite(numbers, Image.new("F", numbers.size), valid)
            grey = numbers.point(scaled).convert("L")
        shown.paste(grey, (0, top))
        if valid is not None:
            mask.paste(valid.convert("L"), (0, top))
    return shown, mask if mask.getextrema() != (255, 255) else None


def _valid(numbers: Image.Image, nodata: tuple[float, ...]) -> Image.Image | None:
    """Return a mask of the values that are measurements, or None if all are."""
    is_float = numbers.mode == "F"
    if not is_float and not nodata:
        return None

    def are_valid(images: dict[str, Any]) -> Any:
        values = images["n"]
        valid = abs(values) < (_LARGEST_MEASUREMENT if is_float else 2**31 - 1)
        for value in nodata:
            valid = valid * (values != (value if is_float else round(value)))
        return valid

    valid: Image.Image = ImageMath.lambda_eval(are_valid, n=numbers)
    if valid.getextrema() == (1, 1):
        return None
    return valid.point(lambda value: value * 255).convert("L").convert("1")


def _parts(image: Plane) -> Iterator[tuple[int, Image.Image]]:
    """Yield the image in bands of rows, to bound the memory of intermediate results."""
    rows = max(1, _PIXELS_AT_ONCE // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(image.height, top + rows)))


def _range_of(image: Image.Image) -> Range | None:
    """Return the range of the bit depth; None for floats and for numbers of 32 bits."""
    if image.mode.startswith("I;16") and _tag(image, _SAMPLE_FORMAT) != _FLOAT:
        bits = _tag(image, _BITS)
        return (0, (1 << (bits if bits is not None and 8 < bits < 16 else 16)) - 1)
    return SIXTEEN_BITS if image.mode == "I" and image.format == "PPM" else None


def _nodata_of(image: Image.Image) -> tuple[float, ...] | None:
    """Return the values that the file declares to be no measurement; None if it declares none."""
    transparent = image.info.get("transparency")
    if is_deep(image) and isinstance(transparent, int):
        return (float(transparent),)
    return declared_nodata(getattr(image, "tag_v2", {}))


def declared_nodata(tags: Mapping[int, Any]) -> tuple[float, ...] | None:
    """Return the value of GDAL_NODATA as the pixels have it; None without one, or if it is NaN."""
    text = tags.get(GDAL_NODATA)
    try:
        value = float(str(text).strip("\0 "))
    except ValueError:
        return None
    if not abs(value) < _LARGEST_MEASUREMENT:  # never valid, and there may be another one
        return None
    # The pixels are floats of 32 bits too, or became them.
    return (array("f", [value])[0], *_as_half_float(value, tags))


def _as_half_float(value: float, tags: Mapping[int, Any]) -> tuple[float, ...]:
    """Return the value that floats of 16 bits have instead, if the picture has such."""
    kind = [tags.get(_SAMPLE_FORMAT), tags.get(_BITS)]
    numbers = [one[0] if isinstance(one, tuple) and one else one for one in kind]
    if numbers != [_FLOAT, 16] or abs(value) > _LARGEST_HALF_FLOAT:
        return ()
    return unpack("<e", pack("<e", value))


def _tag(image: Image.Image, tag: int) -> int | None:
    """Return the number of a TIFF tag; None for other files."""
    value = getattr(image, "tag_v2", {}).get(tag)
    if isinstance(value, tuple):
        value = next(iter(value), None)
    return value if isinstance(value, int) else None
