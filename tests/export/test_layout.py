"""For members of any size, the parts obey S3's limits and add up to the archive."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coffer.domain.export.layout import (
    GIB,
    MAX_ARCHIVE_BYTES,
    MAX_PARTS,
    MIB,
    MIN_PART_BYTES,
    LayoutError,
    LayoutMember,
    copied_parts,
    leading_bytes,
    plan_layout,
)

SIZES = st.one_of(
    st.integers(0, 64 * 1024),
    st.integers(MIN_PART_BYTES - 2, 2 * MIN_PART_BYTES + 2),
    st.integers(2 * MIN_PART_BYTES, 6 * GIB),
    st.sampled_from([GIB, GIB + 1, 4 * GIB - 1, 4 * GIB, 5 * GIB, 5 * GIB + 1, 50 * GIB]),
)
TYPES = st.sampled_from(["image/jpeg", "text/csv", "application/zip", "image/svg+xml"])
ENTRIES = st.lists(
    st.builds(LayoutMember, st.text("aé/標", min_size=1, max_size=9), SIZES, TYPES, st.booleans()),
    max_size=40,
)


@given(ENTRIES)
def test_every_entry_is_either_streamed_or_copied(entries: list[LayoutMember]) -> None:
    layout = plan_layout(entries)
    assert sorted(layout.order) == list(range(len(entries)))
    for number in layout.copied:
        assert entries[number].size_bytes >= MIN_PART_BYTES
        assert not entries[number].is_transformed
    assert list(layout.streamed) == sorted(layout.streamed)
    assert list(layout.copied[1:]) == sorted(layout.copied[1:])


@given(st.lists(st.integers(MIN_PART_BYTES, 12 * GIB), min_size=1, max_size=20), st.data())
def test_the_parts_of_copied_members_obey_the_limits_of_s3(
    sizes: list[int], data: st.DataObject
) -> None:
    before = data.draw(st.integers(0, 8 * MIB))
    leading = leading_bytes(before, sizes[0])
    if leading is None:
        assert before < MIN_PART_BYTES
        assert sizes[0] < 2 * MIN_PART_BYTES
        return
    assert before + leading >= MIN_PART_BYTES
    copy_bytes = data.draw(st.sampled_from([GIB, 5 * GIB]))
    reached = [0] * len(sizes)
    reached[0] = leading
    parts = list(copied_parts(sizes, leading, copy_bytes))
    for part in parts:
        assert MIN_PART_BYTES <= part.length <= 5 * GIB
        assert part.start == reached[part.member]
        reached[part.member] += part.length
    assert reached == sizes
    joined = [part.member for part in parts if part.is_joined]
    assert joined == list(range(len(sizes) - 1))
    for one, next_one in pairwise(parts):
        assert (one.member == next_one.member) is not one.is_joined


@given(st.integers(0, 4990), st.integers(MIN_PART_BYTES, 60 * MIB))
@example(0, MIN_PART_BYTES)
def test_many_copied_members_fit_into_10_000_parts(count: int, size: int) -> None:
    layout = plan_layout([LayoutMember("a", size, "image/jpeg")] * count)
    assert layout.streamed == ()
    assert 2 * count <= MAX_PARTS


@pytest.mark.parametrize("size", [10 * MIB, 200 * MIB])
def test_if_too_many_members_are_copied_the_smallest_are_streamed(size: int) -> None:
    entries = [LayoutMember("a", size + number, "image/jpeg") for number in range(10_000)]
    layout = plan_layout(entries)
    assert layout.streamed
    assert max(layout.streamed) < min(layout.copied, default=10_000)
    streamed = sum(entries[number].size_bytes + 100 for number in layout.streamed)
    parts = 2 * len(layout.copied) + streamed // layout.full_bytes
    assert parts < MAX_PARTS


def test_parts_are_as_small_as_the_archive_allows() -> None:
    assert plan_layout([LayoutMember("a", 1000, "image/jpeg")]).part_bytes == 8 * MIB
    # 2.4 TB that nobody may copy, because it is made: parts of 256 MiB
    made = plan_layout([LayoutMember("a", 0, "image/jpeg", is_transformed=True)] * 9_000)
    assert made.part_bytes == 256 * MIB


def test_about_five_thousand_large_members_are_the_limit() -> None:
    plan_layout([LayoutMember("a", 800 * MIB, "image/jpeg")] * 4_990)
    with pytest.raises(LayoutError, match="10000 parts"):
        plan_layout([LayoutMember("a", 800 * MIB, "image/jpeg")] * 5_100)


def test_an_archive_that_needs_more_than_10_000_parts_is_refused() -> None:
    with pytest.raises(LayoutError):
        plan_layout([LayoutMember("a", MAX_ARCHIVE_BYTES, "image/jpeg")])
    with pytest.raises(LayoutError, match="10000 parts"):
        plan_layout(
            [LayoutMember("a", 0, "image/jpeg", is_transformed=True)] * 10_000
            + [LayoutMember("b", 50 * GIB, "image/jpeg")] * 5
        )


@pytest.mark.parametrize(
    ("media_type", "size", "is_deflated"),
    [
        ("text/plain", 1, True),
        ("text/plain", 0, False),
        ("text/csv", 10 * MIB - 1, True),
        ("text/csv", 10 * MIB, False),
        ("application/geo+json", 10, True),
        ("application/atom+xml", 10, True),
        ("image/svg+xml", 10, True),
        ("image/jpeg", 10, False),
        ("application/zip", 10, False),
        ("application/octet-stream", 10, False),
    ],
)
def test_compressible_members_are_deflated_if_they_are_streamed(
    media_type: str, size: int, is_deflated: bool
) -> None:
    entry = LayoutMember("a", size, media_type)
    assert entry.is_deflated is is_deflated
    assert entry.can_be_copied is (size >= MIN_PART_BYTES and not is_deflated)
    assert not replace(entry, is_transformed=True).can_be_copied
