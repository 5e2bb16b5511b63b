"""Multipart forms: one file in the part `file`, and malformed forms."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coffer.domain.errors import (
    MalformedRequestError,
    RequestError,
    TooLargeError,
    UnsupportedTypeError,
)
from coffer.domain.uploads.direct_upload import ReceivedFile
from coffer.http.requests import Request
from coffer.http.uploads.forms import received_file
from tests.fakes.files import PNG
from tests.unit.http.events import make_request

BOUNDARY = "----coffer"
MOST = 1000


def part(
    body: bytes = PNG,
    disposition: str = 'form-data; name="file"; filename="leaf.png"',
    *headers: str,
) -> bytes:
    lines = [f"Content-Disposition: {disposition}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def form(*parts: bytes) -> bytes:
    out = io.BytesIO()
    for one in parts:
        out.write(f"--{BOUNDARY}\r\n".encode() + one + b"\r\n")
    return out.getvalue() + f"--{BOUNDARY}--\r\n".encode()


def sent(body: bytes, content_type: str = f"multipart/form-data; boundary={BOUNDARY}") -> Request:
    return make_request(
        "POST /api/v1/file/{bucket}", body=body, headers={"content-type": content_type}
    )


def receive(body: bytes, **parts: str) -> ReceivedFile:
    return received_file(sent(body, **parts), max_bytes=MOST)


def refusal(request: Request) -> tuple[type[RequestError], str]:
    with pytest.raises(RequestError) as refused:
        received_file(request, max_bytes=MOST)
    [problem] = refused.value.problems
    return type(refused.value), problem.code


def test_the_file_has_its_name_and_type() -> None:
    file = receive(
        form(part(PNG, 'form-data; name="file"; filename="leaf.png"', "Content-Type: image/png"))
    )
    assert file == ReceivedFile(body=PNG, name="leaf.png", media_type="image/png")


@pytest.mark.parametrize("path", ["folder/sub/x.txt", "He\u0302tre/\u00e9.txt", "", "null"])
def test_the_form_may_have_the_relative_path_of_the_file(path: str) -> None:
    given_path = part(path.encode(), 'form-data; name="relativePath"')
    for body in (form(given_path, part()), form(part(), given_path)):
        assert receive(body).relative_path == path


def test_the_relative_path_is_one_text_in_utf8() -> None:
    latin1 = part("é/x.txt".encode("latin-1"), 'form-data; name="relativePath"')
    assert refusal(sent(form(part(), latin1))) == (MalformedRequestError, "malformed_form")
    twice = [part(b"a/x.txt", 'form-data; name="relativePath"')] * 2
    assert refusal(sent(form(part(), *twice))) == (MalformedRequestError, "malformed_form")


def test_undeclared_name_and_type_are_none() -> None:
    assert receive(form(part())).media_type is None
    assert receive(form(part(PNG, 'form-data; name="file"'))).name is None
    assert receive(form(part(PNG, 'form-data; name="file"; filename=""'))).name is None


@pytest.mark.parametrize("size", [0, 1, MOST - 1, MOST])
def test_a_file_up_to_the_limit_is_accepted(size: int) -> None:
    assert receive(form(part(b"x" * size))).body == b"x" * size


def test_bytes_that_look_like_a_form_are_kept() -> None:
    body = b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n\r\nContent-Disposition: x\x00\xff"
    assert receive(form(part(body))).body == body


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('form-data; name="file"; filename="Käfer 1.jpg"', "Käfer 1.jpg"),
        ('form-data; name="file"; filename="标本.tif"', "标本.tif"),
        ('form-data; name="file"; filename="a\\"b.jpg"', 'a"b.jpg'),
        ('form-data; name="file"; filename="a%22b.jpg"', 'a"b.jpg'),
        ("form-data; name=file; filename=plain.jpg", "plain.jpg"),
        ('form-data; filename="first.jpg"; name="file"', "first.jpg"),
        ('form-data; name="file"; filename="a;b.jpg"', "a;b.jpg"),
    ],
)
def test_names_are_parsed_as_browsers_and_curl_send_them(disposition: str, name: str) -> None:
    assert receive(form(part(PNG, disposition))).name == name


def test_other_fields_are_ignored() -> None:
    other = part(b"a value", 'form-data; name="comment"')
    assert receive(form(other, part(), other)).body == PNG


@pytest.mark.parametrize(
    "content_type",
    [
        f"Multipart/Form-Data; boundary={BOUNDARY}",
        f'multipart/form-data; boundary="{BOUNDARY}"',
        f"multipart/form-data; charset=utf-8; boundary={BOUNDARY}",
    ],
)
def test_the_boundary_is_parsed_in_every_spelling(content_type: str) -> None:
    assert receive(form(part()), content_type=content_type).body == PNG


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: image/png; charset=no-such-charset",
        "Content-Type: text/plain; charset=utf-16",
        "Content-Transfer-Encoding: binary",
        "X-Anything: at all",
    ],
)
def test_unusual_headers_of_a_part_do_not_change_its_bytes(header: str) -> None:
    odd = part(PNG, 'form-data; name="file"; filename="leaf.png"', header)
    assert receive(form(odd)).body == PNG


def test_the_error_for_large_files_names_presigned_uploads() -> None:
    with pytest.raises(TooLargeError, match="POST /api/v1/upload") as refused:
        receive(form(part(b"x" * (MOST + 1))))
    assert refused.value.problems[0].code == "file_too_large"


def test_a_form_without_the_part_gets_the_names_of_its_parts() -> None:
    wrong = form(
        part(PNG, 'form-data; name="upload"; filename="a"'), part(b"", 'form-data; name="a"')
    )
    with pytest.raises(MalformedRequestError, match=r"'file'.* it has: 'a', 'upload'") as refused:
        receive(wrong)
    assert refused.value.problems[0].code == "missing_file_part"


def test_an_empty_form_lacks_the_part() -> None:
    with pytest.raises(MalformedRequestError, match="it has: none") as refused:
        receive(form())
    assert refused.value.problems[0].code == "missing_file_part"


def test_a_long_name_of_a_wrong_part_is_shortened() -> None:
    with pytest.raises(MalformedRequestError) as refused:
        receive(form(part(PNG, f'form-data; name="{"n" * 3000}"')))
    assert len(refused.value.problems[0].detail) < 300


def test_two_files_are_refused() -> None:
    assert refusal(sent(form(part(), part()))) == (MalformedRequestError, "several_file_parts")


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "image/png", "multipart/mixed; boundary=x", "multipart/form-data-x"],
)
def test_a_body_of_another_type_is_refused(content_type: str) -> None:
    assert refusal(sent(form(part()), content_type)) == (
        UnsupportedTypeError,
        "unsupported_content_type",
    )


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary=""'],
)
def test_a_form_needs_its_boundary(content_type: str) -> None:
    assert refusal(sent(form(part()), content_type)) == (MalformedRequestError, "malformed_form")


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: b"",
        lambda body: body[:-4],
        lambda body: body[: len(body) // 2],
        lambda body: body[:20],
        lambda body: body[4:],
        lambda body: b"--other" + body,
        lambda body: body.replace(b"Content-Disposition", b"Content Disposition"),
        lambda body: body.replace(b"Content-Disposition: form-data", b"Content-Disposition: other"),
        lambda body: body.replace(b"Content-Disposition: ", b"Content-Length: "),
        lambda body: body.replace(b"leaf", b"le\xffaf"),
        lambda body: body.replace(b"\r\n", b"\n"),
        lambda body: body.replace(b"\r\n", b"\r"),
        lambda body: body.replace(b"leaf", b"l" * 100_000),
        lambda body: body.replace(b"\r\n\r\n", b"\r\nX: y" * 100 + b"\r\n\r\n"),
        lambda body: form(*[part(b"", f'form-data; name="p{n}"') for n in range(17)]),
        lambda body: b"\xff\xfe" * 50,
    ],
)
def test_a_damaged_form_is_malformed(damage: Callable[[bytes], bytes]) -> None:
    kind, code = refusal(sent(damage(form(part()))))
    assert kind is MalformedRequestError
    assert code in ("malformed_form", "missing_file_part")


def test_a_name_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(MalformedRequestError) as refused:
        receive(form(part()).replace(b"leaf", b"l\xe9af"))
    [problem] = refused.value.problems
    assert problem.detail == (
        "The multipart form cannot be read: "
        "the header of a part, which has the file name, is not UTF-8."
    )


BYTES_OF_FORMS = st.lists(
    st.sampled_from(
        [
            b"--" + BOUNDARY.encode(),
            b"--",
            b"\r\n",
            b"\n",
            b"Content-Disposition: form-data; ",
            b'name="file"',
            b'filename="a.png"',
            b"filename*=UTF-8''%ff",
            b"Content-Type: ",
            b"charset=",
            b";",
            b'"',
            b"\\",
            b"%",
            b"\xff",
            b"\x00",
        ]
    )
    | st.binary(max_size=5)
).map(b"".join)


@given(BYTES_OF_FORMS)
def test_no_body_crashes_the_parser(body: bytes) -> None:
    with suppress(RequestError):
        receive(body)


@given(BYTES_OF_FORMS)
def test_no_headers_of_a_part_crash_the_parser(headers: bytes) -> None:
    with suppress(RequestError):
        receive(form(headers + b"\r\n\r\n" + PNG))


@given(st.text(max_size=100))
@example("\ud800")
@example("é" * 100)
@example("x" * 100_000)
def test_no_content_type_crashes_the_parser(text: str) -> None:
    with suppress(RequestError):
        receive(form(part()), content_type=f"multipart/form-data; boundary={text}")
    with suppress(RequestError):
        receive(form(part()), content_type=text)
