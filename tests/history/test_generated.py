"""Histories made up for measuring are what they say: so many orders, lines, members and open lots, the same bytes for the same seed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks import generate
from benchmarks.generate import LotsPlan, Plan, generate_lots
from loyalty_streams.core.codes import DAY
from loyalty_streams.history import ReadOptions
from tests.history.helpers import read

CNY = ReadOptions("CNY", 2)


@pytest.mark.parametrize("shuffled", [False, True])
def test_orders_of_two_lines_read_without_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shuffled: bool) -> None:
    monkeypatch.setattr(generate, "_PIECE", 400)
    generate.generate(tmp_path, Plan(1_000, 30, seed=3, shuffled=shuffled))
    found = read(tmp_path, CNY)
    assert (found.read, found.letters) == ({"orders": 1_000, "items": 2_000}, [])
    facts = found.facts
    assert {len(f.lines) for f in facts} == {2} and len({f.member for f in facts}) == 30
    assert [f.key for f in facts] == [f"order/O{i:09}" for i in range(1_000)]
    assert facts[-1].at - facts[0].at == 999 * (366 * DAY // 1_000)


def test_every_member_gets_as_many_lots_as_asked_in_order_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "_PIECE", 100)
    generate_lots(tmp_path, LotsPlan(members=20, lots=17))
    facts = read(tmp_path, CNY).facts
    assert set(Counter(f.member for f in facts).values()) == {17} and len({f.member for f in facts}) == 20
    assert [f.key for f in facts] == [f"order/O{i:09}" for i in range(340)]
    assert facts[-1].at - facts[0].at < 330 * DAY and all(f.amount >= 100 for f in facts)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate.generate(tmp_path / name, Plan(50, 5, seed=seed))
    one, same, other = ([(tmp_path / name / f"{t}.parquet").read_bytes() for t in ("orders", "items")] for name in "abc")
    assert one == same and one != other
