"""Many rows of a state read at once are the rows read one by one; broken bytes are refused either way."""

from __future__ import annotations

import numpy as np
import pytest

from loyalty_streams.core import packed
from loyalty_streams.core.codes import DAY, FactKind
from loyalty_streams.core.engine import Engine
from loyalty_streams.core.facts import Fact, to_columns
from loyalty_streams.core.state import StateError, unpack
from loyalty_streams.programme import Registry, compile_versions
from loyalty_streams.programme.load import load

START = 1_767_225_600_000_001
"""2026-01-01T00:00:00.000001Z: not a whole second."""
RULES = """\
programme: many
version: 1
time_zone: UTC
currency: USD
wallets:
  points: {pending: {for: 7 days}, expires: {after: 12 months}}
  gifts: {}
earn:
  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
  gift: {on: order, when: {channel: app}, points: {fixed: 3}, into: gifts}
redeem: {wallet: points, unit: 1, minimum: 1}
tiers:
  metric: {spend: {window: 12 months}}
  ladder: {base: 0, silver: 200.00}
"""


@pytest.fixture(scope="module")
def state() -> bytes:
    """A member of 200 orders: lots in both wallets, those of `gifts` without an end, and 200 rows of the metric."""
    facts = [
        Fact(FactKind.ORDER, "M1", f"order/O{n}", START + n * DAY + n * n * 1_000_003, amount=n * 997 + 100, channel="app" if n % 3 else "")
        for n in range(200)
    ]
    engine = Engine(compile_versions([load(RULES)], registry=Registry()))
    return engine.fold(to_columns(facts), np.array([0, len(facts)], np.int64)).states.tobytes()


@pytest.mark.parametrize("few", [0, 100, 199])
def test_rows_at_once_are_rows_one_by_one(state: bytes, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "FEW", 1 << 30)
    one_by_one = unpack(state)
    assert len(one_by_one.lots) > 250 and len(one_by_one.marks[0]) == 200
    assert {x.wallet for x in one_by_one.lots} == {0, 1}
    monkeypatch.setattr(packed, "FEW", few)
    assert unpack(state) == one_by_one


@pytest.mark.parametrize("few", [0, 1 << 30])
def test_bytes_that_end_too_early_are_refused(state: bytes, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "FEW", few)
    for end in range(1, len(state), 41):
        with pytest.raises(StateError) as told:
            unpack(state[:end])
        assert told.value.code == "STORE_BROKEN"
