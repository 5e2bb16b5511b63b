"""All routes of the API, as the gateway writes them.

`answer_unrouted` uses them to distinguish a wrong method from an unknown path. Tests compare them
with `template.yaml` and with the OpenAPI document.
"""

from __future__ import annotations

ROUTES = (
    "POST /api/v1/file/{bucket}",
    "POST /api/v1/file/{bucket}/derivative",
    "GET /api/v1/file/{bucket}/{fileId}",
    "HEAD /api/v1/file/{bucket}/{fileId}",
    "GET /api/v1/file/{bucket}/derivative/{fileId}",
    "HEAD /api/v1/file/{bucket}/derivative/{fileId}",
    "GET /api/v1/file/{bucket}/{fileId}/thumbnail",
    "HEAD /api/v1/file/{bucket}/{fileId}/thumbnail",
    "POST /api/v1/upload/{bucket}",
    "GET /api/v1/object-upload",
    "GET /api/v1/object-upload/{id}",
    "PATCH /api/v1/object-upload/{id}",
    "DELETE /api/v1/object-upload/{id}",
    "POST /api/v1/metadata",
    "GET /api/v1/metadata",
    "GET /api/v1/metadata/{id}",
    "GET /api/v1/derivative",
    "GET /api/v1/derivative/{id}",
    "PATCH /api/v1/metadata/{id}",
    "DELETE /api/v1/metadata/{id}",
    "POST /api/v1/derivative",
    "POST /api/v1/derivative/{proxy+}",
    "PATCH /api/v1/derivative/{id}",
    "DELETE /api/v1/derivative/{id}",
    "POST /api/v1/metadata/bulk",
    "PATCH /api/v1/metadata/bulk",
    "POST /api/v1/metadata/bulk-load",
    "POST /api/v1/derivative/bulk",
    "PATCH /api/v1/derivative/bulk",
    "POST /api/v1/derivative/bulk-load",
    "POST /api/v1/object-upload/bulk-load",
    "GET /api/v1/media-type",
    "GET /api/v1/media-type/{id+}",
    "GET /api/v1/managed-attribute",
    "GET /api/v1/managed-attribute/{id}",
    "POST /api/v1/managed-attribute",
    "PATCH /api/v1/managed-attribute/{id}",
    "DELETE /api/v1/managed-attribute/{id}",
    "GET /api/v1/object-subtype",
    "GET /api/v1/object-subtype/{id}",
    "POST /api/v1/object-subtype",
    "PATCH /api/v1/object-subtype/{id}",
    "DELETE /api/v1/object-subtype/{id}",
    "GET /api/v1/file-info/{bucket}/{filename}",
    "GET /api/v1/file-info/{bucket}/derivative/{filename}",
    "GET /api/v1/resource-name-identifier",
    "GET /resource-name-identifier",
    "GET /api/v1/license",
    "GET /api/v1/license/{id}",
    "GET /api/v1/config",
    "GET /api/v1/config/{id}",
    "POST /api/v1/derivative-generation",
    "POST /derivative-generation",
    "POST /api/v1/index-refresh",
    "POST /index-refresh",
    "POST /api/v1/object-export",
    "POST /object-export",
    "GET /api/v1/object-export",
    "GET /api/v1/object-export/{id}",
    "POST /api/v1/object-export/{id}/key",
    "GET /api/v1/toa/{key}",
    "HEAD /api/v1/toa/{key}",
    "GET /toa/{key}",
    "HEAD /toa/{key}",
    "GET /api/v1/audit-snapshot",
    "GET /api/v1/health",
    "GET /api/v1/openapi.json",
    "GET /api/v1/docs",
    "POST /{service}/authorize",
    "POST /{service}/{proxy+}",
    "GET /{service}/info",
    "GET /{service}/presign",
)


def methods_of(path: str, service: str) -> tuple[str, ...]:
    """Return the methods of the routes that match a path; empty for an unknown path.

    `{service}` matches only `service`, and `{proxy+}` only the end of a path with a trailing slash.
    The greedy variable `{id+}` matches the rest of the path.
    """
    return tuple(
        sorted(
            {
                method
                for method, _, pattern in (route.partition(" ") for route in ROUTES)
                if _matches(pattern.replace("{service}", service), path)
            }
        )
    )


def _matches(pattern: str, path: str) -> bool:
    parts = pattern.split("/")
    segments = path.split("/", len(parts) - 1 if pattern.endswith("{id+}") else -1)
    if len(parts) != len(segments):
        return False
    return all(_part_matches(*pair) for pair in zip(parts, segments, strict=True))


def _part_matches(part: str, segment: str) -> bool:
    if part == "{proxy+}":
        return segment == ""
    return segment != "" if part.startswith("{") else part == segment
