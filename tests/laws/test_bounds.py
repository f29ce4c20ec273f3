"""A member's state stays small: I24."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest

from loyalty_streams.core.codes import DAY, AttrKind, FactKind
from loyalty_streams.core.facts import Attribute, Fact, Line, to_columns
from tests.laws.folding import advance
from tests.laws.programmes import named
from tests.laws.strategies import ZONE
from tests.oracle.calendar import instant
from tests.simulation import engine_side
from tests.simulation.engine_side import Store

MINUTE = 60_000_000
YEARS = 10


def one_year(year: int) -> list[Fact]:
    """Two orders a week, some returned, paid or cancelled; a check-in a week, a redemption a month, now and then an adjustment."""
    start = instant(datetime(2025 + year, 1, 1, 9), ZONE)
    out: list[Fact] = []
    for day in range(0, 364, 3):
        at, key = start + day * DAY, f"{year}/{day}"
        lines = (Line(1, 2_500, "A", "fruit", 2), Line(2, 1_800, "B", "dairy"))
        out.append(Fact(FactKind.ORDER, "M", f"order/{key}", at, amount=4_300, lines=lines, store="S1", channel="app"))
        out.append(Fact(FactKind.INTERACTION, "M", f"visit/{key}", at + MINUTE, type="check-in"))
        if day % 4 == 0:
            back = (Line(1, 1_250, "A", "fruit", 1),)
            out.append(Fact(FactKind.RETURN, "M", f"return/{key}", at + 2 * DAY, about=f"order/{key}", amount=1_250, lines=back))
        if day % 30 == 0:
            about = f"redemption/{key}"
            out.append(Fact(FactKind.RESERVE, "M", f"reserve/{key}", at + 3 * MINUTE, about=about, points=20))
            kind = FactKind.CONFIRM if day % 60 == 0 else FactKind.CANCEL
            out.append(Fact(kind, "M", f"{kind.name.lower()}/{key}", at + 4 * MINUTE, about=about))
        if day % 90 == 0:
            add = (Attribute("@action", AttrKind.FLAG, 0),)
            out.append(Fact(FactKind.ADJUSTMENT, "M", f"adjustment/{key}", at + 5 * MINUTE, points=15, attributes=add))
    return sorted(out, key=lambda f: f.at)


def sizes(name: str) -> list[int]:
    """Bytes of the packed state on the last day of each year."""
    engine, store, out = named(name), Store(), []
    for year in range(YEARS):
        facts = one_year(year)
        engine_side.step(engine, store, to_columns(facts), facts, 0, len(facts), 0)
        advance(engine, store, instant(datetime(2026 + year, 1, 1), ZONE))
        out.append(len(store.state))
    return out


@pytest.mark.parametrize("name", ["small", "rich", "oldest"])
def test_i24_a_member_of_constant_habits_has_no_larger_state_after_ten_years(name: str) -> None:
    """I24: once windows and lots have filled, in the third year, nothing grows but the width of a few counters."""
    bytes_by_year = sizes(name)
    assert max(bytes_by_year[3:]) <= bytes_by_year[2] * 1.05 + 32, bytes_by_year


def test_i24_where_lots_live_on_a_state_grows_by_its_lots_alone() -> None:
    """I24: points that live as long as the member is active: 122 orders a year, two wallets, at most 32 bytes for each lot that they leave."""
    bytes_by_year = sizes("idle")
    assert all(after - before <= 122 * 2 * 32 for before, after in pairwise(bytes_by_year)), bytes_by_year


def test_i24_a_state_is_bounded_by_what_is_alive_in_it() -> None:
    """I24: with 122 orders a year that live 12 months, at most 64 bytes for each lot or window row, and 1,000 for the rest."""
    assert sizes("small")[-1] <= 1_000 + 64 * 2 * 122
