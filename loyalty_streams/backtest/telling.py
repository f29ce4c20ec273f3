"""A plan as people read it in a terminal, in English and Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from zoneinfo import ZoneInfo

from loyalty_streams.backtest.plan import Pair, Plan
from loyalty_streams.backtest.segments import most
from loyalty_streams.programme.diff import SIGNS, Change
from loyalty_streams.reports.columns import table, width
from loyalty_streams.reports.instants import day_text
from loyalty_streams.reports.words import Language, say

WIDEST = 76
"""Columns that a changed rule takes before its place."""
INDENT = 10
ENDS = 4
"""Ends of months whose liability is told."""
COLUMNS = ("member", "before", "after", "delta", "tier", "why")


@dataclass(frozen=True, slots=True)
class Telling:
    """Writes about one plan."""

    plan: Plan

    @property
    def lang(self) -> Language:
        return self.plan.asked.lang

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.plan.contenders[1].compiled.time_zone)

    def heads(self) -> list[str]:
        """What was compared, over what, and what it comes to: a line each, its name first."""
        return ["\n".join(self._line(name if k == 0 else "", text) for k, text in enumerate(texts)) for name, texts in self.lines().items() if texts]

    def lines(self) -> dict[str, list[str]]:
        """The same by name."""
        return {
            "changed": self._changed(), "affects": self._affects(), "in_force": self._in_force(), "replayed": self._replayed(),
            "preview": self.plan.history.preview.told(self.lang), "by": self._by(), "members": self._members(), "points": self._points(),
            "tiers": self._tiers(),
        }  # fmt: skip

    def member_rows(self) -> tuple[list[Sequence[object]], list[str], str]:
        """The members who change most, the heads of the columns, and how many of all these are."""
        rows = self.plan.most_changed()
        cells: list[Sequence[object]] = []
        for r in rows:
            tier = r["tier_after"] if r["tier_before"] == r["tier_after"] else f"{r['tier_before']} → {r['tier_after']}"
            cells.append((f"  {r['member_id']}", r["before"], r["after"], f"{r['delta']:+,}", tier, r["why"]))
        heads = [say(f"plan.column.{name}", self.lang) for name in COLUMNS]
        count = self.plan.comparison.counts()["changed"]
        return cells, [f"  {heads[0]}", *heads[1:]], "  " + self._say("shown", n=f"{len(rows):,}", all=f"{count:,}")

    def where(self) -> list[str]:
        """Where the change concentrates, in a line; nothing where it does not."""
        s = most(self.plan.segments)
        if s is None:
            return []
        return [self._say("where", field=s.field, value=s.value, share=f"{100 * s.share:.0f} %", lift=f"{s.lift:.1f}")]

    def segment_rows(self) -> tuple[list[Sequence[object]], list[str]]:
        """Every segment with enough changed members, and the heads of the columns."""
        names = ("segment", "value", "members", "changed", "share", "lift")
        rows: list[Sequence[object]] = [
            (s.field, s.value, s.members, s.changed, f"{100 * s.share:.1f} %", f"{s.lift:.2f}") for s in self.plan.segments
        ]
        return rows, [say(f"plan.column.{name}", self.lang) for name in names]

    def closing(self) -> str:
        return self._say("fixed")

    def rules(self, passed: int, failed: int) -> str:
        """How many rules a candidate has, and how its stories ended."""
        read = self._count("read", len(self.plan.rules.after.programme.earn))
        if failed:
            return f"{read}   {self._say('tests_fail', n=passed + failed, failed=failed)}"
        return f"{read}   {self._count('tests_hold', passed) if passed else self._say('no_tests')}"

    # ---- the lines ---------------------------------------------------------------------------------------------------

    def _say(self, word: str, **values: object) -> str:
        return say(f"plan.{word}", self.lang, **values)

    def _count(self, word: str, n: int) -> str:
        return self._say(f"{word}_one") if n == 1 else self._say(word, n=n)

    def _line(self, name: str, text: str) -> str:
        head = say(f"plan.head.{name}", self.lang) if name else ""
        return head + " " * (INDENT - width(head)) + text

    def _changed(self) -> list[str]:
        rules = self.plan.rules
        one, other = rules.before.programme, rules.after.programme
        said = {"before": one.programme, "from": one.version, "after": other.programme, "to": other.version}
        if not rules.changes:
            return [self._say("same_rules", **said)]
        title = self._say("versions", kind=rules.classified, declared=rules.declared, **said)
        return [title, *(_change(c) for c in rules.changes)]

    def _affects(self) -> list[str]:
        found = [self._say(f"theme.{theme}", n=f"{n:,}") for theme, n in self.plan.comparison.affected().items() if n]
        return [self._say("affects", themes=" · ".join(found)) if found else self._say("nobody")]

    def _in_force(self) -> list[str]:
        asked = self.plan.asked
        own = self.plan.contenders[1].loaded.programme.effective_from
        date = "" if own is None else day_text(own, self.zone)
        if asked.effective:
            return [self._say("from_itself", date=date) if date else self._say("first_by_itself")]
        written = self._say("whatever", date=date) if date else ""
        if asked.since is not None:
            return [self._say("from_date", date=day_text(asked.since, self.zone)) + written + self._say("before_stays")]
        return [self._say("from_first") + written]

    def _replayed(self) -> list[str]:
        h, members = self.plan.history, len(self.plan.comparison.persons)
        days = {"first": day_text(h.first, self.zone), "last": day_text(h.as_of, self.zone)}
        some = self.plan.chosen
        where = [self._say("chosen", where=some.where, n=f"{len(some.members):,}", all=f"{some.of:,}")] if some else []
        return [self._say("replayed", facts=f"{h.facts:,}", members=f"{members:,}", **days), *where]

    def _by(self) -> list[str]:
        head = self.plan.header()
        hashes = " → ".join(head["programmes"][side]["rules_hash"] for side in ("before", "after"))
        return [self._say("by", hashes=hashes, code=head["code_version"])]

    def _members(self) -> list[str]:
        counts = self.plan.comparison.counts()
        share = percent(counts["changed"], len(self.plan.comparison.persons)).removeprefix("+")
        return [self._say("counts", share=share, **{name: f"{n:,}" for name, n in counts.items()})]

    def _points(self) -> list[str]:
        plan, worth = self.plan, self.plan.liability()
        parts = [self._say("issued", change=_signed(plan.points("issued"))), self._say("outstanding", change=_signed(plan.outstanding()))]
        if worth.delta is not None:
            parts.append(self._say("liability", currency=plan.currency, money=money(worth.delta, plan.contenders[0].compiled.minor_digits)))
        return ["   ".join(parts), *self._course()]

    def _course(self) -> list[str]:
        """How the liability differs at the end of some months; nothing where it does not, or where there is one month."""
        months, digits = self.plan.course(), self.plan.contenders[0].compiled.minor_digits
        if len(months) < 2 or not any(worth.delta for *_, worth in months):
            return []
        ends = sorted({-(-len(months) * k // ENDS) - 1 for k in range(1, ENDS + 1)})
        told = [f"{months[k][0]} {money(months[k][2].delta or 0, digits)}" for k in ends]
        return [self._say("course", months=" · ".join(told))]

    def _tiers(self) -> list[str]:
        order, moves, short = list(self.plan.tier_counts()[0]), self.plan.comparison.tier_moves(), self.plan.comparison.infeasible_counts()
        up = sum(n for a, b, n in moves if order.index(b) > order.index(a))
        down = sum(n for *_, n in moves) - up
        told = self._say("up_down", up=f"{up:,}", down=f"{down:,}", n=f"{short['redemptions']:,}")
        told += self._say("lacking", points=f"{short['points_short']:,}") if short["redemptions"] else ""
        shifts = [
            self._say("shift", tier=tier, earlier=f"{earlier:,}", later=f"{later:,}", days=f"{days:+,}")
            for tier, earlier, later, days in self.plan.comparison.tier_shifts()
        ]
        return [told, *self._from_to(), *shifts]

    def _from_to(self) -> list[str]:
        """From × to, of the tiers that somebody leaves, without the cells that are 0."""
        left = {a for a, *_ in self.plan.comparison.tier_moves()}
        cells = {(a, b): n for a, b, n in self.plan.tier_table() if a in left}
        if not cells:
            return []
        order = [name for side in self.plan.tier_counts() for name in side]
        heads, rows = ([name for name in dict.fromkeys(order) if name in {pair[k] for pair in cells}] for k in (1, 0))
        lines = [[row, *(cells.get((row, to), "") for to in heads)] for row in rows]
        return table(lines, [self._say("from_to"), *heads], right=range(1, len(heads) + 1)).splitlines()


def _change(c: Change) -> str:
    value = f"{c.before} → {c.after}" if c.kind == "changed" else c.before or c.after
    text = f"{SIGNS[c.kind]} {c.name}: {value}"
    text = text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
    return f"{text:<{WIDEST}}  {c.place}".rstrip()


def _signed(pair: Pair) -> str:
    delta = pair.delta or 0
    return f"{delta:+,} ({percent(delta, pair.before)})" if pair.before else f"{delta:+,}"


def percent(part: int, whole: int | None) -> str:
    """A share with its sign, rounded to a tenth half-even."""
    tenths = round(Fraction(1000 * part, whole)) if whole else 0
    return f"{'+' if tenths >= 0 else '-'}{abs(tenths) // 10}.{abs(tenths) % 10} %"


def money(minor: int, digits: int) -> str:
    """A change of money in units of the currency, its sign always there."""
    sign, minor = "-" if minor < 0 else "+", abs(minor)
    whole, rest = divmod(minor, 10**digits)
    return f"{sign}{whole:,}.{rest:0{digits}}" if digits else f"{sign}{whole:,}"
