"""Cases of the reference's own tests that no other test here covers, through the API.

`docs/pinned-cases.md` lists all cases and where each is tested.
"""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import describe, header, multipart, problems, upload
from tests.api.images import png

DESCRIPTION = {"descriptions": [{"lang": "en", "desc": "What it says."}]}


def made(stack: LocalStack, kind: str, **attributes: Any) -> dict[str, Any]:
    """Create a resource with these attributes and return it."""
    document = {"data": {"type": kind, "attributes": attributes}}
    response = stack.request("POST", f"/api/v1/{kind}", json_body=document)
    assert response.status == 201, response.text
    return dict(response.json()["data"])


def attribute(stack: LocalStack, name: str, kind: str = "STRING", **more: Any) -> dict[str, Any]:
    return made(
        stack,
        "managed-attribute",
        name=name,
        vocabularyElementType=kind,
        multilingualDescription=DESCRIPTION,
        **more,
    )


def patch(stack: LocalStack, resource: dict[str, Any], **attributes: Any) -> Response:
    kind, identifier = resource["type"], resource["id"]
    document = {"data": {"type": kind, "id": identifier, "attributes": attributes}}
    return stack.request("PATCH", f"/api/v1/{kind}/{identifier}", json_body=document)


def described(stack: LocalStack, **attributes: Any) -> dict[str, Any]:
    file = upload(stack, png()).json()["fileIdentifier"]
    response = describe(stack, file, **attributes)
    assert response.status == 201, response.text
    return dict(response.json()["data"])


class TestManagedAttributes:
    """ManagedAttributeServiceIT, RestIT and CRUDIT; ObjectStoreMetadataEntityCRUDIT."""

    def test_a_change_of_name_or_key_is_ignored(self, stack: LocalStack) -> None:
        resource = attribute(stack, "Object Store Attribute 1")
        response = patch(stack, resource, name="Other", key="other", acceptedValues=["a"])
        assert response.status == 200
        attributes = response.json()["data"]["attributes"]
        assert attributes["name"] == "Object Store Attribute 1"
        assert attributes["key"] == "object_store_attribute_1"
        assert attributes["acceptedValues"] == ["a"]

    def test_an_attribute_is_found_by_its_key(self, stack: LocalStack) -> None:
        resource = attribute(stack, "dateTime", "DATE")
        assert (
            stack.request("GET", "/api/v1/managed-attribute/date_time").json()["data"] == resource
        )

    @pytest.mark.parametrize("desc", ["", "  ", None])
    def test_a_blank_description_is_refused(self, stack: LocalStack, desc: str | None) -> None:
        document = {
            "data": {
                "type": "managed-attribute",
                "attributes": {
                    "name": "x",
                    "vocabularyElementType": "STRING",
                    "multilingualDescription": {"descriptions": [{"lang": "en", "desc": desc}]},
                },
            }
        }
        response = stack.request("POST", "/api/v1/managed-attribute", json_body=document)
        assert response.status in (400, 422)

    @pytest.mark.parametrize(
        ("kind", "good", "bad"),
        [
            ("INTEGER", "-12", "1.2"),
            ("DATE", "2022-02-02", "zxy"),
            ("BOOL", "true", "True"),
            ("DECIMAL", "1.2", "one"),
        ],
    )
    def test_a_value_must_have_the_attributes_type(
        self, stack: LocalStack, kind: str, good: str, bad: str
    ) -> None:
        attribute(stack, "Measure", kind)
        assert described(stack, managedAttributes={"measure": good})
        file = upload(stack, png()).json()["fileIdentifier"]
        response = describe(stack, file, managedAttributes={"measure": bad})
        [error] = response.json()["errors"]
        assert (response.status, error["code"]) == (422, "invalid_managed_attribute")
        assert error["detail"] == f'Value "{bad}" is invalid for key measure'

    def test_an_attribute_in_use_cannot_be_deleted(self, stack: LocalStack) -> None:
        resource = attribute(stack, "Measure")
        path = f"/api/v1/managed-attribute/{resource['id']}"
        metadata = described(stack, managedAttributes={"measure": "x"})
        response = stack.request("DELETE", path)
        assert problems(response) == [("422", "term_in_use")]
        assert response.json()["errors"][0]["detail"] == (
            "Managed attribute key: measure, is currently in use."
        )
        assert patch(stack, metadata, managedAttributes={}).status == 200
        assert stack.request("DELETE", path).status == 204
        gone = stack.request("GET", path)
        assert (gone.status, gone.json()["errors"][0]["code"]) == (410, "term_deleted")
        file = upload(stack, png()).json()["fileIdentifier"]
        response = describe(stack, file, managedAttributes={"measure": "x"})
        assert problems(response) == [("422", "unknown_managed_attribute")]

    def test_an_attribute_can_be_deleted_after_the_record_that_used_it(
        self, stack: LocalStack
    ) -> None:
        resource = attribute(stack, "Measure")
        metadata = described(stack, managedAttributes={"measure": "x"})
        assert stack.request("DELETE", f"/api/v1/metadata/{metadata['id']}").status == 204
        path = f"/api/v1/managed-attribute/{resource['id']}"
        assert stack.request("DELETE", path).status == 204

    def test_changes_are_audited_and_publish_no_event(self, stack: LocalStack) -> None:
        resource = attribute(stack, "Measure")
        patch(stack, resource, acceptedValues=["x"])
        stack.settle(retries=True)
        kinds = [
            (one["snapshotType"], one["author"])
            for one in stack.items("AuditTable")
            if one["instanceId"] == f"managed-attribute/{resource['id']}"
        ]
        assert kinds == [("INITIAL", "dev"), ("UPDATE", "dev")]
        assert stack.bus_events == []


class TestSubtypes:
    """ObjectStoreMetadataRepositoryCRUDIT and the validator's rule."""

    def test_a_subtype_is_set_and_cleared_by_null(self, stack: LocalStack) -> None:
        made(stack, "object-subtype", dcType="Image", acSubtype="drawing")
        metadata = described(stack, acSubtype="DRAWING")
        assert metadata["attributes"]["acSubtype"] == "DRAWING"
        assert (
            "acSubtype" not in patch(stack, metadata, acSubtype=None).json()["data"]["attributes"]
        )

    def test_a_subtype_must_belong_to_the_records_type(self, stack: LocalStack) -> None:
        made(stack, "object-subtype", dcType="Sound", acSubtype="song")
        file = upload(stack, png()).json()["fileIdentifier"]
        response = describe(stack, file, acSubtype="SONG")
        assert problems(response) == [("422", "subtype_of_another_type")]


class TestMetadata:
    """ObjectStoreMetadataRepositoryCRUDIT, the mapper's test, DcTypeJsonSerDeTest."""

    def test_text_from_character_recognition_is_accepted(self, stack: LocalStack) -> None:
        for caption in ("HS Jackson&LT White", "Antrodia vaillantii <-"):
            assert described(stack, acCaption=caption)["attributes"]["acCaption"] == caption

    def test_attributes_that_are_not_sent_stay_unchanged(self, stack: LocalStack) -> None:
        metadata = described(stack, acCaption="A bird", acTags=["a", "b"])
        changed = patch(stack, metadata, acCaption="A beetle").json()["data"]["attributes"]
        assert (changed["acCaption"], changed["acTags"]) == ("A beetle", ["a", "b"])

    def test_a_type_is_accepted_in_any_spelling_and_an_unknown_one_is_refused(
        self, stack: LocalStack
    ) -> None:
        assert described(stack, dcType="image")["attributes"]["dcType"] == "IMAGE"
        file = upload(stack, png()).json()["fileIdentifier"]
        response = describe(stack, file, dcType="painting")
        assert response.status == 400
        assert "'painting' is not a valid dc type" in response.text

    def test_deleted_metadata_is_gone(self, stack: LocalStack) -> None:
        path = f"/api/v1/metadata/{described(stack)['id']}"
        assert stack.request("DELETE", path).status == 204
        assert stack.request("GET", path).status == 410

    def test_derivatives_are_deleted_with_their_metadata(self, stack: LocalStack) -> None:
        metadata = described(stack)
        derivative = derived(stack, metadata).json()["data"]
        assert stack.request("DELETE", f"/api/v1/metadata/{metadata['id']}").status == 204
        path = f"/api/v1/derivative/{derivative['id']}"
        assert stack.request("GET", path).status == 410

    def test_metadata_for_a_derivatives_file_is_refused(self, stack: LocalStack) -> None:
        response = describe(stack, derivative_file(stack))
        assert problems(response) == [("422", "upload_not_found")]


def derivative_file(stack: LocalStack) -> str:
    headers, form = multipart(png(80, 60))
    target = "/api/v1/file/mybucket/derivative"
    response = stack.request("POST", target, headers=headers, body=form)
    return str(response.json()["fileIdentifier"])


def derived(stack: LocalStack, metadata: dict[str, Any], **attributes: Any) -> Response:
    """Send POST /api/v1/derivative for that record and return the response."""
    document = {
        "type": "derivative",
        "attributes": {"dcType": "IMAGE", "fileIdentifier": derivative_file(stack), **attributes},
        "relationships": {"acDerivedFrom": {"data": {"id": metadata["id"], "type": "metadata"}}},
    }
    return stack.request("POST", "/api/v1/derivative", json_body={"data": document})


class TestDerivatives:
    """DerivativeRepositoryCRUDIT and DerivativeValidatorTest."""

    def test_the_server_fills_in_attributes_from_the_file(self, stack: LocalStack) -> None:
        attributes = derived(stack, described(stack)).json()["data"]["attributes"]
        assert (attributes["bucket"], attributes["fileExtension"]) == ("mybucket", ".png")
        assert (attributes["dcFormat"], attributes["acHashFunction"]) == ("image/png", "SHA-1")
        assert len(attributes["acHashValue"]) == 40

    @pytest.mark.parametrize(
        ("identifier", "message"),
        [
            (None, "fileIdentifier should be provided"),
            ("01a201b2-61d3-7847-b106-8d77d4d6c0e9", "not found"),
        ],
    )
    def test_a_derivative_needs_an_existing_file(
        self, stack: LocalStack, identifier: str | None, message: str
    ) -> None:
        response = derived(stack, described(stack), fileIdentifier=identifier)
        assert response.status == 422
        assert message in response.text

    def test_a_main_file_cannot_be_recorded_as_a_derivative(self, stack: LocalStack) -> None:
        main = upload(stack, png()).json()["fileIdentifier"]
        response = derived(stack, described(stack), fileIdentifier=main)
        assert response.status == 422
        assert f"Upload with fileIdentifier:{main} is not a derivative" in response.text

    def test_the_source_of_a_derivative_must_exist(self, stack: LocalStack) -> None:
        response = derived(stack, {"id": "01a201b2-61d3-7847-b106-8d77d4d6c0e9"})
        assert problems(response) == [("422", "source_not_found")]

    def test_a_thumbnail_must_be_a_jpeg(self, stack: LocalStack) -> None:
        response = derived(
            stack, described(stack), derivativeType="THUMBNAIL_IMAGE", dcFormat="text/xml"
        )
        assert response.status == 422
        assert "Thumbnails must be a jpeg and have the media type image/jpeg." in response.text

    def test_a_derivative_is_public_and_shows_its_source(self, stack: LocalStack) -> None:
        metadata = described(stack)
        derivative = derived(stack, metadata).json()["data"]
        assert not derivative["attributes"]["publiclyReleasable"]
        changed = patch(stack, derivative, publiclyReleasable=True)
        assert changed.json()["data"]["attributes"]["publiclyReleasable"] is True
        path = f"/api/v1/derivative/{derivative['id']}?include=acDerivedFrom"
        [included] = stack.request("GET", path).json()["included"]
        assert included["id"] == metadata["id"]


class TestFiles:
    """FileControllerIT and FileUploadIT."""

    def test_a_file_comes_back_under_the_name_of_its_record(self, stack: LocalStack) -> None:
        file = upload(stack, png()).json()["fileIdentifier"]
        describe(stack, file, filename="myfile")
        response = stack.request("GET", f"/api/v1/file/mybucket/{file}")
        assert response.body == png()
        assert 'filename="myfile.png"' in header(response, "content-disposition")

    def test_a_derivative_comes_back_under_the_name_of_its_record(self, stack: LocalStack) -> None:
        record = derived(stack, described(stack), filename="myderivative.png").json()["data"]
        file = record["attributes"]["fileIdentifier"]
        response = stack.request("GET", f"/api/v1/file/mybucket/derivative/{file}")
        assert response.body == png(80, 60)

    def test_compressed_files_are_accepted(self, stack: LocalStack) -> None:
        response = upload(stack, gzip.compress(b"ACGT"), name="reads.gz", media_type=None)
        assert response.json()["evaluatedFileExtension"] == ".gz"

    @pytest.mark.parametrize("name", ["README", "template.ftlh"])
    def test_text_may_have_any_name(self, stack: LocalStack, name: str) -> None:
        response = upload(stack, b"some text", name=name, media_type="text/plain")
        assert (response.status, response.json()["evaluatedMediaType"]) == (200, "text/plain")


def test_one_of_two_uploads_is_loaded_by_its_id(stack: LocalStack) -> None:
    one, _ = (upload(stack, png()).json()["fileIdentifier"] for _ in range(2))
    document = {"data": [{"type": "object-upload", "id": one}]}
    response = stack.request("POST", "/api/v1/object-upload/bulk-load", json_body=document)
    assert [each["id"] for each in response.json()["data"]] == [one]
