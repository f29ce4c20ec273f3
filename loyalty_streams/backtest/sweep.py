"""Many candidates in one pass over a history: what each costs, whom it moves, and which of them are worth looking at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from loyalty_streams.backtest.contenders import Contender
from loyalty_streams.backtest.figures import nobody
from loyalty_streams.backtest.running import Progress, Run
from loyalty_streams.backtest.totals import OUTSTANDING, TOLD, Totals, code_version, ladder, one_ladder
from loyalty_streams.backtest.where import Chosen
from loyalty_streams.backtest.work import COUNTS, Tallied, Tallying
from loyalty_streams.reports.words import say


@dataclass(frozen=True, slots=True)
class Sweep:
    """What every candidate comes to, beside the programme in force. `values[k]`: how candidate k differs from the one that was varied."""

    contenders: Sequence[Contender]
    values: Sequence[Mapping[str, str]]
    sums: Tallied
    chosen: Chosen | None = None

    def totals(self, k: int) -> Totals:
        """Of candidate k; -1: of the programme in force."""
        return Totals(replace(nobody(), course=self.sums.by_wallet[k + 1][None]), self.contenders[k + 1], self.sums.history.as_of)

    def rows(self) -> list[dict[str, Any]]:
        """A row a candidate: its values, points, what it costs more than what is in force, members, and whether it is on the frontier."""
        before = self.totals(-1)
        out: list[dict[str, Any]] = []
        for k, values in enumerate(self.values):
            totals, counts = self.totals(k), dict(zip(COUNTS, self.sums.counts[k + 1].tolist(), strict=True))
            now, then = totals.liability(), before.liability()
            out.append({
                "values": dict(values), "points": {name: totals.points(name) for name in TOLD}, "outstanding": totals.points(*OUTSTANDING),
                "liability_minor": now, "cost_minor": None if now is None or then is None else now - then,
                "cost_points": totals.points(*OUTSTANDING) - before.points(*OUTSTANDING),
                "members": {name: counts[name] for name in ("changed", "gain", "lose")}, "tiers": {name: counts[name] for name in ("up", "down")},
                "infeasible": {name: counts[name] for name in ("redemptions", "members", "points_short")},
            })  # fmt: skip
        best = frontier([(row["cost_points"] if row["cost_minor"] is None else row["cost_minor"], row["members"]["gain"]) for row in out])
        return [{**row, "frontier": k in best} for k, row in enumerate(out)]

    def to_json(self) -> dict[str, Any]:
        """`backtest --vary --json`."""
        first = self.contenders[0]
        return {
            "history": self.sums.history.to_json(self.sums.persons), "in_force": first.to_json(), "candidates": self.rows(),
            "code_version": code_version(), "currency": first.compiled.currency, "held_fixed": say("plan.fixed", "en"),
            "preview": self.sums.history.preview.to_json(), **({"chosen": self.chosen.to_json()} if self.chosen else {}),
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
    ladders = [ladder(c, run.span.until) for c in run.contenders]
    ranks = [{run.names.tiers.index(name): place for place, name in enumerate(one_ladder((ladders[0], own)))} for own in ladders]
    whole = Tallied.nobody(run.span.until, len(run.contenders))
    work = Tallying(run.judges, run.span, np.zeros(0, np.int64), run.wanted, run.names, ranks)
    with run.passing(work, Tallied, progress) as parts:
        for part in parts:
            whole.join(part)
    run.await_orders(whole.history)
    return Sweep(run.contenders, values, whole)

