"""Implement the ImageFunctions port with a child process for each image."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from coffer.adapters.imaging.thumbnailer import child_variables
from coffer.domain.export.layout import MAX_TRANSFORMED_BYTES
from coffer.domain.export.transform_member import ExportFunction, TransformError

SECONDS = 50
"""Time limit for one image; an export worker reserves more than that."""
MEMORY_BYTES = 2048 * 1024**2
"""Address space of the child."""

_CHILD = "coffer.adapters.imaging.convert"


class IsolatedImageFunctions:
    """Applies export functions with Pillow, in a child process."""

    def __init__(self, *, seconds: int = SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self._seconds, self._memory_bytes = seconds, memory_bytes

    def apply(self, function: ExportFunction, image: bytes) -> bytes:
        with tempfile.TemporaryDirectory(prefix="coffer-") as folder:
            source, result = Path(folder, "source"), Path(folder, "result")
            source.write_bytes(image)
            code = self._run(source, result, function)
            if code:
                raise TransformError(code)
            if result.stat().st_size > MAX_TRANSFORMED_BYTES:
                raise TransformError("image_too_large")
            return result.read_bytes()

    def _run(self, source: Path, result: Path, function: ExportFunction) -> str:
        limits = (str(self._memory_bytes), str(self._seconds))
        document = json.dumps(function.document)
        try:
            done = subprocess.run(  # noqa: S603 - this interpreter, with our own arguments
                [sys.executable, "-m", _CHILD, str(source), str(result), document, *limits],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._seconds,
                env=child_variables(),
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "decoder_timed_out"
        return "decoder_crashed" if done.returncode else done.stdout.decode().strip()
