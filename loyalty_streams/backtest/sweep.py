"""Many candidates in one pass over a history: what each costs, whom it moves, and which of them are worth looking at."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from loyalty_streams.backtest.comparing import Comparison
from loyalty_streams.backtest.contenders import Contender
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.figures import Figures, nobody
from loyalty_streams.backtest.folding import Bench, together
from loyalty_streams.backtest.running import History, Progress, Run, Threads
from loyalty_streams.backtest.source import Block
from loyalty_streams.backtest.totals import OUTSTANDING, TOLD, Totals, code_version, ladder
from loyalty_streams.backtest.where import Chosen
from loyalty_streams.core.facts import Array
from loyalty_streams.core.programme import Names
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

    def join(self, more: Tally) -> None:
        self.counts.update(more.counts)
        self.by_wallet += more.by_wallet


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
    chosen: Chosen | None = None

    def totals(self, k: int) -> Totals:
        """Of candidate k; -1: of the programme in force."""
        tally = self.tallies[k + 1]
        return Totals(replace(nobody(), course=tally.by_wallet[None]), tally.contender, self.history.as_of)

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
            **({"chosen": self.chosen.to_json()} if self.chosen else {}),
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


@dataclass(frozen=True, slots=True)
class Tallied:
    """What came of one block."""

    history: History
    members: int
    tallies: list[Tally]


def sweep(run: Run, values: Sequence[Mapping[str, str]], progress: Callable[[Progress], None] | None = None) -> Sweep:
    """Folds everything under all programmes of a run, the first of which the others are compared with; `values` are of the others."""
    begun, whole = time.monotonic(), Tallied(History(run.span.until), 0, [Tally(c) for c in run.contenders])
    ranks = [_rank(c, run.names, run.span.until) for c in run.contenders]
    members = 0
    for part in Threads(run, partial(_tallied, run, ranks)).over(run.blocks()):
        whole.history.join(part.history)
        members += part.members
        for tally, more in zip(whole.tallies, part.tallies, strict=True):
            tally.join(more)
        if progress is not None:
            progress(Progress(whole.history.facts, run.source.facts, time.monotonic() - begun))
    if not whole.history.facts:
        raise BacktestError("EMPTY_RANGE", "no fact of the history stands before that instant", usage=True)
    return Sweep(whole.history, members, values, whole.tallies)


def _tallied(run: Run, ranks: Sequence[Mapping[int, int]], block: Block, benches: Sequence[Bench]) -> Tallied:
    logs, span = block(), run.span
    found = together(benches, logs, span, np.zeros(0, np.int64), run.wanted)
    history = History(span.until)
    history.add(logs, found[0][0], benches[0], span)
    first = found[0][1]
    tallies = [Tally(c) for c in run.contenders]
    for tally, (_, own), rank in zip(tallies, found, ranks, strict=True):
        tally.add(first, own, run.names, rank)
    return Tallied(history, int(first.alive.sum()), tallies)


def _rank(contender: Contender, names: Names, as_of: int) -> dict[int, int]:
    """The place of each tier on a programme's ladder, by number."""
    return {names.tiers.index(name): place for place, name in enumerate(ladder(contender, as_of))}
