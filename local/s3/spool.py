"""Write the bytes of objects to files, and compute their digests meanwhile."""

from __future__ import annotations

import base64
import binascii
import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from local.s3 import checksums
from local.s3.checksums import DeclaredChecksum
from local.s3.errors import S3Error

SUBFOLDER_COUNT = 256


@dataclass(frozen=True)
class SpooledFile:
    """A complete file with its size in bytes, MD5 in hex, and a checksum if requested."""

    path: Path
    size: int
    md5: str
    algorithm: str | None = None
    checksum: str | None = None


class Folder:
    """The folder of all files, which are in 256 subfolders and have random names."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """Create the subfolders."""
        for number in range(SUBFOLDER_COUNT):
            (self.root / f"{number:02x}").mkdir(parents=True, exist_ok=True)

    def clear(self) -> None:
        """Delete the subfolders and their files."""
        for number in range(SUBFOLDER_COUNT):
            shutil.rmtree(self.root / f"{number:02x}", ignore_errors=True)

    def new_path(self) -> Path:
        name = uuid4().hex
        return self.root / name[:2] / name

    def link(self, source: Path) -> Path:
        """Return a new path for the same bytes, which is safe because files are never changed."""
        path = self.new_path()
        path.hardlink_to(source)
        return path


class Writer:
    """Writes one file. As a context manager it deletes the file if `finish` was not called."""

    def __init__(self, folder: Folder, algorithm: str | None = None) -> None:
        self._path = folder.new_path()
        self._file = self._path.open("xb", buffering=0)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._algorithm = algorithm
        self._hasher = checksums.hasher(algorithm) if algorithm else None
        self._finished = False
        self.size = 0

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if not self._finished:
            self._path.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._md5.update(data)
        if self._hasher is not None:
            self._hasher.update(data)
        self.size += len(data)

    def write_all(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            self.write(chunk)

    def check_md5(self, claimed: str | None) -> None:
        """Raise BadDigest if the Content-MD5 does not match the bytes."""
        if claimed is not None and claimed_md5(claimed) != self._md5.digest():
            raise S3Error(
                "BadDigest",
                details={
                    "ExpectedDigest": claimed,
                    "CalculatedDigest": checksums.encode(self._md5.digest()),
                },
            )

    def check_declared(self, declared: DeclaredChecksum | None, trailers: dict[str, str]) -> None:
        """Raise S3Error if the declared checksum, in a header or a trailer, does not match."""
        if declared is None or self._hasher is None:
            return
        claimed = declared.value
        if declared.in_trailer:
            claimed = trailers.get(checksums.header_name(declared.algorithm))
            if claimed is None or not checksums.is_valid_digest(declared.algorithm, claimed):
                raise S3Error("MalformedTrailerError")
        if claimed is not None:
            checksums.verify(declared.algorithm, claimed, checksums.encode(self._hasher.digest()))

    def finish(self) -> SpooledFile:
        self._finished = True
        return SpooledFile(
            path=self._path,
            size=self.size,
            md5=self._md5.hexdigest(),
            algorithm=self._algorithm,
            checksum=checksums.encode(self._hasher.digest()) if self._hasher else None,
        )


def claimed_md5(value: str) -> bytes:
    """Return the 16 bytes of a Content-MD5; raise InvalidDigest for anything else."""
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 16:
        raise S3Error("InvalidDigest", details={"Content-MD5": value})
    return digest


def read_file(path: Path, start: int = 0, length: int | None = None) -> Iterable[bytes]:
    """Yield the bytes of a file, or of a range of it, in pieces of one mebibyte."""
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        remaining = length
        while remaining is None or remaining > 0:
            data = file.read(1 << 20 if remaining is None else min(1 << 20, remaining))
            if not data:
                return
            if remaining is not None:
                remaining -= len(data)
            yield data
