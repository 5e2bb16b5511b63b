"""Verify AWS Signature Version 4 in the Authorization header and in the query, as S3 does.

This module follows the Amazon S3 API Reference ("Authenticating Requests (AWS Signature Version
4)") and shares no code with a signer, so that it is an independent test of signers.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote_to_bytes

from local.s3.errors import S3Error
from local.s3.messages import Headers, Request, decode

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
STREAMING_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
STREAMING_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
STREAMING_SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
NAMED_PAYLOADS = {
    UNSIGNED_PAYLOAD,
    STREAMING_UNSIGNED_TRAILER,
    STREAMING_SIGNED,
    STREAMING_SIGNED_TRAILER,
}
MAX_PRESIGNED_SECONDS = 604_800
ALLOWED_SKEW = timedelta(minutes=15)
QUERY_PARAMETERS = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
)
AMZ_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
SHA256_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Scope:
    """A credential: the access key, and the day, region and service of the signing key."""

    access_key: str
    date: str
    region: str
    service: str
    terminator: str

    @property
    def text(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"


@dataclass(frozen=True)
class VerifiedCaller:
    """The access key of a request, and its signature with what that says about the payload."""

    access_key: str
    payload: str
    signature: str
    scope: Scope
    amz_date: str
    signing_key: bytes


@dataclass(frozen=True)
class Verifier:
    """Verifies requests with the known keys, for one region."""

    credentials: Mapping[str, str]
    region: str

    def caller(self, request: Request, moments: tuple[datetime, ...]) -> VerifiedCaller | None:
        """Return the caller, or None for an anonymous request; raise S3Error as S3 does.

        The date in a header must be near one of `moments`. Only the first of them decides if a
        presigned URL has expired.
        """
        header = request.headers.get("authorization")
        presigned = any(name in request.query for name in ("X-Amz-Algorithm", "X-Amz-Signature"))
        if header is not None and (presigned or "Signature" in request.query):
            raise S3Error(
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                "Signature query string parameter or the Authorization header should be specified",
                details={"ArgumentName": "Authorization", "ArgumentValue": header},
            )
        if header is not None:
            return self._by_header(request, header, moments)
        if presigned:
            return self._by_query(request, moments[0])
        if "AWSAccessKeyId" in request.query:
            raise unsupported_mechanism_error()
        return None

    def secret(self, scope: Scope) -> str:
        """Return the secret of a credential; raise InvalidAccessKeyId for an unknown key."""
        secret = self.credentials.get(scope.access_key)
        if secret is None:
            raise S3Error("InvalidAccessKeyId", details={"AWSAccessKeyId": scope.access_key})
        return secret

    def check_scope(self, scope: Scope, amz_date: str, code: str, prefix: str) -> None:
        """Raise an error unless a credential is for this S3 and for the day of the request."""
        expected = Scope(scope.access_key, amz_date[:8], self.region, "s3", "aws4_request")
        if scope.region != expected.region:
            raise S3Error(
                code,
                f"{prefix}; the region '{scope.region}' is wrong; expecting '{self.region}'",
                details={"Region": self.region},
            )
        if scope.service != expected.service:
            raise S3Error(
                code,
                f'{prefix}; incorrect service "{scope.service}". This endpoint belongs to "s3".',
            )
        if scope.terminator != expected.terminator:
            raise S3Error(
                code,
                f'{prefix}; incorrect terminal "{scope.terminator}". This endpoint uses '
                '"aws4_request".',
            )
        if scope.date != expected.date:
            raise S3Error(
                code,
                f'{prefix}; Invalid credential date "{scope.date}". This date is not the same as '
                f'X-Amz-Date: "{expected.date}".',
            )

    def _by_header(
        self, request: Request, header: str, moments: tuple[datetime, ...]
    ) -> VerifiedCaller:
        scope, signed, signature = parse_authorization(header)
        amz_date = request_date(request.headers)
        moment = parse_amz_date(amz_date)
        if moment is None:
            raise S3Error(
                "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header"
            )
        self.check_scope(
            scope, amz_date, "AuthorizationHeaderMalformed", "The authorization header is malformed"
        )
        secret = self.secret(scope)
        if min(abs(moment - now) for now in moments) > ALLOWED_SKEW:
            raise S3Error(
                "RequestTimeTooSkewed",
                details={
                    "RequestTime": amz_date,
                    "ServerTime": iso(moments[0]),
                    "MaxAllowedSkewMilliseconds": "900000",
                },
            )
        check_signed_headers(request.headers, signed)
        payload = header_payload_hash(request.headers)
        query = canonical_query(request.raw_query)
        return self._verified(request, scope, amz_date, signed, signature, payload, query, secret)

    def _by_query(self, request: Request, now: datetime) -> VerifiedCaller:
        parameters = request.query
        missing = [name for name in QUERY_PARAMETERS if not parameters.get(name)]
        if missing:
            raise S3Error(
                "AuthorizationQueryParametersError",
                "Query-string authentication version 4 requires the X-Amz-Algorithm, "
                "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
                "X-Amz-Expires parameters.",
            )
        if parameters["X-Amz-Algorithm"] != ALGORITHM:
            raise S3Error(
                "AuthorizationQueryParametersError",
                f'X-Amz-Algorithm only supports "{ALGORITHM} and AWS4-ECDSA-P256-SHA256"',
            )
        amz_date = parameters["X-Amz-Date"]
        scope = parse_scope(
            parameters["X-Amz-Credential"],
            "AuthorizationQueryParametersError",
            "Error parsing the X-Amz-Credential parameter",
        )
        check_lifetime(amz_date, parameters["X-Amz-Expires"], now)
        self.check_scope(
            scope,
            amz_date,
            "AuthorizationQueryParametersError",
            "Error parsing the X-Amz-Credential parameter",
        )
        secret = self.secret(scope)
        signed = parameters["X-Amz-SignedHeaders"].split(";")
        check_signed_headers(request.headers, signed)
        payload = query_payload_hash(request)
        query = canonical_query(request.raw_query, without="X-Amz-Signature")
        signature = parameters["X-Amz-Signature"]
        return self._verified(request, scope, amz_date, signed, signature, payload, query, secret)

    def _verified(
        self,
        request: Request,
        scope: Scope,
        amz_date: str,
        signed: list[str],
        signature: str,
        payload: str,
        query: str,
        secret: str,
    ) -> VerifiedCaller:
        canonical = "\n".join(
            (
                request.method,
                canonical_path(request.path),
                query,
                canonical_headers(request.headers, signed),
                ";".join(signed),
                payload,
            )
        )
        digest = hashlib.sha256(canonical.encode("utf-8")).hexdigest()
        to_sign = "\n".join((ALGORITHM, amz_date, scope.text, digest))
        key = signing_key(secret, scope)
        if not hmac.compare_digest(sign(key, to_sign).encode(), signature.encode()):
            raise signature_mismatch(scope.access_key, to_sign, signature, canonical)
        return VerifiedCaller(scope.access_key, payload, signature, scope, amz_date, key)


def signing_key(secret: str, scope: Scope) -> bytes:
    key = f"AWS4{secret}".encode()
    for text in (scope.date, scope.region, scope.service, scope.terminator):
        key = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return key


def sign(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8"), hashlib.sha256).hexdigest()


def signature_mismatch(
    access_key: str, to_sign: str, signature: str, canonical: str = ""
) -> S3Error:
    """Return SignatureDoesNotMatch with the text that the gate signed, for debugging."""
    details = {
        "AWSAccessKeyId": access_key,
        "StringToSign": to_sign,
        "SignatureProvided": signature,
    }
    if canonical:
        details["CanonicalRequest"] = canonical
    return S3Error("SignatureDoesNotMatch", details=details)


def unsupported_mechanism_error() -> S3Error:
    return S3Error(
        "InvalidRequest",
        f"The authorization mechanism you have provided is not supported. Please use {ALGORITHM}.",
    )


def parse_authorization(header: str) -> tuple[Scope, list[str], str]:
    """Return credential, signed headers and signature in an Authorization header."""
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        if algorithm == "AWS":
            raise unsupported_mechanism_error()
        raise S3Error(
            "InvalidArgument",
            "Unsupported Authorization Type",
            details={"ArgumentName": "Authorization", "ArgumentValue": header},
        )
    fields = dict(piece.strip().partition("=")[::2] for piece in rest.split(","))
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not fields.get(name):
            raise S3Error(
                "AuthorizationHeaderMalformed",
                f"The authorization header is malformed; the authorization header requires three "
                f"components: Credential, SignedHeaders, and Signature. Missing: {name}.",
            )
    scope = parse_scope(
        fields["Credential"],
        "AuthorizationHeaderMalformed",
        "The authorization header is malformed",
    )
    return scope, fields["SignedHeaders"].split(";"), fields["Signature"]


def parse_scope(credential: str, code: str, prefix: str) -> Scope:
    """Parse KEY/DATE/REGION/SERVICE/aws4_request; the key can contain slashes."""
    pieces = credential.rsplit("/", 4)
    if len(pieces) != 5 or not pieces[0]:
        raise S3Error(
            code,
            f"{prefix}; the Credential is mal-formed; expecting "
            '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
        )
    return Scope(*pieces)


def parse_amz_date(text: str) -> datetime | None:
    """Parse a date such as 20130524T000000Z; return None for anything else."""
    if not AMZ_DATE.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def request_date(headers: Headers) -> str:
    """Return x-amz-date, or the header `Date` in the same form, or ""."""
    amz_date = headers.get("x-amz-date")
    if amz_date is not None:
        return amz_date
    try:
        moment = parsedate_to_datetime(headers.get("date") or "")
        return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    except (ValueError, OverflowError):
        return ""


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_lifetime(amz_date: str, expires: str, now: datetime) -> None:
    """Raise an error if a presigned URL is not valid yet, has expired, or lives over a week."""
    moment = parse_amz_date(amz_date)
    if moment is None:
        raise S3Error(
            "AuthorizationQueryParametersError",
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
        )
    if not re.fullmatch(r"-?\d{1,18}", expires, re.ASCII):
        raise S3Error("AuthorizationQueryParametersError", "X-Amz-Expires should be a number")
    seconds = int(expires)
    if seconds < 0:
        raise S3Error("AuthorizationQueryParametersError", "X-Amz-Expires must be non-negative")
    if seconds > MAX_PRESIGNED_SECONDS:
        raise S3Error(
            "AuthorizationQueryParametersError",
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
            "must be less than 604800 seconds",
        )
    if moment - now > ALLOWED_SKEW:
        raise S3Error("AccessDenied", "Request is not valid yet", details={"ServerTime": iso(now)})
    end = moment + timedelta(seconds=seconds)
    if now > end:
        raise S3Error(
            "AccessDenied",
            "Request has expired",
            details={"X-Amz-Expires": expires, "Expires": iso(end), "ServerTime": iso(now)},
        )


def check_signed_headers(headers: Headers, signed: list[str]) -> None:
    """Raise AccessDenied if `host` or an x-amz-* header is not signed."""
    unsigned = [
        name
        for name in ["host", *headers.names()]
        if (name == "host" or name.startswith("x-amz-")) and name not in signed
    ]
    if unsigned:
        raise S3Error(
            "AccessDenied",
            "There were headers present in the request which were not signed",
            details={"HeadersNotSigned": ", ".join(sorted(set(unsigned)))},
        )


def header_payload_hash(headers: Headers) -> str:
    """Return the payload hash of a request that is signed in its header."""
    value = headers.get("x-amz-content-sha256")
    if value is None:
        raise S3Error(
            "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"
        )
    return parse_payload_hash(value)


def query_payload_hash(request: Request) -> str:
    """Return the payload hash of a presigned URL; by default the payload is not signed."""
    value = request.headers.get("x-amz-content-sha256") or request.query.get("X-Amz-Content-Sha256")
    return UNSIGNED_PAYLOAD if value is None else parse_payload_hash(value)


def parse_payload_hash(value: str) -> str:
    if value not in NAMED_PAYLOADS and not SHA256_HEX.fullmatch(value):
        raise S3Error(
            "InvalidArgument",
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a "
            "valid sha256 value.",
            details={"ArgumentName": "x-amz-content-sha256", "ArgumentValue": value},
        )
    return value


def encode(data: bytes, safe: str = "") -> str:
    """Percent-encode all bytes but A-Z a-z 0-9 - . _ ~, with hex digits in upper case."""
    return quote(data, safe=f"-._~{safe}")


def canonical_path(path: str) -> str:
    """Return the path, decoded and encoded once; S3 does not normalise it otherwise."""
    return encode(unquote_to_bytes(path), safe="/") or "/"


def canonical_query(raw_query: str, without: str = "") -> str:
    pairs = []
    for piece in raw_query.split("&"):
        name, _, value = piece.replace("+", " ").partition("=")
        if piece and decode(name) != without:
            pairs.append((encode(unquote_to_bytes(name)), encode(unquote_to_bytes(value))))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def canonical_headers(headers: Headers, signed: list[str]) -> str:
    """Return `name:value` lines of the signed headers; several blanks become one."""
    lines = []
    for name in signed:
        values = (" ".join(value.split()) for value in headers.all(name))
        lines.append(f"{name}:{','.join(values)}\n")
    return "".join(lines)
