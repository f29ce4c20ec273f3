"""A packed state read by name: it says what the kernel held, refuses what is not its own, and needs no Numba."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from loyalty_streams.core.codes import NEVER, code_of
from loyalty_streams.core.engine import Engine, Folded
from loyalty_streams.core.facts import to_columns
from loyalty_streams.core.kernel.layout import LAYOUT, SKIPPED
from loyalty_streams.core.kernel.records import SECTIONS, STATE_SECTIONS, Head, Order, OrderLine, Part, Redemption, Taken
from loyalty_streams.core.kernel.records import Lot as LotRecord
from loyalty_streams.core.packed import parcel_card
from loyalty_streams.core.state import NOBODY, MemberState, OrderCard, RedemptionCard, StateError, WalletState, unpack, unpack_card
from loyalty_streams.programme import Registry, compile_versions
from loyalty_streams.programme.load import load
from tests.statements.vocabulary import Scribe, instant

PROGRAMME = """
programme: state
version: 1
time_zone: Asia/Shanghai
currency: CNY
wallets:
  points: {pending: {for: 3 days}, expires: {after: 2 months}, reinstate: {within: 90 days}, unit_value: 0.01}
  growth: {spendable: false}
earn:
  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, also: {growth: same}, limits: {points: 5000, per: month}}
  first: {on: order, when: {orders_before: 0}, points: {fixed: 50}, once: member}
tiers:
  any_of: {at_least: 1, metrics: {growth: {window: 12 months}, orders: {window: {since: tier_change}}}}
  ladder: {base: 0, silver: {growth: 300, orders: 9}, gold: {growth: 3000, orders: 20}}
  downgrade: {check: tier_anniversary}
lifecycle: {active: {last_order_within: 60 days}, idle: {idle: 60 days}, precedence: [idle, active]}
"""
LIFE = """
2026-01-01 10:00 profile birthday=1990-05-20 tags=vip,new region=south customer_type=company
2026-01-02 10:00 order O1: fruit 30.00 x3, dairy 12.34
2026-01-03 10:00 order O2 700.00 store=S1
2026-01-10 10:00 redeem R1 60
2026-01-11 10:00 reserve R2 500
2026-01-11 10:05 order O3 12.50 points_used=60 paid_with=R1
2026-01-11 10:06 return T1 of O1: 1 x1
2026-03-20 10:00 order O4 1.23
2026-03-20 10:01 adjust A1 77 available=2026-06-01
2026-03-20 10:02 adjust A2 5
2026-03-20 10:03 reserve R3 1
2026-03-20 10:04 join G1 P 12.34%
"""


@lru_cache
def lived(count: int = 99) -> tuple[Engine, Folded]:
    """The first facts of the life, folded in one call."""
    compiled = compile_versions([load(PROGRAMME)], registry=Registry())
    zone = ZoneInfo("Asia/Shanghai")
    scribe = Scribe(zone)
    rows = [line.split(" ", 2) for line in LIFE.strip().splitlines()][:count]
    facts = [deed.fact for day, clock, does in rows if (deed := scribe.read(does, instant(f"{day} {clock}", zone))).fact]
    engine = Engine(compiled)
    return engine, engine.fold(to_columns(facts), np.array([0, len(facts)], np.int64))


def state_of(folded: Folded) -> bytes:
    return folded.states[folded.state_at[0] : folded.state_at[1]].tobytes()


def rows_of(engine: Engine, section: str) -> list[Any]:
    """The rows of a section in the workspace as the last fold left it."""
    work = engine._work[0]
    span = work["span"][SECTIONS.index(section)]
    rows = work["marks"][int(section[-1])] if section.startswith("marks") else work[section]
    return [rows[k] for k in range(int(span["lo"]), int(span["hi"]))]


def values(row: Any, names: tuple[str, ...]) -> list[int]:
    return [int(row[name]) for name in names]


@pytest.mark.parametrize("count", [1, 3, 6, 99])
def test_a_state_read_by_name_is_what_the_kernel_held(count: int) -> None:
    engine, folded = lived(count)
    folded = engine.fold(*_again(count))
    state, work = unpack(state_of(folded)), engine._work[0]
    for name in set(Head.names or ()) - set(SKIPPED):
        assert getattr(state, name) == int(work["head"][name]), name
    for number in range(len(work["wallets"])):
        held = {f.name: int(work["wallets"][number][f.name]) for f in fields(WalletState)}
        told = {n: getattr(state.wallets[number], n) for n in held} if number in state.wallets else dict.fromkeys(held, 0)
        assert told == held, number
    for slot, gauge in state.gauges.items():
        assert (gauge.total, gauge.since) == (int(work["gauges"][slot]["total"]), int(work["gauges"][slot]["since"]))
    assert state.tags == tuple(int(row["tag"]) for row in rows_of(engine, "tags"))
    for slot in range(4):
        marks = [values(r, ("at", "leaves_at", "amount")) for r in rows_of(engine, f"marks{slot}")]
        assert [[m.at, m.leaves_at, m.amount] for m in state.marks[slot]] == marks
    for section, told_rows, alive in (
        ("lots", state.lots, "remaining"), ("holds", state.holds, ""), ("counters", state.counters, "used"), ("once", state.once, ""),
        ("dead", state.dead, ""), ("pools", state.pools, ""),
    ):  # fmt: skip
        kept = [r for r in rows_of(engine, section) if not alive or int(r[alive])]
        by_name = [[getattr(x, n) for n in r.dtype.names] for x, r in zip(told_rows, kept, strict=True)]
        assert by_name == [values(r, r.dtype.names) for r in kept], section


def _again(count: int) -> tuple[Any, Any]:
    """Columns and groups of the life's first facts, so that the workspace is that of this life."""
    zone = ZoneInfo("Asia/Shanghai")
    scribe = Scribe(zone)
    rows = [line.split(" ", 2) for line in LIFE.strip().splitlines()][:count]
    facts = [deed.fact for day, clock, does in rows if (deed := scribe.read(does, instant(f"{day} {clock}", zone))).fact]
    return to_columns(facts), np.array([0, len(facts)], np.int64)


def test_every_section_of_the_life_has_rows_so_that_the_comparison_means_something() -> None:
    state = unpack(state_of(lived()[1]))
    for section in ("lots", "holds", "counters", "once", "tags", "dead"):
        assert getattr(state, section), section
    assert state.marks[0]
    assert state.gauges[1].since == 2, "O3 and O4 came after silver, which 742 of growth gave when O2's points matured on 6 January"
    assert {1, 2} & {x.pending for x in state.lots}


def test_the_fields_of_a_state_are_those_of_the_packed_layout() -> None:
    named = {f.name for f in fields(MemberState)}
    sections = {"wallets", "gauges", "marks"} | {s for s in SECTIONS[:STATE_SECTIONS] if not s.startswith("marks")}
    assert named == set(Head.names or ()) - set(SKIPPED) | sections


def cards_of(folded: Folded) -> dict[int, OrderCard | RedemptionCard]:
    return {int(c["ref"]): unpack_card(folded.cards[int(c["lo"]) : int(c["hi"])].tobytes()) for c in folded.card_rows}


def test_the_card_of_an_order_tells_its_lines_and_what_each_rule_gave() -> None:
    card = cards_of(lived()[1])[code_of("order/O1")]
    assert isinstance(card, OrderCard)
    assert (card.amount, card.done, card.money_back) == (4_234, 0, 1_000)
    assert [(x.no, x.qty, x.amount, x.qty_back) for x in card.lines] == [(1, 3, 3_000, 1), (2, 1, 1_234, 0)]
    # 42.34 give 42: the lines 30.00 and 12.34 get 29.76 and 12.24, so 30 and 12; of the 30 a third comes back.
    # The bonus of the first order is no part of a line: it waits for the full return.
    assert [(p.points, p.back, p.also) for p in card.parts] == [(42, 10, 42), (50, 0, 0)]


def test_the_card_of_a_redemption_tells_the_lots_that_it_took_from() -> None:
    card = cards_of(lived()[1])[code_of("redemption/R1")]
    assert isinstance(card, RedemptionCard)
    assert (card.points, card.restored, card.done, sum(x.points for x in card.taken)) == (60, 0, 1, 60)
    assert {x.source for x in card.taken} <= {code_of("order/O1"), code_of("order/O2")}


def test_the_fields_of_cards_are_those_of_the_packed_layout() -> None:
    def names(cls: type) -> set[str]:
        return {f.name for f in fields(cls)}

    from loyalty_streams.core import state

    assert names(OrderCard) == set(Order.names or ()) - {"dirty", "lines_lo", "parts_lo"}
    assert names(RedemptionCard) - {"taken"} == set(Redemption.names or ()) - {"dirty", "rows", "rows_lo"}
    for cls, record in ((state.OrderLine, OrderLine), (state.Part, Part), (state.Taken, Taken)):
        assert [f.name for f in fields(cls)] == list(record.names or ())
    assert state.Lot._fields == LotRecord.names


@pytest.mark.parametrize("lot", [code_of("order/O1"), -1_767_000_000_000_000], ids=["of a fact", "of a timer"])
@pytest.mark.parametrize("expires_at", [NEVER, 1_800_000_000_000_000, 1_767_000_000_000_001])
def test_the_card_of_a_parcel_says_from_which_lot_points_come(lot: int, expires_at: int) -> None:
    card = unpack_card(parcel_card(code_of("pooled/1"), 2, 31, lot, 1, 1_767_000_000_000_000, expires_at))
    assert isinstance(card, RedemptionCard)
    assert (card.ref, card.points, card.wallet, card.restored) == (code_of("pooled/1"), 31, 2, 0)
    (x,) = card.taken
    assert (x.ref, x.source, x.n, x.wallet, x.points, x.back, x.granted) == (code_of("pooled/1"), lot, 1, 2, 31, 0, 31)
    assert (x.earned_at, x.expires_at) == (1_767_000_000_000_000, expires_at)


def test_nobody_is_a_member_of_whom_nothing_is_known() -> None:
    assert unpack(b"") is NOBODY
    assert (NOBODY.tier, NOBODY.stage, NOBODY.version, NOBODY.lots, dict(NOBODY.wallets)) == (-1, -1, -1, (), {})


def test_a_state_of_a_newer_layout_is_refused_and_never_half_read() -> None:
    data = bytes([LAYOUT + 1]) + state_of(lived()[1])[1:]
    for read in (unpack, unpack_card):
        with pytest.raises(StateError) as caught:
            read(data)
        assert caught.value.code == "STORE_NEWER"


def test_a_state_that_was_cut_or_lengthened_is_refused() -> None:
    data = state_of(lived()[1])
    for broken in [*(data[:n] for n in range(1, len(data), 7)), data + b"\0", b"\0" + data[1:]]:
        with pytest.raises(StateError) as caught:
            unpack(broken)
        assert caught.value.code == "STORE_BROKEN"


def test_a_state_is_read_without_numba() -> None:
    code = "import sys; from loyalty_streams.core.state import unpack; unpack(b''); sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
