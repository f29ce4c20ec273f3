"""A version published into a running store: a timer of every member, and metrics that are counted from the first fact."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_streams.hosts.embedded import Store, StoreError
from loyalty_streams.hosts.embedded.past import blocks
from loyalty_streams.programme.load import load
from tests.hosts.shop import PROGRAMME, at, bring, contents, open_store, order


def second(start: str, **changes: str) -> str:
    text = PROGRAMME.replace("version: 1", f"version: 2\neffective_from: {start}")
    for old, new in changes.values():
        text = text.replace(old, new)
    return text


BY_ORDERS = second(
    "2026-02-01",
    metric=("metric: {spend: {window: 2 months}}", "metric: {orders: {window: 12 months}}\n  on_rule_change: full"),
    ladder=("ladder: {base: 0, silver: 200.00, gold: 500.00}", "ladder: {base: 0, silver: 2, gold: 10}"),
)


def tiers(store: Store) -> dict[str, str]:
    (block,) = blocks(store)
    return {name: store.compiled.names.tiers[t] for name, t in zip(block.ids, block.tiers.tolist(), strict=True)}


def test_a_new_metric_counts_orders_from_before_it_was_published(tmp_path: Path) -> None:
    """Two orders in January; on 1 February the tier is judged by orders of twelve months, two of which are silver (S41, T112)."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 1_000), order("O2", "M1", "2026-01-06 10:00", 1_000))
        bring(store, order("O3", "M2", "2026-01-06 11:00", 1_000))
        store.publish(load(BY_ORDERS, "v2.yaml"))
        assert tiers(store) == {"M1": "base", "M2": "base"}
        store.advance(at("2026-02-01 00:00"))
        assert tiers(store) == {"M1": "silver", "M2": "base"}


def test_a_store_killed_before_its_states_are_made_again_makes_them_when_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("whole", "cut"):
        with open_store(tmp_path / name) as store:
            bring(store, order("O1", "M1", "2026-01-05 10:00", 1_000), order("O2", "M1", "2026-01-06 10:00", 1_000))
            if name == "cut":
                monkeypatch.setattr(Store, "refold", lambda self: None)
            store.publish(load(BY_ORDERS, "v2.yaml"))
            monkeypatch.undo()
    with open_store(tmp_path / "whole") as whole, open_store(tmp_path / "cut") as cut:
        assert contents(cut) == contents(whole)
        assert not cut.clocks.refold


def test_the_same_version_with_another_content_is_taken_and_one_that_starts_too_early_is_refused(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 1_000))
        store.publish(load(BY_ORDERS, "v2.yaml"))
        store.publish(load(BY_ORDERS, "v2.yaml"))
        assert len(store.compiled.versions) == 2
        early = second("2026-01-05").replace("version: 2", "version: 3")
        for text, code in ((BY_ORDERS.replace("silver: 2", "silver: 3"), "VERSION_TAKEN"), (early, "TOO_EARLY")):
            with pytest.raises(StoreError) as refused:
                store.publish(load(text, "other.yaml"))
            assert refused.value.code == code
        assert len(store.compiled.versions) == 2
