"""The members agent: a batch of facts -> what is to be written, in one commit.

It looks up what the store knows of the batch, judges each fact, folds what is accepted over the members' packed states, and gives back
heads, segments, key rows and dead letters. It reads through `Reader` and writes nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow.compute as pc

from loyalty_streams.agents.courses import ERASE
from loyalty_streams.agents.crooked import fold_crooked
from loyalty_streams.agents.families import with_sides
from loyalty_streams.agents.judging import Candidates, Known, Verdict, judge
from loyalty_streams.agents.kinds import ASKS, DECIDED, ENDINGS, IDENTITY, ORDER, RETURNS, TRANSFER
from loyalty_streams.agents.lateness import Lateness, put_back
from loyalty_streams.agents.long_fold import FACTS_AT_ONCE, LINES_AT_ONCE
from loyalty_streams.agents.messages import Folds, arrived, messages_of, outgoing, to_pools
from loyalty_streams.agents.packing import column, cut_segments, pack_facts, pack_heads, pack_key_rows, run, strings, taken
from loyalty_streams.agents.rederiving import History, Rederiving, begin
from loyalty_streams.agents.rows import NOBODY, WAITS, Came, Head, Heads, KeyFixed, KeyRow, Text
from loyalty_streams.agents.shares import shares
from loyalty_streams.agents.waiting import AWAITED, pack_waiting, waiting_batch
from loyalty_streams.agents.writes import Erase, Reader, Rows, TooMuch, Writes
from loyalty_streams.core.codes import NEVER, Disposition, EntryKind, FactKind, Outcome, Reason, code_of
from loyalty_streams.core.engine import BoundError, Engine, Folded
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import RANK, RECEIPT, Array, Columns, empty_columns, take_rows
from loyalty_streams.core.kernel.records import CARD_ORDER
from loyalty_streams.core.programme import Compiled
from loyalty_streams.history.batch import FactBatch, joined

BASE_EVERY = 256
"""Facts of a member between two kept states."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The facts that are folded, clustered by member: members `ids[g]` has rows `groups[g]:groups[g + 1]`.

    `arrival` gives the rows in order of arrival; `said` the instants that the facts themselves name.
    """

    columns: Columns
    said: Array
    stand: Array
    ids: list[bytes]
    heads: Heads
    groups: Array
    arrival: Array
    keys: list[bytes]
    abouts: list[bytes]
    texts: tuple[Text, Text]
    content: Array
    revisions: Array


class MembersAgent:
    """Owns the decisions of one partition. Not for two threads at a time."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.lateness = Lateness(engine.compiled)
        self._starts = starts_of(engine.compiled)

    def take(self, batch: FactBatch, reader: Reader, tick: int) -> Writes:
        """Judges and folds a batch, whose rows are in order of arrival. `tick`: the newest tick of the log."""
        writes = Writes(texts=dict(batch.strings))
        if not len(batch):
            return writes
        batch, candidates, known = self._look_up(batch, reader, tick)
        verdict = judge(candidates, known)
        rows = verdict.sequence
        if len(rows):
            straight = rows[~np.isin(candidates.member[rows], list(verdict.crooked))] if verdict.crooked else rows
            if len(straight):
                self._fold(_accept(batch, candidates, known, verdict, straight), known, reader, writes)
            if verdict.crooked:
                self._fold_crooked(candidates, verdict, known, reader, writes)
            writes.newest_arrived, writes.newest_fact = int(candidates.columns.arrived[rows].max()), int(candidates.stand[rows].max())
            writes.erased = _erased(candidates, rows)
        for row, (code, expected) in sorted(verdict.why.items()):
            writes.letters.append(batch.letter(row, code, expected))
        _count(candidates, known, verdict, writes)
        return writes

    def _fold_crooked(self, c: Candidates, verdict: Verdict, known: Known, reader: Reader, writes: Writes) -> None:
        for out in fold_crooked(self.engine, self.lateness, c, verdict, known, reader):
            writes.heads.add(out.member, out.head.pack())
            writes.segments.add(out.member, out.segment)
            for name, row in out.keys:
                writes.keys.add(name, row)
            writes.unmade.append((out.member, out.unmade))
            writes.messages += out.messages
            writes.entries += out.entries
            writes.texts = {**writes.texts, **out.texts}

    def receive(self, messages: Sequence[bytes], reader: Reader, tick: int) -> Writes:
        """Takes what other accounts have sent into the logs of those whom it is for."""
        writes = Writes()
        c = arrived(messages, self.lateness)
        if not len(c.keys):
            return writes
        rows = np.lexsort((np.arange(len(c.keys)), c.columns.arrived))
        known = Known(Heads.of(reader.heads(c.members)), {}, tick, self.lateness, 0)
        everything = set(range(len(c.keys)))
        verdict = Verdict(
            np.full(len(c.keys), Disposition.APPLIED, np.int64), c.columns.refuse.astype(np.int64), crooked=set(range(len(c.members))),
            amended=everything, sequence=rows,
        )  # fmt: skip
        self._fold_crooked(c, verdict, known, reader, writes)
        return writes

    def send_again(self, accounts: Sequence[bytes], reader: Reader, tick: int) -> Writes:
        """The states that accounts gave away at their merges, made anew: a metric has come that counts from the first fact."""
        work = self._of_all(accounts, reader, tick)
        going = [(m, outgoing(work, m, Folds(), Folds(), again=True)) for m in work.members]
        return Writes(messages=[message for own in messages_of(work, going) for message in own])

    def advance(self, members: Sequence[bytes], heads: Sequence[bytes], reader: Reader, until: int) -> Writes:
        """Fires the timers of these members up to and including an instant (a tick)."""
        writes = Writes()
        known = Heads.of(heads)
        none = np.zeros(len(heads) + 1, np.int64)
        states, state_at = known.states()
        folded = self.engine.fold(empty_columns(), none, states=states, state_at=state_at, until=until)
        empty = Text(b"", np.zeros(0, np.int64))
        nothing = Accepted(
            empty_columns(), none[:0], none[:0], list(members), known, none, none[:0], [], [], (empty, empty), np.zeros(0, np.uint64),
            np.zeros(0, np.int32),
        )  # fmt: skip
        self._keep(nothing, folded, known_keys={}, reader=reader, writes=writes, until=until)
        writes.messages = self._given_to_pools(members, folded.entries, reader, until)
        return writes

    def _given_to_pools(self, members: Sequence[bytes], entries: Entries, reader: Reader, until: int) -> list[bytes]:
        """What the timers of members have given to pools, as messages for these."""
        some = entries[(entries["reason"] == Reason.POOLED) & (entries["kind"] == EntryKind.TRANSFERRED_OUT)]
        if not len(some):
            return []
        numbers = np.unique(some["member"]).tolist()
        work = self._of_all([members[k] for k in numbers], reader, until)
        given = [(m, shares(work.facts, m.name, some[some["member"] == k])) for m, k in zip(work.members, numbers, strict=True)]
        return [message for m, own in given for message in to_pools(work, m, own, until)]

    def _of_all(self, accounts: Sequence[bytes], reader: Reader, tick: int) -> Rederiving:
        """Whole accounts, with nothing to be taken."""
        histories = {}
        for name, head in zip(accounts, reader.heads(accounts), strict=True):
            histories[name] = (History(Head.read(head or NOBODY), None, reader.history(name, None)[1]), list[int]())
        none = arrived((), self.lateness)
        return begin(self.engine, self.lateness, tick, none, none.columns.refuse, histories, set())

    def _look_up(self, batch: FactBatch, reader: Reader, tick: int) -> tuple[FactBatch, Candidates, Known]:
        """What the store knows of a batch; and the batch with the returns behind it that have waited for its orders."""
        c = _candidates(batch, self.lateness, len(batch))
        rows = _key_rows(reader, _names(c))
        awaited = sorted({key for key in c.keys if (row := rows.get(key)) is not None and row.kind == WAITS})
        waited = [row for order in awaited for _, row in reader.waiting(order)]
        whole = joined([batch, waiting_batch(waited)]) if waited else batch
        sold_to = _buyers(c if not waited else _candidates(whole, self.lateness, len(batch)), rows)
        if waited or sold_to:
            whole = whole.of_others(sold_to)
            c = _candidates(whole, self.lateness, len(batch))
            rows = _key_rows(reader, _names(c))
        return whole, c, Known(Heads.of(reader.heads(c.members)), rows, tick, self.lateness, reader.count_waiting())

    def _fold(self, a: Accepted, known: Known, reader: Reader, writes: Writes) -> None:
        cards = _cards(a, known, reader)
        states, state_at = a.heads.states()
        try:
            folded = self.engine.fold(a.columns, a.groups, states=states, state_at=state_at, cards=cards)
        except BoundError as error:
            if error.code != "SECTION_FULL":
                raise
            if len(a.keys) > 1:
                raise TooMuch from error
            a = replace(a, columns=a.columns._replace(refuse=np.full(1, Reason.SECTION_FULL, np.uint8)))
            folded = self.engine.fold(a.columns, a.groups, states=states, state_at=state_at, cards=cards)
        a = replace(a, columns=_decided(a.columns, folded.entries))
        self._keep(a, folded, known_keys=known.keys, reader=reader, writes=writes)

    def _keep(self, a: Accepted, folded: Folded, known_keys: Mapping[bytes, KeyRow], reader: Reader, writes: Writes, until: int = -1) -> None:
        n = len(a.ids)
        entry_at = np.searchsorted(folded.entries["member"], np.arange(n + 1))
        numbers = np.arange(1, len(folded.entries) + 1) - np.repeat(entry_at[:-1] - a.heads.fixed["entries"], np.diff(entry_at))
        folded.entries["seq"] = numbers  # of the ledger, which has corrections too: the fold counts what holds
        packed = pack_facts(a.columns._replace(at=a.said), *a.texts, a.content, a.revisions)
        writes.segments = Rows(list(a.ids), cut_segments(packed, a.groups, folded.entries, entry_at))
        writes.entries += len(folded.entries)
        _keep_heads(a, folded, np.diff(entry_at), writes, self._starts, until)
        _keep_keys(a, folded, known_keys, reader, writes)


def _erased(c: Candidates, rows: Array) -> list[Erase]:
    """The facts that ask to erase."""
    some = rows[(c.columns.kind[rows] == IDENTITY) & (c.columns.type[rows] == ERASE)]
    columns = (c.member[some], c.stand[some], c.columns.arrived[some])
    return [Erase(c.members[m], at, arrived) for m, at, arrived in zip(*(column.tolist() for column in columns), strict=True)]


def in_bites(batch: FactBatch) -> list[FactBatch]:
    """The batch as it is, or in smaller ones where a member has more of it than one fold takes. Batches do not show in what is decided."""
    if not len(batch):
        return [batch]
    _, number = np.unique(batch.member_codes, return_inverse=True)
    lines = np.diff(batch.columns.line_at)
    if np.bincount(number).max() <= FACTS_AT_ONCE and np.bincount(number, lines).max() <= LINES_AT_ONCE:
        return [batch]
    cuts, so_far = [0], 0
    for row, n in enumerate(lines.tolist()):
        if row > cuts[-1] and (row - cuts[-1] >= FACTS_AT_ONCE or so_far + n > LINES_AT_ONCE):
            cuts.append(row)
            so_far = 0
        so_far += n
    return [batch.slice(a, b) for a, b in pairwise([*cuts, len(batch)])]


def _names(c: Candidates) -> list[bytes]:
    """The business keys that a batch has or names."""
    return [*(about for about in c.abouts if about), *c.keys]


def _count(c: Candidates, known: Known, verdict: Verdict, writes: Writes) -> None:
    """How each fact ended. One that waits is counted then, and again when it ends; one that is amended while it waits ends as superseded."""
    kinds, counts = np.unique(verdict.disposition, return_counts=True)
    writes.dispositions = {Disposition(k): n for k, n in zip(kinds.tolist(), counts.tolist(), strict=True)}
    came = sum(row < c.released for row in verdict.waited)
    if came:
        writes.dispositions[Disposition.WAITING] = writes.dispositions.get(Disposition.WAITING, 0) + came
    writes.released = [(c.abouts[row], c.keys[row]) for row in sorted(verdict.waited) if row >= c.released]
    held = np.flatnonzero(verdict.disposition == Disposition.WAITING).tolist()
    newest = {c.keys[row]: row for row in held}
    writes.waiting = [pack_waiting(c, row) for row in newest.values()]
    amended = [(old.about, key) for key in newest if (old := known.keys.get(key)) is not None and old.kind & WAITS]
    replaced = len(amended) + len(held) - len(newest)
    if replaced:
        writes.released += amended
        writes.dispositions[Disposition.SUPERSEDED] = writes.dispositions.get(Disposition.SUPERSEDED, 0) + replaced
    for row in writes.waiting:
        writes.keys.add(row.key, row.mark())
    for order in {row.order for row in writes.waiting}:
        writes.keys.add(order, AWAITED)


def _candidates(batch: FactBatch, lateness: Lateness, released: int) -> Candidates:
    """Members are numbered in order of their ids, as the store keeps them: rows that are neighbours there are looked up and written together."""
    encoded = batch.members.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    places = np.empty(len(order), np.int64)
    places[order.to_numpy()] = np.arange(len(order))
    number = places[encoded.indices.to_numpy()]
    members = strings(encoded.dictionary.take(order))
    came_at = batch.columns.arrived.copy()
    columns = batch.columns._replace(at=put_back(batch.columns.at, came_at).copy(), arrived=came_at)
    stand = lateness.stand(columns.at, came_at).copy()
    keys, abouts = strings(batch.keys), strings(batch.abouts)
    if np.isin(columns.kind, (IDENTITY, TRANSFER)).any():
        columns = with_sides(columns)
    held = np.fromiter((m.startswith(RECEIPT.encode()) for m in members), bool, len(members))
    own = np.where(held[number], np.uint8(Came.HELD), np.uint8(0)) if held.any() else np.zeros(len(keys), np.uint8)
    return Candidates(columns, batch.columns.at, stand, number, members, keys, abouts, batch.content, batch.revisions, released, own)


def _accept(batch: FactBatch, c: Candidates, known: Known, verdict: Verdict, rows: Array) -> Accepted:
    """The accepted rows by member; within a member they are in the order of facts already."""
    order = np.argsort(c.member[rows], kind="stable")
    arrival = np.empty(len(order), np.int64)
    arrival[order] = np.arange(len(order))
    rows = rows[order]
    columns = take_rows(c.columns, rows)._replace(refuse=verdict.refuse[rows].astype(np.uint8))
    member = c.member[rows]
    starts = np.flatnonzero(np.concatenate([[True], member[1:] != member[:-1]]))
    numbers = member[starts]
    keys, abouts = batch.keys.take(rows), batch.abouts.take(rows)
    return Accepted(
        columns, c.said[rows], c.stand[rows], [c.members[m] for m in numbers.tolist()], known.heads.take(numbers),
        np.concatenate([starts, [len(rows)]]).astype(np.int64), arrival, strings(keys), strings(abouts), (Text.of(keys), Text.of(abouts)),
        batch.content[rows], batch.revisions[rows],
    )  # fmt: skip


def _buyers(c: Candidates, known: Mapping[bytes, KeyRow]) -> dict[int, bytes]:
    """What is brought back by a receipt alone is of the member who bought it, where one is known (S58): whose each such row is."""
    held = [row for row in np.flatnonzero(np.isin(c.columns.kind, RETURNS)).tolist() if c.came[row] & Came.HELD and c.abouts[row]]
    if not held:
        return {}
    sold = {c.keys[row]: c.members[int(c.member[row])] for row in np.flatnonzero(c.columns.kind == ORDER).tolist()}
    sold.update((key, row.member) for key, row in known.items() if row.kind == ORDER)
    found = ((row, sold.get(c.abouts[row], b"")) for row in held)
    return {row: owner for row, owner in found if owner and not owner.startswith(RECEIPT.encode())}


def _key_rows(reader: Reader, names: Sequence[bytes]) -> dict[bytes, KeyRow]:
    distinct = list(dict.fromkeys(names))
    return {k: KeyRow.read(v) for k, v in zip(distinct, reader.keys(distinct), strict=True) if v is not None}


def _cards(a: Accepted, known: Known, reader: Reader) -> list[tuple[int, bytes]]:
    """The cards that the facts name and that their member owns: orders of returns, redemptions, and those that paid for such orders."""
    wanted: list[tuple[int, bytes]] = []
    kinds = a.columns.kind
    rows = np.flatnonzero(np.isin(kinds, (*RETURNS, *ENDINGS, *ASKS, ORDER)) & (a.columns.about != 0))
    if not len(rows):
        return []
    group_of = np.searchsorted(a.groups, rows, side="right") - 1
    paid_by: list[tuple[int, bytes]] = []
    for row, group in zip(rows.tolist(), group_of.tolist(), strict=True):
        wanted.append((group, a.abouts[row]))
        named = known.keys.get(a.abouts[row])
        if named is not None and named.about and int(kinds[row]) in RETURNS:
            paid_by.append((group, named.about))
    more = _key_rows(reader, [about for _, about in paid_by])
    found: list[tuple[int, bytes]] = []
    for group, about in sorted(dict.fromkeys(wanted + paid_by)):
        named = known.keys.get(about) or more.get(about)
        if named is not None and named.card and named.member == a.ids[group]:
            found.append((group, named.card))
    return found


def _decided(columns: Columns, entries: Entries) -> Columns:
    """The answers beside the facts that asked: granted, or refused with the reason."""
    asked = np.isin(columns.kind, DECIDED) & (columns.outcome == Outcome.NONE)
    if not asked.any():
        return columns
    outcome, refuse = columns.outcome.copy(), columns.refuse.copy()
    outcome[asked] = Outcome.GRANTED
    refused = entries[(entries["kind"] == EntryKind.REFUSED) & (entries["rule"] < 0) & (entries["cause"] >= 0)]
    rows = refused["cause"]
    own = asked[rows]
    outcome[rows[own]], refuse[rows[own]] = Outcome.REFUSED, refused["reason"][own]
    return columns._replace(outcome=outcome, refuse=refuse)


def _keep_heads(a: Accepted, folded: Folded, entry_counts: Array, writes: Writes, starts: Array, until: int) -> None:
    """The heads after a batch. The start of a version is a timer of every member, so it is due like any other (S2, S46)."""
    old, facts = a.heads.fixed, np.diff(a.groups)
    rows = old.copy()
    rows["facts"] += facts
    rows["entries"] += entry_counts
    rows["tier"], rows["stage"] = folded.tier, folded.stage
    if len(a.keys):
        last = a.groups[1:] - 1
        rows["last_at"], rows["last_rank"] = a.stand[last], RANK[a.columns.kind[last]]
        last_keys = [a.keys[row] for row in last.tolist()]
    else:
        last_keys = [a.heads.last_key(g) for g in range(len(a.ids))]
    rows["due"] = sooner(folded.due, starts, np.maximum(rows["last_at"], until))
    heads = pack_heads(rows, last_keys, folded.states, folded.state_at)
    writes.heads = Rows(list(a.ids), heads)
    for g in np.flatnonzero(old["facts"] // BASE_EVERY != rows["facts"] // BASE_EVERY).tolist():
        writes.bases.add(a.ids[g], heads[g])


def starts_of(compiled: Compiled) -> Array:
    """The instants at which versions of a programme begin, in order; NEVER behind them."""
    return np.array([*sorted(v.effective_from for v in compiled.versions), NEVER], np.int64)


def sooner(due: Array, starts: Array, clock: Array) -> Array:
    """The next due instants of members who stand at `clock`: their own, or the start of the next version (`starts` of `starts_of`)."""
    following = np.searchsorted(starts, clock, side="right")
    found: Array = np.minimum(due, starts[np.minimum(following, len(starts) - 1)])
    return found


def _keep_keys(a: Accepted, folded: Folded, known_keys: Mapping[bytes, KeyRow], reader: Reader, writes: Writes) -> None:
    """A row for each accepted fact, with its card where it is an order; the cards of older orders; and the cards of redemptions under the
    redemption's own key.
    """
    group = np.repeat(np.arange(len(a.ids)), np.diff(a.groups))
    cards = run(folded.cards, np.append(folded.card_rows["lo"], len(folded.cards)))
    place = _rows_of_cards(a, group, folded)
    if len(a.keys):
        writes.keys = _key_rows_of(a, group, cards, place)
    others = np.flatnonzero(place < 0)
    if len(others):
        names = _names_spoken_of(a, known_keys)
        _keep_other_cards(a, folded.card_rows[others], cards.take(others).to_pylist(), names, known_keys, reader, writes)
    held = np.flatnonzero(a.columns.kind == FactKind.RESERVE).tolist()
    if held:
        writes.texts = {**writes.texts, **{int(a.columns.about[row]): a.abouts[row].decode() for row in held}}


def _names_spoken_of(a: Accepted, known_keys: Mapping[bytes, KeyRow]) -> dict[int, bytes]:
    """The keys that the facts name, and the redemptions that paid for the orders among them, by code."""
    paid = (known_keys[about].about for about in a.abouts if about in known_keys)
    names = {code_of(name.decode()): name for name in paid if name}
    return names | {code: a.abouts[row] for row, code in enumerate(a.columns.about.tolist()) if code}


def _rows_of_cards(a: Accepted, group: Array, folded: Folded) -> Array:
    """The row of the order that each card is of; -1 for the card of a redemption, or of an order that came before."""
    rows = folded.card_rows
    orders = np.flatnonzero(a.columns.kind == ORDER)
    place = np.full(len(rows), -1, np.int64)
    if not len(orders) or not len(rows):
        return place
    codes, number = np.unique(a.columns.ref[orders], return_inverse=True)
    named = np.minimum(np.searchsorted(codes, rows["ref"]), len(codes) - 1)
    # An order is known by its member and its code.
    own, asked = group[orders] * len(codes) + number, rows["member"] * len(codes) + named
    by_own = np.argsort(own)
    at = by_own[np.minimum(np.searchsorted(own, asked, sorter=by_own), len(orders) - 1)]
    found = (rows["kind"] == CARD_ORDER) & (codes[named] == rows["ref"]) & (own[at] == asked)
    place[found] = orders[at[found]]
    return place


def _key_rows_of(a: Accepted, group: Array, cards: Any, place: Array) -> Rows:
    """Key rows of the facts themselves, in order of arrival, which is often that of the keys. The last card of a row stands."""
    rows = np.zeros(len(a.keys), KeyFixed)
    rows["content"], rows["revision"], rows["kind"] = a.content, a.revisions, a.columns.kind
    kinds = a.columns.kind.tolist()
    abouts = column([about if kind == ORDER else b"" for kind, about in zip(kinds, a.abouts, strict=True)])
    card_of = np.full(len(rows), -1, np.int64)
    own = np.flatnonzero(place >= 0)
    card_of[place[own]] = own
    values = pack_key_rows(rows, column(a.ids).take(group), abouts, taken(cards, card_of))
    arrival = a.arrival.tolist()
    return Rows([a.keys[i] for i in arrival], [values[i] for i in arrival])


def _keep_other_cards(
    a: Accepted, rows: Any, cards: Sequence[bytes], names: Mapping[int, bytes], known_keys: Mapping[bytes, KeyRow], reader: Reader, writes: Writes
) -> None:
    """Cards of orders that came before, in their key rows; those of redemptions in rows of their own. Where a name comes twice, the last stands."""
    for kind, ref, owner, card in zip(rows["kind"].tolist(), rows["ref"].tolist(), rows["member"].tolist(), cards, strict=True):
        if kind == CARD_ORDER:
            writes.keys.add(names[ref], replace(known_keys[names[ref]], card=card).pack())
        elif ref:
            name = names.get(ref) or reader.text(ref)
            if name is None:
                raise LookupError(f"the redemption of code {ref} has no name in the store")
            writes.keys.add(name, KeyRow(0, 0, 0, a.ids[owner], b"", card).pack())
