"""Implementations of the domain's ports in memory.

The contract suites in `tests/contract` run on each fake and on its adapter.
"""

from tests.fakes.changes import InMemoryAudit, RecordingBus
from tests.fakes.clocks import FrozenClock
from tests.fakes.exports import InMemoryAccessKeys
from tests.fakes.hooks import KilledError, kill_at_call, with_hooks
from tests.fakes.listing import InMemoryLists
from tests.fakes.objects import InMemoryDownloads, InMemoryMultipartCopies, InMemoryObjects
from tests.fakes.tables import InMemoryCatalogue, InMemoryUploads
from tests.fakes.thumbnails import FixedThumbnailer
from tests.fakes.uploads import InMemoryQueue, UnsignedPosts
from tests.fakes.vocabulary import InMemoryVocabulary

__all__ = [
    "FixedThumbnailer",
    "FrozenClock",
    "InMemoryAccessKeys",
    "InMemoryAudit",
    "InMemoryCatalogue",
    "InMemoryDownloads",
    "InMemoryLists",
    "InMemoryMultipartCopies",
    "InMemoryObjects",
    "InMemoryQueue",
    "InMemoryUploads",
    "InMemoryVocabulary",
    "KilledError",
    "RecordingBus",
    "UnsignedPosts",
    "kill_at_call",
    "with_hooks",
]
