"""Detect OLE2 compound files, such as old Office documents, by the names in the root directory.

Only children of the root count; embedded documents are deeper. Sources: [MS-CFB] for the structure,
Apache Tika 3.2.3's detectors for the names.
"""

from __future__ import annotations

from coffer.domain.detection.window import Window

OLE2 = "application/x-tika-msoffice"

_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER_BYTES = 512
_ENTRY_BYTES = 128
_FREE_OR_END = 0xFFFFFFFA  # higher sector numbers are markers
_NO_ENTRY = 0xFFFFFFFF
_SECTOR_SHIFTS = (9, 12)
_ROOT_ENTRY = 5
_MAX_DIRECTORY_SECTORS = 1024
_MAX_ENTRIES = 4096
_READ_AHEAD = 65_536

_EMBEDDED = "application/x-tika-msoffice-embedded"
_WORKS = "application/vnd.ms-works"

# The first row decides whose names are all in the root directory. Names are in upper case.
_BY_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("application/x-tika-ooxml-protected", ("ENCRYPTEDPACKAGE", "ENCRYPTIONINFO")),
    ("application/x-hwp-v5", ("\x05HWPSUMMARYINFORMATION",)),
    ("application/x-corelpresentations", ("PERFECTOFFICE_MAIN", "SLIDESHOW")),
    (
        "application/x-quattro-pro; version=7-8",
        ("PERFECTOFFICE_MAIN", "PERFECTOFFICE_OBJECTS"),
    ),
    ("application/x-quattro-pro; version=9", ("NATIVECONTENT_MAIN",)),
    ("application/x-tika-msworks-spreadsheet", ("WKSSSWORKBOOK",)),
    ("application/vnd.ms-excel", ("WORKBOOK",)),
    ("application/vnd.ms-excel", ("BOOK",)),
    ("application/sldworks", ("SWDOCCONTENTMGR", "SWDOCMGRTEMPSTORAGE")),
    ("application/vnd.stardivision.calc", ("STARCALCDOCUMENT",)),
    ("application/vnd.stardivision.writer", ("STARWRITERDOCUMENT",)),
    ("application/vnd.stardivision.draw", ("STARDRAWDOCUMENT3",)),
    ("application/msword", ("WORDDOCUMENT",)),
    ("application/x-mspublisher", ("QUILL",)),
    ("application/vnd.ms-powerpoint", ("POWERPOINT DOCUMENT",)),
    ("application/vnd.visio", ("VISIODOCUMENT",)),
    (f"{_EMBEDDED}; format=ole10_native", ("\x01OLE10NATIVE",)),
    (_WORKS, ("MATOST",)),
    (_WORKS, ("CONTENTS", "SPELLING")),
    ("application/vnd.ms-equation", ("EQUATION NATIVE",)),
    (OLE2, ("\x03OCXNAME",)),
    (f"{_EMBEDDED}; format=comp_obj", ("CONTENTS", "\x03OBJINFO")),
    (f"{_EMBEDDED}; format=comp_obj", ("CONTENTS", "\x01COMPOBJ")),
    (OLE2, ("CONTENTS",)),
    ("application/vnd.ms-project", ("\x01COMPOBJ", "PROPS")),
    ("application/vnd.ms-project", ("\x01COMPOBJ", "PROPS9")),
    ("application/vnd.ms-project", ("\x01COMPOBJ", "PROPS12")),
    ("application/x-esri-layer", ("LAYER",)),
    ("image/vnd.dgn; version=8", ("DGN~MF", "DGN~S", "DGN~H")),
)
_RIGHTS_MANAGED = ("\tDRMDATASPACE", "DRMENCRYPTEDDATASPACE")
_MESSAGE_PROPERTY = "__SUBSTG1.0_"

# The program in the CompObj stream, if the names leave two possibilities.
_BY_PROGRAM: tuple[tuple[str, bytes, str], ...] = (
    ("application/vnd.ms-excel", b"MSGraph.Chart", "application/vnd.ms-graph"),
    ("application/vnd.stardivision.draw", b"StarImpress", "application/vnd.stardivision.impress"),
    (f"{_EMBEDDED}; format=comp_obj", b"Quill96", _WORKS),
)

# Stream names that are usually near the start, for a file without a readable directory.
_NAMES_IN_HEAD: tuple[tuple[str, bytes], ...] = (
    ("application/msword", "WordDocument".encode("utf-16-le")),
    ("application/x-tika-msworks-spreadsheet", "WksSSWorkBook".encode("utf-16-le")),
    ("application/vnd.ms-excel", "Workbook".encode("utf-16-le")),
    ("application/vnd.ms-powerpoint", "PowerPoint Document".encode("utf-16-le")),
    (_WORKS, "MatOST".encode("utf-16-le")),
)


def ole2_type(window: Window) -> str | None:
    """Return the type of a compound file, or None."""
    if not window.head.startswith(_MARK):
        return None
    directory = _Directory(window)
    names = directory.root_names()
    if not names:
        return _by_head(window.head)
    if "\x06DATASPACES" in names and directory.has_any(_RIGHTS_MANAGED):
        return "application/x-tika-ole-drm-encrypted"
    return _by_program(_by_names(names), window)


def _by_names(names: set[str]) -> str:
    for media_type, needed in _BY_NAMES:
        if names.issuperset(needed) and _confirmed(media_type, names):
            return media_type
    if any(name.startswith(_MESSAGE_PROPERTY) for name in names):
        return "application/vnd.ms-outlook"
    return OLE2


def _confirmed(media_type: str, names: set[str]) -> bool:
    """True unless the type is Project and no storage is named three blanks and a number."""
    if media_type != "application/vnd.ms-project":
        return True
    return any(name.startswith("   ") and name[3:].isdigit() for name in names)


def _by_program(media_type: str, window: Window) -> str:
    # CompObj is a small stream; it is usually in the blocks that were read.
    for candidate, program, instead in _BY_PROGRAM:
        if media_type == candidate and any(program in block for block in window.blocks):
            return instead
    return media_type


def _by_head(head: bytes) -> str:
    start = head[1152 : 4096 + 64]
    return next((kind for kind, name in _NAMES_IN_HEAD if name in start), OLE2)


class _Directory:
    """The directory entries of a compound file that can be read within the budget."""

    def __init__(self, window: Window) -> None:
        self._window = window
        header = window.head[:_HEADER_BYTES].ljust(_HEADER_BYTES, b"\xff")
        shift = int.from_bytes(header[30:32], "little")
        self._sector_bytes = 1 << shift if shift in _SECTOR_SHIFTS else 0
        self._table_sectors = [_u32(header, 76 + 4 * index) for index in range(109)]
        self._first_sector = _u32(header, 48)
        self._entries = self._read_entries() if self._sector_bytes else []

    def root_names(self) -> set[str]:
        """Return the names of the root storage's children, in upper case."""
        if not self._entries or self._entries[0][66:67] != bytes((_ROOT_ENTRY,)):
            return set()
        names: set[str] = set()
        seen: set[int] = set()
        waiting = [_u32(self._entries[0], 76)]
        while waiting:
            number = waiting.pop()
            if number in seen or number >= len(self._entries) or not self._entries[number]:
                continue
            seen.add(number)
            entry = self._entries[number]
            names.add(_name(entry))
            waiting += (_u32(entry, 68), _u32(entry, 72))
        return names

    def has_any(self, names: tuple[str, ...]) -> bool:
        """True if an entry, at any depth, has one of the names."""
        return any(_name(entry) in names for entry in self._entries if entry)

    def _read_entries(self) -> list[bytes]:
        """Return the entries by number; those in unreadable sectors are empty."""
        entries: list[bytes] = []
        for sector in self._chain(self._first_sector):
            content = self._sector(sector)
            for at in range(0, self._sector_bytes, _ENTRY_BYTES):
                entry = content[at : at + _ENTRY_BYTES]
                entries.append(entry if len(entry) == _ENTRY_BYTES else b"")
            if len(entries) >= _MAX_ENTRIES:
                break
        return entries

    def _chain(self, sector: int) -> list[int]:
        """Return the sectors of a stream, up to a repeated or an unreadable one."""
        chain: list[int] = []
        seen: set[int] = set()
        while sector < _FREE_OR_END and sector not in seen:
            if len(chain) >= _MAX_DIRECTORY_SECTORS:
                break
            seen.add(sector)
            chain.append(sector)
            sector = self._next(sector)
        return chain

    def _next(self, sector: int) -> int:
        per_sector = self._sector_bytes // 4
        table, index = divmod(sector, per_sector)
        if table >= len(self._table_sectors) or self._table_sectors[table] >= _FREE_OR_END:
            return _NO_ENTRY
        content = self._sector(self._table_sectors[table])
        return _u32(content, 4 * index) if len(content) >= 4 * index + 4 else _NO_ENTRY

    def _sector(self, sector: int) -> bytes:
        # Sector 0 follows the header, which fills a whole sector.
        start = (sector + 1) * self._sector_bytes
        return self._window.fetch(start, self._sector_bytes, _READ_AHEAD)


def _name(entry: bytes) -> str:
    length = min(int.from_bytes(entry[64:66], "little"), 64)
    return entry[: max(0, length - 2)].decode("utf-16-le", "replace").upper()


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
