"""Compare thumbnails with those of libvips: CPU time, similarity and memory.

    python benchmarks/thumbnails.py [likeness] [memory] [IMAGE ...]

Each image is reduced by the code of the child process (`decode`), by libvips (`thumbnail_buffer`,
one thread), and by a full decode with LANCZOS, which is the reference for the similarity (SSIM of
grey, 8 by 8 windows). The three run alternately, faster ones more often, and the ratio is that of
the best times. Memory is the growth of a fresh process's peak (VmHWM) by its first image, after its
libraries are loaded. Without given photos, the images are generated from enlarged noise and shapes.
libvips of the wheel does not decode HEVC.

The goals: for JPEG of 12 and 48 megapixels at most 1.1 times the time of libvips, a similarity of
at least 0.98, and no more memory. PNG, WebP, TIFF and HEIC have no goal: Pillow decodes them fully.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAYER = ROOT / "layers" / "coffer" / "python"
sys.path[:0] = [str(LAYER), str(ROOT)]
os.environ["VIPS_CONCURRENCY"] = "1"

from PIL import Image, ImageChops, ImageDraw  # noqa: E402 - found only now

EDGE = 200
TWELVE, FORTY_EIGHT = (4000, 3000), (8000, 6000)
ROUNDS, ROUND_SECONDS = 5, 0.5
GOAL_TIME, GOAL_LIKENESS, GOAL_MEMORY = 1.1, 0.98, 1.0
WINDOW = 8
TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "tif": "image/tiff",
    "heic": "image/heic",
}

Maker = Callable[[Path], Image.Image]


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["grow"]:
        print(growth(arguments[1], Path(arguments[2])))
        return
    named = [Path(one) for one in arguments if one not in ("likeness", "memory")]
    wanted = [one for one in arguments if one in ("likeness", "memory")] or ["likeness", "memory"]
    with tempfile.TemporaryDirectory() as folder:
        images = named or list(make_images(Path(folder)))
        if "likeness" in wanted:
            for image in images:
                measure_time(image)
        if "memory" in wanted:
            for image in images:
                measure_memory(image)


def make_images(folder: Path) -> Iterator[Path]:
    """Yield the generated images."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    for name, size, kind, options in (
        ("12-mp.jpg", TWELVE, "JPEG", {"quality": 90}),
        ("48-mp.jpg", FORTY_EIGHT, "JPEG", {"quality": 90}),
        ("12-mp-progressive.jpg", TWELVE, "JPEG", {"quality": 90, "progressive": True}),
        ("12-mp.png", TWELVE, "PNG", {"compress_level": 3}),
        ("12-mp.webp", TWELVE, "WEBP", {"quality": 85, "method": 1}),
        ("12-mp-lzw.tif", TWELVE, "TIFF", {"compression": "tiff_lzw"}),
        ("12-mp.heic", TWELVE, "HEIF", {"quality": 60}),
    ):
        path = folder / name
        photograph(size).save(path, kind, **options)
        yield path


def photograph(size: tuple[int, int]) -> Image.Image:
    """Return an image with detail at every scale, like a photograph: noise, shapes and grain."""
    image = Image.merge("RGB", [_cloud(size, 24 * (band + 1)) for band in range(3)])
    draw = ImageDraw.Draw(image)
    width, height = size
    for number in range(400):
        x, y = number * 7919 % width, number * 104729 % height
        reach = 10 + number * 31 % (width // 12)
        colour = (number * 37 % 256, number * 91 % 256, number * 53 % 256)
        draw.ellipse((x, y, x + reach, y + reach * 2 // 3), outline=colour, width=1 + reach // 30)
    grain = Image.effect_noise((1024, 1024), 14)
    tile = Image.new("L", size)
    for left in range(0, width, 1024):
        for top in range(0, height, 1024):
            tile.paste(grain, (left, top))
    return ImageChops.overlay(image, Image.merge("RGB", (tile, tile, tile)))


def _cloud(size: tuple[int, int], cells: int) -> Image.Image:
    coarse = Image.effect_noise((cells, cells), 120).resize(size, Image.Resampling.BICUBIC)
    fine = Image.effect_noise((cells * 12, cells * 12), 60).resize(size, Image.Resampling.BICUBIC)
    return Image.blend(coarse, fine, 0.4)


# ---------------------------------------------------------------- the three ways


def ours(path: Path) -> Image.Image:
    from coffer.adapters.imaging.decode import decode

    with path.open("rb") as file:
        return Image.open(io.BytesIO(decode(file, TYPES[path.suffix[1:]], EDGE).thumbnail))


def libvips(path: Path) -> Image.Image:
    import pyvips

    small = pyvips.Image.thumbnail_buffer(path.read_bytes(), EDGE, height=EDGE, size="down")
    return Image.open(io.BytesIO(small.write_to_buffer(".jpg", Q=90, keep="none")))


def whole(path: Path) -> Image.Image:
    with Image.open(path) as source:
        full = source.convert("RGB")
    full.thumbnail((EDGE, EDGE), Image.Resampling.LANCZOS, reducing_gap=None)
    return full


MAKERS: dict[str, Maker] = {"ours": ours, "libvips": libvips}


# ---------------------------------------------------------------- time and likeness


def measure_time(path: Path) -> None:
    reference = whole(path)
    likeness: dict[str, float] = {}
    for name, make in MAKERS.items():
        try:
            likeness[name] = ssim(make(path), reference)
        except Exception as error:  # libvips raises its own of what it cannot decode
            print(f"{path.name:<24} {name} cannot decode it: {str(error).splitlines()[0]}")
    times: dict[str, list[float]] = {name: [] for name in likeness}
    for _ in range(ROUNDS):
        for name in likeness:
            times[name].append(_best_of_a_while(MAKERS[name], path))
    best = {name: min(values) for name, values in times.items()}
    text = f"{path.name:<24} {best['ours'] * 1000:7.1f} ms, likeness {likeness['ours']:.3f}"
    if "libvips" in best:
        ratio = best["ours"] / best["libvips"]
        text += f"; {ratio:.2f} x libvips (likeness {likeness['libvips']:.3f})"
        if path.suffix == ".jpg":
            met = ratio <= GOAL_TIME and likeness["ours"] >= GOAL_LIKENESS
            text += f" (goal: {GOAL_TIME} x at {GOAL_LIKENESS}: {'met' if met else 'MISSED'})"
    print(text, flush=True)


def _best_of_a_while(make: Maker, path: Path) -> float:
    best, until = float("inf"), time.process_time() + ROUND_SECONDS
    while True:
        begun = time.process_time()
        make(path)
        ended = time.process_time()
        best = min(best, ended - begun)
        if ended > until:
            return best


def ssim(one: Image.Image, other: Image.Image) -> float:
    """Return the mean structural similarity (Wang et al. 2004) of the luminance in windows."""
    a = one.convert("L").resize(other.size) if one.size != other.size else one.convert("L")
    b = other.convert("L")
    x, y = list(a.tobytes()), list(b.tobytes())
    width, height = b.size
    scores = [
        _window(x, y, width, left, top)
        for top in range(0, height - WINDOW + 1, WINDOW // 2)
        for left in range(0, width - WINDOW + 1, WINDOW // 2)
    ]
    return sum(scores) / len(scores)


def _window(x: list[int], y: list[int], width: int, left: int, top: int) -> float:
    places = [
        row * width + column
        for row in range(top, top + WINDOW)
        for column in range(left, left + WINDOW)
    ]
    count = len(places)
    mean_x = sum(x[place] for place in places) / count
    mean_y = sum(y[place] for place in places) / count
    var_x = sum((x[place] - mean_x) ** 2 for place in places) / (count - 1)
    var_y = sum((y[place] - mean_y) ** 2 for place in places) / (count - 1)
    both = sum((x[place] - mean_x) * (y[place] - mean_y) for place in places) / (count - 1)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return ((2 * mean_x * mean_y + c1) * (2 * both + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    )


# ---------------------------------------------------------------- memory


def measure_memory(path: Path) -> None:
    grown: dict[str, int] = {}
    for name in MAKERS:
        command = [sys.executable, __file__, "grow", name, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            grown[name] = int(done.stdout)
    text = f"{path.name:<24} {grown['ours'] / 1024:6.1f} MiB more at its peak"
    if "libvips" in grown:
        ratio = grown["ours"] / grown["libvips"]
        text += f"; {ratio:.2f} x libvips ({grown['libvips'] / 1024:.1f} MiB)"
        if path.suffix == ".jpg":
            text += f" (goal: {GOAL_MEMORY} x: {'met' if ratio <= GOAL_MEMORY else 'MISSED'})"
    print(text, flush=True)


def growth(name: str, path: Path) -> int:
    """Return by how many KiB the first image raises this process's peak, without libraries."""
    with tempfile.TemporaryDirectory() as folder:
        tiny = Path(folder) / f"tiny{path.suffix}"
        kind = {"jpg": "JPEG", "tif": "TIFF", "heic": "HEIF"}.get(path.suffix[1:], path.suffix[1:])
        if kind == "HEIF":
            import pillow_heif

            pillow_heif.register_heif_opener()
        Image.new("RGB", (16, 16)).save(tiny, kind)
        MAKERS[name](tiny)
        before = _peak_kib()
        MAKERS[name](path)
        return _peak_kib() - before


def _peak_kib() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1])


if __name__ == "__main__":
    main()
