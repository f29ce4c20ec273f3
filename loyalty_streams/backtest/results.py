"""A history under several programmes side by side, as Arrow tables: `loyalty_streams.backtest.run` and `loyalty backtest`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa

from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.comparing import Comparison
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.figures import Figures
from loyalty_streams.backtest.folding import only
from loyalty_streams.backtest.ground import Given, Ground
from loyalty_streams.backtest.running import Progress, Run
from loyalty_streams.backtest.tables import named
from loyalty_streams.backtest.totals import OUTSTANDING, TOLD, Totals, code_version
from loyalty_streams.backtest.where import Chosen, chosen
from loyalty_streams.backtest.work import History
from loyalty_streams.core.codes import EntryKind
from loyalty_streams.hosts.embedded.ledger_table import entries_table
from loyalty_streams.hosts.embedded.words import instants
from loyalty_streams.reports.points import ACCOUNTS
from loyalty_streams.reports.words import say


@dataclass(frozen=True, slots=True)
class Results:
    """What each programme makes of one history. The first is what the others are compared with: the programme in force.

    The entries are folded again when they are asked for, from what was given, which must be open until then: close it here, or use this in `with`.
    """

    run: Run
    history: History
    figures: list[Figures]
    closes: Callable[[], None] | None = None
    chosen: Chosen | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        if self.closes is not None:
            self.closes()

    def programmes(self) -> list[dict[str, str | int]]:
        """Which programmes, in their order."""
        return [c.to_json() for c in self.run.contenders]

    def totals(self, k: int) -> Totals:
        return Totals(self.figures[k], self.run.contenders[k], self.history.as_of)

    def comparison(self, k: int) -> Comparison:
        """Programme k beside the first one."""
        return Comparison.of(self.figures[0], self.figures[k], self.run.names)

    def members(self, k: int) -> pa.Table:
        """Every member under programme k, in order of id: points by account, tier and stage."""
        f = self.figures[k]
        rows = self.comparison(k).persons
        columns: dict[str, Any] = {"member_id": pa.array([f.ids[row] for row in rows.tolist()], pa.string()), "held": pa.array(f.held[rows])}
        columns |= {name: pa.array(f.points[rows, a]) for a, name in enumerate(ACCOUNTS)}
        columns |= {"tier": named(f.tier[rows], self.run.names.tiers), "stage": named(f.stage[rows], self.run.names.stages)}
        return pa.table(columns)

    def entries(self, k: int) -> pa.Table:
        """Every entry that programme k gives, account by account, in the columns of the ledger; all in memory at once."""
        return pa.concat_tables(list(self.entries_in_parts(k))).unify_dictionaries()

    def entries_in_parts(self, k: int) -> Iterator[pa.Table]:
        """The same, some accounts at a time."""
        bench = self.run.benches[k]
        for logs in self.run.logs():
            found = only(bench.decide(logs, self.run.span), self.run.wanted)
            yield entries_table(bench.judge.compiled, [name.decode() for name in found.names], replace(found.rows, entries=found.entries))

    def tier_moves(self, k: int) -> pa.Table:
        """Every change of tier under programme k: member, instant, tier left and entered."""
        parts = []
        for logs in self.run.logs():
            found = only(self.run.benches[k].decide(logs, self.run.span), self.run.wanted)
            e = found.entries[found.entries["kind"] == EntryKind.TIER_CHANGED]
            owner = found.home[e["member"]]
            names = pa.array([name.decode() for name in found.names], pa.string()).take(pa.array(owner))
            tiers = self.run.names.tiers
            parts.append(pa.table({
                "member_id": names, "effective_at": instants(e["at"]), "left": named(e["num"].astype(np.int64), tiers),
                "entered": named(e["den"].astype(np.int64), tiers),
            }))  # fmt: skip
        return pa.concat_tables(parts).unify_dictionaries()

    def to_json(self) -> dict[str, Any]:
        """`backtest --json`."""
        persons = len(self.comparison(0).persons)
        return {
            "history": self.history.to_json(persons),
            "programmes": [self._told(k) for k in range(len(self.figures))],
            "code_version": code_version(),
            "currency": self.run.contenders[0].compiled.currency,
            "held_fixed": say("plan.fixed", "en"),
            "preview": self.history.preview.to_json(),
            **({"chosen": self.chosen.to_json()} if self.chosen else {}),
        }

    def _told(self, k: int) -> dict[str, Any]:
        totals, c = self.totals(k), self.comparison(k)
        counts = c.tier_counts()[1]
        ladder = dict.fromkeys(totals.ladder(), 0)
        return {
            **self.run.contenders[k].to_json(), "points": {name: totals.points(name) for name in TOLD},
            "outstanding": totals.points(*OUTSTANDING), "liability_minor": totals.liability(),
            "tiers": {**ladder, **{name: n for name, n in counts.items() if n}}, "members": c.counts(), "infeasible": c.infeasible_counts(),
        }  # fmt: skip


def backtest(given: Given, programmes: Sequence[Path], asked: Asked, progress: Callable[[Progress], None] | None = None) -> Results:
    """Folds a history under the programme in force and under others, each in force as `loyalty plan` says. Raises as that does."""
    ground = Ground.of(given)
    field = ground.field()
    end = ground.source.now if asked.as_of is None else asked.as_of
    if asked.since is not None and asked.since >= end:
        raise BacktestError("EMPTY_RANGE", "the candidates would judge from then on, and the history that is asked for ends before", usage=True)
    contenders = [field.standing(end), *(field.candidate(path, asked.since, asked.effective) for path in programmes)]
    some = chosen(ground, contenders[0], asked) if asked.where else None
    run = Run.of(ground.source, contenders, asked, some.members if some else asked.members)
    history, figures = run.figures(progress)
    return Results(run, history, figures, chosen=some)
