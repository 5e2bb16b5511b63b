"""List the derivatives that the caller may read (GET /api/v1/derivative).

Settings, see `coffer/settings.py`: aws, caller, table.
"""

from functools import partial

from coffer.adapters.dynamodb.listing.lists import DynamoLists
from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.system_clock import SystemClock
from coffer.domain.listing.index_keys import Kind
from coffer.domain.listing.pages import read_page
from coffer.domain.listing.permissions import hide_unreadable_derivatives
from coffer.domain.listing.related import find_related
from coffer.http.api import LIST_QUERY, Api
from coffer.http.listing.queries import parse_list_query
from coffer.http.listing.responses import page_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from coffer.identification import configured_identify

identify = configured_identify()
lists, catalogue, clock = DynamoLists(), DynamoCatalogue(), SystemClock()
app = Api()


@app.route("GET /api/v1/derivative", query=LIST_QUERY)
def list_derivatives(request: Request) -> Response:
    caller, wanted = identify(request), parse_list_query(request, Kind.DERIVATIVE)
    hide = partial(hide_unreadable_derivatives, catalogue, caller)
    page = read_page(lists, clock, caller, wanted.query, wanted.page, hide)
    include = wanted.view.include
    related = find_related(lists, catalogue, caller, Kind.DERIVATIVE, page.records, include)
    return page_response(request, wanted, page, related)


lambda_handler = app.handler()
