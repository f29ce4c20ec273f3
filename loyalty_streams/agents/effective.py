"""What the log of some members comes to: their facts in the order that decides, and the entries that hold.

The log keeps facts in order of arrival and never forgets an entry. A fact that came late stands further up; an amended one is no longer
what it was; an entry that was taken back cancels with the one that took it back. What is left is what one fold of the facts in their order
gives (I5), so that everything that folds, reports or explains reads this and only the raw ledger reads the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from loyalty_streams.agents.families import of_the_account, sources
from loyalty_streams.agents.kinds import IDENTITY, ORDER, RETURNS
from loyalty_streams.agents.lateness import Lateness, put_back
from loyalty_streams.agents.rows import Came, MendRow, Segments, Text, split
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import RANK, Array, Columns, take_rows


def standing(lateness: Lateness, columns: Columns, owner: Array) -> Array:
    """Where the facts of some members stand: a return not before the order that it names, though that came later than is allowed."""
    own = lateness.stand(columns.at, columns.arrived)
    if (own == columns.at).all():
        return own
    out = own.copy()
    orders, returns = (np.flatnonzero(np.isin(columns.kind, kinds)).tolist() for kinds in ((ORDER,), RETURNS))
    places = {(int(owner[row]), int(columns.ref[row])): int(own[row]) for row in orders}
    for row in returns:
        out[row] = max(int(own[row]), places.get((int(owner[row]), int(columns.about[row])), -1))
    return out


def effective(rows: Segments, lateness: Lateness, given_up: bool = False) -> Segments:
    """The facts that stand, in order of member and place, and the entries that hold, in the order in which one fold gives them.

    `entries.seq` stays the running number in the log. What an account keeps after the merge by which it is given up is left out; with `given_up`
    it is there, and so is every move.
    """
    rows = replace(rows, columns=rows.columns._replace(at=put_back(rows.columns.at, rows.columns.arrived)))
    stand = standing(lateness, rows.columns, rows.member)
    order = _fact_order(rows, stand)
    folds, columns = (order, rows.columns) if given_up else of_the_account(rows, order, lateness)
    rows = replace(rows, columns=columns)
    if folds is None and not len(rows.mends):
        return rows
    order = np.arange(len(rows.member)) if folds is None else folds
    entries = _holding(rows, order, stand)
    place = np.full(len(rows.member), -1, np.int64)
    place[order] = np.arange(len(order))
    entries["cause"] = np.where(entries["cause"] >= 0, place[entries["cause"]], -1)
    return take_facts(replace(rows, entries=entries, mends=np.zeros(0, MendRow)), order)


def as_booked(rows: Segments, lateness: Lateness) -> Segments:
    """The whole ledger of the log, in order of running numbers, over its facts in order of place; amended facts are among them."""
    stand = standing(lateness, rows.columns, rows.member)
    if not len(rows.mends) and _fact_order(rows, stand) is None:
        return rows
    everything = np.arange(len(rows.member))
    e = rows.entries.copy()
    if len(rows.mends):
        named = _rows_of(rows, everything, e["member"], rows.mends["beside"].astype(np.int64), rows.mends["place"] >= 0)
        e["cause"] = np.where((e["cause"] >= 0) & (rows.mends["place"] >= 0), named, e["cause"])
    order = in_order(everything, rows.member, stand, RANK[rows.columns.kind], split(rows.keys))
    place = np.empty(len(order), np.int64)
    place[order] = everything
    e["cause"] = np.where(e["cause"] >= 0, place[e["cause"]] if len(place) else -1, -1)
    return take_facts(replace(rows, entries=e), order)


def corrected(rows: Segments) -> Array:
    """For each entry the running number of the one that it takes back, 0 for none."""
    return rows.mends["corrects"].astype(np.int64) if len(rows.mends) else np.zeros(len(rows.entries), np.int64)


def take_facts(rows: Segments, order: Array) -> Segments:
    """The given facts in the given order; entries stay as they are. Columns that were not read, as packed facts may leave some out, stay empty."""
    sent = {new: rows.sent[old] for new, old in enumerate(order.tolist()) if old in rows.sent} if rows.sent else rows.sent
    return replace(
        rows, columns=take_rows(rows.columns, order), member=rows.member[order], keys=_taken(rows.keys, order), abouts=_taken(rows.abouts, order),
        content=_rows(rows.content, order), revisions=_rows(rows.revisions, order), came=_rows(rows.came, order), sent=sent,
        said=rows.said[order],
    )  # fmt: skip


def _rows(column: Array, order: Array) -> Array:
    return column[order] if len(column) else column


def _taken(text: Text, order: Array) -> Text:
    if not len(text.sizes):
        return text
    sizes = text.sizes[order].astype(np.int64)
    ends = np.cumsum(sizes)
    first = (np.cumsum(text.sizes, dtype=np.int64) - text.sizes)[order]
    places = np.repeat(first - ends + sizes, sizes) + np.arange(int(sizes.sum()))
    return Text(np.frombuffer(text.data, np.uint8)[places].tobytes(), text.sizes[order])


def _fact_order(rows: Segments, stand: Array) -> Array | None:
    """The rows that stand, in order; None where that is all of them as they are."""
    member, rank = rows.member, RANK[rows.columns.kind]
    kept = None
    if rows.revisions.any() or rows.came.any() or (rows.columns.kind == IDENTITY).any():  # an answer may have come back
        names = zip(member.tolist(), rows.columns.ref.tolist(), sources(rows.came, rows.sent).tolist(), strict=True)
        newest = {name: k for k, name in enumerate(names)}
        kept = np.array(sorted(newest.values()), np.int64)
        kept = kept[rows.came[kept] & Came.GONE == 0]
        if len(kept) == len(member):
            kept = None
    same = member[1:] == member[:-1]
    ahead = (stand[1:] > stand[:-1]) | ((stand[1:] == stand[:-1]) & (rank[1:] > rank[:-1]))
    tied = np.flatnonzero(same & (stand[1:] == stand[:-1]) & (rank[1:] == rank[:-1])).tolist()
    keys = split(rows.keys) if tied or not (ahead | ~same).all() else []
    if kept is None and all(keys[i] <= keys[i + 1] for i in tied) and (ahead | ~same)[np.setdiff1d(np.arange(len(same)), tied)].all():
        return None
    return in_order(np.arange(len(member)) if kept is None else kept, member, stand, rank, keys or split(rows.keys))


def in_order(rows: Array, member: Array, stand: Array, rank: Array, keys: Sequence[bytes]) -> Array:
    """Some rows in order of (member, instant at which they stand, rank of kind, business key as bytes)."""
    order = rows[np.lexsort((rank[rows], stand[rows], member[rows]))]
    m, s, r = member[order], stand[order], rank[order]
    tied = np.zeros(len(order), bool)
    equal = (m[1:] == m[:-1]) & (s[1:] == s[:-1]) & (r[1:] == r[:-1])
    tied[1:] |= equal
    tied[:-1] |= equal
    some = np.flatnonzero(tied)
    if len(some):
        by_key = sorted(range(len(some)), key=lambda k: keys[int(order[some[k]])])
        place = np.empty(len(some), np.int64)
        place[by_key] = np.arange(len(some))
        inner = np.lexsort((place, r[some], s[some], m[some]))
        order[some] = order[some[inner]]
    return order


# ---- entries -----------------------------------------------------------------------------------------------------------


def _holding(rows: Segments, order: Array, stand: Array) -> Entries:
    """The entries that nothing took back, in the order of one fold; causes are still rows of the log."""
    e = rows.entries.copy()
    mends, clean = rows.mends, np.ones(len(e), bool)
    beside, place = np.zeros(len(e), np.int64), np.zeros(len(e), np.int64)
    if len(mends):
        clean = mends["place"] < 0
        beside, place = mends["beside"].astype(np.int64), mends["place"].astype(np.int64)
    some = np.flatnonzero(clean)
    beside[some], place[some] = places(e[some], rows.columns.ref, stand)
    _put_behind(rows, order, stand, np.flatnonzero(clean & (e["cause"] < 0) & (beside == 0)), beside)
    standing = np.full(len(rows.member) + 1, -1, np.int64)  # the last one is what no cause stands for
    standing[order] = np.arange(len(order))
    lost = clean & (e["cause"] >= 0) & (standing[e["cause"]] < 0)  # its fact was amended
    of_ref = _rows_of(rows, order, e["member"], beside, ~clean | lost)
    e["cause"] = np.where((clean & ~lost) | (e["cause"] < 0), e["cause"], of_ref)
    anchor = np.where(e["cause"] >= 0, e["cause"], np.where(clean, _rows_of(rows, order, e["member"], beside, clean), of_ref))
    holds = _not_taken_back(e, mends)
    e, anchor, place = e[holds], anchor[holds], place[holds]
    of_fact = e["cause"] >= 0
    instant = np.where(of_fact, stand[e["cause"]] if len(stand) else 0, e["at"])
    after = np.where(anchor >= 0, standing[anchor], -1)
    return e[np.lexsort((place, ~of_fact, after, instant, e["member"]))]


def _put_behind(rows: Segments, order: Array, stand: Array, timers: Array, beside: Array) -> None:
    """A timer's entry follows the facts of its instant that the log had before the segment it was booked in: names the last of them in `beside`."""
    some = timers[np.isin(rows.entries["at"][timers], stand)]
    for k in some.tolist():
        facts = order[(rows.member[order] == rows.entries["member"][k]) & (stand[order] == rows.entries["at"][k]) & (order < rows.after[k])]
        if len(facts):
            beside[k] = rows.columns.ref[facts[-1]]


def places(entries: Entries, ref: Array, stand: Array) -> tuple[Array, Array]:
    """Of entries in the order of a fold: the code of the fact that each belongs to, and its number among those of that fact.

    A timer's entry belongs to the fact of the same instant that it follows (0: none), and is numbered among those of its instant.
    `cause` are rows of `ref` and `stand`.
    """
    n = len(entries)
    if not n:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    cause, member = entries["cause"].astype(np.int64), entries["member"].astype(np.int64)
    of_fact = cause >= 0
    instant = np.where(of_fact, stand[cause] if len(stand) else 0, entries["at"])
    first = _run_starts((member[1:] == member[:-1]) & (instant[1:] == instant[:-1]))
    newest = np.maximum.accumulate(np.where(of_fact, np.arange(n), -1))
    known = newest >= first
    owner = np.where(known, cause[newest], -1)
    beside = np.where(known, ref[owner] if len(ref) else 0, 0)
    same = (first[1:] == first[:-1]) & (owner[1:] == owner[:-1]) & (of_fact[1:] == of_fact[:-1])
    return beside, np.arange(n) - _run_starts(same)


def _run_starts(same: Array) -> Array:
    """For each row, the first of the run of rows that are the same as the one before."""
    n = len(same) + 1
    fresh = np.concatenate([[True], ~same])
    return np.maximum.accumulate(np.where(fresh, np.arange(n), 0))


def _rows_of(rows: Segments, order: Array, member: Array, code: Array, which: Array) -> Array:
    """The row of the fact with a code, of each entry's member: the one that stands; -1 where there is none."""
    out = np.full(len(code), -1, np.int64)
    wanted = np.flatnonzero(which & (code != 0))
    if not len(wanted):
        return out
    newest = {(m, r): k for k, m, r in zip(order.tolist(), rows.member[order].tolist(), rows.columns.ref[order].tolist(), strict=True)}
    out[wanted] = [newest.get(pair, -1) for pair in zip(member[wanted].tolist(), code[wanted].tolist(), strict=True)]
    return out


def _not_taken_back(e: Entries, mends: Any) -> Array:
    """Which entries neither take one back nor were taken back. Running numbers count within a member."""
    if not len(mends):
        return np.ones(len(e), bool)
    takes = mends["corrects"] > 0
    width = int(e["seq"].max(initial=0)) + 1
    own = e["member"].astype(np.int64) * width + e["seq"]
    gone = e["member"][takes].astype(np.int64) * width + mends["corrects"][takes]
    holds: Array = ~takes & ~np.isin(own, gone)
    return holds
