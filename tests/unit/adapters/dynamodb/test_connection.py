"""The DynamoDB connection: all tables use one client."""

from __future__ import annotations

from coffer.adapters.dynamodb import derivatives as derivative_items
from coffer.adapters.dynamodb.changes import snapshots
from coffer.adapters.dynamodb.connection import DYNAMODB, Table
from coffer.adapters.dynamodb.export import items as export_items
from coffer.adapters.dynamodb.listing import counts
from coffer.adapters.dynamodb.metadata import items as metadata_items
from coffer.adapters.dynamodb.transactions import idempotency as runs
from coffer.adapters.dynamodb.uploads import items as upload_items
from coffer.adapters.dynamodb.vocabulary import items as vocabulary_items


def test_all_tables_and_transactions_have_one_client() -> None:
    modules = (
        counts,
        derivative_items,
        export_items,
        metadata_items,
        runs,
        snapshots,
        upload_items,
        vocabulary_items,
    )
    tables = {
        one
        for module in modules
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Table) and one is not Table
    }
    assert len(tables) >= 9
    assert {id(table._get_connection().connection.client) for table in tables} == {
        id(DYNAMODB.client)
    }
