"""PyPI's JSON:API clients, unmodified: create, list, filter, sort, include, patch and delete."""

from __future__ import annotations

from typing import Any

import jsonapi_client
import jsonapi_requests
import pytest
from jsonapi_requests.orm import ApiModel, AttributeField, OrmApi, RelationField

from tests.e2e.stacks import Stack
from tests.jsonapi.clients import upload, url_of

EXTERNAL = {"dcFormat": "text/html", "resourceExternalURL": "https://museum.example/7"}
DERIVED = {"dcType": "IMAGE", "derivativeType": "LARGE_IMAGE"}


def test_jsonapi_requests_does_the_main_job(stack: Stack) -> None:
    """It appends a slash to every path by default, so that each request is redirected."""
    bucket = "requests"
    api = OrmApi.config({"API_ROOT": f"{url_of(stack)}/api/v1", "TIMEOUT": 30})

    class Metadata(ApiModel):  # type: ignore[misc]  # it has no types
        class Meta:
            type = "metadata"

        caption = AttributeField("acCaption")
        derivatives = RelationField("derivatives")

    class Derivative(ApiModel):  # type: ignore[misc]  # it has no types
        class Meta:
            type = "derivative"

        kind = AttributeField("derivativeType")
        source = RelationField("acDerivedFrom")

    for model in (Metadata, Derivative):
        model._options.api = api
        api.type_registry.register(model)

    def create(model: Any, **attributes: Any) -> Any:
        record = model()
        record.raw_object.attributes.update(attributes)
        return record

    leaf = create(Metadata, bucket=bucket, fileIdentifier=upload(stack, bucket), acCaption="A leaf")
    leaf.save()
    page = create(Metadata, bucket=bucket, acCaption="A page", **EXTERNAL)
    page.save()
    made = create(Derivative, fileIdentifier=upload(stack, bucket, derivative=True), **DERIVED)
    made.source = leaf
    made.save()
    assert leaf.id
    assert page.id
    assert made.id

    def listed(**query: str) -> list[str]:
        params = {"filter[bucket]": bucket, **query}
        return [one.caption for one in Metadata.get_list(params=params)]

    assert listed(sort="createdOn") == ["A leaf", "A page"]
    assert listed(sort="-createdOn") == ["A page", "A leaf"]
    assert listed(**{"filter[acCaption][LIKE]": "A l%"}) == ["A leaf"]

    [shown] = Metadata.get_list(
        params={"filter[bucket]": bucket, "filter[dcType]": "IMAGE", "include": "derivatives"}
    )
    assert "LARGE_IMAGE" in [one.kind for one in shown.derivatives]
    raw = jsonapi_requests.Api.config({"API_ROOT": f"{url_of(stack)}/api/v1", "TIMEOUT": 30})
    related = raw.endpoint(f"metadata/{leaf.id}/derivatives").get().content.data
    assert made.id in [one.id for one in related]
    source = raw.endpoint(f"derivative/{made.id}/relationships/acDerivedFrom").get().content.data
    assert (source.type, source.id) == ("metadata", leaf.id)

    leaf.caption = "A frond"
    leaf.save()
    assert Metadata.from_id(leaf.id).caption == "A frond"
    page.delete()
    assert not Metadata.exists(page.id)


def _schema() -> dict[str, Any]:
    text = {"type": ["string", "null"]}
    return {
        "metadata": {
            "properties": {
                **dict.fromkeys(("bucket", "fileIdentifier", "acCaption", *EXTERNAL), text),
                "derivatives": {"relation": "to-many", "resource": ["derivative"]},
                "dcCreator": {"relation": "to-one", "resource": ["person"]},
            }
        },
        "derivative": {
            "properties": {
                **dict.fromkeys(("fileIdentifier", *DERIVED), text),
                "acDerivedFrom": {"relation": "to-one", "resource": ["metadata"]},
            }
        },
    }


def test_jsonapi_client_does_the_main_job(stack: Stack) -> None:
    bucket = "client"
    session = jsonapi_client.Session(f"{url_of(stack)}/api/v1", schema=_schema())

    leaf = session.create_and_commit(
        "metadata",
        fields={
            "bucket": bucket,
            "fileIdentifier": upload(stack, bucket),
            "acCaption": "A leaf",
        },
    )
    page = session.create_and_commit(
        "metadata", fields={"bucket": bucket, "acCaption": "A page", **EXTERNAL}
    )
    made = session.create_and_commit(
        "derivative",
        fields={
            **DERIVED,
            "fileIdentifier": upload(stack, bucket, derivative=True),
            "acDerivedFrom": leaf.id,
        },
    )

    def listed(query: str) -> list[str]:
        modifier = jsonapi_client.Modifier(f"filter[bucket]={bucket}&{query}")
        return [one.fields["acCaption"] for one in session.iterate("metadata", modifier)]

    assert listed("page[limit]=1") == ["A leaf", "A page"]
    assert listed("sort=-createdOn") == ["A page", "A leaf"]
    assert listed("filter[acCaption][LIKE]=A l%25") == ["A leaf"]

    include = jsonapi_client.Modifier("include=derivatives")
    session.invalidate()
    shown = session.get("metadata", jsonapi_client.Filter(id=leaf.id) + include).resource
    kinds = [one.fields["derivativeType"] for one in shown.relationships["derivatives"].resources]
    assert "LARGE_IMAGE" in kinds
    related = shown.relationships["derivatives"].links.related.fetch()
    assert made.id in [one.id for one in related.resources]
    source = session.fetch_document_by_url(
        f"{url_of(stack)}/api/v1/derivative/{made.id}/acDerivedFrom"
    ).resource
    assert source.fields["acCaption"] == "A leaf"

    shown.fields["acCaption"] = "A frond"
    shown.commit()
    assert listed("filter[dcType]=IMAGE") == ["A frond"]

    page = session.get("metadata", page.id).resource
    page.delete()
    with pytest.raises(ValueError, match="Expecting value"):
        page.commit()  # it parses the body of the 204, which has none
    with pytest.raises(jsonapi_client.exceptions.DocumentError, match="410"):
        session._ext_fetch_by_url(f"{url_of(stack)}/api/v1/metadata/{page.id}")
