"""Each sample event, replayed on an empty stack, and its expected result."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from local.stack import LocalStack
from tests.template.template_file import functions, logical_id, sample_event

# There are no records yet, and the permission token of the samples is invalid.
STATUSES = {
    "begin_uploads": HTTPStatus.OK,
    "complete_uploads": HTTPStatus.NOT_FOUND,
    "edit_upload_grants": HTTPStatus.CREATED,
    "sign_parts": HTTPStatus.NOT_FOUND,
    "answer_unrouted": HTTPStatus.METHOD_NOT_ALLOWED,
    "authorize_uploads": HTTPStatus.UNAUTHORIZED,
    "create_derivatives_in_bulk": HTTPStatus.UNPROCESSABLE_ENTITY,
    "create_metadata_in_bulk": HTTPStatus.OK,
    "load_derivatives": HTTPStatus.NOT_FOUND,
    "load_metadata": HTTPStatus.NOT_FOUND,
    "load_object_uploads": HTTPStatus.NOT_FOUND,
    "update_derivatives_in_bulk": HTTPStatus.NOT_FOUND,
    "update_metadata_in_bulk": HTTPStatus.NOT_FOUND,
    "create_derivative": HTTPStatus.UNPROCESSABLE_ENTITY,
    "create_access_key": HTTPStatus.NOT_FOUND,
    "create_export": HTTPStatus.UNPROCESSABLE_ENTITY,
    "create_metadata": HTTPStatus.UNPROCESSABLE_ENTITY,
    "delete_derivative": HTTPStatus.NOT_FOUND,
    "delete_metadata": HTTPStatus.NOT_FOUND,
    "delete_object_upload": HTTPStatus.NOT_FOUND,
    "describe_api": HTTPStatus.OK,
    "download_file": HTTPStatus.NOT_FOUND,
    "edit_managed_attributes": HTTPStatus.CREATED,
    "edit_object_subtypes": HTTPStatus.CREATED,
    "find_identifiers": HTTPStatus.OK,
    "generate_derivative": HTTPStatus.NOT_FOUND,
    "get_derivative": HTTPStatus.NOT_FOUND,
    "get_file_info": HTTPStatus.NOT_FOUND,
    "get_metadata": HTTPStatus.NOT_FOUND,
    "get_object_upload": HTTPStatus.NOT_FOUND,
    "list_contents": HTTPStatus.NOT_FOUND,
    "list_derivatives": HTTPStatus.OK,
    "list_licenses": HTTPStatus.OK,
    "list_media_types": HTTPStatus.OK,
    "list_metadata": HTTPStatus.OK,
    "list_object_uploads": HTTPStatus.OK,
    "list_audit_snapshots": HTTPStatus.OK,
    "list_prefixes": HTTPStatus.UNAUTHORIZED,
    "offer_uploads": HTTPStatus.OK,
    "presign_download": HTTPStatus.UNAUTHORIZED,
    "read_exports": HTTPStatus.NOT_FOUND,
    "read_managed_attributes": HTTPStatus.OK,
    "read_object_subtypes": HTTPStatus.OK,
    "redeem_access_key": HTTPStatus.NOT_FOUND,
    "request_index_refresh": HTTPStatus.ACCEPTED,
    "show_config": HTTPStatus.OK,
    "update_derivative": HTTPStatus.NOT_FOUND,
    "update_metadata": HTTPStatus.NOT_FOUND,
    "update_object_upload": HTTPStatus.NOT_FOUND,
    "upload_file": HTTPStatus.OK,
}
BATCHES = (
    "build_export",
    "make_thumbnail",
    "process_upload",
    "promote_large_upload",
    "publish_changes",
    "record_usage",
    "refresh_index",
)


def test_every_sample_is_covered() -> None:
    others = {"decode_picture", "keep_house", "remove_orphans"}
    assert {*STATUSES, *BATCHES, *others} == set(functions())


@pytest.mark.parametrize("folder", sorted(STATUSES))
def test_a_request_gets_the_expected_status(folder: str, stack: LocalStack) -> None:
    outcome = stack.invoke(logical_id(folder), sample_event(folder))
    assert not outcome.failed, outcome.error_message
    assert outcome.payload["statusCode"] == STATUSES[folder], outcome.payload["body"]


@pytest.mark.parametrize("folder", BATCHES)
def test_a_batch_is_processed_without_failures(folder: str, stack: LocalStack) -> None:
    outcome = stack.invoke(logical_id(folder), sample_event(folder))
    assert not outcome.failed, outcome.error_message
    assert outcome.payload == {"batchItemFailures": []}


def test_the_changes_of_the_sample_are_audited_and_published(stack: LocalStack) -> None:
    stack.invoke("PublishChangesFunction", sample_event("publish_changes"))
    assert [entry["version"] for entry in stack.items("AuditTable")] == [1, 2]
    kinds = [event["detail-type"] for event in stack.bus_events]
    assert kinds == ["ObjectUploadNotification", "ThumbnailNotification"]


def test_a_file_without_bytes_is_no_picture(stack: LocalStack) -> None:
    outcome = stack.invoke("DecodePictureFunction", sample_event("decode_picture"))
    assert not outcome.failed, outcome.error_message
    assert outcome.payload["failure"]["code"] == "not_an_image"
    assert outcome.payload["thumbnail"] is None


def test_housekeeping_of_an_empty_stack_does_nothing(stack: LocalStack) -> None:
    outcome = stack.invoke("KeepHouseFunction", sample_event("keep_house"))
    assert (outcome.failed, outcome.payload) == (False, {})


def test_orphan_removal_of_an_empty_stack_removes_nothing(stack: LocalStack) -> None:
    outcome = stack.invoke("RemoveOrphansFunction", sample_event("remove_orphans"))
    assert (outcome.failed, outcome.payload) == (False, {"orphans": []})


@pytest.mark.parametrize("folder", sorted(functions()))
def test_a_function_reads_its_settings_before_the_first_event(
    folder: str, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that an unusable variable stops a deployment at once. Credentials are read when used."""
    # Not at the top: tests/runtime imports this module before its stack sets the environment.
    from coffer.settings import Settings, Variable

    stack.invoke(logical_id(folder), sample_event(folder))
    late: list[str] = []
    read = Variable.__get__

    def record(variable: Variable[object], settings: Settings, owner: type[Settings]) -> object:
        late.append(variable.name)
        return read(variable, settings, owner)

    monkeypatch.setattr(Variable, "__get__", record)
    stack.invoke(logical_id(folder), sample_event(folder))
    assert [name for name in late if not name.startswith("AWS_")] == []
