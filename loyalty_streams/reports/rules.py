"""What each rule paid, on how many orders and to whom, by store, channel or month: a campaign manager's question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from loyalty_streams.core.codes import EntryKind, FactKind, Reason
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Columns
from loyalty_streams.core.programme import Names
from loyalty_streams.reports.instants import local

Ints = npt.NDArray[np.int64]
DIMENSIONS = ("store", "channel", "month")
COUNTED = ("points", "facts", "orders", "members", "clawed_back", "refused")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked: the breakdown, in order, and the span `[since, until)` of the entries' instants that counts."""

    by: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    rule: str | None = None


@dataclass(slots=True)
class RuleCounts:
    """Collects blocks and gives the rows of `report rules`. A fact or member counts once a row, whatever it gave."""

    names: Names
    wallets: tuple[int, ...]
    zone: ZoneInfo
    choice: Choice
    cells: dict[tuple[int, ...], dict[str, int]] = field(default_factory=dict)
    refusals: dict[int, dict[int, int]] = field(default_factory=dict)

    def add(self, columns: Columns, entries: Entries, member: Ints) -> None:
        """`entries.cause` are rows of `columns`; `member[i]` is the account of row i of `columns`."""
        entries = self._asked(entries)
        if not len(entries):
            return
        fact = _fact_of(columns, entries, member)
        keys = np.stack(
            [entries["rule"].astype(np.int64), *(self._dimension(d, columns, entries, fact) for d in self.choice.by)],
            axis=1,
        )
        rows, inverse = np.unique(keys, axis=0, return_inverse=True)
        inverse = inverse.reshape(-1).astype(np.int64)
        paid = entries["kind"] == EntryKind.EARNED
        taken = entries["kind"] == EntryKind.CLAWED_BACK
        refused = entries["kind"] == EntryKind.REFUSED
        from_order = paid & (fact >= 0) & (columns.kind[np.maximum(fact, 0)] == FactKind.ORDER)
        figures = {
            "points": _sum(inverse, entries["points"] * paid, len(rows)),
            # A timer has no fact; what it pays counts as one fact an entry.
            "facts": _distinct(inverse[paid], np.where(fact >= 0, fact, -2 - np.arange(len(entries)))[paid], len(rows)),
            "orders": _distinct(inverse[from_order], fact[from_order], len(rows)),
            "members": _distinct(inverse[paid], entries["member"][paid].astype(np.int64), len(rows)),
            "clawed_back": _sum(inverse, np.abs(entries["points"]) * taken, len(rows)),
            "refused": _sum(inverse, refused.astype(np.int64), len(rows)),
        }
        for k, key in enumerate(map(tuple, rows.tolist())):
            cell = self.cells.setdefault(key, dict.fromkeys(COUNTED, 0))
            for name, values in figures.items():
                cell[name] += int(values[k])
        for rule, reason in zip(entries["rule"][refused].tolist(), entries["reason"][refused].tolist(), strict=True):
            reasons = self.refusals.setdefault(rule, {})
            reasons[reason] = reasons.get(reason, 0) + 1

    def _asked(self, entries: Entries) -> Entries:
        kinds = (EntryKind.EARNED, EntryKind.CLAWED_BACK, EntryKind.REFUSED)
        keep = np.isin(entries["kind"], kinds) & (entries["rule"] >= 0)
        # A refusal names the wallet that the rule would have paid into, so one question serves all three kinds.
        keep &= np.isin(entries["wallet"], self.wallets)
        if self.choice.since is not None:
            keep &= entries["at"] >= self.choice.since
        if self.choice.until is not None:
            keep &= entries["at"] < self.choice.until
        if self.choice.rule is not None:
            known = self.names.rules.index(self.choice.rule) if self.choice.rule in self.names.rules else -1
            keep &= entries["rule"] == known
        return entries[keep]

    def _dimension(self, name: str, columns: Columns, entries: Entries, fact: Ints) -> Ints:
        if name == "month":
            return _month_numbers(entries["at"], self.zone)
        values: Ints = getattr(columns, name)[np.maximum(fact, 0)]
        return np.where(fact >= 0, values, 0)

    def rows(self, strings: Mapping[int, str]) -> list[dict[str, Any]]:
        """The rows, in order of rule and breakdown."""
        out = []
        for key, cell in self.cells.items():
            parts = [
                self.names.rules[key[0]],
                *(_named(d, v, strings) for d, v in zip(self.choice.by, key[1:], strict=True)),
            ]
            out.append({**dict(zip(("rule", *self.choice.by), parts, strict=True)), **cell})
        return sorted(out, key=lambda row: [str(row[d]) for d in ("rule", *self.choice.by)])

    def reasons(self) -> dict[str, dict[str, int]]:
        """How often each rule was refused, by reason."""
        return {
            self.names.rules[rule]: {Reason(reason).name: n for reason, n in sorted(counts.items())}
            for rule, counts in sorted(self.refusals.items(), key=lambda item: self.names.rules[item[0]])
        }


def _fact_of(columns: Columns, entries: Entries, member: Ints) -> Ints:
    """The row of the fact that each entry belongs to: its cause; of a clawback the order that had earned. -1 for none."""
    fact = entries["cause"].astype(np.int64)
    back = np.flatnonzero((entries["kind"] == EntryKind.CLAWED_BACK) & (entries["cause"] >= 0))
    if len(back):
        orders = np.flatnonzero(columns.kind == FactKind.ORDER)
        known = dict(
            zip(zip(member[orders].tolist(), columns.ref[orders].tolist(), strict=True), orders.tolist(), strict=True)
        )
        of = zip(member[fact[back]].tolist(), columns.about[fact[back]].tolist(), strict=True)
        fact[back] = [known.get(key, row) for key, row in zip(of, fact[back].tolist(), strict=True)]
    return fact


def _sum(inverse: Ints, values: Ints, rows: int) -> Ints:
    out = np.zeros(rows, np.int64)
    np.add.at(out, inverse, values)
    return out


def _distinct(inverse: Ints, values: Ints, rows: int) -> Ints:
    pairs = np.unique(np.stack([inverse, values], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=rows).astype(np.int64)


def _month_numbers(at: Ints, zone: ZoneInfo) -> Ints:
    """Year × 12 + month − 1 of each instant in the zone."""
    days, inverse = np.unique(at // 3_600_000_000, return_inverse=True)
    months = [(moment := local(int(hour) * 3_600_000_000, zone)).year * 12 + moment.month - 1 for hour in days]
    return np.array(months, np.int64)[inverse]


def _named(dimension: str, value: int, strings: Mapping[int, str]) -> str:
    if dimension == "month":
        return f"{value // 12:04}-{value % 12 + 1:02}"
    return strings.get(value, "") if value else ""


def total_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Points paid and taken back over all rows; facts and members may stand in several rows and are not added up."""
    return {name: sum(int(row[name]) for row in rows) for name in ("points", "clawed_back", "refused")}
