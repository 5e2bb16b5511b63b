"""Where a user's files can be: the beginnings of their addresses."""

from __future__ import annotations

_PORTS = {"http": 80, "https": 443}


def prefixes_of(user: str, *, bucket_url: str, host: str, bucket: str) -> list[str]:
    """The beginnings that an address of a file of `user` can have, the one in use first.

    `bucket_url` is what forms are posted to. `user` is percent-encoded. The others are the eight
    forms of the reference's first generation, of which its last kept four, in this order: the host
    with the bucket as first segment, and the bucket as a host of its own; over http and https; with
    and without the port. They say nothing under a path pattern that does not begin with the owner.
    """
    prefixes = [bucket_url]
    for scheme, port in _PORTS.items():
        prefixes += [
            f"{scheme}://{host}:{port}/{bucket}",
            f"{scheme}://{host}/{bucket}",
            f"{scheme}://{bucket}:{port}",
            f"{scheme}://{bucket}",
        ]
    return [f"{prefix}/{user}" for prefix in dict.fromkeys(prefixes)]
