"""Each function has a folder, a resource, a sample event, and a role with few permissions."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from local.template.intrinsics import Resolver
from local.template.source import translate
from tests.template.template_file import (
    REGION,
    ROOT,
    as_list,
    functions,
    logical_id,
    reference,
    resources,
    routes_of,
    sample_event,
    source,
    statements,
    translated_properties,
)

FUNCTIONS = sorted(functions())

# They only read the request, the environment or a token. What decode_picture decodes may take over
# its process, so its role must not have a single permission.
WITHOUT_PERMISSIONS = {
    "answer_unrouted",
    "decode_picture",
    "describe_api",
    "list_licenses",
    "list_media_types",
    "list_prefixes",
    "show_config",
}


def test_every_folder_has_a_function_and_every_function_a_folder() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert folders == set(functions())


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_function_is_named_after_its_folder(folder: str) -> None:
    resource = resources("AWS::Serverless::Function")[logical_id(folder)]
    assert resource["Properties"]["CodeUri"] == f"functions/{folder}"


SEARCHING = (
    "find_identifiers",
    "list_audit_snapshots",
    "list_derivatives",
    "list_metadata",
    "list_object_uploads",
)


def test_functions_that_search_have_reserved_concurrency_if_a_parameter_says_so() -> None:
    """A new account cannot reserve any, so that the default must be none."""
    key = "ReservedConcurrentExecutions"
    reserved = {
        folder: properties[key] for folder, properties in functions().items() if key in properties
    }
    expected = ["ListsHaveReservations", {"Ref": "ListConcurrency"}, {"Ref": "AWS::NoValue"}]
    assert reserved == {folder: {"Fn::If": expected} for folder in SEARCHING}
    assert source().data["Parameters"]["ListConcurrency"]["Default"] == "0"
    assert _resolved({}) == {}
    assert _resolved({"ListConcurrency": "50"}) == dict.fromkeys(map(logical_id, SEARCHING), "50")


def _resolved(parameters: dict[str, str]) -> dict[str, str]:
    """Return the reservations of a deployment with these parameters, by function."""
    template = translate(source(), parameters, REGION)
    resolver = Resolver(template, {}, str, lambda name, attribute: f"{name}.{attribute}")
    key = "ReservedConcurrentExecutions"
    written = {
        name: {key: one["Properties"][key]}
        for name, one in template.resources.items()
        if key in one.get("Properties", {})
    }
    resolved = {name: resolver.resolve(one) for name, one in written.items()}
    return {name: one[key] for name, one in resolved.items() if key in one}


def test_every_function_has_one_sample_event() -> None:
    assert {path.stem for path in (ROOT / "events").iterdir()} == set(functions())


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_sample_event_has_the_form_of_its_trigger(folder: str) -> None:
    event = sample_event(folder)
    if "routeKey" in event:
        assert event["version"] == "2.0"
        assert event["routeKey"] in routes_of(functions()[folder])
        assert event["requestContext"]["routeKey"] == event["routeKey"]
    elif "Records" in event:
        services = {record["eventSource"] for record in event["Records"]}
        assert services == {f"aws:{_service_behind(folder)}"}
    elif folder == "decode_picture":  # by functions
        assert event.keys() == {"source", "mediaType", "edge"}
    else:
        kinds = {one["Type"] for one in functions()[folder]["Events"].values()}
        assert (kinds, event["source"]) == ({"ScheduleV2"}, "aws.scheduler")


@pytest.mark.parametrize(
    ("folder", "rule"),
    [
        ("process_upload", "UploadArrivedRule"),
        ("make_thumbnail", "ImageUploadedRule"),
        ("record_usage", "RawstoreChangedRule"),
    ],
)
def test_a_queued_sample_contains_an_event_that_its_rule_matches(folder: str, rule: str) -> None:
    pattern = translated_properties("AWS::Events::Rule")[rule]["EventPattern"]
    for record in sample_event(folder)["Records"]:
        envelope = json.loads(record["body"])
        assert envelope["source"] in pattern["source"]
        assert envelope["detail-type"] in pattern["detail-type"]


def test_every_function_has_its_own_role() -> None:
    roles = Counter(
        reference(one["Role"]) for one in translated_properties("AWS::Lambda::Function").values()
    )
    assert set(roles.values()) == {1}
    assert set(roles) <= set(translated_properties("AWS::IAM::Role"))


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_function_has_a_policy_unless_it_calls_nothing(folder: str) -> None:
    assert (not list(statements(functions()[folder]))) == (folder in WITHOUT_PERMISSIONS)


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_permission_names_actions_and_resources_of_the_stack(folder: str) -> None:
    for statement in statements(functions()[folder]):
        assert statement["Effect"] == "Allow"
        for action in as_list(statement["Action"]):
            assert "*" not in action, statement
        for resource in as_list(statement["Resource"]):
            assert resource != "*", statement
            assert isinstance(resource, dict), "use the ARN of a resource, not a text"


def test_no_function_name_is_fixed() -> None:
    assert [name for name, one in functions().items() if "FunctionName" in one] == []


def test_a_function_times_out_before_the_gateway() -> None:
    default = source().data["Globals"]["Function"]["Timeout"]
    timeouts = {
        name: one.get("Timeout", default) for name, one in functions().items() if routes_of(one)
    }
    assert {name: seconds for name, seconds in timeouts.items() if seconds >= 30} == {}


def test_only_the_function_that_decodes_images_has_the_imaging_layer() -> None:
    with_layers = {name: one["Layers"] for name, one in functions().items() if "Layers" in one}
    assert with_layers == {"decode_picture": [{"Ref": "ImagingLayer"}]}


def test_the_function_that_decodes_images_knows_no_resource() -> None:
    """Its process may belong to an attacker: it has no permission and no name of a table."""
    decoder = functions()["decode_picture"]
    assert "Policies" not in decoder
    assert "Environment" not in decoder
    role = translated_properties("AWS::IAM::Role")["DecodePictureFunctionRole"]
    assert "Policies" not in role
    managed = [str(arn).rpartition("/")[2].rstrip("'}") for arn in role["ManagedPolicyArns"]]
    assert managed == ["AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"]


def test_only_two_functions_may_invoke_the_one_that_decodes() -> None:
    callers = {
        name
        for name, one in functions().items()
        for statement in statements(one)
        if "lambda:InvokeFunction" in as_list(statement["Action"])
    }
    assert callers == {"build_export", "make_thumbnail"}


def _service_behind(folder: str) -> str:
    """Return the service whose event source mapping invokes a function."""
    sources = {
        reference(one["Properties"]["EventSourceArn"])
        for one in resources("AWS::Lambda::EventSourceMapping").values()
        if reference(one["Properties"]["FunctionName"]) == logical_id(folder)
    }
    assert sources, f"nothing invokes {folder}"
    return "sqs" if sources <= set(resources("AWS::SQS::Queue")) else "dynamodb"


def test_no_function_may_scan_a_table() -> None:
    allowed = {
        action
        for one in functions().values()
        for statement in statements(one)
        for action in as_list(statement["Action"])
        if action.startswith("dynamodb:")
    }
    assert "dynamodb:Query" in allowed
    assert {action for action in allowed if action.endswith(("*", "Scan"))} == set()
