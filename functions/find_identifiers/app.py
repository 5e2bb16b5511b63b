"""Find the ids of records by name (GET /resource-name-identifier, also under /api/v1).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from coffer.adapters.dynamodb.metadata.named_records import DynamoNamedRecords
from coffer.domain.metadata.find_by_name import find_by_name
from coffer.http.api import Api
from coffer.http.metadata.find_by_name import names_response, parse_name_query
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
named_records = DynamoNamedRecords()
app = Api()


@app.route(
    "GET /api/v1/resource-name-identifier",
    "GET /resource-name-identifier",
    query="filter[ fiql page[limit]",
)
def find_identifiers(request: Request) -> Response:
    caller = identify(request)
    return names_response(find_by_name(named_records, caller, parse_name_query(request)))


lambda_handler = app.handler()
