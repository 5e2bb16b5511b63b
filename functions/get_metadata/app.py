"""GET /api/v1/metadata/{id}: the description of one file."""

from coffer.adapters.dynamodb.catalogue import DynamoCatalogue
from coffer.domain.cataloguing import read_metadata
from coffer.domain.identifiers import parse_identifier
from coffer.http.answers import Answer
from coffer.http.api import Api, require_variable
from coffer.http.documents import answer_resource
from coffer.http.metadata_documents import present_metadata
from coffer.http.requests import Request
from coffer.identification import configured_identify

identify = configured_identify()
catalogue = DynamoCatalogue()
app = Api()


@app.route("GET /api/v1/metadata/{id}")
def show_metadata(request: Request) -> Answer:
    caller = identify(request)
    identifier = parse_identifier(require_variable(request, "id"), parameter="id")
    metadata = read_metadata(catalogue, caller, identifier)
    return answer_resource(request, present_metadata(metadata), version=metadata.version)


lambda_handler = app.handler()
