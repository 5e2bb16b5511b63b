"""What building leaves in the store besides the archive: temporary objects, unfinished uploads."""

from __future__ import annotations

from coffer.domain.export.ports import Archives
from coffer.domain.export.record import Export


def clear_leftovers(archives: Archives, export: Export, *, but: str = "") -> None:
    """Remove temporary objects, and unfinished uploads except `but`, the archive's own."""
    for key, upload in list(archives.unfinished(export.folder)):
        if upload != but:
            archives.abandon(key, upload)
    clear_below(archives, export.temporary)


def clear_below(archives: Archives, prefix: str) -> None:
    """Remove all objects and unfinished uploads below `prefix`."""
    for key, upload in list(archives.unfinished(prefix)):
        archives.abandon(key, upload)
    for key in list(archives.keys(prefix)):
        archives.remove(key)
