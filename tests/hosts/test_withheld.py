"""A database whose writes are held back: who reads sees them, the disk does not, and in the end all of them are there or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_streams.hosts.embedded.rocks import Rocks
from loyalty_streams.hosts.embedded.withheld import Withheld

KEYS = st.binary(min_size=1, max_size=3)
CHANGES = st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=3)), max_size=12)


def made(folder: Path, rows: dict[bytes, bytes]) -> Path:
    rocks = Rocks(folder, create=True)
    batch = rocks.batch()
    for key, value in rows.items():
        batch.put("rest", key, value)
    rocks.write(batch)
    rocks.close()
    return folder


def change(rocks: Rocks, changes: list[tuple[bytes, bytes | None]]) -> None:
    batch = rocks.batch()
    for key, value in changes:
        if value is None:
            batch.delete("rest", key)
        else:
            batch.put("rest", key, value)
    rocks.write(batch)


def on_disk(folder: Path) -> dict[bytes, bytes]:
    rocks = Rocks(folder, read_only=True)
    try:
        return dict(rocks.scan("rest"))
    finally:
        rocks.close()


@settings(max_examples=60, deadline=None)
@given(rows=st.dictionaries(KEYS, st.binary(max_size=3), max_size=12), first=CHANGES, more=CHANGES, start=KEYS, end=KEYS)
def test_what_is_read_is_what_a_dictionary_would_say(
    rows: dict[bytes, bytes], first: list[tuple[bytes, bytes | None]], more: list[tuple[bytes, bytes | None]], start: bytes, end: bytes,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    folder = made(tmp_path_factory.mktemp("withheld") / "store", rows)
    rocks, model = Withheld(folder), dict(rows)
    for changes in (first, more):
        change(rocks, changes)
        for key, value in changes:
            model.pop(key, None)
            if value is not None:
                model[key] = value
    names = sorted({*rows, *(key for key, _ in first + more), start})
    assert [rocks.get("rest", name) for name in names] == [model.get(name) for name in names] == rocks.get_many("rest", names)
    assert list(rocks.scan("rest")) == sorted(model.items())
    assert list(rocks.scan("rest", start, end)) == [(k, v) for k, v in sorted(model.items()) if start <= k < end]
    rocks.forget()
    assert list(rocks.scan("rest")) == sorted(rows.items())
    change(rocks, first + more)
    rocks.let_go()
    rocks.close()
    assert on_disk(folder) == model


def test_the_disk_knows_nothing_before_and_a_reader_sees_what_was_there_when_he_began(tmp_path: Path) -> None:
    folder = made(tmp_path / "store", {b"a": b"1", b"c": b"3"})
    rocks = Withheld(folder)
    change(rocks, [(b"b", b"2")])
    reading = rocks.scan("rest")
    assert next(reading) == (b"a", b"1")
    change(rocks, [(b"b", b"other"), (b"d", b"4"), (b"c", None)])
    assert list(reading) == [(b"b", b"2"), (b"c", b"3")]
    assert on_disk(folder) == {b"a": b"1", b"c": b"3"}
    rocks.close()
    assert on_disk(folder) == {b"a": b"1", b"c": b"3"}
