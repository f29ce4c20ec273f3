"""Purchases as columns, and which of them were fully returned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loyalty_streams.core.codes import EntryKind, FactKind, Reason
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Columns

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
REFUNDS = (FactKind.EXCHANGE_RETURN, FactKind.RETURN, FactKind.CANCELLATION)


@dataclass(frozen=True, slots=True)
class Orders:
    """One row a purchase, in order of (member, instant, key). Amounts are minor units, instants microseconds UTC.

    `member` is a row of the list of accounts; `gone` marks orders that were fully returned.
    """

    member: Ints
    at: Ints
    amount: Ints
    gone: Flags

    def __len__(self) -> int:
        return len(self.at)

    def kept(self) -> Orders:
        """Those that were not fully returned."""
        return self.where(~self.gone)

    def where(self, rows: Flags) -> Orders:
        return Orders(self.member[rows], self.at[rows], self.amount[rows], self.gone[rows])

    def starts(self) -> Ints:
        """The row of each member's first order."""
        changed = np.ones(len(self), np.bool_)
        changed[1:] = self.member[1:] != self.member[:-1]
        return np.flatnonzero(changed)

    def ends(self) -> Ints:
        """The row of each member's last order, in step with `starts`."""
        return np.append(self.starts()[1:], len(self))[: len(self.starts())] - 1

    def sorted(self) -> Orders:
        """In order of (member, instant)."""
        order = np.lexsort((self.at, self.member))
        return Orders(self.member[order], self.at[order], self.amount[order], self.gone[order])

    @classmethod
    def joined(cls, parts: Sequence[Orders]) -> Orders:
        if not parts:
            none = np.empty(0, np.int64)
            return cls(none, none, none, np.empty(0, np.bool_))
        fields = ("member", "at", "amount", "gone")
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in fields))


def orders_of(columns: Columns, member: Ints, refused: Ints) -> Orders:
    """The orders among some facts. `member[i]` is the account of row i, `refused` the rows that were refused (`refused_rows`)."""
    rows = np.flatnonzero(columns.kind == FactKind.ORDER)
    gone = fully_returned(columns, member, refused)
    return Orders(member[rows], columns.at[rows], columns.amount[rows], gone[rows])


def refused_rows(entries: Entries) -> Ints:
    """Rows of facts that were refused as a whole; a line refused OVER_RETURN leaves the rest of its return standing."""
    refused = (entries["kind"] == EntryKind.REFUSED) & (entries["rule"] < 0) & (entries["reason"] != Reason.OVER_RETURN)
    return np.unique(entries["cause"][refused & (entries["cause"] >= 0)]).astype(np.int64)


def fully_returned(columns: Columns, member: Ints, refused: Ints) -> Flags:
    """Whether each row is an order that came back whole: cancelled, every line, or all the money (S33, S40)."""
    gone = np.zeros(len(columns.kind), np.bool_)
    back = np.isin(columns.kind, REFUNDS) & (columns.about != 0)
    back[refused] = False
    returns = np.flatnonzero(back)
    if not len(returns):
        return gone
    for order, rows in _by_order(columns, member, returns).items():
        gone[order] = any(columns.kind[r] == FactKind.CANCELLATION for r in rows) or _all_back(columns, order, rows)
    return gone


def _by_order(columns: Columns, member: Ints, returns: Ints) -> dict[int, list[int]]:
    """Returns by the row of the order that they name; those that name no known order are left out."""
    orders = np.flatnonzero((columns.kind == FactKind.ORDER) & np.isin(columns.ref, columns.about[returns]))
    keys = zip(member[orders].tolist(), columns.ref[orders].tolist(), strict=True)
    known = dict(zip(keys, orders.tolist(), strict=True))
    out: dict[int, list[int]] = {}
    for row in returns.tolist():
        order = known.get((int(member[row]), int(columns.about[row])))
        if order is not None:
            out.setdefault(order, []).append(row)
    return out


def _all_back(columns: Columns, order: int, returns: list[int]) -> bool:
    """Whether these returns bring back every line of the order, by quantity or by money, or all of its money."""
    bought = {no: (qty, amount) for no, qty, amount in _lines(columns, order)} or {1: (1, int(columns.amount[order]))}
    units: dict[int, int] = {}
    money: dict[int, int] = {}
    loose = 0
    for row in returns:
        lines = _lines(columns, row)
        loose += 0 if lines else int(columns.amount[row])
        for no, qty, amount in lines:
            units[no] = units.get(no, 0) + qty
            money[no] = money.get(no, 0) + amount
    whole = loose + sum(min(money.get(no, 0), amount) for no, (_, amount) in bought.items())
    if whole >= int(columns.amount[order]):
        return True
    return all(money.get(no, 0) >= amount or 0 < qty <= units.get(no, 0) for no, (qty, amount) in bought.items())


def _lines(columns: Columns, row: int) -> list[tuple[int, int, int]]:
    """Number, quantity and amount of the lines of a fact."""
    rows = slice(int(columns.line_at[row]), int(columns.line_at[row + 1]))
    fields = (columns.line_no, columns.line_qty, columns.line_amount)
    return list(zip(*(f[rows].tolist() for f in fields), strict=True))
