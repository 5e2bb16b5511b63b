"""The request to sign the uploads of a dataset: parse it and check all its files.

All problems of the files are reported together, by path. The reference only responds
with 400, without the reason or the file.
"""

from __future__ import annotations

import binascii
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from coffer.domain.errors import MalformedRequestError, Problem, TooLargeError, shorten
from coffer.domain.rawstore.keys import KeyPattern, key_problem, path_variables
from coffer.domain.rawstore.validation import header_value_in, text_in

MAX_FILES = 2000
MAX_FILE_BYTES = 5 * 1024**3
"""S3's limit for one POST."""

DEFAULT_TYPE = "text/plain"
DEFAULT_FINDABILITY = "published"
PRIVATE = "private"

_BASE64_LENGTH = 24
_HEX_LENGTH = 32


class BadFilesError(MalformedRequestError):
    """The uploads of a request cannot be signed; `files` has the reasons by path."""

    def __init__(self, files: Mapping[str, list[str]]) -> None:
        super().__init__(
            "bad_files", f"{len(files)} of the files cannot be uploaded as they are described."
        )
        self.files = {path: "; ".join(reasons) for path, reasons in files.items()}


@dataclass(frozen=True, slots=True)
class Md5:
    """An MD5 digest."""

    digest: bytes

    @classmethod
    def parse(cls, text: str) -> Md5 | None:
        """Return the digest of a text in base64 or in hexadecimal, or None if it is neither.

        All known clients send base64. The reference takes hexadecimal for the base64 of 24 bytes;
        S3 then refuses every upload.
        """
        try:
            if len(text) == _BASE64_LENGTH:
                digest = binascii.a2b_base64(text, strict_mode=True)
            elif len(text) == _HEX_LENGTH:
                digest = binascii.a2b_hex(text)
            else:
                return None
        except ValueError:
            return None
        return cls(digest) if len(digest) == 16 else None

    @property
    def base64(self) -> str:
        """The digest as in Content-MD5: 24 characters."""
        return binascii.b2a_base64(self.digest, newline=False).decode()

    @property
    def hex(self) -> str:
        """The digest as in an ETag: 32 hexadecimal digits."""
        return self.digest.hex()


class DatasetFile(NamedTuple):
    """A file of a dataset, checked, with its key in the store."""

    path: str
    key: str
    length_bytes: int
    md5: Md5
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """The `metadata` of a request. `is_first_generation` is True if the dataset came as `name`,
    which only the oldest clients send."""

    owner: str
    name: str | None
    is_first_generation: bool
    findability: str

    @property
    def is_private(self) -> bool:
        """True if only the owner may download the files."""
        return is_private(self.findability)

    @classmethod
    def parse(cls, request: object) -> Dataset:
        """Return the dataset of a request; raises MalformedRequestError with all problems."""
        metadata = _object_in(request, "metadata")
        reasons: list[str] = []
        owner = header_value_in(metadata, "owner", reasons)
        if owner is None and not reasons:
            reasons.append("owner is missing")
        dataset = text_in(metadata, "dataset", reasons)
        name = text_in(metadata, "name", reasons)
        findability = header_value_in(metadata, "findability", reasons)
        if owner is None or reasons:
            raise MalformedRequestError.of(
                [
                    Problem("bad_metadata", f"metadata.{reason}", pointer="/metadata")
                    for reason in reasons
                ]
            )
        return cls(
            owner=owner,
            name=dataset or name,
            is_first_generation=dataset is None and name is not None,
            findability=findability or DEFAULT_FINDABILITY,
        )


def parse_files(request: object, dataset: Dataset, pattern: KeyPattern) -> list[DatasetFile]:
    """Return the files of a request's `filedata`, in order, each with its key.

    Raises TooLargeError for more than MAX_FILES; MalformedRequestError without `filedata`, and for
    an owner who could get another owner's keys; and BadFilesError with the problems of all files.
    """
    entries = _object_in(request, "filedata")
    if len(entries) > MAX_FILES:
        raise TooLargeError(
            "too_many_files",
            f"The request has {len(entries)} files; at most {MAX_FILES} are allowed.",
        )
    if problem := pattern.owner_problem(dataset.owner):
        raise MalformedRequestError("bad_owner", f"metadata.owner {problem}.", pointer="/metadata")
    common = {"owner": dataset.owner}
    if dataset.name is not None:
        common["dataset"] = dataset.name
    bad: dict[str, list[str]] = defaultdict(list)
    files = []
    for path, entry in entries.items():
        reasons: list[str] = []
        file = _parse_file(path, entry, common, pattern, reasons)
        if file is not None:
            files.append(file)
        else:
            bad[path] = reasons
    for path, other in _sharing_a_key(files):
        bad[path].append(f"it has the same key in the store as {shorten(other, 200)!r}")
    if bad:
        raise BadFilesError(bad)
    return files


def _parse_file(
    path: str,
    entry: object,
    common: Mapping[str, str],
    pattern: KeyPattern,
    reasons: list[str],
) -> DatasetFile | None:
    """Return the file, or None after adding its problems to `reasons`."""
    if problem := key_problem(path):
        reasons.append(f"its path cannot be used: {problem}")
    if not isinstance(entry, dict):
        reasons.append("its description must be an object")
        return None
    length = _length_in(entry, reasons)
    md5 = _md5_in(entry, reasons)
    media_type = header_value_in(entry, "type", reasons) or DEFAULT_TYPE
    name = text_in(entry, "name", reasons)
    if reasons or length is None or md5 is None:
        return None
    values = {
        **common,
        **path_variables(path),
        "md5": md5.base64,
        "md5_hex": md5.hex,
        "length": str(length),
        "type": media_type,
    }
    if name is not None:
        values["name"] = name
    key = _key(pattern, values, reasons)
    if key is None:
        return None
    return DatasetFile(path, key, length, md5, media_type, name or values["basename"])


def _key(pattern: KeyPattern, values: Mapping[str, str], reasons: list[str]) -> str | None:
    missing = pattern.missing(values)
    if missing:
        named = " and ".join("metadata.dataset" if name == "dataset" else name for name in missing)
        reasons.append(f"this store keeps files by {named}, which is missing")
        return None
    key = pattern.key(values)
    problem = key_problem(key)
    if problem:
        reasons.append(f"its key {key[:80]!r} cannot be used: {problem}")
        return None
    return key


def _length_in(entry: Mapping[str, object], reasons: list[str]) -> int | None:
    length = entry.get("length")
    if length is None:
        reasons.append("length is missing")
    elif isinstance(length, bool) or not isinstance(length, int) or length < 0:
        reasons.append("length must be a whole number of bytes, 0 or more")
    elif length > MAX_FILE_BYTES:
        reasons.append(f"length is over {MAX_FILE_BYTES} bytes, the most that one upload takes")
    else:
        return length
    return None


def _md5_in(entry: Mapping[str, object], reasons: list[str]) -> Md5 | None:
    text = entry.get("md5")
    if text is None:
        reasons.append("md5 is missing")
        return None
    md5 = Md5.parse(text) if isinstance(text, str) else None
    if md5 is None:
        reasons.append("md5 must be the base64 of 16 bytes, or 32 hexadecimal digits")
    return md5


def _sharing_a_key(files: Iterable[DatasetFile]) -> Iterable[tuple[str, str]]:
    """Yield (path, path of another file with the same key) for every file that shares its key."""
    by_key: dict[str, list[str]] = defaultdict(list)
    for file in files:
        by_key[file.key].append(file.path)
    for paths in by_key.values():
        if len(paths) > 1:
            for path in paths:
                yield path, paths[0] if path != paths[0] else paths[1]


def _object_in(request: object, name: str) -> Mapping[str, object]:
    members = request.get(name) if isinstance(request, dict) else None
    if not isinstance(members, dict):
        raise MalformedRequestError(
            f"no_{name}", f"The request must have an object {name!r}.", pointer=f"/{name}"
        )
    return members


def is_private(findability: str | None) -> bool:
    """True if only the owner may download a file with this findability, in any spelling of case.

    BitStore compares with case, so its clients' `Private` became public.
    """
    return (findability or "").lower() == PRIVATE
