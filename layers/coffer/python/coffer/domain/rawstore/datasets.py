"""The request to sign a data package's uploads, read and checked whole.

Everything that is wrong with its files is reported at once, by path: the reference answered a bare
400, and its users could not tell which file lacked what.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from coffer.domain.errors import MalformedRequestError, Problem, TooLargeError
from coffer.domain.rawstore.digests import Md5
from coffer.domain.rawstore.keys import KeyPattern, problem_of, variables_of_path
from coffer.domain.rawstore.validation import header_value_in, text_in

MAX_FILES = 2000
MAX_FILE_BYTES = 5 * 1024**3
"""What S3 takes in one POST."""

DEFAULT_TYPE = "text/plain"
DEFAULT_FINDABILITY = "published"
PRIVATE = "private"


class BadFilesError(MalformedRequestError):
    """Files that cannot be signed; `files` says why for each path."""

    def __init__(self, files: Mapping[str, list[str]]) -> None:
        super().__init__(
            "bad_files", f"{len(files)} of the files cannot be uploaded as they are described."
        )
        self.files = {path: "; ".join(reasons) for path, reasons in files.items()}


class PackageFile(NamedTuple):
    """One file of a package, checked, and the key it is kept under."""

    path: str
    key: str
    length_bytes: int
    md5: Md5
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class Package:
    """What the request says of the package as a whole."""

    owner: str
    dataset: str | None
    named_by_name: bool
    """Whether the dataset came as `name`, as only the oldest clients send it."""
    findability: str

    @property
    def is_private(self) -> bool:
        """Only the exact word makes a push private, as in the reference."""
        return self.findability == PRIVATE

    @classmethod
    def parse(cls, request: object) -> Package:
        """Read a request's `metadata`; MalformedRequestError with all that is wrong with it."""
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
            dataset=dataset or name,
            named_by_name=dataset is None and name is not None,
            findability=findability or DEFAULT_FINDABILITY,
        )


def parse_files(request: object, package: Package, pattern: KeyPattern) -> list[PackageFile]:
    """The files of a request's `filedata`, in its order, each with its key.

    Raises TooLargeError over MAX_FILES, MalformedRequestError without `filedata` and for an owner
    whose keys could be another's, and BadFilesError naming every file that has anything wrong.
    """
    entries = _object_in(request, "filedata")
    if len(entries) > MAX_FILES:
        raise TooLargeError(
            "too_many_files",
            f"{len(entries)} files were named; at most {MAX_FILES} fit one request.",
        )
    if problem := pattern.owner_problem(package.owner):
        raise MalformedRequestError("bad_owner", f"metadata.owner {problem}.", pointer="/metadata")
    common = {"owner": package.owner}
    if package.dataset is not None:
        common["dataset"] = package.dataset
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
        bad[path].append(f"it would be kept under the same key as {other!r}")
    if bad:
        raise BadFilesError(bad)
    return files


def _parse_file(
    path: str,
    entry: object,
    common: Mapping[str, str],
    pattern: KeyPattern,
    reasons: list[str],
) -> PackageFile | None:
    """The file; None where anything is wrong with it, and `reasons` then says what."""
    if problem := problem_of(path):
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
        **variables_of_path(path),
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
    return PackageFile(path, key, length, md5, media_type, name or values["basename"])


def _key(pattern: KeyPattern, values: Mapping[str, str], reasons: list[str]) -> str | None:
    missing = pattern.missing(values)
    if missing:
        named = " and ".join("metadata.dataset" if name == "dataset" else name for name in missing)
        reasons.append(f"the store keeps files by {named}, which is missing")
        return None
    key = pattern.key(values)
    problem = problem_of(key)
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


def _sharing_a_key(files: Iterable[PackageFile]) -> Iterable[tuple[str, str]]:
    """(path, path of another file with the same key) for every file whose key is not its own."""
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
