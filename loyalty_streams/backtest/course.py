"""The points outstanding at the end of each month, and what they are worth then: the course of the liability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyalty_streams.backtest.contenders import Contender
from loyalty_streams.backtest.figures import Figures
from loyalty_streams.backtest.running import Run
from loyalty_streams.backtest.totals import OUTSTANDING, worth
from loyalty_streams.core.facts import Array
from loyalty_streams.reports.member import spendable_wallets
from loyalty_streams.reports.points import ACCOUNTS


@dataclass(frozen=True, slots=True)
class Month:
    """The end of a month (`YYYY-MM`): points outstanding, and their worth in minor units, None where a wallet has no unit value."""

    month: str
    outstanding: int
    liability: int | None


def course_of(run: Run, sides: Sequence[Figures], first: int) -> list[tuple[Month, ...]]:
    """The months from that of the first fact to that in which the history ends, each under every programme. The last one's end is the history's."""
    starts, names = run.calendar
    begin, last = (max(0, int(k) - 1) for k in np.searchsorted(starts, [first, run.span.before - 1], side="right"))
    ends = [*(starts[1 : last + 1] - 1).tolist(), run.span.until]
    rows = [_ends(f, c, ends) for f, c in zip(sides, run.contenders, strict=True)]
    return [tuple(Month(names[k], *side[k]) for side in rows) for k in range(begin, last + 1)]


def _ends(figures: Figures, contender: Contender, ends: Sequence[int]) -> list[tuple[int, int | None]]:
    """Points outstanding, and their worth, at some month ends and in the end of all."""
    points: Array = figures.course[:, :, [ACCOUNTS.index(name) for name in OUTSTANDING]].sum(axis=2).cumsum(axis=0)
    points[len(ends) - 1] = points[-1]
    spendable = spendable_wallets(contender.compiled)
    return [(int(of[spendable].sum()), worth(contender, of, end)) for of, end in zip(points, ends, strict=False)]
