"""Accounts that become one: which facts of a log an account folds itself, what it sends on, and what of it the other needs (T137 to T144, T150).

An identifier is an account. A merge is a fact of the account that is given up: its facts up to the merge are its own history, which ends with it;
every later fact goes on to the account that it has become, as if it had named that one (`courses`). A log keeps all that came for its account, so
that a fact which comes late, a merge too, only changes what was sent: it is sent again, or taken back. What was sent is never looked up; it is what
the log says.

A merge that leads back to its own account has no effect: what was sent comes home (T142).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from loyalty_streams.agents.courses import ERASE, FOREIGN, LINK, MERGE, MERGES, POOL, UNLINK, UNPOOL, Course, course
from loyalty_streams.agents.kinds import ASKS, ENDINGS, IDENTITY, ORDER, RETURNS, TRANSFER
from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.agents.rows import Card, Segments, Sent
from loyalty_streams.core.codes import AttrKind, Direction, Move, Outcome, Reason, code_of
from loyalty_streams.core.facts import Array, Columns, attribute_code
from loyalty_streams.core.kernel.records import CARD_REDEMPTION, CARD_STATE

MISMATCH = int(Reason.MEMBER_MISMATCH)
MOVE, DIRECTION = attribute_code("@move"), attribute_code("@direction")
MOVES = {LINK: Move.ABSORBED, MERGE: Move.ABSORBED, UNLINK: Move.BEGINS, ERASE: Move.ENDS, POOL: Move.JOINS, UNPOOL: Move.LEAVES}
"""What an identity fact does to the account in whose log it stands."""
SPEAKS = np.zeros(256, bool)
SPEAKS[[*RETURNS, *ENDINGS]] = True
"""By kind: whether a fact speaks of an order or a redemption that came before."""


def sources(came: Array, sent: Mapping[int, Sent]) -> Array:
    """What a log keeps apart under one key: a fact of its own (0), and what each account sends, a merge being something else than its fact."""
    out = np.zeros(len(came), np.int64)
    for row, beside in sent.items():
        out[row] = code_of(beside.sender.decode()) ^ int(came[row] & MERGES > 0)
    return out


def of_the_account(rows: Segments, order: Array | None, lateness: Lateness) -> tuple[Array | None, Columns]:
    """Of the facts of some members, in order (None: as they are), those that the accounts fold themselves; None where that is all as they are.
    And the columns, with why some of them are refused.
    """
    special = (rows.came > 0) | np.isin(rows.columns.kind, (IDENTITY, TRANSFER))
    if not special.any():
        return order, rows.columns
    whole = np.arange(len(rows.member)) if order is None else order
    bounds = [0, *(np.flatnonzero(np.diff(rows.member[whole])) + 1).tolist(), len(whole)]
    kin = np.isin(rows.member, rows.member[special])
    refuse, own = rows.columns.refuse.copy(), [whole[:0]]
    for a, b in pairwise(bounds):
        if b > a and kin[whole[a]]:
            one = course(rows.columns, rows.came, whole[a:b], rows.sent, lateness)
            refuse[one.own] = refusals(rows.columns, one, rows.sent)
            own.append(one.own)
        else:
            own.append(whole[a:b])
    return np.concatenate(own), rows.columns._replace(refuse=refuse)


# ---- what another account's facts need ---------------------------------------------------------------------------------


def refusals(columns: Columns, one: Course, sent: Mapping[int, Sent]) -> Array:
    """What is to be refused beforehand of the facts that an account folds.

    Of orders and redemptions that came under another identifier an account knows from the merge on: what speaks of them later is not refused
    for it, and what speaks of them earlier is, since the cards of a merge are there for all facts of a fold.
    """
    rows = one.own
    out = columns.refuse[rows].copy()
    if one.refused:
        out = np.array([one.refused.get(row, why) for row, why in zip(rows.tolist(), out.tolist(), strict=True)], out.dtype)
    speaking = SPEAKS[columns.kind[rows]] & (columns.about[rows] != 0) & (columns.outcome[rows] == Outcome.NONE)
    speaking &= (out == 0) | (out == MISMATCH)
    if not speaking.any():
        return out
    brought = {name for row in rows.tolist() if row in sent for name in sent[row].names}
    begins = one.begins(columns)
    brought.update(*(names_of(columns, rows[:begin], sent) for begin in begins[-1:]))
    some = np.flatnonzero(speaking & ((out == MISMATCH) | np.isin(columns.about[rows], list(brought)))).tolist()
    known: set[int] = set()
    done = 0
    for k in some:
        for begin in (b for b in begins if done <= b < k):
            known, done = set(), begin
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
    speaking = rows[SPEAKS[kind] | (kind == ORDER) | (kind == TRANSFER)]
    named = set(columns.about[speaking].tolist())
    paying = CARD_REDEMPTION if len(speaking) else CARD_STATE  # what paid for an order that is named
    return [card for s in here for card in s.cards if card.kind in (CARD_STATE, paying) or card.ref in named]


def given(rows: Segments, picked: Array, groups: Array) -> list[tuple[int, Card]]:
    """What has to be given to a fold of some rows of a log, `picked[groups[g]:groups[g + 1]]` being an account's facts in order."""
    if not rows.sent:
        return []
    return [(g, card) for g, (a, b) in enumerate(pairwise(groups.tolist())) for card in cards_of(rows.columns, picked[a:b], rows.sent)]


def with_flags(columns: Columns, name: int, flags: Mapping[int, int]) -> Columns:
    """The columns with a flag beside some facts, in place of one that they have."""
    if not flags:
        return columns
    n = len(columns.kind)
    owner = np.repeat(np.arange(n), np.diff(columns.attr_at))
    added = np.array(sorted(flags), np.int64)
    keep = ~(np.isin(owner, added) & (columns.attr_name == name))
    owners = np.concatenate([owner[keep], added])
    order = np.argsort(owners, kind="stable")
    values = np.array([flags[row] for row in added.tolist()], np.int64)
    names, kinds, value = (
        np.concatenate([column[keep], np.broadcast_to(fill, len(added)).astype(column.dtype)])[order]
        for column, fill in ((columns.attr_name, name), (columns.attr_kind, int(AttrKind.FLAG)), (columns.attr_value, values))
    )
    at = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=n))]).astype(columns.attr_at.dtype)
    return columns._replace(attr_at=at, attr_name=names, attr_kind=kinds, attr_value=value)


def with_sides(columns: Columns) -> Columns:
    """Facts that name their own account, with what they do to it: of identity facts `@move`, of transfers `@direction`."""
    identities, transfers = (np.flatnonzero(columns.kind == kind).tolist() for kind in (IDENTITY, TRANSFER))
    columns = with_flags(columns, MOVE, {row: int(MOVES[action]) for row in identities if (action := int(columns.type[row])) in MOVES})
    if transfers:
        columns = with_flags(columns, DIRECTION, dict.fromkeys(transfers, int(Direction.OUT)))
        columns = columns._replace(about=np.where(columns.kind == TRANSFER, columns.ref, columns.about))
    return columns


def own_facts(rows: Segments) -> Array:
    """The facts of a log that name its account themselves, in order of arrival: of each revision the row that has what was decided on it."""
    own = np.flatnonzero(rows.came & FOREIGN == 0)
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
