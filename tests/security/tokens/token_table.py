"""Print the response to each token and to each caller: `make token-table`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from local.stack import LocalStack
from local.tokens import Issuer
from tests.api import token_auth
from tests.security.tokens.permission_matrix import CALLERS, OperationRequests
from tests.security.tokens.token_cases import CASES


def main() -> int:
    """Print both tables."""
    stack = token_auth.start()
    try:
        assert stack.issuer is not None
        for line in (*tokens(stack, stack.issuer), "", *permissions(stack, stack.issuer)):
            sys.stdout.write(line + "\n")
    finally:
        stack.stop()
    return 0


def tokens(stack: LocalStack, issuer: Issuer) -> Iterator[str]:
    """Yield a line for each kind of token: the response of POST /api/v1/upload/aafc."""
    yield "| Authorization | status | code | WWW-Authenticate |"
    yield "|---|---|---|---|"
    for name, case in CASES.items():
        response = stack.request(
            "POST",
            "/api/v1/upload/aafc",
            headers=case.headers(issuer),
            json_body={"files": [{"originalFilename": "a.png"}]},
        )
        code = response.json()["errors"][0]["code"]
        challenge = response.header("www-authenticate")
        yield f"| {name} | {response.status} | {code} | {f'`{challenge}`' if challenge else ''} |"


def permissions(stack: LocalStack, issuer: Issuer) -> Iterator[str]:
    """Yield a line for each operation with the status of each caller."""
    world = OperationRequests(stack, issuer)
    yield f"| operation | {' | '.join(CALLERS)} |"
    yield "|---" * (len(CALLERS) + 1) + "|"
    for operation in world.operations():
        statuses = [str(world.ask(caller, operation).status) for caller in CALLERS]
        yield f"| {operation} | {' | '.join(statuses)} |"


if __name__ == "__main__":
    sys.exit(main())
