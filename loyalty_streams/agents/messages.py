"""What accounts that become one send each other, as messages between their logs.

A message is a fact for another account's log, with what has to come with it (`rows.Sent`). Which there are hangs on the log of the sender alone:
after each change of it the messages that it gives are compared with those that it gave before, and the difference goes out. Nothing is taken twice,
since a message has the name of its fact: one that comes again amends what came before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from loyalty_streams.agents.courses import COMES, ERASE, MERGES, POOL, gives_up
from loyalty_streams.agents.effective import take_facts
from loyalty_streams.agents.erased import with_own_texts
from loyalty_streams.agents.families import DIRECTION, MOVE, names_of, with_flags
from loyalty_streams.agents.judging import Candidates
from loyalty_streams.agents.kinds import DECIDED, IDENTITY, TRANSFER
from loyalty_streams.agents.lateness import Lateness, put_back
from loyalty_streams.agents.packing import cut_segments, pack_facts
from loyalty_streams.agents.rederiving import Facts, Member, Rederiving
from loyalty_streams.agents.rows import LENGTH, Came, Card, Head, Sent, Text, join_segments, pack_sent, split
from loyalty_streams.agents.shares import Share
from loyalty_streams.core.codes import NEVER, Direction, Move, Outcome, code_of
from loyalty_streams.core.entries import Entry
from loyalty_streams.core.facts import Array, take_rows
from loyalty_streams.core.kernel.records import CARD_REDEMPTION, CARD_STATE
from loyalty_streams.core.packed import state_card
from loyalty_streams.history.batch import FactBatch

SENT, TAKES, ASKS_WAY, GONE = Came.SENT, Came.TAKES, Came.ASKS_WAY, Came.GONE
TAKEN = SENT | TAKES
SIDES = {"to": Direction.IN, "back": Direction.BACK, "pool": Direction.POOLS}


class Heads(Protocol):
    """What is asked of a store: the heads of accounts, None where it has none."""

    def heads(self, members: Sequence[bytes]) -> list[bytes | None]: ...


class Name(NamedTuple):
    """What a message is known by: whom it is for, the code of its fact, and whether it is a merge itself."""

    to: bytes
    ref: int
    merge: bool


class Going(NamedTuple):
    """A message that the log of an account gives: the fact, what comes with it (of a merge the facts of which the state beside it is made and
    why some are refused, of a transfer its card), why it is refused, and as which side of a transfer it goes.
    """

    row: int
    beside: bytes = b""
    refuse: int = 0
    side: str = ""
    share: Share | None = None


class Out(NamedTuple):
    """A message to be packed."""

    to: bytes
    row: int
    came: int
    sent: Sent
    refuse: int = 0
    side: str = ""
    share: Share | None = None


class Folds(NamedTuple):
    """What a fold of an account's facts gave, as far as its messages hang on it: the cards by kind and code, the transfers that it refused, and
    what went to pools.
    """

    cards: Mapping[tuple[int, int], bytes] = {}
    refused: frozenset[int] = frozenset()
    shares: tuple[Share, ...] = ()


def outgoing(work: Rederiving, m: Member, before: Folds, after: Folds, again: bool = False) -> list[Out]:
    """The messages of an account by which others are to learn what has changed in its log, for `messages_of`; with `again` the state at its merge
    in any case.
    """
    f, known = work.facts, m.known
    was, now = (given(work, m, rows, folds) for rows, folds in ((m.before, before), (m.rows, after)))
    out = [_answer(f, row) for row in m.rows.tolist() if row in work.undecided and f.came[row] & SENT and _decided(f, row)]
    for name in was.keys() - now.keys():
        row, _, _, side, share = was[name]
        came = SENT | GONE | (f.came[row] & MERGES or (TAKES if name.merge else 0))
        out.append(Out(name.to, row, came, Sent(known, m.name, m.name), side=side, share=share))
    for name, going in now.items():
        if was.get(name) != going or (again and name.merge and going.beside):
            out.append(_message(work, m, name, going, known))
    return sorted(out, key=lambda o: (f.position(o.row), o.to, o.side, o.share or ()))


def given(work: Rederiving, m: Member, rows: Array, folds: Folds) -> dict[Name, Going]:
    """What the log of an account gives others: the way that idle moves lead, the states at its moves, all that goes on, and its transfers."""
    f, found = work.facts, dict[Name, Going]()
    one, ref = work.course(rows), f.columns.ref
    for idle in one.idle:
        found[Name(f.abouts[idle], int(ref[idle]), True)] = Going(idle)
    for move, before in one.moves.items():
        own = one.own[:before]
        why = [one.refused.get(row, 0) for row in own.tolist()] if one.refused else []
        found[Name(f.abouts[move], int(ref[move]), True)] = Going(move, np.append(own, why).tobytes())
    for row, by in zip(one.on.tolist(), one.by.tolist(), strict=True):
        name = Name(f.abouts[by], int(ref[row]), bool(f.came[row] & MERGES))
        found[name] = Going(row, refuse=one.refused.get(row, 0))
    for row in one.own[f.columns.kind[one.own] == TRANSFER].tolist():
        side = _side(f, row)
        if side == "to":
            card = folds.cards.get((CARD_REDEMPTION, int(ref[row])), b"")
            found[Name(f.abouts[row], code_of(side_key(f.keys[row], side)), False)] = Going(row, card, side=side)
        elif side == "back" and row in folds.refused:
            found[Name(f.sent[row].carried, code_of(side_key(f.keys[row], side)), False)] = Going(row, side=side)
    joins = {int(f.columns.about[row]): row for row in one.own[f.columns.type[one.own] == POOL].tolist()} if folds.shares else {}
    for share in folds.shares:
        row = joins[share.pool]
        found[Name(f.abouts[row], code_of(share.key.decode()), False)] = Going(row, share.card, side="pool", share=share)
    return found


def to_pools(work: Rederiving, m: Member, given: Sequence[Share], known: int) -> list[bytes]:
    """The messages by which pools are to learn what timers have given them."""
    joins = {int(work.facts.columns.about[row]): row for row in m.rows[work.facts.columns.type[m.rows] == POOL].tolist()}
    names = [(share, joins[share.pool]) for share in given]
    return packed(work.facts, [Out(work.facts.abouts[row], row, SENT, _parcel(m, share, known), side="pool", share=share) for share, row in names])


def _parcel(m: Member, share: Share, known: int) -> Sent:
    return Sent(known, m.name, m.name, (Card(CARD_REDEMPTION, code_of(share.key.decode()), share.card),))


def _side(f: Facts, row: int) -> str:
    """As which side a transfer goes on from the account whose fact it is: from the sender to the receiver, from there back, and no further."""
    return {0: "to", COMES: "back", POOL: "back"}.get(int(f.columns.type[row]), "")


def side_key(key: bytes, side: str) -> str:
    """The business key of a transfer at the receiver's, and where it comes back."""
    return f"{key.decode()}/{side}"


def _message(work: Rederiving, m: Member, name: Name, going: Going, known: int) -> Out:
    f, row = work.facts, going.row
    known = max(known, f.known(row))
    if going.share is not None:
        return Out(name.to, row, SENT, _parcel(m, going.share, known), side=going.side, share=going.share)
    if going.side:
        parcel: tuple[Card, ...] = (Card(CARD_REDEMPTION, int(f.columns.about[row]), going.beside),) if going.beside else ()
        if going.side == "back" and f.columns.type[row] == POOL:  # the member's own fold knows of no parcel
            parcel = f.sent[row].cards
        empty = Came.EMPTY if going.side == "to" and not parcel else 0
        return Out(name.to, row, SENT | empty, Sent(known, m.name, m.name, parcel), side=going.side)
    if not name.merge or f.came[row] & MERGES:
        sent = f.sent.get(row, Sent(known, m.name, m.name))
        came = SENT | int(f.came[row]) & (MERGES | Came.EMPTY)
        return Out(name.to, row, came, sent._replace(known=known, sender=m.name), going.refuse)
    if not going.beside:
        return Out(name.to, row, SENT | ASKS_WAY, Sent(known, m.name, m.name))
    return Out(name.to, row, TAKEN, Sent(known, m.name, m.name))


def messages_of(work: Rederiving, going: Sequence[tuple[Member, Sequence[Out]]]) -> list[list[bytes]]:
    """What accounts send, packed; with each merge goes the state right before it, all of which are folded together."""
    outs = [(m, out) for m, some in going for out in some]
    moves = [(k, m, out.row) for k, (m, out) in enumerate(outs) if out.came == TAKEN and not out.sent.cards]
    ready = [out for _, out in outs]
    for (k, _, _), (cards, names) in zip(moves, _taken_along(work, [(m, row) for _, m, row in moves]), strict=True):
        ready[k] = ready[k]._replace(sent=ready[k].sent._replace(cards=cards, names=names))
    each = iter(packed(work.facts, ready))
    return [[next(each) for _ in some] for _, some in going]


def _taken_along(work: Rederiving, moves: Sequence[tuple[Member, int]]) -> list[tuple[tuple[Card, ...], tuple[int, ...]]]:
    """What goes with merges: the packed state right before each, the cards of orders and redemptions, and the codes of those that are known."""
    if not moves:
        return []
    f, courses = work.facts, [work.course(m.rows).before(row) for m, row in moves]
    until = f.stand[[row for _, row in moves]].astype(np.int64)
    folded = work.fold_until([b""] * len(moves), courses, until, cards=True)
    whole, states = folded.cards.tobytes(), folded.states.tobytes()
    fresh: list[list[Card]] = [[] for _ in moves]
    for kind, ref, group, lo, hi in zip(*(folded.card_rows[n].tolist() for n in ("kind", "ref", "member", "lo", "hi")), strict=True):
        if ref:
            fresh[group].append(Card(kind, ref, whole[lo:hi]))
    out = []
    for k, (one, (_, move)) in enumerate(zip(courses, moves, strict=True)):
        cards = {card[:2]: card for r in one.own.tolist() if r in f.sent for card in f.sent[r].cards if card.kind != CARD_STATE}
        cards.update((card[:2], card) for card in fresh[k])
        ref = int(f.columns.ref[move])
        state = Card(CARD_STATE, ref, state_card(ref, states[folded.state_at[k] : folded.state_at[k + 1]]))
        out.append(((state, *cards.values()), names_of(f.columns, one.of_now(f.columns), f.sent)))
    return out


def _decided(f: Facts, row: int) -> bool:
    return int(f.columns.kind[row]) in DECIDED and int(f.columns.outcome[row]) != Outcome.NONE


def _answer(f: Facts, row: int) -> Out:
    """The decision goes back to the account that the fact names, whose log keeps it: it stands, wherever the fact goes later."""
    return Out(f.sent[row].carried, row, 0, f.sent[row]._replace(cards=(), names=()))


def settled_apart(batch: FactBatch, reader: Heads) -> list[FactBatch]:
    """A batch in parts, between which messages are to be taken: so that what is asked is decided on all that arrived before it, and erasures,
    which are parts of their own, are of all that arrived before them, through a kill as well.
    """
    c = batch.columns
    erases = (c.kind == IDENTITY) & (c.type == ERASE)
    if erases.any():
        cuts = [0, *(np.flatnonzero(erases[:-1] != erases[1:]) + 1).tolist(), len(batch)]
        return [some for a, b in pairwise(cuts) for some in _settled_apart(with_own_texts(batch.slice(a, b)), reader)]
    return _settled_apart(batch, reader)


def _settled_apart(batch: FactBatch, reader: Heads) -> list[FactBatch]:
    c = batch.columns
    asks = np.isin(c.kind, DECIDED) & (c.outcome == Outcome.NONE)
    if not asks.any():
        return [batch]
    names, moving = batch.members.to_pylist(), np.flatnonzero(np.isin(c.kind, (IDENTITY, TRANSFER)))
    distinct = list(dict.fromkeys(names))
    heads = reader.heads([n.encode() for n in distinct])
    kin = {name for name, head in zip(distinct, heads, strict=True) if head is not None and Head.read(head).family}
    kin.update(*((names[row], about) for row, about in zip(moving.tolist(), batch.abouts.take(pa.array(moving)).to_pylist(), strict=True)))
    if not kin:
        return [batch]
    cuts, sends, asked = [0], False, False
    for row, (name, asking) in enumerate(zip(names, asks.tolist(), strict=True)):
        if asked or (asking and sends):
            cuts.append(row)
            sends = False
        sends |= name in kin
        asked = asking and name in kin
    return [batch.slice(a, b) for a, b in pairwise([*dict.fromkeys(cuts), len(batch)])]


# ---- bytes -------------------------------------------------------------------------------------------------------------


def packed(f: Facts, out: Sequence[Out]) -> list[bytes]:
    """Messages as bytes: whom each is for, and a segment of its one fact."""
    if not out:
        return []
    rows, came = np.array([o.row for o in out], np.int64), np.array([o.came for o in out], np.uint8)
    columns = take_rows(f.columns, rows)._replace(at=f.said[rows])
    columns = with_flags(columns, MOVE, dict.fromkeys(np.flatnonzero(came & MERGES).tolist(), int(Move.ABSORBS)))
    keys, abouts = ([words[r] for r in rows.tolist()] for words in (f.keys, f.abouts))
    for k, o in enumerate(out):
        if o.refuse:
            columns.refuse[k] = o.refuse
        if o.share is not None:
            keys[k] = abouts[k] = o.share.key
            columns.at[k], columns.arrived[k], columns.points[k], columns.kind[k] = o.share.at, o.share.arrived, o.share.points, TRANSFER
        elif o.side:
            abouts[k] = keys[k] if o.side == "to" else abouts[k]
            keys[k] = side_key(keys[k], o.side).encode()
        if o.side:
            columns.ref[k], columns.about[k], columns.type[k] = code_of(keys[k].decode()), code_of(abouts[k].decode()), code_of(o.side)
            columns.outcome[k], columns.refuse[k] = Outcome.GRANTED, 0
    columns = with_flags(columns, DIRECTION, {k: int(SIDES[o.side]) for k, o in enumerate(out) if o.side})
    texts, about_texts = (Text(b"".join(words), np.array([len(w) for w in words], np.int64)) for words in (keys, abouts))
    whole = pack_facts(columns, texts, about_texts, f.content[rows], f.revisions[rows], came)
    segments = cut_segments(whole, np.arange(len(out) + 1), np.zeros(0, Entry), np.zeros(len(out) + 1, np.int64))
    return [LENGTH.pack(len(o.to)) + o.to + segment + pack_sent([(0, o.sent)]) for o, segment in zip(out, segments, strict=True)]


def addressee(message: bytes) -> bytes:
    """The account that a message is for."""
    return _opened(message)[0]


def _opened(message: bytes) -> tuple[bytes, bytes]:
    """Whom a message is for, and the segment."""
    (size,) = LENGTH.unpack_from(message)
    return message[LENGTH.size : LENGTH.size + size], message[LENGTH.size + size :]


def next_ones(messages: Sequence[bytes], lateness: Lateness) -> tuple[list[int], list[int]]:
    """Of messages under way, in order of sending: which are to be taken now, and which have been overtaken by a later one of the same name.

    A merge waits while something is under way to the account that it gives up: what it brings would be another thing after that, and along a chain
    each account would send its state once for every account before it. In a circle nobody waits for ever: the earliest goes on.
    """
    to, segments = zip(*map(_opened, messages), strict=True)
    rows = join_segments([[segment] for segment in segments])
    stand = lateness.stand(put_back(rows.columns.at, rows.columns.arrived), rows.columns.arrived).tolist()
    refs, merges, keys = rows.columns.ref.tolist(), (rows.came & MERGES > 0).tolist(), split(rows.keys)
    newest = {(to[k], rows.sent[k].sender, refs[k], merges[k], bool(rows.came[k])): k for k in range(len(messages))}
    left = sorted(newest.values())
    first: dict[bytes, tuple[int, bytes]] = {}
    for k in left:
        first[to[k]] = min(first.get(to[k], (stand[k], keys[k])), (stand[k], keys[k]))
    ready = [k for k in left if not merges[k] or first.get(rows.sent[k].sender, (NEVER, b"")) >= (stand[k], keys[k])]
    ready = ready or [min(left, key=lambda k: (stand[k], keys[k]))]
    return ready, sorted(set(range(len(messages))) - set(left))


def _comes_home(kind: int, came: int, carried: bytes, to: bytes) -> bool:
    """A fact that an account has itself goes round until the circle is cut; it is no news. What is left of a transfer is."""
    return bool(came & SENT) and not came & MERGES and carried == to and kind != TRANSFER


def arrived(messages: Iterable[bytes], lateness: Lateness) -> Candidates:
    """Messages as facts for the logs of those whom they are for, in order of arrival."""
    cut = [_opened(message) for message in messages]
    whole = join_segments([[segment] for _, segment in cut])
    away = [k for k, (to, _) in enumerate(cut) if not _comes_home(int(whole.columns.kind[k]), int(whole.came[k]), whole.sent[k].carried, to)]
    rows, cut = take_facts(whole, np.array(away, np.int64)), [cut[k] for k in away]
    members = sorted({to for to, _ in cut})
    number = {to: k for k, to in enumerate(members)}
    abouts = split(rows.abouts)
    home = gives_up(rows.columns, rows.came, np.arange(len(cut)))
    home &= np.array([about == to for about, (to, _) in zip(abouts, cut, strict=True)], bool)  # a move of an account to itself is none
    columns = rows.columns._replace(at=put_back(rows.columns.at, rows.columns.arrived), about=np.where(home, 0, rows.columns.about))
    return Candidates(
        columns, rows.said, lateness.stand(columns.at, columns.arrived), np.array([number[to] for to, _ in cut], np.int64), members,
        split(rows.keys), [b"" if back else about for back, about in zip(home.tolist(), abouts, strict=True)], rows.content, rows.revisions,
        len(cut), rows.came, {k: sent for k, sent in rows.sent.items() if rows.came[k]}, frozenset(np.flatnonzero(rows.came == 0).tolist()),
    )  # fmt: skip
