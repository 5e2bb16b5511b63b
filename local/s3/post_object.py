"""Store the file of a browser's form (POST Object), if its signed policy allows that.

Source: Amazon S3 API Reference, "POST Object" and "Authenticating Requests in Browser-Based Uploads
Using POST (AWS Signature Version 4)".
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from local.s3 import access, checksums
from local.s3.context import MAX_SINGLE_BYTES, Context
from local.s3.errors import S3Error, xml_text
from local.s3.messages import Request, Response
from local.s3.object_headers import (
    check_features,
    check_key,
    checksum_headers,
    storage_class,
    stored_headers,
)
from local.s3.post_form import PostForm, base_name, read_form
from local.s3.post_policy import Policy, parse_policy
from local.s3.put_object import commit, full_checksum, too_large, write_headers
from local.s3.sigv4 import (
    ALGORITHM,
    ALLOWED_SKEW,
    Verifier,
    parse_amz_date,
    parse_scope,
    sign,
    signature_mismatch,
    signing_key,
    unsupported_mechanism_error,
)
from local.s3.spool import SpooledFile, Writer
from local.s3.store import NewObject, S3Object
from local.s3.xml_documents import parse_tag_document

FILENAME = "${filename}"
# The fields and part headers of a form are smaller than this.
MAX_OVERHEAD_BYTES = 1 << 20
SIGNING_KEY_LIFE = timedelta(days=7)
# Fields of the signature, in which ${filename} is not replaced.
LITERAL = {"policy", "x-amz-signature"}


def post_object(context: Context, request: Request, verifier: Verifier) -> Response:
    bucket = context.store.bucket(request.bucket)
    form = read_form(request.body, request.headers.get("content-type") or "")
    policy = authorised(form.fields, verifier, context.now())
    if "key" not in form.fields:
        raise missing_field_error("key")
    if form.filename is None:
        raise S3Error("IncorrectNumberOfFilesInPostRequest")
    fields = expand_filename(form.fields, form.filename)
    policy.check(fields, request.bucket, context.now())
    if request.body.length > MAX_SINGLE_BYTES + MAX_OVERHEAD_BYTES:
        raise too_large(request.body.length)
    key = fields["key"]
    if not key:
        raise S3Error("InvalidArgument", "User key must have a length greater than 0.")
    check_key(key)
    acl = access.check_acl(fields.get("acl"), bucket)
    check_features(fields)
    kept, kind = stored_headers(fields), storage_class(fields)
    tags = parse_tag_document(fields["tagging"]) if "tagging" in fields else {}
    spooled = receive_file(context, request, form, fields, policy)
    checksum = full_checksum(spooled)
    new_object = NewObject(
        request.bucket,
        key,
        spooled.path,
        spooled.size,
        spooled.md5,
        kept,
        checksum,
        acl,
        tags,
        kind,
    )
    stored = commit(context, request, new_object, "POST Object")
    return post_response(request, fields, stored)


def missing_field_error(name: str) -> S3Error:
    return S3Error(
        "InvalidArgument",
        f"Bucket POST must contain a field named '{name}'.  If it is specified, please check the "
        "order of the fields.",
        details={"ArgumentName": name, "ArgumentValue": ""},
    )


def authorised(fields: Mapping[str, str], verifier: Verifier, now: datetime) -> Policy:
    """Return the policy; raise S3Error if its signature is not valid."""
    if "awsaccesskeyid" in fields or "signature" in fields:
        raise unsupported_mechanism_error()
    signing = ("policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
    if not any(name in fields for name in signing):
        raise S3Error("AccessDenied")
    for name in signing:
        if name not in fields:
            raise missing_field_error(name)
    check_signature(fields, verifier, now)
    return parse_policy(fields["policy"])


def check_signature(fields: Mapping[str, str], verifier: Verifier, now: datetime) -> None:
    code, prefix = (
        "AuthorizationQueryParametersError",
        "Error parsing the X-Amz-Credential parameter",
    )
    if fields["x-amz-algorithm"] != ALGORITHM:
        raise S3Error(code, f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    scope = parse_scope(fields["x-amz-credential"], code, prefix)
    amz_date = fields["x-amz-date"]
    moment = parse_amz_date(amz_date)
    if moment is None:
        raise S3Error(
            code, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
        )
    verifier.check_scope(scope, amz_date, code, prefix)
    secret = verifier.secret(scope)
    expected = sign(signing_key(secret, scope), fields["policy"])
    signature = fields["x-amz-signature"]
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise signature_mismatch(scope.access_key, fields["policy"], signature)
    if moment - now > ALLOWED_SKEW:
        raise S3Error("AccessDenied", "Request is not valid yet")
    if now - moment > SIGNING_KEY_LIFE:
        raise S3Error("AccessDenied", "Request has expired")


def expand_filename(fields: Mapping[str, str], filename: str) -> dict[str, str]:
    """Replace `${filename}` by the name of the file; S3 does so before it checks conditions."""
    name = base_name(filename)
    return {
        field: value if field in LITERAL else value.replace(FILENAME, name)
        for field, value in fields.items()
    }


def receive_file(
    context: Context,
    request: Request,
    form: PostForm,
    fields: Mapping[str, str],
    policy: Policy,
) -> SpooledFile:
    """Write the file; raise S3Error if its size or a digest does not match policy and form."""
    max_bytes = MAX_SINGLE_BYTES if policy.max_bytes is None else policy.max_bytes
    declared = checksums.declared_checksum(fields)
    with Writer(context.store.folder, declared.algorithm if declared else None) as writer:
        for chunk in form.file:
            if writer.size + len(chunk) > min(max_bytes, MAX_SINGLE_BYTES):
                raise file_too_large(request.body.length, max_bytes)
            writer.write(chunk)
        if writer.size < policy.min_bytes:
            raise S3Error(
                "EntityTooSmall",
                details={
                    "ProposedSize": str(writer.size),
                    "MinSizeAllowed": str(policy.min_bytes),
                },
            )
        writer.check_md5(fields.get("content-md5"))
        writer.check_declared(declared, {})
        return writer.finish()


def file_too_large(proposed: int, max_bytes: int) -> S3Error:
    if max_bytes > MAX_SINGLE_BYTES:
        return too_large(proposed)
    return S3Error(
        "EntityTooLarge",
        details={"ProposedSize": str(proposed), "MaxSizeAllowed": str(max_bytes)},
    )


def post_response(request: Request, fields: Mapping[str, str], stored: S3Object) -> Response:
    """Return a 204, or what success_action_redirect or success_action_status requests."""
    location = f"http://{request.host}/{request.bucket}/{quote(stored.name, safe='')}"
    headers = {**write_headers(stored), **checksum_headers(stored), "Location": location}
    target = redirect_target(
        fields.get("success_action_redirect") or fields.get("redirect"), stored
    )
    if target is not None:
        return Response(303, {**headers, "Location": target})
    status = fields.get("success_action_status")
    if status == "200":
        return Response(200, headers)
    if status != "201":
        return Response(204, headers)
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<PostResponse><Location>{xml_text(location)}</Location>"
        f"<Bucket>{xml_text(request.bucket)}</Bucket><Key>{xml_text(stored.name)}</Key>"
        f"<ETag>{xml_text(stored.etag)}</ETag></PostResponse>"
    )
    return Response(201, {**headers, "Content-Type": "application/xml"}, document.encode())


def redirect_target(url: str | None, stored: S3Object) -> str | None:
    """Return the URL with bucket, key and ETag added; None for an invalid URL, which S3 ignores."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    printable = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not parts.netloc or not printable:
        return None
    result = urlencode(
        {"bucket": stored.bucket_name, "key": stored.name, "etag": stored.etag}, quote_via=quote
    )
    query = f"{parts.query}&{result}" if parse_qsl(parts.query) else result
    return urlunsplit(parts._replace(query=query))
