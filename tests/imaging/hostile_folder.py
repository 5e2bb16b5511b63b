"""Decode every file of a folder in the decoder's child process: `make test-hostile IMAGES=folder`.

For images that are made to break decoders, such as those in the Tests folder of Pillow's source. A
file that is not detected as an image is decoded by the type of its name. It prints how each kind
ended and what it used, and fails if one hung, crashed the child or exceeded the memory limit.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

from coffer.adapters.imaging.decoder_process import THUMBNAIL
from coffer.domain.detection import BufferReader, detect
from coffer.domain.media_types import base_type, is_imageable
from coffer.domain.thumbnails.ports import ThumbnailError
from tests.imaging.decoding import Decoder

BY_NAME = {
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".j2k": "image/x-jp2-codestream",
    ".jp2": "image/jp2",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".mpo": "image/jpeg",
    ".pbm": "image/x-portable-bitmap",
    ".pdf": "application/pdf",
    ".pgm": "image/x-portable-graymap",
    ".png": "image/png",
    ".ppm": "image/x-portable-pixmap",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}
NOT_ALLOWED = {"decoder_crashed", "decoder_timed_out"}


def type_of(path: Path, body: bytes) -> str | None:
    """Return the detected type of a file, or None if it is not imageable."""
    detected = base_type(detect(BufferReader(body), path.name).media_type)
    return detected if is_imageable(detected) else BY_NAME.get(path.suffix.lower())


def main(folder: Path) -> int:
    outcomes: Counter[str] = Counter()
    bad: list[str] = []
    slowest, slow_name, most_memory = 0.0, "", 0
    decoder = Decoder()
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        body = path.read_bytes()
        media_type = type_of(path, body)
        if media_type is None:
            outcomes["of a type that is never decoded"] += 1
            continue
        begun = time.monotonic()
        try:
            decoder.create(body, media_type)
            outcome = "READY"
        except ThumbnailError as error:
            outcome = error.code
        took = time.monotonic() - begun
        outcomes[outcome] += 1
        if took > slowest:
            slowest, slow_name = took, path.name
        most_memory = max(most_memory, decoder.process.peak_bytes)
        if outcome in NOT_ALLOWED:
            bad.append(f"{path.relative_to(folder)} as {media_type}: {outcome}")
    decoder.close()
    for outcome, number in outcomes.most_common():
        print(f"{number:6} {outcome}")
    limit = THUMBNAIL.memory_bytes
    print(f"slowest: {slow_name}, {slowest:.1f} s (at most {THUMBNAIL.seconds})")
    print(f"most memory: {most_memory / 1024**2:.0f} MiB (at most {limit / 1024**2:.0f})")
    for line in bad:
        print(f"BAD {line}")
    if not outcomes:
        print(f"There is no file in {folder}.")
    return 1 if bad or most_memory > limit or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
