"""Rows of `members` without an instant: just before the first fact of a new member, at arrival for a known one, waiting where nothing says when."""

from __future__ import annotations

import json
from pathlib import Path

from loyalty_streams.core.codes import FactKind
from loyalty_streams.hosts.embedded.past import member
from tests.hosts.shop import at, history, open_store, order, read_in


def profiles(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "members.jsonl").write_text("".join(json.dumps({"member_id": n, "region": "north"}) + "\n" for n in names), "utf-8")
    return folder


def instants(store, name: str) -> list[tuple[int, int]]:  # type: ignore[no-untyped-def]
    block = member(store, name)
    return [] if block is None else list(zip(block.columns.kind.tolist(), block.columns.at.tolist(), strict=True))


def test_a_new_members_profile_stands_at_the_first_fact_and_before_it(tmp_path: Path) -> None:
    folder = history(tmp_path / "in", [order("O1", "M1", "2026-01-05 10:00", 1_000), order("O2", "M2", "2026-01-07 10:00", 1_000)])
    profiles(folder, "M1", "M2")
    with open_store(tmp_path) as store:
        result = read_in(store, folder, batch_rows=1)
        assert result.dispositions["applied"] == 4
        for name, day in (("M1", "2026-01-05 10:00"), ("M2", "2026-01-07 10:00")):
            assert instants(store, name) == [(FactKind.PROFILE, at(day)), (FactKind.ORDER, at(day))]


def test_a_known_members_profile_stands_at_its_arrival(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        read_in(store, history(tmp_path / "a", [order("O1", "M1", "2026-01-05 10:00", 1_000), order("O2", "M2", "2026-01-09 10:00", 1_000)]))
        read_in(store, profiles(tmp_path / "b", "M1"))
        assert instants(store, "M1") == [(FactKind.ORDER, at("2026-01-05 10:00")), (FactKind.PROFILE, at("2026-01-09 10:00"))]


def test_a_profile_of_a_member_without_facts_stands_at_the_end(tmp_path: Path) -> None:
    folder = profiles(history(tmp_path / "in", [order("O1", "M1", "2026-01-05 10:00", 1_000)]), "M9")
    with open_store(tmp_path) as store:
        read_in(store, folder)
        assert instants(store, "M9") == [(FactKind.PROFILE, at("2026-01-05 10:00"))]


def test_in_an_empty_store_a_profile_waits_for_the_first_fact_of_its_member(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        result = read_in(store, profiles(tmp_path / "a", "M1"))
        assert (result.dispositions["waiting"], result.dispositions["applied"]) == (1, 0)
    with open_store(tmp_path) as store:
        result = read_in(store, history(tmp_path / "b", [order("O1", "M1", "2026-01-05 10:00", 1_000)]))
        assert result.dispositions["applied"] == 2
        assert instants(store, "M1") == [(FactKind.PROFILE, at("2026-01-05 10:00")), (FactKind.ORDER, at("2026-01-05 10:00"))]
        assert list(store.rocks.scan("rest", b"h/", b"h0")) == []


def test_the_same_members_file_twice_changes_nothing(tmp_path: Path) -> None:
    folder = profiles(history(tmp_path / "in", [order("O1", "M1", "2026-01-05 10:00", 1_000)]), "M1", "M9")
    with open_store(tmp_path) as store:
        read_in(store, folder)
        again = read_in(store, folder)
        assert again.dispositions["duplicate"] == 3
        assert again.dispositions["applied"] == 0
