"""A real year, split over several identifiers, late and twice: its backtest is its ledger, and a candidate gives what it gives for the plain one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from loyalty_streams.api import Loyalty
from loyalty_streams.backtest.plan import Plan
from loyalty_streams.core.facts import Fact
from loyalty_streams.history import FactBatch, ReadOptions, read_history
from loyalty_streams.history.batch import joined, of_facts
from loyalty_streams.hosts.embedded import Store
from tests.any_order.test_complete_journey import badly, end_of, split
from tests.backtest.trial import tried, written
from tests.reports.journey import RULES, households_ending_in_7

CANDIDATE = (
    RULES.replace("rate: 1,", "rate: 1.3,").replace("silver: 200.00", "silver: 150.00")
    + "lifecycle:\n  active: {last_order_within: 20 days}\n  dormant: {idle: 20 days}\n  precedence: [dormant, active]\n"
)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> list[Fact]:
    """The orders of the 247 households whose id ends in 7."""
    path = households_ending_in_7(tmp_path_factory.mktemp("journey") / "history")
    whole = joined([item for item in read_history([path], ReadOptions("USD", 2)) if isinstance(item, FactBatch)])
    return [whole.fact(i) for i in range(len(whole))]


@pytest.fixture(scope="module")
def plain(facts: list[Fact], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """They under one identifier each, in order."""
    yield from taken(facts, facts, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def scattered(facts: list[Fact], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """They under up to four identifiers each, out of order, a tenth of them twice."""
    some, merges = split(facts, 4, early=True)
    yield from taken(badly([*some, *merges], 4), facts, tmp_path_factory.mktemp("split"))


def taken(arriving: list[Fact], facts: list[Fact], folder: Path) -> Iterator[Store]:
    with Store.open(folder / "store", programme=written(folder, "v1", RULES), create=True) as opened:
        whole = of_facts(arriving)
        for first in range(0, len(whole), 5_000):
            opened.take(whole.slice(first, min(first + 5_000, len(whole))))
        opened.advance(end_of(facts))
        yield opened


@pytest.mark.parametrize("name", ["plain", "scattered"])
def test_the_same_rules_change_nobody_and_give_the_figures_of_the_ledger(name: str, request: pytest.FixtureRequest) -> None:
    store: Store = request.getfixturevalue(name)
    body = tried(store, RULES).to_json()
    summary = Loyalty(store).report("summary")
    assert body["members"] == {"changed": 0, "gain": 0, "lose": 0} and body["history"]["members"] == 247
    assert {name: pair["after"] for name, pair in body["points"].items()} == {name: summary["points"][name] for name in body["points"]}
    assert body["tiers"]["after"] == summary["tiers"]


def test_a_candidate_gives_every_household_the_same_however_its_facts_came(plain: Store, scattered: Store) -> None:
    one, other = (figures_of(tried(store, CANDIDATE)) for store in (plain, scattered))
    assert one == other


def figures_of(plan: Plan) -> list[object]:
    """Points, tiers, stages and who changes, household by household, and what it comes to."""
    c = plan.comparison
    columns = (*c.held, *c.tiers, c.after.stage[c.persons], c.changed)
    return [c.ids, *(np.asarray(column).tolist() for column in columns), c.tier_moves(), c.tier_shifts(), plan.liability()]
