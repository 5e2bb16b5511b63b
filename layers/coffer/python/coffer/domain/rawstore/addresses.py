"""Addresses of objects in the store of packages, as clients write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from coffer.domain.rawstore.keys import problem_of

_AWS_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com"
)
_ESCAPED_BY_NODE = re.compile("%(?:20|22|27|3C|3E|5E|60|7B|7C|7D)")
"""What Node's `url.parse` escapes in a path, which leaves everything else as it is."""
_USUAL_PORTS = (None, 80, 443)
_PLAIN = re.compile(r"https?://[^\x00-\x1f\x7f?#\\]+", re.IGNORECASE)
"""An address of an object and of nothing more, that no two parsers read differently."""


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """What the addresses of one bucket's objects begin with.

    `url` is the endpoint that forms are posted to: scheme, host and port. `is_aws` says that AWS's
    own names lead there, too: those of every region, since old clients know them.
    """

    url: str
    bucket: str
    is_aws: bool

    def keys_of(self, address: str) -> list[str]:
        """The keys that `address` can mean, the likeliest first; none if it is not of this bucket.

        The bucket is the first segment of the path, the first part of the host, or all of it. The
        path is percent-encoded; but the reference's client puts keys there as they are, so a path
        that has percent signs may also mean just what it says, but for what Node escaped.
        """
        path = self._path_in_bucket(address)
        if not path or problem_of(unquote(path)) is not None:
            return []
        as_node = _ESCAPED_BY_NODE.sub(lambda escape: unquote(escape[0]), path)
        return list(dict.fromkeys((unquote(path), as_node, path)))

    def _path_in_bucket(self, address: str) -> str | None:
        if not _PLAIN.fullmatch(address):
            return None
        try:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        if "@" in parts.netloc or port not in (*_USUAL_PORTS, urlsplit(self.url).port):
            return None
        if self._names_bucket(host):
            return parts.path[1:]
        if self._names_store(host):
            return _below(self.bucket, parts)
        return None

    def _names_bucket(self, host: str) -> bool:
        names = {self.bucket, f"{self.bucket}.{urlsplit(self.url).hostname}"}
        aws = _AWS_HOST.fullmatch(host) if self.is_aws else None
        return host in names or (aws is not None and aws["bucket"] == self.bucket)

    def _names_store(self, host: str) -> bool:
        aws = _AWS_HOST.fullmatch(host) if self.is_aws else None
        return host == urlsplit(self.url).hostname or (aws is not None and aws["bucket"] is None)


def _below(bucket: str, parts: SplitResult) -> str | None:
    first, _, rest = parts.path[1:].partition("/")
    return rest if first == bucket else None
