"""The description of the API for machines: OpenAPI 3.1, made from tables.

operations   every route: what it takes, and everything it can answer with
operation    the words that these are written in
records      what is known of a file, attribute by attribute
bodies       what callers send below /api
answers      what routes answer with that is no record
vocabulary   the terms that metadata uses, and, in vocabulary_operations, their routes
lookups      what is looked up beside the records, and the routes for it
administration  what administrators ask for
rawstore     what the rawstore API takes and gives
errors       what errors look like, and which codes stand behind which status
parts        parameters, headers, security schemes
shapes       the words of JSON Schema that all of these are written in
document     the whole, put together

Only the function that serves the description imports this.
"""

from coffer.http.openapi.document import Deployment, describe, documented_path

__all__ = ["Deployment", "describe", "documented_path"]
