"""A candidate against the programme in force, over the whole history of a store: `loyalty plan`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.behind import Behind, behind
from loyalty_streams.backtest.comparing import Comparison
from loyalty_streams.backtest.contenders import Contender
from loyalty_streams.backtest.course import course_of
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.ground import Given, Ground
from loyalty_streams.backtest.running import Progress, Run
from loyalty_streams.backtest.segments import Segment, Traits
from loyalty_streams.backtest.totals import OUTSTANDING, TOLD, Totals, code_version, one_ladder
from loyalty_streams.backtest.where import Chosen, chosen
from loyalty_streams.backtest.work import History
from loyalty_streams.programme.diff import Difference, compare
from loyalty_streams.reports.instants import iso
from loyalty_streams.reports.words import LANGUAGES, say

STEPS = (1, 10, 100, 1_000, 10_000)
"""Bounds of the distribution of changes, in points."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A value before and after."""

    before: int | None
    after: int | None

    @property
    def delta(self) -> int | None:
        return None if self.before is None or self.after is None else self.after - self.before

    def to_json(self) -> dict[str, int | None]:
        return {"before": self.before, "after": self.after, "delta": self.delta}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a candidate would have changed."""

    run: Run
    history: History
    comparison: Comparison
    rules: Difference
    texts: Mapping[int, str]
    asked: Asked
    segments: tuple[Segment, ...]
    chosen: Chosen | None = None

    @property
    def contenders(self) -> tuple[Contender, Contender]:
        before, after = self.run.contenders
        return before, after

    @property
    def currency(self) -> str:
        return self.contenders[0].compiled.currency

    def totals(self) -> list[Totals]:
        """The sums before and after."""
        sides = zip((self.comparison.before, self.comparison.after), self.contenders, strict=True)
        return [Totals(figures, contender, self.history.as_of) for figures, contender in sides]

    def points(self, account: str) -> Pair:
        """The points of an account of all spendable wallets."""
        return Pair(*(t.points(account) for t in self.totals()))

    def outstanding(self) -> Pair:
        """Points that members could spend now or later."""
        return Pair(*(t.points(*OUTSTANDING) for t in self.totals()))

    def liability(self) -> Pair:
        """What the points outstanding are worth in minor units, each under its own programme; None where a wallet has no unit value."""
        return Pair(*(t.liability() for t in self.totals()))

    def course(self) -> list[tuple[str, Pair, Pair]]:
        """The months of the history: points outstanding at the end of each and their worth; the last ends with the history."""
        months = course_of(self.run, (self.comparison.before, self.comparison.after), self.history.first)
        return [(a.month, Pair(a.outstanding, b.outstanding), Pair(a.liability, b.liability)) for a, b in months]

    # ---- members -----------------------------------------------------------------------------------------------------

    def tier_counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Persons by tier, from the lowest up: those of both ladders; below them others, and none, where somebody holds one."""
        order = one_ladder(t.ladder() for t in self.totals())
        before, after = self.comparison.tier_counts()
        others = [name for name in (*before, *after) if name not in order and (before.get(name) or after.get(name))]
        found = {name: (before.get(name, 0), after.get(name, 0)) for name in (*others, *order)}
        return {name: n for name, (n, _) in found.items()}, {name: n for name, (_, n) in found.items()}

    def tier_table(self) -> list[tuple[str, str, int]]:
        """From, to and persons, those who stay included, in the order of `tier_counts`: the cells that are not 0."""
        order = list(self.tier_counts()[0])
        return sorted(self.comparison.tier_pairs(), key=lambda cell: (order.index(cell[0]), order.index(cell[1])))

    def distribution(self, steps: Sequence[int] = STEPS, *, gaps: bool = False) -> list[dict[str, int | None]]:
        """Persons by the change of what they have: `from` to before `until`; with `gaps` also the steps between them in which nobody is."""
        edges = sorted({*(1 - n for n in steps), *steps})
        place = np.searchsorted(edges, self.comparison.delta, side="right")
        counts = np.bincount(place, minlength=len(edges) + 1)
        some = np.flatnonzero(counts).tolist()
        shown = range(some[0], some[-1] + 1) if gaps and some else some
        return [
            {"from": edges[k - 1] if k else None, "until": edges[k] if k < len(edges) else None, "members": int(counts[k])} for k in shown
        ]

    def ranked(self) -> list[int]:
        """The places of changed persons, the largest change of points first, then by id."""
        c = self.comparison
        rows = np.flatnonzero(c.changed)
        order = np.lexsort((rows, -np.abs(c.delta[rows])))
        return [int(k) for k in rows[order].tolist()]

    def behind(self, members: Sequence[str]) -> dict[str, Behind]:
        """The entries behind the change of some members. Raises BacktestError UNKNOWN_MEMBER."""
        found = behind(self.run, (0, 1), members, self.texts, self.asked.lang)
        for name in members:
            if name not in found:
                raise BacktestError("UNKNOWN_MEMBER", "the history has no fact of this member", name, usage=True)
        return found

    def most_changed(self) -> list[dict[str, Any]]:
        c, places = self.comparison, self.ranked()[: self.asked.shown]
        behind = self.behind([c.ids[k] for k in places])
        why = {name: dict(zip(LANGUAGES, b.why_in(LANGUAGES), strict=True)) for name, b in behind.items()}
        return [
            {
                "member_id": c.ids[k], "before": int(c.held[0][k]), "after": int(c.held[1][k]), "delta": int(c.delta[k]),
                "tier_before": c.tier_name(int(c.tiers[0][k])), "tier_after": c.tier_name(int(c.tiers[1][k])), "why": why[c.ids[k]][self.asked.lang],
                **{f"why_{lang}": text for lang, text in why[c.ids[k]].items()},
            }
            for k in places
        ]  # fmt: skip

    # ---- what is told of it ------------------------------------------------------------------------------------------

    def header(self) -> dict[str, Any]:
        """What was compared, by which code, over what."""
        return {
            "programmes": {side: c.to_json() for side, c in zip(("before", "after"), self.contenders, strict=True)},
            "from": iso(self.asked.since if not self.asked.effective else self.contenders[1].since),
            "code_version": code_version(),
            "currency": self.currency,
            "preview": self.history.preview.to_json(),
            **({"chosen": self.chosen.to_json()} if self.chosen else {}),
        }

    def range(self) -> dict[str, Any]:
        return self.history.to_json(len(self.comparison.persons))

    def to_json(self) -> dict[str, Any]:
        """`plan --json`."""
        c = self.comparison
        tiers_before, tiers_after = self.tier_counts()
        out: dict[str, Any] = {
            "history": self.range(),
            "members": c.counts(),
            "points": {name: self.points(name).to_json() for name in TOLD},
            "liability_minor": self.liability().to_json(),
            "tiers": {
                "before": tiers_before, "after": tiers_after,
                "moves": [{"from": a, "to": b, "members": n} for a, b, n in c.tier_moves()],
                "table": [{"from": a, "to": b, "members": n} for a, b, n in self.tier_table()],
                "shifts": [{"tier": t, "earlier": a, "later": b, "median_days": d} for t, a, b, d in c.tier_shifts()],
            },
            "infeasible": c.infeasible_counts(),
            "where": [s.to_json() for s in self.segments],
            "most_changed": self.most_changed(),
            "affected": dict(c.affected()),
            "distribution": self.distribution(),
            "liability_course": [
                {"month": month, "outstanding": points.to_json(), "liability_minor": money.to_json()} for month, points, money in self.course()
            ],
            "rules": self.rules.to_dict(),
            **self.header(),
            "held_fixed": say("plan.fixed", self.asked.lang),
        }  # fmt: skip
        wallets = c.names.wallets
        return {**out, "wallets": self._wallets(wallets)} if len(wallets) > 1 else out

    def _wallets(self, names: Sequence[str]) -> dict[str, Any]:
        """The points of each wallet by itself, where there are several."""

        def told(wallet: int, account: str) -> dict[str, int | None]:
            return Pair(*(t.of_wallet(wallet, account) for t in self.totals())).to_json()

        return {name: {"points": {account: told(k, account) for account in TOLD}} for k, name in enumerate(names)}


def plan(
    given: Given, candidate: Path, asked: Asked, baseline: Path | None = None, progress: Callable[[Progress], None] | None = None
) -> Plan:
    """Folds a history under the programme in force (or `baseline`, in force like the candidate) and under a candidate.

    Raises ProgrammeError and BacktestError; what is given is only read.
    """
    ground = Ground.of(given)
    field = ground.field()
    as_of = ground.source.now if asked.as_of is None else asked.as_of
    if asked.since is not None and asked.since >= as_of:
        raise BacktestError("EMPTY_RANGE", "the candidate would judge from then on, and the history that is asked for ends before", usage=True)
    before = field.standing(as_of) if baseline is None else field.candidate(baseline, asked.since, asked.effective)
    after = field.candidate(candidate, asked.since, asked.effective)
    rules = compare(before.loaded, after.loaded)
    some = chosen(ground, before, asked) if asked.where else None
    run, traits = Run.of(ground.source, (before, after), asked, some.members if some else asked.members), Traits()
    history, (one, other) = run.figures(progress, traits)
    comparison = Comparison.of(one, other, run.names)
    segments = traits.segments(comparison, ground.texts, after.zone)
    return Plan(run, history, comparison, rules, ground.texts, asked, tuple(segments), some)
