"""The console's modules, called one by one in the browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.stacks import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def page(open_stack: Stack, browser: Browser) -> Iterator[Page]:
    """Open a tab in which modules can be imported."""
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.goto(f"http://localhost:{open_stack.port}/")
        yield page


def call(page: Page, module: str, body: str, argument: Any = None) -> Any:
    """Return the value of an expression with a module `m` and an argument `a`."""
    return page.evaluate(
        f"async (a) => {{ const m = await import('/{module}'); return await ({body}); }}", argument
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9949, "9.9 kB"),
        (9950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (50 * 1024**3, "54 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_a_size_is_formatted(page: Page, number: int, text: str) -> None:
    assert call(page, "formats.js", "m.size(a)", number) == text


@pytest.mark.parametrize(
    "pasted",
    ["a.b.c", "  a.b.c\n", "Bearer a.b.c", "Authorization: Bearer a.b.c", '"a.b.c"', "a.\n  b.c"],
)
def test_extra_text_around_a_pasted_token_is_removed(page: Page, pasted: str) -> None:
    assert call(page, "token.js", "m.tidy(a)", pasted) == "a.b.c"


@pytest.mark.parametrize("stored", ["", "nonsense", "a.b.c", "a.W10.c", "a.bnVsbA.c", "a.e30.c"])
def test_an_unreadable_token_has_no_claims(page: Page, stored: str) -> None:
    page.evaluate("(token) => sessionStorage.setItem('coffer.token', token)", stored)
    claims = call(page, "token.js", "new m.Token().claims")
    assert claims == {"user": None, "expires": None, "groups": []}


def test_delays_grow_to_a_limit_and_end(page: Page) -> None:
    limits = {"first": 100, "factor": 2, "longest": 400, "total": 1500}
    delays = call(page, "waits.js", "[...m.delays(a)]", limits)
    assert [round(delay / 100) for delay in delays[:1]] == [1]
    for delay, meant in zip(delays, [100, 200, 400, 400, 400], strict=True):
        assert 0.8 * meant <= delay <= 1.2 * meant


def test_lanes_limit_concurrency_and_keep_the_order(page: Page) -> None:
    seen = call(
        page,
        "waits.js",
        """(async () => {
            const lanes = new m.Lanes(3);
            const order = [];
            let running = 0;
            let most = 0;
            const task = (number) => async () => {
                order.push(number);
                most = Math.max(most, ++running);
                await m.sleep(5);
                running -= 1;
                if (number === 2) throw new Error("a failure frees its lane too");
            };
            const gone = new AbortController();
            const left = lanes.run(task("never"), gone.signal);
            gone.abort();
            const tasks = [...Array(8).keys()].map((number) => lanes.run(task(number)));
            const ends = await Promise.allSettled([...tasks, left]);
            return { order, most, failed: ends.filter((end) => end.status === "rejected").length };
        })()""",
    )
    assert seen["most"] == 3
    assert seen["order"] == ["never", *range(8)]
    assert seen["failed"] == 1


def test_a_task_that_is_cancelled_before_its_turn_never_starts(page: Page) -> None:
    seen = call(
        page,
        "waits.js",
        """(async () => {
            const lanes = new m.Lanes(1);
            const begun = [];
            const stop = new AbortController();
            const first = lanes.run(() => m.sleep(20));
            const second = lanes.run(async () => begun.push("second"), stop.signal);
            const third = lanes.run(async () => begun.push("third"));
            stop.abort();
            const ends = await Promise.allSettled([first, second, third]);
            return { begun, ends: ends.map((end) => end.status) };
        })()""",
    )
    assert seen == {"begun": ["third"], "ends": ["fulfilled", "rejected", "fulfilled"]}
