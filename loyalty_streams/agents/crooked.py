"""The members of a batch of whom a fact is late or amended: from judged rows to what is written of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from loyalty_streams.agents.courses import FOREIGN
from loyalty_streams.agents.judging import Candidates, Known, Position, Verdict
from loyalty_streams.agents.kinds import ASKS, IDENTITY, ORDER, TRANSFER
from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.agents.messages import Folds, Out, messages_of, outgoing
from loyalty_streams.agents.packing import cut_segments, pack_facts
from loyalty_streams.agents.rederiving import Facts, History, Member, Rederiving, begin, needs_all
from loyalty_streams.agents.rows import Head, KeyRow, MendRow, Text, join_segments, pack_sent, stacked
from loyalty_streams.agents.shares import shares
from loyalty_streams.core.codes import NEVER, EntryKind, Reason
from loyalty_streams.core.engine import Engine, Folded
from loyalty_streams.core.facts import Array, Columns, concatenate, take_rows
from loyalty_streams.core.kernel.records import CARD_ORDER


class Past(Protocol):
    """What is asked of a store about one member: the newest kept state of which all facts stand before a position (None: none is wanted),
    with the segments after it; and key rows.
    """

    def history(self, member: bytes, before: Position | None) -> tuple[bytes | None, list[bytes]]: ...

    def keys(self, keys: Sequence[bytes]) -> list[bytes | None]: ...


class Outcome(NamedTuple):
    """What is to be written of one member. `unmade`: kept states that hold a fact at or after this position are void."""

    member: bytes
    head: Head
    segment: bytes
    keys: list[tuple[bytes, bytes]]
    unmade: Position
    entries: int
    texts: dict[int, str]
    messages: list[bytes]


def fold_crooked(engine: Engine, lateness: Lateness, c: Candidates, verdict: Verdict, known: Known, past: Past) -> list[Outcome]:
    """Folds the crooked members of a batch, which are left out of the ordinary fold. The answers of what was asked are written beside the rows."""
    rows_of: dict[int, list[int]] = {number: [] for number in sorted(verdict.crooked)}
    for row in verdict.sequence[np.isin(c.member[verdict.sequence], list(rows_of))].tolist():
        rows_of[int(c.member[row])].append(row)
    histories, meets = {}, _meets(c.columns, c.came)
    for n, rows in rows_of.items():
        kin = known.heads.fixed["family"][n] > 0 or bool(meets[rows].any())
        amended = kin or not verdict.amended.isdisjoint(rows)
        histories[c.members[n]] = _history(Head.read(known.heads.packed[n]), c, n, rows, amended, past), rows
    work = begin(engine, lateness, known.tick, c, verdict.refuse, histories, verdict.amended)
    work.run()
    before = work.fold(work.members, [m.before for m in work.members], cards=True)
    after = work.fold(work.members, [m.rows for m in work.members], cards=True)
    segments = _segments(work, c, list(rows_of.values()))
    was, now = (_folds(work, folded) for folded in (before, after))
    starts = [v.effective_from for v in engine.compiled.versions]
    meets, asks = _meets(work.facts.columns, work.facts.came), np.isin(work.facts.columns.kind, ASKS)
    out: list[Outcome] = []
    going: list[tuple[Member, list[Out]]] = []
    for k, (m, rows, segment) in enumerate(zip(work.members, rows_of.values(), segments, strict=True)):
        own = [row for row in rows if not c.came[row] & FOREIGN and row not in c.answers]
        head = _head(work, m, len(own), after, starts, bool(meets[m.rows].any()))
        texts = _texts(work.facts, m.rows)
        keys = _keys(m, c, own, {} if head.family else _changed(was[k].cards, now[k].cards), texts, past)
        going.append((m, outgoing(work, m, was[k], now[k]) if head.family else []))
        held = {int(work.facts.columns.about[row]): work.facts.abouts[row].decode() for row in m.rows[asks[m.rows]].tolist()}
        out.append(Outcome(m.name, head, segment, keys, m.earliest, m.count, held, []))
    return [one._replace(messages=own) for one, own in zip(out, messages_of(work, going), strict=True)]


def _meets(columns: Columns, came: Array) -> Array:
    """By row, whether the account of a fact has to do with others by it."""
    found: Array = (columns.kind == IDENTITY) | (columns.kind == TRANSFER) | (came > 0)
    return found


def _history(head: Head, c: Candidates, number: int, rows: list[int], amended: bool, past: Past) -> History:
    """What the rows are put into. An amended fact may stand anywhere, so that all of it is wanted."""
    name, first = c.members[number], None if amended else min(c.position(row) for row in rows)
    kept, segments = past.history(name, first)
    if kept is not None:
        facts = concatenate([join_segments([segments]).columns, take_rows(c.columns, np.array(rows))])
        if needs_all(facts):
            kept, segments = None, past.history(name, None)[1]
    return History(head, Head.read(kept) if kept is not None else None, segments)


def _segments(work: Rederiving, c: Candidates, rows_of: Sequence[list[int]]) -> list[bytes]:
    """One segment a member: the rows in order of arrival with the answers given, and what was booked."""
    f, members = work.facts, work.members
    rows = f.batch_rows
    columns = take_rows(f.columns, np.arange(f.first_new, len(f.keys)))._replace(at=c.said[rows])
    groups = np.concatenate([[0], np.cumsum([len(r) for r in rows_of])]).astype(np.int64)
    posted = [stacked(m.posted) for m in members]
    mends = np.concatenate([np.zeros(0, MendRow), *(part for m in members for part in m.mends)])
    entry_at = np.concatenate([[0], np.cumsum([len(p) for p in posted])]).astype(np.int64)
    listed = rows.tolist()
    keys, abouts = (Text(b"".join([words[r] for r in listed]), np.array([len(words[r]) for r in listed], np.int64)) for words in (c.keys, c.abouts))
    packed = pack_facts(columns, keys, abouts, c.content[rows], c.revisions[rows], c.came[rows])
    segments = cut_segments(packed, groups, stacked(posted), entry_at, mends)
    if not c.sent:
        return segments
    behind = [pack_sent((k, c.sent[row]) for k, row in enumerate(own) if row in c.sent) for own in rows_of]
    return [segment + sent for segment, sent in zip(segments, behind, strict=True)]


def _head(work: Rederiving, m: Member, new: int, folded: Folded, starts: Sequence[int], meets: bool) -> Head:
    k, old, f = m.number, m.head, work.facts
    last = f.position(int(m.rows[-1])) if len(m.rows) else (-1, 0, b"")
    state = folded.states[folded.state_at[k] : folded.state_at[k + 1]].tobytes()
    clock = max(last[0], work.tick)
    due = min([int(folded.due[k]), *(s for s in starts if s > clock)], default=NEVER)
    tier, stage, kin = int(folded.tier[k]), int(folded.stage[k]), old.family or int(meets)
    return Head(due, last[0], old.facts + new, old.entries + m.count, tier, stage, last[1], last[2], state, kin)


def _cards(folded: Folded, groups: int) -> list[dict[tuple[int, int], bytes]]:
    """The cards of each group by kind and code."""
    out: list[dict[tuple[int, int], bytes]] = [{} for _ in range(groups)]
    data, r = folded.cards.tobytes(), folded.card_rows
    for kind, ref, group, lo, hi in zip(*(r[f].tolist() for f in ("kind", "ref", "member", "lo", "hi")), strict=True):
        if ref:
            out[group][kind, ref] = data[lo:hi]
    return out


def _folds(work: Rederiving, folded: Folded) -> list[Folds]:
    """Of each member what its messages hang on."""
    f, e = work.facts, folded.entries
    denied: list[set[int]] = [set() for _ in work.members]
    refusals = e[(e["kind"] == EntryKind.REFUSED) & (e["rule"] < 0) & (e["cause"] >= 0)]
    for row in np.flatnonzero(f.columns.kind[refusals["cause"]] == TRANSFER).tolist():
        denied[int(refusals["member"][row])].add(int(refusals["cause"][row]))
    pooled = e[e["reason"] == Reason.POOLED]
    given = [shares(f, m.name, pooled[pooled["member"] == k]) for k, m in enumerate(work.members)] if len(pooled) else [()] * len(work.members)
    cards = _cards(folded, len(work.members))
    return [Folds(own, frozenset(some), shared) for own, some, shared in zip(cards, denied, given, strict=True)]


def _changed(before: Mapping[tuple[int, int], bytes], after: Mapping[tuple[int, int], bytes]) -> dict[tuple[int, int], bytes]:
    return {name: card for name, card in after.items() if before.get(name) != card}


def _keys(
    m: Member, c: Candidates, rows: Sequence[int], cards: Mapping[tuple[int, int], bytes], texts: Mapping[int, bytes], past: Past
) -> list[tuple[bytes, bytes]]:
    """Key rows of the rows themselves, and of whatever has another card now. `texts`: business keys by code."""
    out: dict[bytes, KeyRow] = {}
    for row in rows:
        kind = int(c.columns.kind[row])
        about = c.abouts[row] if kind == ORDER else b""
        out[c.keys[row]] = KeyRow(int(c.content[row]), int(c.revisions[row]), kind, m.name, about)
    names = [texts[ref] for _, ref in cards]
    found: dict[bytes, Any] = dict(zip(names, past.keys(names), strict=True))
    for (kind, ref), card in cards.items():
        name = texts[ref]
        old = out.get(name)
        if old is None:
            old = KeyRow.read(found[name]) if kind == CARD_ORDER and found[name] is not None else KeyRow(0, 0, 0, m.name)
        out[name] = replace(old, card=card)
    return [(name, row.pack()) for name, row in out.items()]


def _texts(f: Facts, rows: Array) -> dict[int, bytes]:
    """The texts of the keys that some facts have or name, by code."""
    listed = rows.tolist()
    found = dict(zip(f.columns.about[rows].tolist(), [f.abouts[r] for r in listed], strict=True))
    found.update(zip(f.columns.ref[rows].tolist(), [f.keys[r] for r in listed], strict=True))
    return found
