"""$default: what no other route takes."""

from coffer.http.answers import Answer
from coffer.http.api import Api
from coffer.http.requests import Request
from coffer.http.unrouted import answer_unrouted
from coffer.settings import settings

app = Api(negotiates=False)


@app.route("$default")
def say_so(request: Request) -> Answer:
    return answer_unrouted(request, service=settings.service_name)


lambda_handler = app.handler()
