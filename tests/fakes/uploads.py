"""The ProcessingQueue and PresignedPosts ports in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from coffer.domain.objects import StoredObject
from coffer.domain.uploads.presigned_uploads import PresignedPost, UploadPolicy


class InMemoryQueue:
    """The ProcessingQueue port."""

    def __init__(self) -> None:
        self.enqueued: list[StoredObject] = []

    def enqueue(self, stored: StoredObject) -> None:
        self.enqueued.append(stored)


class UnsignedPosts:
    """The PresignedPosts port without signatures. Forms expire after one hour."""

    def __init__(self) -> None:
        self.policies: list[UploadPolicy] = []

    def sign(self, policies: Sequence[UploadPolicy], now: datetime) -> list[PresignedPost]:
        self.policies += policies
        expires = now + timedelta(hours=1)
        return [
            PresignedPost(url="store:", fields={"key": policy.key}, expires=expires)
            for policy in policies
        ]
