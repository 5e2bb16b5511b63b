"""Find the operation of a request, and run it in the gate or in moto."""

from __future__ import annotations

from collections.abc import Callable

from moto.s3.models import CorsRule

from local.s3 import access, cors, get_object, listing, multipart_uploads
from local.s3.complete_upload import complete_upload
from local.s3.context import Context
from local.s3.copy_object import copy_object
from local.s3.delete_object import delete_object, delete_objects
from local.s3.errors import S3Error, xml_text
from local.s3.messages import Request, Response
from local.s3.moto_app import MotoApp
from local.s3.payload import Payload
from local.s3.post_object import post_object
from local.s3.put_object import put_object
from local.s3.sigv4 import VerifiedCaller, Verifier
from local.s3.version_listing import list_versions
from local.s3.xml_documents import parse_document, xml_response

MAX_DOCUMENT_BYTES = 2 * 1024 * 1024
# Subresources of an object that moto handles; the gate handles all other requests for objects.
MOTO_OBJECT_QUERIES = {"acl", "tagging", "legal-hold", "retention"}
# Subresources of a bucket that moto handles.
MOTO_BUCKET_QUERIES = {
    "accelerate",
    "acl",
    "cors",
    "encryption",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "tagging",
    "versioning",
    "website",
}
# Query parameters of a listing.
LISTING_QUERIES = {
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "list-type",
    "marker",
    "max-keys",
    "prefix",
    "start-after",
    "x-id",
}
# Subresources that neither of them supports.
UNKNOWN_QUERIES = {"torrent", "restore", "select", "renameObject", "encryption"}
# Notification targets of S3 that the gate does not support.
OTHER_TARGETS = ("TopicConfiguration", "QueueConfiguration", "CloudFunctionConfiguration")


class Operations:
    def __init__(self, context: Context, verifier: Verifier) -> None:
        self._context = context
        self._verifier = verifier
        self._moto = MotoApp(context.region)

    def preflight(self, request: Request) -> Response:
        resource = "OBJECT" if request.key else "BUCKET"
        return cors.preflight(self._cors_rules(request.bucket), request.headers, resource)

    def _cors_rules(self, bucket: str) -> list[CorsRule] | None:
        try:
            return self._context.store.bucket(bucket).cors
        except S3Error:
            return None

    def cors_headers(self, request: Request) -> dict[str, str]:
        """Return the CORS headers that the bucket's rules add to a response."""
        if not request.bucket or "origin" not in request.headers:
            return {}
        rules = self._cors_rules(request.bucket) or []
        return cors.actual_headers(rules, request.headers, request.method)

    def run(self, request: Request, caller: VerifiedCaller | None) -> Response:
        """Run the operation of a verified request."""
        access.check_expected_owner(request)
        if is_post_form(request):
            return post_object(self._context, request, self._verifier)
        if caller is None:
            return self._anonymous(request)
        if not request.bucket:
            return self._to_moto(request, caller)
        if not request.key:
            return self._bucket(request, caller)
        return self._object(request, caller)

    def _anonymous(self, request: Request) -> Response:
        plain = not set(request.query) & (MOTO_OBJECT_QUERIES | {"uploadId", "attributes"})
        if request.bucket:
            self._context.store.bucket(request.bucket)
        if request.key and request.method in ("GET", "HEAD") and plain:
            return get_object.get_object(self._context, request, None)
        raise S3Error("AccessDenied")

    def _bucket(self, request: Request, caller: VerifiedCaller) -> Response:
        query, method = request.query, request.method
        if "notification" in query and method in ("GET", "PUT"):
            return self._notification(request, caller)
        if method == "POST":
            if "delete" in query:
                return delete_objects(self._context, request, caller)
            raise S3Error("MethodNotAllowed", details={"Method": "POST", "ResourceType": "BUCKET"})
        if "acl" in query and method == "PUT":
            self._check_acl(request)
        if method == "GET" and (listed := find_listing(request)) is not None:
            return listed(self._context, request)
        if method == "PUT" and not query:
            return self._create_bucket(request, caller)
        response = self._to_moto(request, caller)
        if method == "DELETE" and not query and response.status == 204:
            self._context.publisher.enable(request.bucket, False)
        return response

    def _create_bucket(self, request: Request, caller: VerifiedCaller) -> Response:
        """Create a bucket with moto, after checking its name, and block public access to it."""
        access.check_bucket_name(request.bucket)
        existed = request.bucket in self._context.store.backend.buckets
        response = self._to_moto(request, caller)
        if response.status == 200 and not existed:
            access.block_public_access(self._context.store.bucket(request.bucket))
        return response

    def _object(self, request: Request, caller: VerifiedCaller) -> Response:
        query = set(request.query)
        if unknown := query & UNKNOWN_QUERIES:
            raise S3Error("NotImplemented", f"The gate does not do ?{min(unknown)}.")
        if query & MOTO_OBJECT_QUERIES:
            get_object.find_object(self._context, request)
            if "acl" in query and request.method == "PUT":
                self._check_acl(request)
            return self._to_moto(request, caller)
        if "uploads" in query or "uploadId" in query:
            return self._multipart(request, caller)
        return self._plain_object(request, caller)

    def _check_acl(self, request: Request) -> None:
        bucket = self._context.store.bucket(request.bucket)
        access.check_grants(request, bucket)
        access.check_acl(request.headers.get("x-amz-acl") or "private", bucket)

    def _plain_object(self, request: Request, caller: VerifiedCaller) -> Response:
        context, method = self._context, request.method
        if method in ("GET", "HEAD"):
            if "attributes" in request.query and method == "GET":
                return get_object.get_object_attributes(context, request)
            return get_object.get_object(context, request, caller)
        if method == "PUT" and "x-amz-copy-source" in request.headers:
            return copy_object(context, request)
        if method == "PUT":
            return put_object(context, request, caller)
        if method == "DELETE":
            return delete_object(context, request)
        raise S3Error("MethodNotAllowed", details={"Method": method, "ResourceType": "OBJECT"})

    def _multipart(self, request: Request, caller: VerifiedCaller) -> Response:
        context, method = self._context, request.method
        if method == "POST":
            if "uploads" in request.query:
                return multipart_uploads.create_upload(context, request)
            return complete_upload(context, request, caller)
        if method == "PUT" and "x-amz-copy-source" in request.headers:
            return multipart_uploads.upload_part_copy(context, request)
        if method == "PUT":
            return multipart_uploads.upload_part(context, request, caller)
        if method == "GET":
            return multipart_uploads.list_parts(context, request)
        if method == "DELETE":
            return multipart_uploads.abort_upload(context, request)
        raise S3Error("MethodNotAllowed", details={"Method": method, "ResourceType": "UPLOAD"})

    def _notification(self, request: Request, caller: VerifiedCaller) -> Response:
        """Handle a notification configuration; moto would send misshapen events."""
        publisher = self._context.publisher
        self._context.store.bucket(request.bucket)
        if request.method == "GET":
            enabled = publisher.is_enabled(request.bucket)
            inside = "<EventBridgeConfiguration></EventBridgeConfiguration>" if enabled else ""
            return xml_response("NotificationConfiguration", inside)
        text = Payload(request, caller).read_all(MAX_DOCUMENT_BYTES)
        document = parse_document(text)
        others = [child.tag for child in document if child.tag in OTHER_TARGETS]
        if others:
            raise S3Error(
                "NotImplemented",
                f"{xml_text(others[0])}: the local S3 sends its events to EventBridge only.",
            )
        publisher.enable(request.bucket, document.find("EventBridgeConfiguration") is not None)
        return Response(200)

    def _to_moto(self, request: Request, caller: VerifiedCaller) -> Response:
        body = Payload(request, caller).read_all(MAX_DOCUMENT_BYTES)
        return self._moto(request, body)


def find_listing(request: Request) -> Callable[[Context, Request], Response] | None:
    """Return the listing that a GET of a bucket requests, or None if it requests something else.

    Raise NotImplemented for a subresource that is not supported: moto would return a listing.
    """
    query = set(request.query)
    if "uploads" in query:
        return listing.list_uploads
    if "versions" in query:
        return list_versions
    if query & MOTO_BUCKET_QUERIES:
        return None
    if unknown := {name for name in query - LISTING_QUERIES if not name.startswith("X-Amz-")}:
        raise S3Error("NotImplemented", f"The gate does not do ?{min(unknown)}.")
    return (
        listing.list_objects_v2 if request.query.get("list-type") == "2" else listing.list_objects
    )


def is_post_form(request: Request) -> bool:
    """True for a POST to a bucket that is an upload of a browser."""
    return (
        request.method == "POST"
        and bool(request.bucket)
        and not request.key
        and "delete" not in request.query
        and "authorization" not in request.headers
    )
