"""Decode bytes in the child of a decoder process, as `decode_picture` does with a download."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from tempfile import TemporaryFile
from typing import Any

from coffer.adapters.imaging.decoder_process import (
    CONVERSION,
    THUMBNAIL,
    DecoderProcess,
    DecodingLimits,
)
from coffer.domain.export.transform_member import ExportFunction
from coffer.domain.thumbnails.ports import ThumbnailResult
from tests.imaging.helpers import EDGE


@dataclass
class Decoder:
    """A decoder process, and the limits of each picture."""

    limits: DecodingLimits = THUMBNAIL
    process: DecoderProcess = field(default_factory=DecoderProcess)

    def create(self, image: bytes, media_type: str) -> ThumbnailResult:
        """Return the thumbnail; raise ThumbnailError."""
        return self._run({"mediaType": media_type, "edge": EDGE}, image)

    def _run(self, task: dict[str, Any], image: bytes) -> ThumbnailResult:
        with TemporaryFile() as source, TemporaryFile() as result:
            source.write(image)
            source.flush()
            source.seek(0)
            found = self.process.decode(task, self.limits, source, result)
            result.seek(0)
            return replace(found, thumbnail=result.read())

    def parent(self) -> int:
        """Return the process id of the parent of the children."""
        worker = self.process._worker
        assert worker is not None
        return worker._process.pid

    def close(self) -> None:
        self.process.close()


@dataclass
class Converter(Decoder):
    """The same for export functions."""

    limits: DecodingLimits = CONVERSION

    def apply(self, function: ExportFunction, image: bytes) -> bytes:
        """Return the converted image; raise ThumbnailError."""
        return self._run({"function": function.document}, image).thumbnail
