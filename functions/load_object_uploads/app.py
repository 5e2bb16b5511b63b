"""Load upload records by their ids (POST /api/v1/object-upload/bulk-load).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from functools import partial

from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.domain.listing.index_keys import Kind
from coffer.domain.uploads.read import load_uploads
from coffer.http.api import RECORD_QUERY, Api
from coffer.http.listing.responses import bulk_load_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
lists, catalogue = DynamoLists(), DynamoCatalogue()
uploads = DynamoUploads()
load = partial(load_uploads, uploads, catalogue)
app = Api()


@app.route("POST /api/v1/object-upload/bulk-load", query=RECORD_QUERY, reports_query=True)
def load_object_uploads_in_bulk(request: Request) -> Response:
    caller = identify(request)
    return bulk_load_response(request, Kind.OBJECT_UPLOAD, caller, load, lists, catalogue)


lambda_handler = app.handler()
