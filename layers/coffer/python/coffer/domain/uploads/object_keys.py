"""The keys of uploaded files and thumbnails in ObjectBucket.

Functions that only sign URLs import this module without the records of uploads.
"""

from __future__ import annotations

from coffer.domain.buckets import bucket_key


def incoming_key(bucket: str, file_identifier: str) -> str:
    """Return the key to which a presigned POST uploads."""
    return f"incoming/{bucket_key(bucket)}/{file_identifier}"


def final_key(
    bucket: str, file_identifier: str, extension: str, *, is_derivative: bool, claim: str = ""
) -> str:
    """Return the key under which an accepted file is stored.

    The key contains `claim` if the store ignores conditions on copies. Then a replay of the form
    cannot overwrite the inspected bytes.
    """
    folder = "derivatives" if is_derivative else "objects"
    suffix = f"-{claim}" if claim else ""
    return f"{folder}/{bucket_key(bucket)}/{file_identifier}{suffix}{extension}"


def thumbnail_key(bucket: str, thumbnail_identifier: str) -> str:
    """Return the key of a generated thumbnail in the store."""
    return f"thumbnails/{bucket_key(bucket)}/{thumbnail_identifier}.jpg"
