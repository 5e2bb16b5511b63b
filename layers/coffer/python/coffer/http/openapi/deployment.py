"""Values of the OpenAPI document that differ between deployments, and how they are filled in.

Everything else in the document is constant. It is built once and has placeholders for the values.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

MAX_DIRECT_UPLOAD_BYTES = "@MAX_DIRECT_UPLOAD_BYTES@"
MAX_POST_BYTES = "@MAX_POST_BYTES@"
SERVICE_NAME = "@SERVICE_NAME@"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Values of one deployment. Sizes are in bytes."""

    service_name: str
    """First path segment of the rawstore API."""
    max_direct_upload_bytes: int
    max_post_bytes: int

    def fill_in(self, template: str) -> str:
        """Return the document of this deployment."""
        return (
            template.replace(f'"{SERVICE_NAME}"', json.dumps(self.service_name))
            .replace(f'"{MAX_POST_BYTES}"', str(self.max_post_bytes))
            .replace(MAX_DIRECT_UPLOAD_BYTES, str(self.max_direct_upload_bytes))
        )
