"""Each report over the blocks of a store: one pass, members in id order, and what is kept of a member is a few numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from loyalty_streams.core.codes import DAY, NEVER, EntryKind, FactKind
from loyalty_streams.core.programme import Compiled
from loyalty_streams.core.state import MemberState
from loyalty_streams.hosts.embedded.past import Block
from loyalty_streams.reports.arithmetic import half_up, rate, total
from loyalty_streams.reports.instants import iso, local
from loyalty_streams.reports.kpis import Flow
from loyalty_streams.reports.kpis import kpis as kpi_figures
from loyalty_streams.reports.ladder import standing
from loyalty_streams.reports.member import spendable_wallets
from loyalty_streams.reports.orders import REFUNDS, Orders, orders_of, refused_rows
from loyalty_streams.reports.persons import Persons, gone
from loyalty_streams.reports.points import Sums, accounts
from loyalty_streams.reports.question import Question
from loyalty_streams.reports.rfm import rfm as rfm_figures
from loyalty_streams.reports.rules import Choice, RuleCounts, total_of

Ints = npt.NDArray[np.int64]


NOBODYS = -2
"""Tier and stage of an account that has become another."""


@dataclass(slots=True)
class Gathered:
    """What summary, KPIs and RFM need of all blocks."""

    ids: list[str] = field(default_factory=list)
    parts: list[Orders] = field(default_factory=list)
    refunds: int = 0
    tiers: list[Ints] = field(default_factory=list)
    stages: list[Ints] = field(default_factory=list)
    persons: Persons = field(default_factory=Persons)

    def add(self, block: Block) -> None:
        refused, first = refused_rows(block.entries), len(self.ids)
        kin = self.persons.add(block.columns, block.member, refused, first)
        found = orders_of(block.columns, block.member, refused)
        found = found.where(~kin[block.columns.kind == FactKind.ORDER])
        self.parts.append(Orders(found.member + first, found.at, found.amount, found.gone))
        self.ids += block.ids
        self.refunds += int(np.isin(block.columns.kind, REFUNDS).sum())
        away = gone(block.columns, block.member, len(block.ids))
        self.tiers.append(np.where(away, NOBODYS, block.tiers))
        self.stages.append(np.where(away, NOBODYS, block.stages))

    def orders(self) -> Orders:
        found = Orders.joined(self.parts)
        kin = self.persons.orders(self.ids)
        return found if kin is None else Orders.joined([found, kin]).sorted()


def _numbers(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def summary(blocks: Iterable[Block], question: Question) -> dict[str, Any]:
    """`report summary --json`."""
    gathered, sums = Gathered(), Sums(NEVER)
    for block in blocks:
        gathered.add(block)
        sums.add(block.entries)
    orders = gathered.orders()
    compiled = question.compiled
    out: dict[str, Any] = {
        "as_of": iso(question.as_of),
        "members": len(orders.starts()),
        "orders": len(orders),
        "refunds": gathered.refunds,
        "spend_minor": total(orders.amount),
        "currency": compiled.currency,
        "points": accounts(sums.ever, spendable_wallets(compiled)),
        "tiers": tier_counts(_numbers(gathered.tiers), question),
        "stages": stage_counts(_numbers(gathered.stages), compiled),
    }
    if len(compiled.names.wallets) > 1:
        out["wallets"] = {name: {"points": accounts(sums.ever, [k])} for k, name in enumerate(compiled.names.wallets)}
    return out


def ladder_tiers(question: Question) -> list[int]:
    """The tiers of the version in force, those of the main ladder from the lowest up, then those of other ladders."""
    table = question.compiled.tables[question.version]
    rows = [table.ladders[k] for k in reversed(range(int(table.n.ladders)))]
    found = [int(table.rungs[k].tier) for ladder in rows for k in range(int(ladder.lo), int(ladder.hi))]
    return list(dict.fromkeys(found))


def tier_counts(held: Ints, question: Question) -> dict[str, int]:
    """Accounts by tier, every tier of the programme named; a tier of an older version only where somebody holds it."""
    known = ladder_tiers(question)
    numbers = known + sorted(set(held[held >= 0].tolist()) - set(known))
    return {question.compiled.names.tiers[k]: int((held == k).sum()) for k in numbers}


def stage_counts(held: Ints, compiled: Compiled) -> dict[str, int]:
    """Accounts by stage; `none` are those without an order."""
    if not compiled.names.stages:
        return {}
    out = {name: int((held == k).sum()) for k, name in enumerate(compiled.names.stages)}
    nobody = int((held == -1).sum())
    return {**out, "none": nobody} if nobody else out


def kpis(blocks: Iterable[Block], question: Question) -> dict[str, Any]:
    """`report kpis --json`."""
    gathered, sums = Gathered(), Sums(question.year_ago)
    for block in blocks:
        gathered.add(block)
        sums.add(block.entries)
    spendable = spendable_wallets(question.compiled)
    ever, year = (accounts(t, spendable) for t in (sums.ever, sums.recent))
    flows = [Flow(f["issued"], f["redeemed"], f["expired"]) for f in (ever, year)]
    held = _numbers(gathered.tiers)
    names = question.compiled.names.tiers
    tiers = {names[k]: np.flatnonzero(held == k) for k in ladder_tiers(question)}
    figures = kpi_figures(gathered.orders(), question.as_of, question.zone, flows[0], flows[1], tiers)
    return {"as_of": iso(question.as_of), "currency": question.compiled.currency, **figures}


def rfm(blocks: Iterable[Block], question: Question) -> dict[str, Any]:
    """`report rfm --json`."""
    gathered = Gathered()
    for block in blocks:
        gathered.add(block)
    return {"as_of": iso(question.as_of), **rfm_figures(gathered.orders(), gathered.ids)}


def liability(blocks: Iterable[Block], question: Question) -> dict[str, Any]:
    """`report liability --json`: points outstanding (available, pending, reserved) by month of expiry, and their worth."""
    compiled, zone = question.compiled, question.zone
    wallets = spendable_wallets(compiled)
    sums = Sums(NEVER)
    by_month: dict[tuple[str, int], int] = {}
    soon = {days: [0, 0] for days in (30, 60, 90)}
    for block in blocks:
        sums.add(block.entries)
        for state in block.states:
            near = dict.fromkeys(soon, 0)
            for wallet, expires, points in _outstanding(state):
                if wallet not in wallets:
                    continue
                key = ("" if expires >= NEVER else f"{local(expires, zone):%Y-%m}", wallet)
                by_month[key] = by_month.get(key, 0) + points
                for days in soon:
                    near[days] += points if expires <= question.as_of + days * DAY else 0
            for days, points in near.items():
                soon[days][0] += points
                soon[days][1] += points > 0
    points_now = accounts(sums.ever, wallets)
    worth = {k: unit_value(question, k) for k in wallets}
    priced = all(v is not None for v in worth.values())

    def money(parts: Iterable[tuple[int, int]]) -> int | None:
        return (
            half_up(sum((points * (worth[w] or Fraction(0)) for w, points in parts), Fraction(0))) if priced else None
        )

    months = sorted({month for month, _ in by_month}, key=lambda m: m or "~")
    rows = []
    for month in months:
        parts = [(w, n) for (m, w), n in by_month.items() if m == month]
        rows.append({"month": month or None, "points": sum(n for _, n in parts), "liability_minor": money(parts)})
    everything = [(w, n) for (_, w), n in by_month.items()]
    return {
        "as_of": iso(question.as_of),
        "currency": compiled.currency,
        "points": {name: points_now[name] for name in ("available", "pending", "reserved", "debt")},
        "outstanding": sum(n for _, n in everything),
        "liability_minor": money(everything),
        "by_expiry": rows,
        "expiring": [{"days": days, "points": points, "members": members} for days, (points, members) in soon.items()],
    }


def _outstanding(state: MemberState) -> Iterator[tuple[int, int, int]]:
    """Wallet, expiry and points of what a member may still spend: lots, and what a reservation holds."""
    for lot in state.lots:
        if lot.remaining:
            yield lot.wallet, lot.expires_at, lot.remaining
    for hold in state.holds:
        yield hold.wallet, hold.expires_at, hold.points


def unit_value(question: Question, wallet: int) -> Fraction | None:
    """Minor units that a point of a wallet is worth; None where the programme does not say."""
    terms = question.compiled.tables[question.version].terms[wallet]
    num, den = int(terms.unit_value_num), int(terms.unit_value_den)
    return Fraction(num, den) if num and den else None


def tiers(blocks: Iterable[Block], question: Question) -> dict[str, Any]:
    """`report tiers --json`: members by tier, moves by month, and who lacks at most a tenth of what the next tier needs."""
    compiled, zone = question.compiled, question.zone
    names = compiled.names.tiers
    held: list[Ints] = []
    near: dict[int, int] = {}
    moves: dict[tuple[str, int, int], int] = {}
    for block in blocks:
        away = gone(block.columns, block.member, len(block.ids))
        held.append(block.tiers[~away])
        for state in (block.states[k] for k in np.flatnonzero(~away).tolist()):
            at = standing(state, compiled, question.version, question.as_of)
            if at is not None and at.next_rung is not None and 10 * at.missing <= at.next_rung.needs[0]:
                near[state.tier] = near.get(state.tier, 0) + 1
        changes = block.entries[block.entries["kind"] == EntryKind.TIER_CHANGED]
        for when, before, after in zip(
            changes["at"].tolist(), changes["num"].tolist(), changes["den"].tolist(), strict=True
        ):
            key = (f"{local(when, zone):%Y-%m}", before, after)
            moves[key] = moves.get(key, 0) + 1
    counts = tier_counts(_numbers(held), question)
    everybody = sum(counts.values())

    def name(k: int) -> str:
        return names[k] if 0 <= k < len(names) else "none"

    return {
        "as_of": iso(question.as_of),
        "members": everybody,
        "tiers": [
            {"tier": tier, "members": n, "share": rate(n, everybody), "near_next": near.get(names.index(tier), 0)}
            for tier, n in counts.items()
        ],
        "moves": [{"month": m, "from": name(a), "to": name(b), "moves": n} for (m, a, b), n in sorted(moves.items())],
    }


def rules(blocks: Iterable[Block], question: Question, choice: Choice) -> dict[str, Any]:
    """`report rules --json`."""
    counts = RuleCounts(question.compiled.names, tuple(spendable_wallets(question.compiled)), question.zone, choice)
    for block in blocks:
        counts.add(block.columns, block.entries, block.member)
    rows = counts.rows(question.strings)
    return {
        "as_of": iso(question.as_of),
        "by": list(choice.by),
        "rows": rows,
        "total": total_of(rows),
        "refused": counts.reasons(),
    }
