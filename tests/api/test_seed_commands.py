"""The commands of the old service's user guide, unchanged except for the ids.

Each command is written as in the guide: curl with its continuation lines, or a bare request line.
It is parsed as a shell would parse it and sent without a socket.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import multipart, unique_events
from tests.api.images import jpeg, png


@dataclass
class Command:
    """The request that a command line makes."""

    method: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    form: str = ""


def parse(command: str) -> Command:
    """Parse a curl command with the options that the guide uses; raise KeyError for others."""
    read = Command()
    # A shell drops a backslash with the end of its line; shlex keeps the end.
    words = iter(shlex.split(command.replace("\\\n", " ")))
    assert next(words) == "curl"
    for word in words:
        match word:
            case "-i":
                continue
            case "-X" | "--request":
                read.method = next(words)
            case "-H" | "--header":
                name, _, value = next(words).partition(": ")
                read.headers[name] = value
            case "--url":
                read.url = next(words)
            case "--data" | "--data-binary":
                read.body = next(words).encode()
            case "-F":
                read.form = next(words)
            case _ if word.startswith("-"):
                raise KeyError(word)
            case _:
                read.url = word
    read.method = read.method or ("POST" if read.body or read.form else "GET")
    return read


def send(stack: LocalStack, command: str, file: bytes = b"") -> Response:
    """Send a command of the guide; `file` is the content of ./my-image.png."""
    read = parse(command)
    headers, body = dict(read.headers), read.body
    if read.form:
        _, _, rest = read.form.partition("=@./")
        name, _, media_type = rest.partition(";type=")
        form_headers, body = multipart(file, name=name, media_type=media_type)
        headers |= form_headers
    parts = urlsplit(read.url)
    assert parts.netloc == "localhost:8081"
    return stack.request(read.method, parts.path, headers=headers, body=body)


def request_line(stack: LocalStack, line: str, body: str = "") -> Response:
    """Send a bare request line of the guide with its document and return the response."""
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    sent = f"{path}?{quote(query, safe='=&[]')}" if query else path
    headers = {"Content-Type": "application/vnd.api+json"} if body else {}
    return stack.request(method, sent, headers=headers, body=body)


def uploaded(stack: LocalStack, file: bytes) -> str:
    """Upload a file as in 2.1 and return its fileIdentifier."""
    response = send(
        stack,
        "curl -i http://localhost:8081/api/v1/file/mybucket "
        '-F "file=@./my-image.png;type=image/png"',
        file,
    )
    assert response.status == 200, response.text
    return str(response.json()["fileIdentifier"])


def described(stack: LocalStack, file_identifier: str) -> str:
    """Describe a file as in 2.1 and return the id of its metadata."""
    command = """curl -X POST http://localhost:8081/api/v1/metadata \\
-H "Content-Type: application/vnd.api+json" \\
-H "Accept: application/vnd.api+json" \\
--data-binary '
{
  "data": {
    "type": "metadata",
    "attributes": {
      "bucket": "mybucket",
      "dcType": "Image",
      "fileExtension": ".png",
      "fileIdentifier": "0050559c-beae-48d6-a2b0-91f5a666fad1"
    }
  }
}
'"""
    response = send(stack, command.replace("0050559c-beae-48d6-a2b0-91f5a666fad1", file_identifier))
    assert response.status == 201, response.text
    return str(response.json()["data"]["id"])


def uploaded_derivative(stack: LocalStack, file: bytes) -> Response:
    """Upload a derivative as in 2.2, step 1."""
    return send(
        stack,
        "curl -i http://localhost:8081/api/v1/file/mybucket/derivative "
        '-F "file=@./my-image.png;type=image/png"',
        file,
    )


DERIVATIVE = """curl --request POST \\
  --url http://localhost:8081/api/v1/derivative/ \\
  --header 'Content-Type: application/vnd.api+json' \\
  --data '{
	"data": {
		"type": "derivative",
		"attributes": {
			"dcType": "IMAGE",
			"fileIdentifier": "5c158d6e-09eb-4272-88b6-3349b638100d"
		},
		"relationships": {
			"acDerivedFrom": {
				"data": {
					"id": "e39ba089-4757-433a-a787-2287b3defb46",
					"type": "metadata"
				}
			}
		}
	}
}'"""
THUMBNAIL = """curl --request POST \\
  --url http://localhost:8081/api/v1/derivative/ \\
  --header 'Content-Type: application/vnd.api+json' \\
  --data '{
	"data": {
		"type": "derivative",
		"attributes": {
			"fileIdentifier": "df85bc1b-7365-4621-ab00-2cdd48808252",
			"dcType": "Image",
			"derivativeType": "THUMBNAIL_IMAGE"
		},
		"relationships": {
			"acDerivedFrom": {
				"data": {
					"id": "c8b71e52-ccf1-4409-8d3d-deb23e0a9906",
					"type": "metadata"
				}
			}
		}
	}
}'"""


def test_2_2_a_derivative_is_uploaded_and_recorded(stack: LocalStack) -> None:
    metadata = described(stack, uploaded(stack, png()))
    flat = uploaded_derivative(stack, png(80, 60)).json()
    assert {
        "dcType": "IMAGE",
        "createdBy": "dev",
        "originalFilename": "my-image.png",
        "receivedMediaType": "image/png",
        "detectedMediaType": "image/png",
        "detectedFileExtension": ".png",
        "evaluatedMediaType": "image/png",
        "evaluatedFileExtension": ".png",
        "sizeInBytes": len(png(80, 60)),
        "bucket": "mybucket",
        "isDerivative": True,
    }.items() <= flat.items()
    command = DERIVATIVE.replace("5c158d6e-09eb-4272-88b6-3349b638100d", flat["fileIdentifier"])
    response = send(stack, command.replace("e39ba089-4757-433a-a787-2287b3defb46", metadata))
    assert response.status == 201, response.text
    attributes = response.json()["data"]["attributes"]
    assert (attributes["bucket"], attributes["dcFormat"]) == ("mybucket", "image/png")


def test_2_3_a_thumbnail_is_submitted_unchanged(stack: LocalStack) -> None:
    metadata = described(stack, uploaded(stack, png()))
    body = jpeg(640, 480)
    command = "curl -i http://localhost:8081/api/v1/file/mybucket/derivative -F "
    flat = send(stack, f'{command}"file=@./my-image.jpg;type=image/jpeg"', body).json()
    command = THUMBNAIL.replace("df85bc1b-7365-4621-ab00-2cdd48808252", flat["fileIdentifier"])
    response = send(stack, command.replace("c8b71e52-ccf1-4409-8d3d-deb23e0a9906", metadata))
    assert response.status == 201, response.text
    assert response.json()["data"]["attributes"]["derivativeType"] == "THUMBNAIL_IMAGE"
    stack.settle(retries=True)
    path = f"/api/v1/file/mybucket/derivative/{flat['fileIdentifier']}"
    assert stack.request("GET", path).body == body, "this does not resize the image"


def test_2_4_and_2_5_files_are_downloaded(stack: LocalStack) -> None:
    main = uploaded(stack, png())
    described(stack, main)
    derivative = uploaded_derivative(stack, png(80, 60)).json()["fileIdentifier"]
    # The guide writes http:/localhost here, which curl accepts.
    command = "curl http://localhost:8081/api/v1/file/mybucket/0050559c-beae-48d6-a2b0-91f5a666fad1"
    response = send(stack, command.replace("0050559c-beae-48d6-a2b0-91f5a666fad1", main))
    assert response.body == png()
    command = """curl --request GET \\
  --url http://localhost:8081/api/v1/file/dev-group/derivative/cbb9484a-67f1-4112-accd-829bdfa0ad9e
"""
    response = send(
        stack,
        command.replace("cbb9484a-67f1-4112-accd-829bdfa0ad9e", derivative).replace(
            "dev-group", "mybucket"
        ),
    )
    assert response.body == png(80, 60)


def test_2_6_file_info_is_read_from_the_store(stack: LocalStack) -> None:
    main = uploaded(stack, png())
    derivative = uploaded_derivative(stack, png(80, 60)).json()["fileIdentifier"]
    response = request_line(stack, f"GET /api/v1/file-info/mybucket/{main}.png")
    assert response.json() == {"length": len(png()), "contentType": "image/png"}
    response = request_line(stack, f"GET /api/v1/file-info/mybucket/derivative/{derivative}.png")
    assert response.json() == {"length": len(png(80, 60)), "contentType": "image/png"}


def test_3_1_1_an_identifier_is_found_by_name(stack: LocalStack) -> None:
    metadata = described(stack, uploaded(stack, png()))
    line = (
        "GET /resource-name-identifier"
        "?filter[type][EQ]=metadata&filter[name][EQ]=name1&filter[group][EQ]=aafc"
    )
    assert request_line(stack, line).json() == {"data": []}
    response = request_line(
        stack, line.replace("name1", "my-image.png").replace("aafc", "mybucket")
    )
    assert response.json()["data"] == [
        {"id": metadata, "type": "metadata", "attributes": {"name": "my-image.png"}}
    ]


GENERATION = """{
  "data": {
    "type": "derivative-generation",
    "attributes": {
      "metadataUuid": "uuid of the original object",
      "derivativeType": "THUMBNAIL_IMAGE",
      "derivedFromType": "LARGE_IMAGE"
    }
  }
}"""


def test_3_2_1_a_thumbnail_is_made_from_the_large_image(stack: LocalStack) -> None:
    main = uploaded(stack, b"\x01\x00\x0a\x17 no picture at all")
    metadata = described(stack, main)
    large = uploaded_derivative(stack, png(800, 600)).json()["fileIdentifier"]
    thumbnails = "/api/v1/file/mybucket/derivative/"
    recorded = DERIVATIVE.replace("5c158d6e-09eb-4272-88b6-3349b638100d", large).replace(
        '"dcType": "IMAGE"', '"dcType": "IMAGE", "derivativeType": "LARGE_IMAGE"'
    )
    response = send(stack, recorded.replace("e39ba089-4757-433a-a787-2287b3defb46", metadata))
    assert response.status == 201, response.text
    stack.settle(retries=True)
    lost = [key for key in stack.keys("ObjectBucket") if key.startswith("thumbnails/")]
    for key in lost:
        stack.client("s3").delete_object(Bucket=stack.name("ObjectBucket"), Key=key)
    body = GENERATION.replace("uuid of the original object", metadata)
    response = request_line(stack, "POST /derivative-generation", body)
    assert response.status == 201, response.text
    stack.settle(retries=True)
    made = stack.request("GET", thumbnails + response.json()["data"]["id"])
    assert (made.status, made.header("content-type")) == (200, "image/jpeg")
    assert stack.failures == []


REFRESH = """{
  "data": {
    "type": "index-refresh",
    "id": "c9e66a08-8b59-4183-8346-e2298af32bfe",
    "attributes": {
      "docType": "metadata"
    }
  }
}"""


def test_3_2_2_an_index_refresh_publishes_the_record_again(stack: LocalStack) -> None:
    metadata = described(stack, uploaded(stack, png()))
    stack.settle(retries=True)
    before = len(unique_events(stack))
    body = REFRESH.replace("c9e66a08-8b59-4183-8346-e2298af32bfe", metadata)
    assert request_line(stack, "POST /index-refresh", body).status == 202
    stack.settle(retries=True)
    [event] = unique_events(stack)[before:]
    assert event["detail-type"] == "DocumentOperationNotification"
    assert (event["detail"]["documentId"], event["detail"]["operationType"]) == (metadata, "UPDATE")


@pytest.mark.parametrize("document", [GENERATION, REFRESH])
def test_the_guides_documents_are_json(document: str) -> None:
    assert json.loads(document)["data"]["type"] in ("derivative-generation", "index-refresh")
