"""The main job with the client that openapi-python-client generated.

Runs in the environment of the generator, with the generated package in its path. Prints what it saw
as JSON, with the same members as `main_job.ts`. Arguments: the API, a token, a bucket, a picture,
a large file.
"""

from __future__ import annotations

import json
import sys
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
from coffer_client import AuthenticatedClient, Client
from coffer_client.api.exports import (
    create_access_key,
    create_export,
    get_export,
    redeem_access_key,
)
from coffer_client.api.files import download_file, download_thumbnail, offer_uploads, upload_file
from coffer_client.api.records import (
    create_metadata,
    delete_metadata,
    get_metadata,
    get_object_upload,
    list_metadata,
    update_metadata,
)
from coffer_client.api.service import get_health
from coffer_client.models import (
    AccessKeyDocument,
    AnnouncedFile,
    ChangedMetadata,
    DcType,
    ErrorDocument,
    ExportDocument,
    ExportStatus,
    FileForm,
    FlatObjectUpload,
    Health,
    ListMetadataSort,
    MetadataChanges,
    MetadataChangesDocument,
    MetadataDocument,
    MetadataPage,
    MetadataView,
    NewExportDocument,
    NewExportDocumentData,
    NewExportDocumentDataAttributes,
    NewMetadata,
    NewMetadataAttributes,
    NewMetadataDocument,
    ObjectUploadView,
    RequestedExportDocument,
    ThumbnailStatus,
    UploadOffers,
    UploadRequest,
)
from coffer_client.types import UNSET, File, Response

URL, TOKEN, BUCKET, *FILES = sys.argv[1:]
Parsed = TypeVar("Parsed")


def parsed(response: Response[Any], type_: type[Parsed]) -> Parsed:
    """Return the parsed response, which must be of this type."""
    assert isinstance(response.parsed, type_), (response.status_code, response.content[:2000])
    return response.parsed


def error(response: Response[Any]) -> list[Any]:
    """Return the status and the code of an error."""
    return [int(response.status_code), parsed(response, ErrorDocument).errors[0].code]


def send(client: AuthenticatedClient, name: str, media_type: str, content: bytes) -> UUID:
    """Upload a file straight to S3 with a presigned POST and return its identifier."""
    announced = AnnouncedFile(
        original_filename=name, received_media_type=media_type, size_in_bytes=len(content)
    )
    response = offer_uploads.sync_detailed(
        BUCKET, client=client, body=UploadRequest(files=[announced])
    )
    [offer] = parsed(response, UploadOffers).files
    form = offer.upload.fields.additional_properties
    httpx.post(offer.upload.url, data=form, files={"file": content}).raise_for_status()
    identifier: UUID = offer.file_identifier
    return identifier


def post(client: AuthenticatedClient, bucket: str, content: bytes) -> Response[Any]:
    """Upload a picture with the form of the API."""
    file = File(BytesIO(content), file_name="Lichen.png", mime_type="image/png")
    return upload_file.sync_detailed(bucket, client=client, body=FileForm(file=file))


def inspected(client: AuthenticatedClient, identifier: UUID) -> ObjectUploadView:
    """Wait until the content was inspected and the thumbnail is made; return the object upload."""
    for _ in range(600):
        response = get_object_upload.sync_detailed(identifier, client=client)
        if isinstance(response.parsed, ObjectUploadView):
            if response.parsed.data.attributes.thumbnail_status is not ThumbnailStatus.PENDING:
                return response.parsed
        else:
            assert error(response) == [404, "upload_not_found"]
        time.sleep(0.1)
    raise TimeoutError


def describe(client: AuthenticatedClient, identifier: UUID, caption: str) -> Response[Any]:
    """Create metadata of a file."""
    attributes = NewMetadataAttributes(
        bucket=BUCKET, file_identifier=identifier, dc_type=DcType.IMAGE, ac_caption=caption,
        ac_digitization_date=datetime(2020, 2, 3, 4, 5, tzinfo=UTC), publicly_releasable=False,
    )  # fmt: skip
    return create_metadata.sync_detailed(
        client=client,
        body=NewMetadataDocument(data=NewMetadata(type_="metadata", attributes=attributes)),
        idempotency_key=f"describe {identifier}",
    )


def change(client: AuthenticatedClient, record: UUID, tag: str) -> Response[Any]:
    """Change the caption of a record if it has this ETag."""
    data = ChangedMetadata(
        type_="metadata", id=record, attributes=MetadataChanges(ac_caption="New", source_set=None)
    )
    return update_metadata.sync_detailed(
        record, client=client, body=MetadataChangesDocument(data=data), if_match=tag
    )


def pages(client: AuthenticatedClient) -> list[str]:
    """Return the captions of the records that the test made, page by page."""
    captions: list[str] = []
    started, cursor = datetime.now(UTC), None
    while True:
        response = list_metadata.sync_detailed(
            client=client,
            filterbucket=BUCKET,
            filterdc_type="IMAGE",
            filteroriginal_filename_ilike="L%",
            filtercreated_on_ge=started - timedelta(hours=1),
            filterpublicly_releasable=False,
            sort=ListMetadataSort.CREATED_ON_DESCENDING,
            include="derivatives,dcCreator",
            fieldsmetadata="acCaption,derivatives",
            pagelimit=1,
            pagecursor=cursor or UNSET,
        )
        page = parsed(response, MetadataPage)
        captions += [str(one.attributes.ac_caption) for one in page.data]
        if not isinstance(page.links.next_, str):
            return captions
        [cursor] = parse_qs(urlsplit(page.links.next_).query)["page[cursor]"]


def export(client: AuthenticatedClient, files: list[UUID]) -> bytes:
    """Return the archive of files."""
    data = NewExportDocumentData(
        type_="object-export",
        attributes=NewExportDocumentDataAttributes(file_identifiers=files, name="birds"),
    )
    created = create_export.sync_detailed(client=client, body=NewExportDocument(data=data))
    identifier = parsed(created, RequestedExportDocument).data.id
    for _ in range(600):
        response = get_export.sync_detailed(identifier, client=client)
        if parsed(response, ExportDocument).data.attributes.status is ExportStatus.COMPLETED:
            break
        time.sleep(0.1)
    key = parsed(create_access_key.sync_detailed(identifier, client=client), AccessKeyDocument)
    archive = redeem_access_key.sync_detailed(key.data.id, client=client)
    content: bytes = parsed(archive, File).payload.read()
    return content


def work(picture: bytes, large: bytes) -> dict[str, Any]:
    """Do the main job and return what the responses had."""
    client = AuthenticatedClient(base_url=URL, token=TOKEN, follow_redirects=True)
    health = parsed(get_health.sync_detailed(client=Client(base_url=URL)), Health)
    first = send(client, "leaf.png", "image/png", picture)
    upload = inspected(client, first).data.attributes
    flat = parsed(post(client, BUCKET, picture), FlatObjectUpload)
    second = inspected(client, flat.file_identifier).data
    created = describe(client, first, "First")
    record = parsed(created, MetadataDocument).data
    digitized = record.attributes.ac_digitization_date
    assert parsed(describe(client, first, "First"), MetadataDocument).data.id == record.id
    other = parsed(describe(client, second.id, "Second"), MetadataDocument).data
    captions = pages(client)
    found = list_metadata.sync_detailed(
        client=client, fiql="acCaption==Fir*;createdOn=gt=2026-01-01", include="derivatives"
    )
    tag = str(created.headers["ETag"])
    changed = change(client, record.id, tag)
    after = parsed(changed, MetadataDocument).data.attributes
    stored = download_file.sync_detailed(BUCKET, first, client=client)
    thumbnail = download_thumbnail.sync_detailed(BUCKET, first, client=client)
    as_bytes = httpx.get(
        f"{URL}/api/v1/file/{BUCKET}/{first}/thumbnail",
        headers={"Authorization": f"Bearer {TOKEN}", "Accept": "application/octet-stream"},
    )
    huge = send(client, "large.bin", "application/octet-stream", large)
    inspected(client, huge)
    redirected = download_file.sync_detailed(BUCKET, huge, client=client)
    remaining = get_metadata.sync_detailed(other.id, client=client)
    return {
        "health": health.status,
        "upload": [upload.original_filename, upload.upload_status, upload.thumbnail_status],
        "direct": [flat.original_filename, second.attributes.size_in_bytes],
        "created": [int(created.status_code), record.attributes.dc_type, tag],
        "date": digitized.timestamp() if digitized else None,
        "listed": captions,
        "found": [one.attributes.ac_caption for one in parsed(found, MetadataPage).data],
        "included": [one.type_ for one in parsed(found, MetadataPage).included or []],
        "changed": [after.ac_caption, after.source_set, changed.headers["ETag"]],
        "conflict": error(change(client, record.id, tag)),
        "file": b64encode(parsed(stored, File).payload.read()).decode(),
        "fileType": stored.headers["Content-Type"],
        "thumbnail": b64encode(parsed(thumbnail, File).payload.read()[:3]).decode(),
        "thumbnailTypes": [thumbnail.headers["Content-Type"], as_bytes.headers["Content-Type"]],
        "large": len(parsed(redirected, File).payload.read()),
        "archive": b64encode(export(client, [first, second.id])).decode(),
        "deleted": int(delete_metadata.sync_detailed(record.id, client=client).status_code),
        "gone": error(get_metadata.sync_detailed(record.id, client=client)),
        "missing": error(get_metadata.sync_detailed(UUID(int=1), client=client)),
        "refused": error(post(client, "other", picture)),
        "there": parsed(remaining, MetadataView).data.attributes.ac_caption,
    }


if __name__ == "__main__":
    print(json.dumps(work(*(Path(file).read_bytes() for file in FILES))))
