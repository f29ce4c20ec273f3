"""Many candidates in one pass over a history: what each costs, whom it moves, and which of them are worth looking at."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from loyalty_streams.backtest.comparing import Comparison
from loyalty_streams.backtest.contenders import Contender
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.figures import Figures, figures_of, nobody
from loyalty_streams.backtest.running import History, Progress, Run
from loyalty_streams.backtest.totals import OUTSTANDING, TOLD, Totals, code_version, ladder
from loyalty_streams.core.facts import Array
from loyalty_streams.core.programme import Names
from loyalty_streams.reports.member import spendable_wallets
from loyalty_streams.reports.words import say


@dataclass(slots=True)
class Tally:
    """The sums of one programme, block by block: nothing of a single member is kept."""

    contender: Contender
    by_wallet: Array = field(default_factory=lambda: nobody().by_wallet)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, first: Figures, own: Figures, names: Names, rank: Mapping[int, int]) -> None:
        """`first`: the same members under the programme that the others are compared with; `rank`: place of a tier on the ladder."""
        c = Comparison.of(first, own, names)
        up, down = _moves(c, rank)
        short = c.infeasible_counts()
        self.counts.update({**c.counts(), "up": up, "down": down, **{f"short_{name}": n for name, n in short.items()}})
        self.by_wallet += own.by_wallet


def _moves(c: Comparison, rank: Mapping[int, int]) -> tuple[int, int]:
    """Persons who end higher, and lower."""
    places = [np.array([rank.get(t, -1) for t in held.tolist()], np.int64) for held in c.tiers]
    return int((places[1] > places[0]).sum()), int((places[1] < places[0]).sum())


@dataclass(frozen=True, slots=True)
class Sweep:
    """What every candidate comes to, beside the programme in force. `values[k]`: how candidate k differs from the one that was varied."""

    history: History
    members: int
    values: Sequence[Mapping[str, str]]
    tallies: Sequence[Tally]

    def totals(self, k: int) -> Totals:
        """Of candidate k; -1: of the programme in force."""
        tally = self.tallies[k + 1]
        return Totals(replace(nobody(), by_wallet=tally.by_wallet), tally.contender, self.history.as_of)

    def rows(self) -> list[dict[str, Any]]:
        """A row a candidate: its values, points, what it costs more than what is in force, members, and whether it is on the frontier."""
        before = self.totals(-1)
        out: list[dict[str, Any]] = []
        for k, values in enumerate(self.values):
            totals, counts = self.totals(k), self.tallies[k + 1].counts
            now, then = totals.liability(), before.liability()
            out.append({
                "values": dict(values), "points": {name: totals.points(name) for name in TOLD}, "outstanding": totals.points(*OUTSTANDING),
                "liability_minor": now, "cost_minor": None if now is None or then is None else now - then,
                "cost_points": totals.points(*OUTSTANDING) - before.points(*OUTSTANDING),
                "members": {name: counts[name] for name in ("changed", "gain", "lose")}, "tiers": {name: counts[name] for name in ("up", "down")},
                "infeasible": {name: counts[f"short_{name}"] for name in ("redemptions", "members", "points_short")},
            })  # fmt: skip
        best = frontier([(row["cost_points"] if row["cost_minor"] is None else row["cost_minor"], row["members"]["gain"]) for row in out])
        return [{**row, "frontier": k in best} for k, row in enumerate(out)]

    def to_json(self) -> dict[str, Any]:
        """`backtest --vary --json`."""
        first = self.tallies[0].contender
        return {
            "history": self.history.to_json(self.members), "in_force": first.to_json(), "candidates": self.rows(),
            "code_version": code_version(), "currency": first.compiled.currency, "held_fixed": say("plan.fixed", "en"),
        }  # fmt: skip

    def table(self) -> Any:
        """The rows as Arrow: a column a varied value, then figures."""
        rows = self.rows()
        flat = [
            {
                **{path: row["values"][path] for path in row["values"]}, **{name: row["points"][name] for name in TOLD},
                **{name: row[name] for name in ("outstanding", "liability_minor", "cost_minor", "cost_points")}, **row["members"], **row["tiers"],
                "infeasible": row["infeasible"]["redemptions"], "points_short": row["infeasible"]["points_short"], "frontier": row["frontier"],
            }
            for row in rows
        ]  # fmt: skip
        return pa.Table.from_pylist(flat)


def frontier(points: Sequence[tuple[int, int]]) -> set[int]:
    """Of (cost, members who gain) those that no other beats: none costs as little or less and gives as many or more, one of them truly."""
    order = sorted(range(len(points)), key=lambda k: (points[k][0], -points[k][1]))
    best: set[int] = set()
    most = -1
    for k in order:
        cost, gain = points[k]
        if gain > most or any(points[j] == (cost, gain) for j in best):
            best.add(k)
            most = max(most, gain)
    return best


def sweep(run: Run, values: Sequence[Mapping[str, str]], progress: Callable[[Progress], None] | None = None) -> Sweep:
    """Folds everything under all programmes of a run, the first of which the others are compared with; `values` are of the others."""
    history, members, span, start = History(run.span.until), 0, run.span, time.monotonic()
    tallies = [Tally(c) for c in run.contenders]
    spendable = [spendable_wallets(c.compiled) for c in run.contenders]
    names = run.names
    ranks = [_rank(c, names, span.until) for c in run.contenders]
    for logs in run.logs():
        first: Figures | None = None
        for bench, tally, wallets, rank in zip(run.benches, tallies, spendable, ranks, strict=True):
            found = bench.decide(logs, span)
            own = figures_of(found, wallets)
            if first is None:
                first = own
                history.add(logs, found, bench, span)
                members += int(own.alive.sum())
            tally.add(first, own, names, rank)
        if progress is not None:
            progress(Progress(history.facts, run.store.clocks.facts, time.monotonic() - start))
    if not history.facts:
        raise BacktestError("EMPTY_RANGE", "no fact of the history stands before that instant", usage=True)
    return Sweep(history, members, values, tallies)


def _rank(contender: Contender, names: Names, as_of: int) -> dict[int, int]:
    """The place of each tier on a programme's ladder, by number."""
    return {names.tiers.index(name): place for place, name in enumerate(ladder(contender, as_of))}
