"""Find the key that the URL of a dataset's object means, and the prefixes of a user's URLs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from coffer.domain.rawstore.keys import key_problem

_AWS_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.(?P<domain>amazonaws\.com(?:\.cn)?)"
)
_ESCAPED_BY_NODE = re.compile("%(?:20|22|27|3C|3E|5E|60|7B|7C|7D)")
"""The characters that Node's `url.parse` escapes in a path; it keeps all others."""
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(r"https?://[^\x00-\x1f\x7f?#\\]+", re.IGNORECASE)
"""A URL without query and fragment that all parsers read in the same way."""


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """The URLs of one bucket's objects.

    `url` is the endpoint of uploads: scheme, host and port. If `is_aws`, the host names of AWS in
    every region of the partition mean this store, too, because old clients use them.
    """

    url: str
    bucket: str
    is_aws: bool

    def keys_of(self, address: str) -> list[str]:
        """Return the keys that a URL can mean, the most likely first; none for other buckets.

        The bucket is the first segment of the path, the first part of the host, or the whole host.
        The path is percent-encoded. However, the reference's client does not encode keys, so a path
        with percent signs can also be the key itself, except for what Node has escaped.
        """
        path = self._path_in_bucket(address)
        if not path or key_problem(unquote(path)) is not None:
            return []
        from_node = _ESCAPED_BY_NODE.sub(lambda escape: unquote(escape[0]), path)
        return list(dict.fromkeys((unquote(path), from_node, path)))

    def _path_in_bucket(self, address: str) -> str | None:
        if not _PLAIN.fullmatch(address):
            return None
        try:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        allowed_ports = (None, *_DEFAULT_PORTS.values(), urlsplit(self.url).port)
        if "@" in parts.netloc or port not in allowed_ports:
            return None
        if self._is_bucket_host(host):
            return parts.path[1:]
        if self._is_store_host(host):
            return _path_below(self.bucket, parts)
        return None

    def _is_bucket_host(self, host: str) -> bool:
        names = {self.bucket, f"{self.bucket}.{urlsplit(self.url).hostname}"}
        aws = self._aws_host(host)
        return host in names or (aws is not None and aws["bucket"] == self.bucket)

    def _is_store_host(self, host: str) -> bool:
        aws = self._aws_host(host)
        return host == urlsplit(self.url).hostname or (aws is not None and aws["bucket"] is None)

    def _aws_host(self, host: str) -> re.Match[str] | None:
        """Return the parts of a host name of S3 that can mean this store."""
        aws = _AWS_HOST.fullmatch(host) if self.is_aws else None
        own = _AWS_HOST.fullmatch(urlsplit(self.url).hostname or "")
        # Names of buckets in China are others than elsewhere.
        return None if aws and own and aws["domain"] != own["domain"] else aws


def prefixes_of(user: str, *, bucket_url: str, host: str, bucket: str) -> list[str]:
    """Return the prefixes that URLs of a user's files can have, the current one first.

    `bucket_url` is the URL of uploads. `user` is percent-encoded. The other eight prefixes are
    those of the reference's first generation, in this order; its last generation has four of them:
    the host with the bucket as first segment, and the bucket as host; over http and https; with and
    without the port. They only apply if the path pattern begins with the owner.
    """
    prefixes = [bucket_url]
    for scheme, port in _DEFAULT_PORTS.items():
        prefixes += [
            f"{scheme}://{host}:{port}/{bucket}",
            f"{scheme}://{host}/{bucket}",
            f"{scheme}://{bucket}:{port}",
            f"{scheme}://{bucket}",
        ]
    return [f"{prefix}/{user}" for prefix in dict.fromkeys(prefixes)]


def _path_below(bucket: str, parts: SplitResult) -> str | None:
    first, _, rest = parts.path[1:].partition("/")
    return rest if first == bucket else None
