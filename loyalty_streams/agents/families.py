"""Accounts that become one: which facts of a log an account folds itself, what it sends on, and what of it the other needs (T137 to T143).

An identifier is an account. A merge is a fact of the account that is given up: its facts up to the merge are its own history, which ends with it;
every later fact goes on to the account that it has become, as if it had named that one. A log keeps all that came for its account, so that a fact
which comes late, a merge too, only changes what was sent: it is sent again, or taken back. What was sent is never looked up; it is what the log
says.

A merge that leads back to its own account has no effect: what was sent comes home (T142).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from loyalty_streams.agents.kinds import ASKS, ENDINGS, ORDER, RETURNS
from loyalty_streams.agents.rows import Came, Card, Segments, Sent
from loyalty_streams.core.codes import AttrKind, FactKind, Move, Outcome, Reason, code_of
from loyalty_streams.core.facts import Array, Columns, attribute_code
from loyalty_streams.core.kernel.records import CARD_REDEMPTION, CARD_STATE

MERGES = int(Came.TAKES | Came.ASKS_WAY)
LINK, MERGE = code_of("link"), code_of("merge")
IDENTITY, MISMATCH = int(FactKind.IDENTITY), int(Reason.MEMBER_MISMATCH)
MOVE = attribute_code("@move")
SPEAKS = np.zeros(256, bool)
SPEAKS[[*RETURNS, *ENDINGS]] = True
"""By kind: whether a fact speaks of an order or a redemption that came before."""


def sources(came: Array, sent: Mapping[int, Sent]) -> Array:
    """What a log keeps apart under one key: a fact of its own (0), and what each account sends, a merge being something else than its fact."""
    out = np.zeros(len(came), np.int64)
    for row, beside in sent.items():
        out[row] = code_of(beside.sender.decode()) ^ int(came[row] & MERGES > 0)
    return out


def moves(columns: Columns, came: Array) -> Array:
    """Which facts give their account up."""
    found: Array = _merging(columns, came, np.arange(len(came))) & (columns.about != 0)
    return found


def of_the_account(rows: Segments, order: Array | None) -> Array | None:
    """Of the facts of some members, in order (None: as they are), those that the accounts fold themselves; None where that is all as they are."""
    if not rows.came.any() and not (rows.columns.kind == IDENTITY).any():
        return order
    whole = np.arange(len(rows.member)) if order is None else order
    bounds = [0, *(np.flatnonzero(np.diff(rows.member[whole])) + 1).tolist(), len(whole)]
    parts = [own_part(rows.columns, rows.came, whole[a:b]) for a, b in pairwise(bounds) if b > a]
    return np.concatenate([whole[:0], *parts])


def own_part(columns: Columns, came: Array, rows: Array) -> Array:
    """Of all facts of one log, in order, those that its account folds itself: what stands up to its merge, without moves that have no effect."""
    row, kept = given_up_at(columns, came, rows), rows
    if row is not None:
        kept = rows[: int(np.flatnonzero(rows == row)[0])]
    idle = _merging(columns, came, kept)
    away = idle | (came[kept] & Came.ASKS_WAY > 0)
    if idle.any():
        away |= (came[kept] & MERGES > 0) & np.isin(columns.ref[kept], columns.ref[kept[idle]])
    kept = kept[~away]
    return np.append(kept, row) if row is not None and len(kept) else kept


def given_up_at(columns: Columns, came: Array, rows: Array) -> int | None:
    """The merge by which an account is given up: the first of its moves that does not lead back to it. `rows`: its facts in order."""
    back = set(columns.ref[rows[came[rows] & MERGES > 0]].tolist())
    return next((row for row in moves_among(columns, came, rows).tolist() if int(columns.ref[row]) not in back), None)


def moves_among(columns: Columns, came: Array, rows: Array, action: int = 0) -> Array:
    """Those of some rows that give their account up; with an action, only such moves."""
    found = _merging(columns, came, rows) & (columns.about[rows] != 0)
    some: Array = rows[found & (columns.type[rows] == action)] if action else rows[found]
    return some


def _merging(columns: Columns, came: Array, rows: Array) -> Array:
    """Which of some rows say that an account becomes another. One that says that it becomes itself has no `about`."""
    action = columns.type[rows]
    found: Array = (columns.kind[rows] == IDENTITY) & ((action == LINK) | (action == MERGE)) & (came[rows] & MERGES == 0)
    return found


# ---- what another account's facts need ---------------------------------------------------------------------------------


def with_refusals(columns: Columns, member: Array, sent: Mapping[int, Sent]) -> Columns:
    """The columns with what `refusals` says of the facts of accounts that others have become."""
    if not sent:
        return columns
    refuse = columns.refuse.copy()
    for number in np.unique(member[list(sent)]).tolist():
        rows = np.flatnonzero(member == number)
        refuse[rows] = refusals(columns, rows, sent)
    return columns._replace(refuse=refuse)


def refusals(columns: Columns, rows: Array, sent: Mapping[int, Sent]) -> Array:
    """What is to be refused beforehand of one account's facts, in order.

    Of orders and redemptions that came under another identifier an account knows from the merge on: what speaks of them later is not refused
    for it, and what speaks of them earlier is, since the cards of a merge are there for all facts of a fold.
    """
    out = columns.refuse[rows].copy()
    speaking = SPEAKS[columns.kind[rows]] & (columns.about[rows] != 0) & (columns.outcome[rows] == Outcome.NONE)
    speaking &= (out == 0) | (out == MISMATCH)
    if not speaking.any():
        return out
    brought = {name for row in rows.tolist() if row in sent for name in sent[row].names}
    some = np.flatnonzero(speaking & ((out == MISMATCH) | np.isin(columns.about[rows], list(brought)))).tolist()
    known: set[int] = set()
    done = 0
    for k in some:
        known.update(names_of(columns, rows[done:k], sent))
        done = k
        out[k] = 0 if int(columns.about[rows[k]]) in known else MISMATCH
    return out


def names_of(columns: Columns, rows: Array, sent: Mapping[int, Sent]) -> tuple[int, ...]:
    """The codes of the orders and redemptions that an account knows by these facts."""
    kind = columns.kind[rows]
    asks = (kind == ASKS[0]) | (kind == ASKS[1]) | (kind == ASKS[2])
    own = {*columns.ref[rows[kind == ORDER]].tolist(), *columns.about[rows[asks]].tolist()}
    return tuple(sorted(own.union(*(sent[row].names for row in rows.tolist() if row in sent))))


def cards_of(columns: Columns, rows: Array, sent: Mapping[int, Sent]) -> list[Card]:
    """The cards that are given to the fold of one account's facts: states of merges, and of other accounts' orders and redemptions what is named."""
    here = [sent[row] for row in rows.tolist() if row in sent] if sent else []
    if not any(s.cards for s in here):
        return []
    kind = columns.kind[rows]
    speaking = rows[SPEAKS[kind] | (kind == ORDER)]
    named = set(columns.about[speaking].tolist())
    paying = CARD_REDEMPTION if len(speaking) else CARD_STATE  # what paid for an order that is named
    return [card for s in here for card in s.cards if card.kind in (CARD_STATE, paying) or card.ref in named]


def given(rows: Segments, picked: Array, groups: Array) -> list[tuple[int, Card]]:
    """What has to be given to a fold of some rows of a log, `picked[groups[g]:groups[g + 1]]` being an account's facts in order."""
    if not rows.sent:
        return []
    return [(g, card) for g, (a, b) in enumerate(pairwise(groups.tolist())) for card in cards_of(rows.columns, picked[a:b], rows.sent)]


def with_move(columns: Columns, rows: Sequence[int], move: Move) -> Columns:
    """The columns with `@move` beside some facts, in place of one that they have."""
    some = set(rows)
    n = len(columns.kind)
    owner = np.repeat(np.arange(n), np.diff(columns.attr_at))
    keep = ~(np.isin(owner, list(some)) & (columns.attr_name == MOVE))
    added = np.array(sorted(some), np.int64)
    owners = np.concatenate([owner[keep], added])
    order = np.argsort(owners, kind="stable")
    name, kind, value = (
        np.concatenate([column[keep], np.full(len(added), fill, column.dtype)])[order]
        for column, fill in ((columns.attr_name, MOVE), (columns.attr_kind, int(AttrKind.FLAG)), (columns.attr_value, int(move)))
    )
    at = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=n))]).astype(columns.attr_at.dtype)
    return columns._replace(attr_at=at, attr_name=name, attr_kind=kind, attr_value=value)


def own_facts(rows: Segments) -> Array:
    """The facts of a log that name its account themselves, in order of arrival: of each revision the row that has what was decided on it."""
    own = np.flatnonzero(rows.came == 0)
    if len(own) == len(rows.came) and not rows.came.any() and not (rows.columns.kind == IDENTITY).any():
        return own
    names = zip(rows.member[own].tolist(), rows.columns.ref[own].tolist(), rows.revisions[own].tolist(), strict=True)
    return np.array(sorted({name: row for name, row in zip(names, own.tolist(), strict=True)}.values()), np.int64)


def known(rows: Segments) -> Array:
    """When each fact was known to the account whose log it is in: its arrival, or later where another account sent it."""
    if not rows.sent:
        return rows.columns.arrived
    out = rows.columns.arrived.copy()
    for row, sent in rows.sent.items():
        out[row] = sent.known
    return out
