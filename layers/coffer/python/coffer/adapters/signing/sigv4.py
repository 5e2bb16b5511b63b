"""AWS Signature Version 4 by hand: POST forms, presigned URLs and signed headers.

Signing is arithmetic, so it needs no AWS client: importing boto3 for it costs ten times what the
rest of a small function costs. The rules are AWS's: "Signature Version 4 signing process" and, for
forms, "Browser-based uploads using POST (SigV4)". The tests hold every kind of signature to AWS's
published examples and to botocore's output for the same instant.

Every method takes the instant it signs for, so that the same arguments give the same answer.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring_ascii as json_string
from typing import NamedTuple
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_PAYLOAD_HASH = hashlib.sha256(b"").hexdigest()
MAX_PRESIGNED_LIFETIME = timedelta(days=7)

PostForm = tuple[dict[str, str], tuple[int, int] | None]
"""One upload: its own fields, `key` among them, and how many bytes it may have (both ends; None for
any number). A plain pair: to make an object of a class takes a tenth as long as to sign it."""

_UNRESERVED = "-_.~"  # with letters and digits, what SigV4 leaves unescaped (RFC 3986, 2.3)
_NO_NAMES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Credentials:
    """An AWS key pair; a role's also has a session token, which then is part of what is signed."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a store listens: scheme, host and port, without a trailing slash.

    Addresses are path-style, `{endpoint}/{bucket}/{key}`: they serve every S3-compatible store, and
    bucket names with dots over TLS.
    """

    url: str

    @classmethod
    def for_region(cls, region: str, override: str | None = None) -> Endpoint:
        """The regional endpoint of S3, or `override` where another store is configured."""
        return cls((override or f"https://s3.{region}.amazonaws.com").rstrip("/"))

    def bucket_url(self, bucket: str) -> str:
        return f"{self.url}/{bucket}"

    def object_url(self, bucket: str, key: str) -> str:
        """The percent-encoded address of an object; '/' in the key stays as it is."""
        return f"{self.url}/{bucket}/{encode_path(key)}"


class _Moment(NamedTuple):
    """The two spellings of an instant that signatures use."""

    day: str
    timestamp: str

    @classmethod
    def of(cls, instant: datetime) -> _Moment:
        timestamp = _spelled("%04d%02d%02dT%02d%02d%02dZ", instant)
        return cls(timestamp[:8], timestamp)


class _PolicyHead(NamedTuple):
    """The beginning of a policy, in base64 and hashed as far as that goes.

    Base64 turns three bytes into four characters: only whole triples can be encoded ahead, the rest
    waits. `inner` is the inner hash of HMAC-SHA-256 (RFC 2104) over what is encoded; `hmac.HMAC`
    would hide it, but takes half as long again to copy, and a form is made of little else.
    """

    encoded: str
    rest: str
    inner: hashlib._Hash

    def extended(self, text: str) -> _PolicyHead:
        """The head of a policy that goes on with `text`, which is ASCII."""
        pending = self.rest + text
        whole = len(pending) - len(pending) % 3
        encoded = binascii.b2a_base64(pending[:whole].encode(), newline=False)
        inner = self.inner.copy()
        inner.update(encoded)
        return _PolicyHead(self.encoded + encoded.decode(), pending[whole:], inner)


class _Authority(NamedTuple):
    """Whoever signs on a given day: the credentials and what follows from them."""

    credentials: Credentials
    day: str
    scope: str
    key: bytes
    fields: Mapping[str, str]
    """The fields of a form that stay the same all day."""
    policy: _PolicyHead
    outer: hashlib._Hash

    @classmethod
    def of(cls, credentials: Credentials, day: str, scope: str) -> _Authority:
        key = f"AWS4{credentials.secret_access_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        inner, outer = (
            hashlib.sha256(bytes(byte ^ pad for byte in key.ljust(64, b"\0")))
            for pad in (0x36, 0x5C)
        )
        fields = {
            "x-amz-algorithm": ALGORITHM,
            "x-amz-credential": f"{credentials.access_key_id}/{scope}",
        }
        if credentials.session_token is not None:
            fields["x-amz-security-token"] = credentials.session_token
        # A condition follows every other after a comma, so the first one needs none before it.
        policy = f'{{"conditions":[{_conditions(fields)[1:]}'
        head = _PolicyHead("", "", inner).extended(policy)
        return cls(credentials, day, scope, key, fields, head, outer)

    @property
    def credential(self) -> str:
        return self.fields["x-amz-credential"]

    def sign(self, text: str) -> str:
        return hmac.digest(self.key, text.encode(), "sha256").hex()


class Signer:
    """Signs for one region and service with credentials that may change under way.

    A Lambda role's credentials are replaced during a function's life; a callable is asked each
    time. What is derived from them and the day, four rounds of HMAC, is kept until either changes.
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
        self._authority: _Authority | None = None

    def sign_posts(
        self,
        bucket: str,
        forms: Sequence[PostForm],
        *,
        now: datetime,
        expires_in: timedelta,
        common: Mapping[str, str] = _NO_NAMES,
    ) -> list[dict[str, str]]:
        """The complete fields of a POST form for each upload, in order; a file follows as the last.

        Every field is pinned to its value by a condition of the policy, so nobody can change or
        leave out one. The policy first states who signs, then what all uploads share: the former is
        encoded and hashed once a day, the latter once, and each upload continues from there.
        """
        moment = _Moment.of(now)
        authority = self._authority_on(moment.day)
        dated = {**common, "x-amz-date": moment.timestamp}
        head, beginning = authority.policy, f',{{"bucket":{json_string(bucket)}}}'
        if len(forms) == 1:
            # Whoever is alone shares nothing: to hash that ahead would only be more work.
            forms = [({**dated, **forms[0][0]}, forms[0][1])]
        else:
            head, beginning = head.extended(beginning + _conditions(dated)), ""
        end = _spelled('],"expiration":"%04d-%02d-%02dT%02d:%02d:%02dZ"}', now + expires_in)
        beginning = head.rest + beginning
        names: tuple[str, ...] | None = None
        answers = []
        for fields, size_bytes in forms:
            if names != tuple(fields):
                names = tuple(fields)
                template = _conditions_template(names)
                answer = {**dated, **authority.fields}
            conditions = template % tuple(map(json_string, fields.values()))
            if size_bytes is not None:
                least, most = size_bytes
                conditions += f',["content-length-range",{least},{most}]'
            tail = f"{beginning}{conditions}{end}"
            encoded = binascii.b2a_base64(tail.encode(), newline=False)
            inner = head.inner.copy()
            inner.update(encoded)
            outer = authority.outer.copy()
            outer.update(inner.digest())
            # A copy of the one before has room for all fields, and the same names of them.
            answer = answer | fields
            answer["policy"] = head.encoded + encoded.decode()
            answer["x-amz-signature"] = outer.hexdigest()
            answers.append(answer)
        return answers

    def sign_policy(self, encoded_policy: str, *, now: datetime) -> str:
        """The signature, 64 hexadecimal digits, of a POST policy that is already in base64."""
        return self._authority_on(_Moment.of(now).day).sign(encoded_policy)

    def presign_url(
        self,
        method: str,
        url: str,
        *,
        now: datetime,
        expires_in: timedelta,
        query: Mapping[str, str] = _NO_NAMES,
        headers: Mapping[str, str] = _NO_NAMES,
    ) -> str:
        """`url` (percent-encoded, without a query) with a signature that lets anyone use it.

        `query` is what the request asks for besides (`partNumber`, `response-content-type` …),
        unencoded. Whoever uses the URL must send exactly the `headers` named here. The life is at
        most seven days, and ends early with the credentials' own.
        """
        if not timedelta(seconds=1) <= expires_in <= MAX_PRESIGNED_LIFETIME:
            raise ValueError(f"a presigned URL lives from one second to seven days: {expires_in}")
        moment = _Moment.of(now)
        authority = self._authority_on(moment.day)
        host, path = _split(url)
        canonical_headers, signed_headers = _canonical_headers({**headers, "host": host})
        full_query = {
            **query,
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": authority.credential,
            "X-Amz-Date": moment.timestamp,
            "X-Amz-Expires": str(int(expires_in.total_seconds())),
            "X-Amz-SignedHeaders": signed_headers,
        }
        if authority.credentials.session_token is not None:
            full_query["X-Amz-Security-Token"] = authority.credentials.session_token
        encoded_query = encode_query(full_query)
        signature = authority.sign(
            _string_to_sign(
                moment,
                authority.scope,
                f"{method}\n{path}\n{encoded_query}\n{canonical_headers}\n{signed_headers}"
                f"\n{UNSIGNED_PAYLOAD}",
            )
        )
        return f"{url}?{encoded_query}&X-Amz-Signature={signature}"

    def sign_headers(
        self,
        method: str,
        url: str,
        *,
        now: datetime,
        query: Mapping[str, str] = _NO_NAMES,
        headers: Mapping[str, str] = _NO_NAMES,
        payload_hash: str = EMPTY_PAYLOAD_HASH,
    ) -> dict[str, str]:
        """The headers to send with a request: those given, in lower case, and the signature's.

        `url` is percent-encoded and has no query; send `encode_query(query)` behind it.
        `payload_hash` is the SHA-256 of the body in hexadecimal, or UNSIGNED_PAYLOAD.
        """
        moment = _Moment.of(now)
        authority = self._authority_on(moment.day)
        host, path = _split(url)
        sent = {name.lower(): value for name, value in headers.items()}
        sent |= {"host": host, "x-amz-date": moment.timestamp, "x-amz-content-sha256": payload_hash}
        if authority.credentials.session_token is not None:
            sent["x-amz-security-token"] = authority.credentials.session_token
        canonical_headers, signed_headers = _canonical_headers(sent)
        signature = authority.sign(
            _string_to_sign(
                moment,
                authority.scope,
                f"{method}\n{path}\n{encode_query(query)}\n{canonical_headers}\n{signed_headers}"
                f"\n{payload_hash}",
            )
        )
        sent["authorization"] = (
            f"{ALGORITHM} Credential={authority.credential}, "
            f"SignedHeaders={signed_headers}, Signature={signature}"
        )
        return sent

    def _authority_on(self, day: str) -> _Authority:
        credentials = self._credentials() if callable(self._credentials) else self._credentials
        known = self._authority
        if known is None or known.day != day or known.credentials != credentials:
            scope = f"{day}/{self._region}/{self._service}/aws4_request"
            known = self._authority = _Authority.of(credentials, day, scope)
        return known


def encode_path(path: str) -> str:
    """UTF-8, then everything percent-encoded but letters, digits, `-_.~` and the slash."""
    return quote(path, safe=_UNRESERVED + "/")


def encode_query(query: Mapping[str, str]) -> str:
    """A query in SigV4's canonical form: fully percent-encoded and sorted by encoded name."""
    return "&".join(
        f"{name}={value}"
        for name, value in sorted(
            (quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED))
            for name, value in query.items()
        )
    )


def _split(url: str) -> tuple[str, str]:
    """Host (with its port, unless it is the scheme's own) and path of an absolute URL."""
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    if not scheme or not host or "?" in url or "#" in url:
        raise ValueError("an absolute URL without query and fragment is needed for signing")
    return host.removesuffix({"http": ":80", "https": ":443"}.get(scheme, "")), f"/{path}"


def _canonical_headers(headers: Mapping[str, str]) -> tuple[str, str]:
    """The block of header lines to sign and the list of their names."""
    lines = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    names = sorted(lines)
    return "".join(f"{name}:{lines[name]}\n" for name in names), ";".join(names)


def _string_to_sign(moment: _Moment, scope: str, canonical_request: str) -> str:
    digest = hashlib.sha256(canonical_request.encode()).hexdigest()
    return f"{ALGORITHM}\n{moment.timestamp}\n{scope}\n{digest}"


def _spelled(form: str, instant: datetime) -> str:
    """An instant's year, month, day, hour, minute and second in UTC, put into a form.

    Takes half as long as `isoformat` and a quarter of `strftime`, which shows in a lone form.
    """
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return form % (utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second)


def _conditions(fields: Mapping[str, str]) -> str:
    """A condition for each field that pins it to its value, each after a comma."""
    return _conditions_template(tuple(fields)) % tuple(map(json_string, fields.values()))


@lru_cache(maxsize=64)
def _conditions_template(names: tuple[str, ...]) -> str:
    """The text of conditions on fields of these names, with a %s where each value goes."""
    return "".join(f",{{{json_string(name).replace('%', '%%')}:%s}}" for name in names)
