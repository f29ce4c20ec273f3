"""Facts made up from a seed, clustered by member and in order of time: the workload that every number about the fold is measured on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loyalty_streams.core.codes import ATTR, DAY, MICROS, AttrKind, FactKind, code_of
from loyalty_streams.core.engine import Int64s, group_offsets
from loyalty_streams.core.facts import Array, Columns

START = 1_767_225_600 * MICROS  # 2026-01-01T00:00:00Z, when the full example comes into force
DAYS = 3 * 365
LINES = 2
SHARES = {FactKind.ORDER: 0.80, FactKind.INTERACTION: 0.16, FactKind.RETURN: 0.02, FactKind.REDEEM: 0.02}
"""Of the facts that are not a member's first, which is the enrolment."""
CHANNELS = ("store", "app", "mini-programme", "web")
CATEGORIES = ("fruit", "dairy", "bakery", "drinks", "meat", "fish", "frozen", "household", "beauty", "gift-card")
SKUS = ("J-100", "J-200", *(f"P-{i:03}" for i in range(38)))
TYPES = ("check-in", "review", "survey")
STARS = code_of("stars")


@dataclass(frozen=True, slots=True)
class Workload:
    """`groups[g]:groups[g + 1]` are the rows of member g."""

    columns: Columns
    groups: Int64s

    @property
    def facts(self) -> int:
        return int(self.columns.kind.size)

    @property
    def members(self) -> int:
        return int(self.groups.size) - 1

    def halves(self) -> tuple[Int64s, Int64s]:
        """The groups of the first and of the second half of the members, for two workers over the same columns."""
        middle = self.members // 2
        return self.groups[: middle + 1], self.groups[middle:]


def make(facts: int, members: int, seed: int = 7) -> Workload:
    """Histories over three years: an enrolment each, then orders of two lines, interactions, returns of a line, redemptions (`SHARES`).

    Members differ in how much they buy: the busiest tenth has about four tenths of the facts.
    """
    rng = np.random.default_rng(seed)
    member, kind, at, back_of = _events(rng, facts, members)
    order = np.lexsort((kind, at, member))
    place = np.empty(facts, np.int64)
    place[order] = np.arange(facts)
    member, kind, at = member[order], kind[order], at[order]
    back_of = np.where(back_of[order] >= 0, place[back_of[order]], -1)
    return Workload(_columns(rng, kind, at, back_of), group_offsets(member))


def only_orders(load: Workload) -> Workload:
    """The orders alone, of the members who have any."""
    keep = np.flatnonzero(load.columns.kind == FactKind.ORDER)
    from loyalty_streams.core.facts import take_rows

    member = np.repeat(np.arange(load.members), np.diff(load.groups))[keep]
    return Workload(take_rows(load.columns, keep), group_offsets(member))


def one_member(orders: int, first_at: int, span: int, amount: int = 5_000, number: int = 0) -> Columns:
    """Orders of one member, one line each, evenly over a span of microseconds."""
    at = first_at + np.arange(orders, dtype=np.int64) * (span // max(orders, 1))
    kind = np.full(orders, FactKind.ORDER, np.uint8)
    columns = _columns(np.random.default_rng(number), kind, at, np.full(orders, -1))
    return columns._replace(ref=columns.ref + number)._replace(**_single_lines(orders, amount))


def _single_lines(orders: int, amount: int) -> dict[str, Array]:
    one = np.ones(orders, np.int32)
    zero = np.zeros(orders, np.int64)
    return {
        "amount": np.full(orders, amount, np.int64), "line_at": np.arange(orders + 1, dtype=np.int64), "line_no": one, "line_qty": one,
        "line_sku": zero, "line_category": zero, "line_amount": np.full(orders, amount, np.int64), "line_tax": zero,
        "line_kind": np.zeros(orders, np.uint8), "channel": zero, "store": zero,
    }  # fmt: skip


def _events(rng: np.random.Generator, facts: int, members: int) -> tuple[Array, Array, Array, Array]:
    """Member, kind and instant of each fact, and for a return the position of its order; not yet in order."""
    rest = facts - members
    returns = int(rest * SHARES[FactKind.RETURN])
    counts = [int(rest * SHARES[k]) for k in (FactKind.INTERACTION, FactKind.REDEEM)]
    orders = rest - returns - sum(counts)
    weight = (np.arange(members) + members / 10) ** -0.7
    share = np.cumsum(weight) / weight.sum()
    who = np.searchsorted(share, rng.random(rest - returns)).clip(0, members - 1)
    when = START + DAY + rng.integers(0, (DAYS - 1) * 86_400, rest - returns) * MICROS
    brought_back = rng.choice(orders, returns, replace=False)
    later = when[brought_back] + rng.integers(1, 60 * 86_400, returns) * MICROS
    member = np.concatenate([who[:orders], np.arange(members), who[brought_back], who[orders:]])
    at = np.concatenate([when[:orders], np.full(members, START), later, when[orders:]])
    numbers = [orders, members, returns, *counts]
    kinds = [FactKind.ORDER, FactKind.PROFILE, FactKind.RETURN, FactKind.INTERACTION, FactKind.REDEEM]
    back_of = np.full(facts, -1)
    back_of[orders + members : orders + members + returns] = brought_back
    return member, np.repeat(np.array(kinds, np.uint8), numbers), at, back_of


def _columns(rng: np.random.Generator, kind: Array, at: Array, back_of: Array) -> Columns:
    n = kind.size
    order, back, action = kind == FactKind.ORDER, kind == FactKind.RETURN, kind == FactKind.INTERACTION
    redeem = kind == FactKind.REDEEM
    ref = _scattered(n)
    lines = np.where(order, LINES, np.where(back, 1, 0))
    line_at = np.concatenate([[0], np.cumsum(lines)]).astype(np.int64)
    line = _lines(rng, line_at, lines, back, back_of)
    amount = np.where(lines > 0, np.add.reduceat(np.append(line["line_amount"], 0), line_at[:-1]), 0)
    about = np.where(back, ref[back_of], np.where(redeem, ref ^ 1, 0))
    return Columns(
        kind=kind, at=at, arrived=at.copy(), ref=ref, about=about, amount=amount, points=np.where(redeem, rng.integers(1, 6, n) * 100, 0),
        channel=np.where(order, _codes(rng, CHANNELS, n), 0), store=np.where(order, _codes(rng, [f"S{i:03}" for i in range(500)], n), 0),
        type=np.where(action, _codes(rng, TYPES, n), 0), outcome=np.zeros(n, np.uint8), refuse=np.zeros(n, np.uint8),
        line_at=line_at, **line, **_attributes(rng, kind),
    )  # fmt: skip


def _lines(rng: np.random.Generator, line_at: Array, lines: Array, back: Array, back_of: Array) -> dict[str, Array]:
    """Two lines an order, of 0.99 to 40.00 a unit; a return brings back the first line whole."""
    n = int(line_at[-1])
    qty = rng.integers(1, 4, n)
    out: dict[str, Array] = {
        "line_no": np.arange(n) - np.repeat(line_at[:-1], lines) + 1, "line_sku": _codes(rng, SKUS, n), "line_category": _codes(rng, CATEGORIES, n),
        "line_qty": qty, "line_amount": qty * rng.integers(99, 4_001, n), "line_tax": np.zeros(n), "line_kind": np.zeros(n),
    }  # fmt: skip
    here, there = line_at[:-1][back], line_at[:-1][back_of[back]]
    for name in ("line_sku", "line_category", "line_qty", "line_amount"):
        out[name][here] = out[name][there]
    types = {"line_no": "i4", "line_qty": "i4", "line_kind": "u1"}
    return {name: column.astype(types.get(name, "i8")) for name, column in out.items()}


def _attributes(rng: np.random.Generator, kind: Array) -> dict[str, Array]:
    """A profile says when its member enrolled and was born; an interaction carries one to five stars."""
    n = kind.size
    profile, action = kind == FactKind.PROFILE, kind == FactKind.INTERACTION
    count = np.where(profile, 2, np.where(action, 1, 0))
    attr_at = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    first = attr_at[:-1]
    size = int(attr_at[-1])
    name, kinds, value = np.zeros(size, np.int64), np.zeros(size, np.uint8), np.zeros(size, np.int64)
    born = 1_960 * 10_000 + rng.integers(0, 50, n) * 10_000 + rng.integers(1, 13, n) * 100 + rng.integers(1, 29, n)
    for rows, label, how, what in (
        (first[profile], ATTR["enrolled_at"], AttrKind.INSTANT, np.full(n, START)[profile]),
        (first[profile] + 1, ATTR["birthday"], AttrKind.FLAG, born[profile]),
        (first[action], STARS, AttrKind.NUMBER, (rng.integers(1, 6, n) * MICROS)[action]),
    ):
        name[rows], kinds[rows], value[rows] = label, how, what
    return {"attr_at": attr_at, "attr_name": name, "attr_kind": kinds, "attr_value": value}


def _codes(rng: np.random.Generator, words: tuple[str, ...] | list[str], n: int) -> Array:
    return np.array([code_of(w) for w in words], np.int64)[rng.integers(0, len(words), n)]


def _scattered(n: int) -> Array:
    """Different codes without any order, as the codes of keys are."""
    x = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (x ^ (x >> np.uint64(29))).astype(np.int64)
