"""The error for a large response says exactly how many files fit, for any names and URLs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from coffer.domain.errors import TooLargeError
from coffer.domain.rawstore.datasets import Dataset, parse_files
from coffer.domain.rawstore.keys import KeyPattern
from coffer.domain.rawstore.uploads import AuthorizedUploads, SignedUpload
from coffer.http.rawstore import documents as rawstore
from coffer.http.rawstore.documents import present_uploads

PATTERN = KeyPattern.parse("{owner}/{dataset}/{path}")
MAX_BYTES = 9_000


def authorized(paths: list[str], **metadata: str) -> AuthorizedUploads:
    entry = {"length": 1, "md5": "BE4Y8L87GawEKKdchUNhlA=="}
    request: Any = {"metadata": {"owner": "o", **metadata}, "filedata": dict.fromkeys(paths, entry)}
    package = Dataset.parse(request)
    files = parse_files(request, package, PATTERN)
    return AuthorizedUploads(
        package, [SignedUpload(file, {"key": file.path}, False) for file in files]
    )


@pytest.mark.parametrize("metadata", [{"dataset": "d"}, {"name": "d"}])
@pytest.mark.parametrize("folder", ["plain", "été 日本"])
@pytest.mark.parametrize("address", range(0, 400, 13))
def test_the_number_of_files_that_fit_is_exact(
    monkeypatch: pytest.MonkeyPatch, metadata: dict[str, str], folder: str, address: int
) -> None:
    monkeypatch.setattr(rawstore, "MAX_RESPONSE_BYTES", MAX_BYTES)
    url = "https://" + "a" * address
    paths = [f"{folder}/{number}.csv" for number in range(100)]
    with pytest.raises(TooLargeError) as refused:
        present_uploads(authorized(paths, **metadata), url)
    told = re.search(r"(\d+) of them fit", str(refused.value))
    assert told is not None
    fitting = int(told[1])
    assert present_uploads(authorized(paths[:fitting], **metadata), url).body
    with pytest.raises(TooLargeError):
        present_uploads(authorized(paths[: fitting + 1], **metadata), url)
