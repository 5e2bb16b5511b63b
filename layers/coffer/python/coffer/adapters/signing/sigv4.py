"""AWS Signature Version 4: POST forms, presigned URLs and signed headers.

Functions that sign import no AWS SDK: importing boto3 takes ten times as long as the rest of a
small function. Sources: "Signature Version 4 signing process" and "Browser-based uploads using POST
(SigV4)". Tests compare every kind of signature with AWS's published examples and with botocore.

Every method takes the time of the signature, so the same arguments give the same result.
"""

from __future__ import annotations

import hashlib
import hmac
from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring_ascii as json_string
from typing import NamedTuple
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_PAYLOAD_HASH = hashlib.sha256(b"").hexdigest()
MAX_PRESIGNED_LIFETIME = timedelta(days=7)

PostForm = tuple[dict[str, str], tuple[int, int] | None]
"""The fields of one upload, with `key`, and its minimum and maximum size in bytes, or None."""

_UNRESERVED = "-_.~"  # not escaped by SigV4, like letters and digits (RFC 3986, 2.3)
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Credentials:
    """An AWS key pair. The credentials of a role have a session token, which is signed, too."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The URL of a store: scheme, host and port, without a trailing slash.

    Object URLs are path-style, `{endpoint}/{bucket}/{key}`. Every S3-compatible store accepts them,
    and over TLS they allow bucket names with dots.
    """

    url: str

    @classmethod
    def for_region(
        cls, region: str, override: str | None = None, *, service: str = "s3"
    ) -> Endpoint:
        """Return the endpoint of a service in a region, or `override` if another is configured."""
        return cls((override or f"https://{service}.{region}.{domain_suffix(region)}").rstrip("/"))

    def bucket_url(self, bucket: str) -> str:
        return f"{self.url}/{bucket}"

    def object_url(self, bucket: str, key: str) -> str:
        """Return the percent-encoded URL of an object; slashes in the key are kept."""
        return f"{self.url}/{bucket}/{encode_path(key)}"


class _PolicyPrefix(NamedTuple):
    """The beginning of a policy that several forms share, encoded in base64 and hashed.

    Base64 encodes three bytes as four characters, so only a multiple of three bytes can be encoded
    in advance; `rest` is encoded with the text that follows.
    """

    encoded: str
    rest: str
    mac: hmac.HMAC

    def extended(self, text: str) -> _PolicyPrefix:
        """Return the prefix with more text (ASCII)."""
        text = self.rest + text
        cut = len(text) - len(text) % 3
        encoded = b2a_base64(text[:cut].encode(), newline=False)
        mac = self.mac.copy()
        mac.update(encoded)
        return _PolicyPrefix(self.encoded + encoded.decode(), text[cut:], mac)


class _SigningKey(NamedTuple):
    """The key of one day, and the form fields and the policy prefix that follow from it."""

    credentials: Credentials
    day: str
    scope: str
    key: bytes
    fields: Mapping[str, str]
    policy: _PolicyPrefix

    @classmethod
    def derive(cls, credentials: Credentials, day: str, scope: str) -> _SigningKey:
        key = f"AWS4{credentials.secret_access_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        fields = {
            "x-amz-algorithm": ALGORITHM,
            "x-amz-credential": f"{credentials.access_key_id}/{scope}",
        }
        if credentials.session_token is not None:
            fields["x-amz-security-token"] = credentials.session_token
        empty = _PolicyPrefix("", "", hmac.new(key, digestmod="sha256"))
        policy = empty.extended(f'{{"conditions":[{_conditions(fields)[1:]}')
        return cls(credentials, day, scope, key, fields, policy)

    def sign(self, text: str) -> str:
        return hmac.digest(self.key, text.encode(), "sha256").hex()

    def sign_request(self, timestamp: str, canonical_request: str) -> str:
        digest = hashlib.sha256(canonical_request.encode()).hexdigest()
        return self.sign(f"{ALGORITHM}\n{timestamp}\n{self.scope}\n{digest}")


class Signer:
    """Signs requests to one service in one region.

    The credentials of a Lambda role change during a function's life. If `credentials` is a
    callable, it is called for each signature. The signing key of a day is cached.
    """

    def __init__(
        self,
        credentials: Credentials | Callable[[], Credentials],
        region: str,
        service: str = "s3",
    ) -> None:
        self._credentials = credentials
        self._region = region
        self._service = service
        self._cached: _SigningKey | None = None

    def sign_posts(
        self,
        bucket: str,
        forms: Sequence[PostForm],
        *,
        now: datetime,
        expires_in: timedelta,
        common: Mapping[str, str] = _NOTHING,
        defaults: Mapping[str, str] = _NOTHING,
    ) -> list[dict[str, str]]:
        """Return all fields of each POST form, in order; the file must be the last field.

        `common` fields are in every form. The policy has a condition for every field, so none can
        be changed or left out. `defaults` are in every form that has no such field; the client may
        change them, but not leave them out. The policy's beginning is encoded and hashed once a day
        for the credentials, and once a call for the `common` fields.
        """
        timestamp = _timestamp(now)
        key = self._signing_key(timestamp[:8])
        dated = {**common, "x-amz-date": timestamp}
        beginning = f',{{"bucket":{json_string(bucket)}}}{_conditions(dated)}'
        prefix = key.policy
        if len(forms) > 1:
            prefix, beginning = prefix.extended(beginning), ""
        encoded_prefix, rest, prefix_mac = prefix
        beginning = rest + beginning
        end = _format('],"expiration":"%04d-%02d-%02dT%02d:%02d:%02dZ"}', now + expires_in)
        shared = {**dated, **key.fields}
        signed = []
        for fields, size_range in forms:
            free = {name: value for name, value in defaults.items() if name not in fields}
            conditions = _conditions(fields)
            for name in free:
                conditions += f',["starts-with",{json_string(f"${name}")},""]'
            if size_range is not None:
                conditions += f',["content-length-range",{size_range[0]},{size_range[1]}]'
            encoded = b2a_base64(f"{beginning}{conditions}{end}".encode(), newline=False)
            mac = prefix_mac.copy()
            mac.update(encoded)
            form = shared | free | fields
            form["policy"] = encoded_prefix + encoded.decode()
            form["x-amz-signature"] = mac.hexdigest()
            signed.append(form)
        return signed

    def sign_policy(self, encoded_policy: str, *, now: datetime) -> str:
        """Return the signature of a POST policy in base64, as 64 hexadecimal digits."""
        return self._signing_key(_timestamp(now)[:8]).sign(encoded_policy)

    def presign_url(
        self,
        method: str,
        url: str,
        *,
        now: datetime,
        expires_in: timedelta,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
    ) -> str:
        """Return `url` (percent-encoded, without a query) with a signature in its query.

        `query` has other parameters (`partNumber`, `response-content-type` …), not encoded. The
        client must send exactly the `headers` given here. The URL is valid for at most seven days,
        and not longer than the credentials.
        """
        if not timedelta(seconds=1) <= expires_in <= MAX_PRESIGNED_LIFETIME:
            raise ValueError(
                f"a presigned URL is valid for one second to seven days, not {expires_in}"
            )
        timestamp = _timestamp(now)
        key = self._signing_key(timestamp[:8])
        host, path = _split(url)
        canonical_headers, signed_headers = _canonical_headers({**headers, "host": host})
        full_query = {
            **query,
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": key.fields["x-amz-credential"],
            "X-Amz-Date": timestamp,
            "X-Amz-Expires": str(int(expires_in.total_seconds())),
            "X-Amz-SignedHeaders": signed_headers,
        }
        if key.credentials.session_token is not None:
            full_query["X-Amz-Security-Token"] = key.credentials.session_token
        encoded_query = encode_query(full_query)
        signature = key.sign_request(
            timestamp,
            f"{method}\n{path}\n{encoded_query}\n{canonical_headers}\n{signed_headers}"
            f"\n{UNSIGNED_PAYLOAD}",
        )
        return f"{url}?{encoded_query}&X-Amz-Signature={signature}"

    def sign_headers(
        self,
        method: str,
        url: str,
        *,
        now: datetime,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        payload_hash: str = EMPTY_PAYLOAD_HASH,
    ) -> dict[str, str]:
        """Return the headers of a signed request: `headers` in lower case, and the signature's.

        `url` is percent-encoded and has no query; the request's query is `encode_query(query)`.
        `payload_hash` is the SHA-256 of the body in hexadecimal, or UNSIGNED_PAYLOAD.
        """
        timestamp = _timestamp(now)
        key = self._signing_key(timestamp[:8])
        host, path = _split(url)
        sent = {name.lower(): value for name, value in headers.items()}
        sent |= {"host": host, "x-amz-date": timestamp, "x-amz-content-sha256": payload_hash}
        if key.credentials.session_token is not None:
            sent["x-amz-security-token"] = key.credentials.session_token
        canonical_headers, signed_headers = _canonical_headers(sent)
        signature = key.sign_request(
            timestamp,
            f"{method}\n{path}\n{encode_query(query)}\n{canonical_headers}\n{signed_headers}"
            f"\n{payload_hash}",
        )
        sent["authorization"] = (
            f"{ALGORITHM} Credential={key.fields['x-amz-credential']}, "
            f"SignedHeaders={signed_headers}, Signature={signature}"
        )
        return sent

    def _signing_key(self, day: str) -> _SigningKey:
        credentials = self._credentials() if callable(self._credentials) else self._credentials
        cached = self._cached
        if cached is None or cached.day != day or cached.credentials != credentials:
            scope = f"{day}/{self._region}/{self._service}/aws4_request"
            cached = self._cached = _SigningKey.derive(credentials, day, scope)
        return cached


def domain_suffix(region: str) -> str:
    """Return the domain of AWS's services in a region of a supported partition.

    China has its own. That of GovCloud is the same as elsewhere. The template refuses others.
    """
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def encode_path(path: str) -> str:
    """Percent-encode everything but letters, digits, `-_.~` and slashes, as UTF-8."""
    return quote(path, safe=_UNRESERVED + "/")


def encode_query(query: Mapping[str, str]) -> str:
    """Return a query in SigV4's canonical form: percent-encoded, sorted by encoded name."""
    return "&".join(
        f"{name}={value}"
        for name, value in sorted(
            (quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED))
            for name, value in query.items()
        )
    )


def _conditions(fields: Mapping[str, str]) -> str:
    """Return a policy condition for the value of each field, each after a comma."""
    return "".join(
        [f",{{{json_string(name)}:{json_string(value)}}}" for name, value in fields.items()]
    )


def _timestamp(now: datetime) -> str:
    return _format("%04d%02d%02dT%02d%02d%02dZ", now)


def _format(pattern: str, instant: datetime) -> str:
    """Return a time in UTC, formatted in half the time of `strftime`."""
    utc = instant.astimezone(UTC)
    return pattern % (utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second)


def _split(url: str) -> tuple[str, str]:
    """Return host and path of a URL; the host has its port, unless it is the scheme's default."""
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    if not scheme or not host or "?" in url or "#" in url:
        raise ValueError("only an absolute URL without query and fragment can be signed")
    return host.removesuffix({"http": ":80", "https": ":443"}.get(scheme, "")), f"/{path}"


def _canonical_headers(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the header lines to sign, and the list of their names."""
    lines = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    names = sorted(lines)
    return "".join(f"{name}:{lines[name]}\n" for name in names), ";".join(names)
