"""Accounts and the persons whose they are: in a report the orders of an account that has become another are that one's (T139)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from loyalty_streams.core.codes import FactKind, Move, code_of
from loyalty_streams.core.facts import Columns, attribute_code, concatenate, take_rows
from loyalty_streams.reports.orders import Orders, orders_of

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
MOVE = attribute_code("@move")


@dataclass(slots=True)
class Persons:
    """What accounts that became others, and those that they became, have of orders and returns; gathered until all accounts are known.

    `became`: when an account became which other (its code), in order of time; `began`: when its identifier was unlinked and it began anew.
    `part`: for each row how often its account had become another before.
    """

    columns: list[Columns] = field(default_factory=list)
    member: list[Ints] = field(default_factory=list)
    refused: list[Flags] = field(default_factory=list)
    part: list[Ints] = field(default_factory=list)
    became: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    began: dict[int, list[int]] = field(default_factory=dict)

    def add(self, columns: Columns, member: Ints, refused: Ints, first: int) -> Flags:
        """Takes the accounts of a block that are to be looked at together with others. `first`: the number of its first account among all.

        -> which rows of the block those are
        """
        moves = _moves(columns)
        if not len(moves):
            return np.zeros(len(member), np.bool_)
        part = np.zeros(len(member), np.int64)
        for row in np.flatnonzero(np.isin(moves, (Move.ABSORBED, Move.BEGINS))).tolist():
            one = first + int(member[row])
            if moves[row] == Move.BEGINS:
                self.began.setdefault(one, []).append(int(columns.at[row]))
                continue
            self.became.setdefault(one, []).append((int(columns.at[row]), int(columns.about[row])))
            part[row + 1 :][member[row + 1 :] == member[row]] += 1
        kin = np.isin(member, member[moves > 0])
        rows = np.flatnonzero(kin)
        self.part.append(part[rows])
        self.columns.append(take_rows(columns, rows))
        self.member.append(member[rows] + first)
        self.refused.append(np.isin(rows, refused))
        return kin

    def orders(self, ids: Sequence[str]) -> Orders | None:
        """The orders of those accounts, each under the account that its own has become; None where there are none."""
        if not self.columns:
            return None
        number = {code_of(name): k for k, name in enumerate(ids)}
        member, part, whole = np.concatenate(self.member), np.concatenate(self.part), concatenate(self.columns)
        for one, moves in self.became.items():
            for k, (at, into) in enumerate(moves):
                member[(np.concatenate(self.member) == one) & (part == k)] = self._home(number.get(into, one), at, number)
        order = np.lexsort((whole.at, member))
        return orders_of(take_rows(whole, order), member[order], np.flatnonzero(np.concatenate(self.refused)[order]))

    def _home(self, account: int, at: int, number: dict[int, int]) -> int:
        """The account that one has become with what it was at an instant."""
        while moves := self.became.get(account):
            part = sum(begins <= at for begins in self.began.get(account, ()))
            into = number.get(moves[part][1]) if part < len(moves) else None
            if into is None:  # it has become none, or one of which nothing is known yet
                return account
            at, account = max(at, moves[part][0]), into
        return account


def gone(columns: Columns, member: Ints, accounts: int) -> Flags:
    """Which accounts of a block are no person's own any more: they have become others, were erased, or only lead to others and hold no fact."""
    out = np.ones(accounts, np.bool_)
    out[np.unique(member)] = False
    moves = _moves(columns)
    for row in np.flatnonzero(moves).tolist():
        out[member[row]] = moves[row] in (Move.ABSORBED, Move.ENDS) or (out[member[row]] and moves[row] != Move.BEGINS)
    return out


def _moves(columns: Columns) -> Any:
    """For each row what a merge does there (`codes.Move`), 0 for none."""
    out = np.zeros(len(columns.kind), np.int64)
    if (columns.kind == FactKind.IDENTITY).any():
        owner = np.repeat(np.arange(len(out)), np.diff(columns.attr_at))
        some = columns.attr_name == MOVE
        out[owner[some]] = columns.attr_value[some]
    return out

