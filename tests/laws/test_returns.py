"""What comes back: never more than was given, and parts as the whole (I13)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_streams.core.codes import DAY, EntryKind, FactKind
from loyalty_streams.core.facts import Fact, Line
from tests.laws.folding import fold, snapshot
from tests.laws.programmes import PROGRAMMES, named
from tests.laws.strategies import START, History, Purchase, histories

GIVEN, TAKEN, LET_GO = EntryKind.EARNED, EntryKind.CLAWED_BACK, EntryKind.WRITTEN_OFF


@pytest.mark.parametrize("name", PROGRAMMES)
@given(history=histories())
def test_i13_no_more_is_taken_back_of_an_order_than_each_of_its_parts_had_given(name: str, history: History) -> None:
    """I13, T072: of each order, rule and wallet, after every entry: taken back and let go together are at most what was given."""
    left: Counter[tuple[int, int, int]] = Counter()
    for e in fold(named(name), history).all_entries():
        kind, part = int(e["kind"]), (int(e["ref"]), int(e["rule"]), int(e["wallet"]))
        if int(e["rule"]) >= 0 and kind in (GIVEN, TAKEN, LET_GO):
            left[part] += int(e["points"]) if kind == GIVEN else -int(e["basis"]) if kind == LET_GO else -abs(int(e["points"]))
            assert left[part] >= 0, part


def units_of(lines: tuple[Line, ...]) -> list[Line]:
    """Every unit of some lines by itself; the last of a line has what is left of its money."""
    out = []
    for line in lines:
        each = line.amount // line.qty
        out += [replace(line, qty=1, amount=each if k < line.qty else line.amount - each * (line.qty - 1)) for k in range(1, line.qty + 1)]
    return out


def brought_back(lines: tuple[Line, ...], parcels: list[list[Line]]) -> History:
    """An order, and twenty days later all of it again in some parcels."""
    order = Fact(FactKind.ORDER, "M", "order/O", START, amount=sum(x.amount for x in lines), lines=lines)
    back = [
        Fact(FactKind.RETURN, "M", f"return/{k}", START + 20 * DAY, about="order/O", amount=sum(x.amount for x in merged), lines=merged)
        for k, merged in enumerate(tuple(whole_lines(p)) for p in parcels)
    ]
    return History((order, *back), START + 21 * DAY)


def whole_lines(parcel: list[Line]) -> list[Line]:
    """Units of one line in one parcel as one line."""
    found: dict[int, Line] = {}
    for unit in parcel:
        old = found.get(unit.no)
        found[unit.no] = unit if old is None else replace(old, qty=old.qty + 1, amount=old.amount + unit.amount)
    return [found[no] for no in sorted(found)]


@pytest.mark.parametrize("name", ["small", "rich", "oldest"])
@given(bought=Purchase.filter(bool), chance=st.randoms(use_true_random=False), cuts=st.lists(st.integers(1, 11), max_size=5))
def test_i13_some_partial_returns_take_exactly_what_one_full_return_takes(
    name: str, bought: list[tuple[int, int, str, str]], chance: object, cuts: list[int]
) -> None:
    """I13: unit by unit or in parcels, in any order, the accounts end as after one return of everything, and nothing of the order is left."""
    lines = tuple(Line(no, money + qty, sku, category, qty) for no, (money, qty, category, sku) in enumerate(bought, start=1))
    units = units_of(lines)
    chance.shuffle(units)  # type: ignore[attr-defined]
    ends = sorted({c for c in cuts if c < len(units)})
    parcels = [units[a:b] for a, b in zip([0, *ends], [*ends, len(units)], strict=True)]
    engine = named(name)
    fold(engine, brought_back(lines, [units]))
    whole = snapshot(engine)
    entries = fold(engine, brought_back(lines, parcels)).all_entries()
    assert snapshot(engine).wallets == whole.wallets
    given_back: Counter[int] = Counter()
    for e in entries[(entries["rule"] >= 0)]:
        if int(e["kind"]) in (GIVEN, TAKEN) and int(e["ref"]) == int(entries["ref"][entries["kind"] == GIVEN][0]):
            given_back[int(e["wallet"])] += int(e["points"]) if int(e["bucket"]) != 3 else -int(e["points"])
    assert not any(given_back.values())


@given(history=histories(least=4))
def test_i13_no_more_units_and_no_more_money_come_back_than_were_bought(history: History) -> None:
    """I13, T080: when everything has come back, an order counts for nothing: no spend is left, and none is below nothing."""
    engine = named("small")
    fold(engine, history)
    bought = sum(f.amount for f in history.facts if f.kind == FactKind.ORDER)
    spent = snapshot(engine).head["lifetime_spend"]
    assert 0 <= spent <= bought
