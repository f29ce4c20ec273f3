"""A store of a few facts under simple rules, and candidates for it, for tests that reckon with a pencil."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.plan import Plan, plan
from loyalty_streams.core.facts import Fact
from loyalty_streams.hosts.embedded import Store
from tests.hosts.shop import at, bring

SIMPLE = """
programme: simple
version: 1
time_zone: UTC
currency: CNY
wallets: {points: {unit_value: 0.01}}
earn:
  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
"""
"""A point a yuan; 100 points are worth one yuan."""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, "utf-8")
    return path


def store_of(folder: Path, *facts: Fact, rules: str = SIMPLE, until: str = "") -> Store:
    """A store that has taken the facts, advanced to an instant."""
    store = Store.open(folder / "store", programme=written(folder, "v1", rules), create=True)
    bring(store, *(replace(f, arrived=f.at) if f.arrived < 0 else f for f in facts))
    if until:
        store.advance(at(until))
    return store


def tried(store: Store, text: str, asked: Asked | None = None, baseline: str = "") -> Plan:
    """A plan of a candidate."""
    folder = store.folder.parent
    before = written(folder, "baseline", baseline) if baseline else None
    return plan(store, written(folder, "candidate", text), asked or Asked(), before)


def with_rate(rate: str, text: str = SIMPLE) -> str:
    return text.replace("rate: 1,", f"rate: {rate},").replace("version: 1", "version: 2")


def bytes_of(folder: Path) -> dict[str, str]:
    """A fingerprint of every file in a folder."""
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}
