"""The console: its files at the root of the API, and its content security policy."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath

import pytest

from local.gateway.api import Request, Response
from local.gateway.console import FOLDER, MEDIA_TYPES, Console
from local.resources import Route

STORE = "http://127.0.0.1:9000"
ROUTES = [
    Route("GET", "/api/v1/health", "DescribeApiFunction", 30_000),
    Route("GET", "/{service}/info", "ListPrefixesFunction", 30_000),
    Route("ANY", "$default", "AnswerUnroutedFunction", 30_000),
]
MODULES = sorted(FOLDER.rglob("*.js"))


def ask(path: str, method: str = "GET", folder: Path = FOLDER) -> Response | None:
    return Console(ROUTES, STORE, folder).find(Request(method, path))


def page() -> str:
    return (FOLDER / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["/", "/index.html", "/index.html?from=somewhere"])
def test_the_root_serves_the_front_page(path: str) -> None:
    response = ask(path)
    assert response is not None
    assert (response.status, response.text) == (200, page())
    assert response.header("content-type") == "text/html; charset=utf-8"


def test_each_file_has_its_type() -> None:
    for path in FOLDER.rglob("*"):
        response = ask(f"/{path.relative_to(FOLDER).as_posix()}")
        assert response is not None, path
        assert response.header("content-type") == MEDIA_TYPES[path.suffix]
        assert response.header("x-content-type-options") == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing.js",
        "/../template.yaml",
        "/%2e%2e/template.yaml",
        "//etc/passwd",
        "/web/index.html",
    ],
)
def test_other_paths_go_to_the_api(path: str) -> None:
    assert ask(path) is None


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "DELETE"])
def test_other_methods_go_to_the_api(method: str) -> None:
    assert ask("/", method) is None


def test_a_route_has_priority_over_a_file_of_the_same_name(tmp_path: Path) -> None:
    for name in ("index.html", "rawstore/info", "rawstore/other.js", "rawstore/info.js"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("hello", encoding="utf-8")
    assert ask("/", folder=tmp_path) is not None
    assert ask("/rawstore/info", folder=tmp_path) is None
    assert ask("/rawstore/other.js", folder=tmp_path) is not None


def test_the_policy_only_allows_the_page_its_own_files() -> None:
    response = ask("/")
    assert response is not None
    policy = dict(
        directive.split(" ", 1)
        for directive in (response.header("content-security-policy") or "").split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["img-src"] == "'self' blob:"
    assert policy["connect-src"] == f"'self' {STORE}"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"


def test_the_policy_names_the_stores_origin_and_no_path() -> None:
    response = Console(ROUTES, "https://s3.example.org:8443/below").find(Request("GET", "/"))
    assert response is not None
    assert "connect-src 'self' https://s3.example.org:8443;" in (
        response.header("content-security-policy") or ""
    )


class _Markup(HTMLParser):
    """Collects the ids of the page, and what a strict policy would block."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.identifiers: list[str] = []
        self.references: list[str] = []
        self._within: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._within = tag if tag in ("script", "style") else None
        for name, value in attributes:
            if name == "style" or name.startswith("on"):
                self.inline.append(f"{tag} {name}")
            if name == "id":
                self.identifiers.append(str(value))
            if name in ("src", "href") and not str(value).startswith("#"):
                self.references.append(str(value))

    def handle_data(self, data: str) -> None:
        if self._within and data.strip():
            self.inline.append(f"{self._within}: {data.strip()[:40]}")

    def handle_endtag(self, tag: str) -> None:
        self._within = None


@pytest.fixture(scope="module")
def markup() -> _Markup:
    parser = _Markup()
    parser.feed(page())
    return parser


def test_the_page_has_nothing_inline(markup: _Markup) -> None:
    assert markup.inline == []


def test_the_page_only_names_its_own_files(markup: _Markup) -> None:
    for reference in markup.references:
        assert (FOLDER / reference).is_file(), reference


def test_every_element_that_a_module_uses_exists_once(markup: _Markup) -> None:
    assert len(markup.identifiers) == len(set(markup.identifiers))
    wanted = {
        name
        for module in MODULES
        for name in re.findall(r'querySelector\("#([\w-]+)"\)', module.read_text(encoding="utf-8"))
    }
    assert wanted <= set(markup.identifiers)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_imports_other_modules_and_creates_no_markup_from_text(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    for name in re.findall(r'from "([^"]+)"', text):
        assert name.startswith("./"), name
        assert (module.parent / PurePosixPath(name)).is_file(), name
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b", text)
    assert not re.search(r"https?://|localStorage|document\.cookie", text)
