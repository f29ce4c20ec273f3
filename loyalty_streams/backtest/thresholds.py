"""`--fail-if 'liability > 10000'`: a plan that costs more than was allowed ends a pipeline."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.plan import Plan
from loyalty_streams.backtest.totals import TOLD

FORM = re.compile(r"\s*([a-z_]+)\s*(>=|<=|>|<|==|!=)\s*([+-]?\d+(?:\.\d+)?)\s*(%?)\s*")
COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
MEMBERS = ("changed", "gain", "lose", "tier_moves")
FIGURES = (*TOLD, "liability", *MEMBERS, "infeasible", "points_short")
"""What may be asked about: changes of points and of the liability (in units of the currency), and counts of members and redemptions."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A condition under which a plan fails. `share`: the limit is a percentage of what was before, or of all members."""

    text: str
    figure: str
    compare: str
    limit: Fraction
    share: bool

    @classmethod
    def read(cls, text: str) -> Threshold:
        """Raises BacktestError BAD_THRESHOLD."""
        found = FORM.fullmatch(text)
        if found is None or found[1] not in FIGURES:
            raise BacktestError("BAD_THRESHOLD", f"FIGURE > NUMBER, or > NUMBER %, with a figure of {', '.join(FIGURES)}", text, usage=True)
        if found[4] and found[1] in ("infeasible", "points_short"):
            raise BacktestError("BAD_THRESHOLD", f"`{found[1]}` is a count, and no share of anything", text, usage=True)
        return cls(text.strip(), found[1], found[2], Fraction(found[3]), bool(found[4]))

    def exceeded(self, plan: Plan) -> bool:
        """Raises BacktestError BAD_THRESHOLD where the programme does not say what a point is worth."""
        value, whole = _figure(plan, self.figure)
        if value is None:
            raise BacktestError("BAD_THRESHOLD", "a programme without `unit_value` has no liability in money", self.text, usage=True)
        limit = self.limit * (whole or 0) / 100 if self.share else self.limit
        return COMPARE[self.compare](value, limit)


def _figure(plan: Plan, name: str) -> tuple[Fraction | None, Fraction | int | None]:
    """A figure, and what it is a share of."""
    if name in TOLD:
        pair = plan.points(name)
        return Fraction(pair.delta or 0), pair.before
    if name == "liability":
        worth, scale = plan.liability(), 10 ** plan.contenders[0].compiled.minor_digits
        return (None, None) if worth.delta is None else (Fraction(worth.delta, scale), Fraction(worth.before or 0, scale))
    if name in MEMBERS:
        counts = {**plan.comparison.counts(), "tier_moves": sum(n for *_, n in plan.comparison.tier_moves())}
        return Fraction(counts[name]), len(plan.comparison.persons)
    return Fraction(plan.comparison.infeasible_counts()["redemptions" if name == "infeasible" else name]), None


def exceeded(plan: Plan, texts: Sequence[str]) -> list[str]:
    """Those of the conditions that hold."""
    return [t.text for t in map(Threshold.read, texts) if t.exceeded(plan)]
