"""An export with an in-memory store and the builder of its archive."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from coffer.adapters.compression import FastCompression
from coffer.domain.callers import Caller, Role
from coffer.domain.export.access_keys import KeyIssuer, PresentedKey
from coffer.domain.export.build import BuildOutcome, ExportBuilder
from coffer.domain.export.ports import Compression
from coffer.domain.export.record import DueAction, Export, ExportStatus, Manifest, ManifestEntry
from coffer.domain.export.transform_member import ExportFunction
from tests.fakes import FrozenClock, InMemoryAccessKeys, InMemoryCatalogue, InMemoryUploads
from tests.fakes.archives import InMemoryArchives
from tests.fakes.bodies import BytesBody, GeneratedBody
from tests.fakes.exports import InMemoryExports, RecordingExportQueue, ReversedImages
from tests.fakes.records import identifier

EXPORT = identifier(0xE)
OWNER = Caller(username="alice", groups={"aafc": frozenset({Role.READ_ONLY})})
AN_HOUR = timedelta(hours=1)


@dataclass
class File:
    """A file in the store."""

    path: str
    body: GeneratedBody | BytesBody
    media_type: str = "image/jpeg"
    crc32_is_known: bool = True
    size_is_known: bool = True
    is_transformed: bool = False
    is_public: bool = False

    @classmethod
    def generated(cls, path: str, size_bytes: int, seed: int = 1, **known: object) -> File:
        return cls(path, GeneratedBody(seed, size_bytes), **known)  # type: ignore[arg-type]  # of File's


@dataclass
class ExportScenario:
    """One export of some files, with its own store and records."""

    files: Sequence[File]
    function: ExportFunction | None = None
    clock: FrozenClock = field(default_factory=FrozenClock)
    exports: InMemoryExports = field(default_factory=InMemoryExports)
    queue: RecordingExportQueue = field(default_factory=RecordingExportQueue)
    keys: InMemoryAccessKeys = field(default_factory=InMemoryAccessKeys)
    uploads: InMemoryUploads = field(default_factory=InMemoryUploads)
    compression: Compression = field(default_factory=FastCompression)
    left: timedelta = AN_HOUR

    def __post_init__(self) -> None:
        self.archives = InMemoryArchives(self.clock)
        self.catalogue = InMemoryCatalogue(self.uploads)
        self.images = ReversedImages(self.archives)
        entries = tuple(self._entry(number, file) for number, file in enumerate(self.files))
        manifest = Manifest(
            request={}, entries=entries, function=self.function.document if self.function else None
        )
        self.exports.add(
            Export(
                identifier=EXPORT,
                created_by="alice",
                created_on=self.clock.now(),
                name=None,
                status=ExportStatus.NEW,
                entries=len(self.files),
                bytes_total=sum(f.body.size_bytes for f in self.files if f.size_is_known),
                due=DueAction.BUILDING,
                due_on=self.clock.now(),
            )
        )
        self.archives.save(self.export.request_key, manifest.encode())
        self.builder = ExportBuilder(
            exports=self.exports,
            archives=self.archives,
            queue=self.queue,
            uploads=self.uploads,
            catalogue=self.catalogue,
            images=self.images,
            compression=self.compression,
            clock=self.clock,
        )

    @property
    def export(self) -> Export:
        return self.exports.records[EXPORT]

    def build(self) -> BuildOutcome:
        return self.builder.build(EXPORT, self.remaining)

    def issue_key(self, caller: Caller = OWNER) -> str:
        """Return a new key for the archive."""
        issuer = KeyIssuer(
            exports=self.exports,
            keys=self.keys,
            archives=self.archives,
            uploads=self.uploads,
            catalogue=self.catalogue,
            clock=self.clock,
        )
        return issuer.issue(caller, EXPORT).key

    def redeem(self, key: str) -> None:
        """Redeem a key, as a download does."""
        PresentedKey(exports=self.exports, keys=self.keys, clock=self.clock, key=key).redeem()

    def remaining(self) -> timedelta:
        """Return the time that a worker has left."""
        return self.left

    def opened(self) -> zipfile.ZipFile:
        """Return the archive, opened with Python's zipfile."""
        return zipfile.ZipFile(self.archives.opened(self.export.archive_key))

    def leftovers(self) -> list[str]:
        """Return the keys of temporary objects, and the ids of unfinished uploads."""
        kept = {"request.json", "sources.json", f"{EXPORT}.zip"}
        keys = [
            key
            for key in self.archives.list_keys(self.export.folder)
            if key.removeprefix(self.export.folder) not in kept and "checkpoint-" not in key
        ]
        return keys + list(self.archives.uploads)

    def key_of(self, number: int) -> str:
        return f"objects/aafc/{identifier(number)}"

    def _entry(self, number: int, file: File) -> ManifestEntry:
        is_known = file.crc32_is_known and not file.is_transformed
        crc32 = file.body.crc32 if is_known else None
        self.archives.put(self.key_of(number), file.body, crc32=crc32)
        return ManifestEntry(
            file_identifier=identifier(number),
            key=self.key_of(number),
            path=file.path,
            media_type=file.media_type,
            size_bytes=file.body.size_bytes if file.size_is_known else None,
            crc32=None if crc32 is None else f"{crc32:08x}",
            sha1_hex=None,
            modified=self.clock.now(),
            is_transformed=file.is_transformed,
            is_public=file.is_public,
        )
