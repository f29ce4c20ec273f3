"""What a store holds of a member and of a key, as bytes: heads, segments and key rows.

A **segment** is what one batch brought to one member: its facts in order of arrival with the decisions given on them, and the entries that
were booked for them. Rows are of fixed width, so that many segments are joined into columns without looking at each. Where a fact was late,
the segment also says of each entry what it corrects and where it belongs (`MendRow`); `agents.effective` makes of it what holds.
A **head** is the member's packed state, with what the agent asks of it before it folds.
A **key row** remembers a business key: the content and owner of its fact, and the card that returns and cancellations need.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.entries import Entries, Entry
from loyalty_streams.core.facts import Array, Columns

FactRow = np.dtype([
    ("at", "i8"), ("arrived", "i8"), ("ref", "i8"), ("about", "i8"), ("amount", "i8"), ("points", "i8"), ("channel", "i8"),
    ("store", "i8"), ("type", "i8"), ("content", "u8"), ("revision", "i4"), ("lines", "u4"), ("attributes", "u4"),
    ("key_size", "u2"), ("about_size", "u2"), ("kind", "u1"), ("outcome", "u1"), ("refuse", "u1"), ("came", "u1"),
])  # fmt: skip
LineRow = np.dtype([("no", "i4"), ("qty", "i4"), ("sku", "i8"), ("category", "i8"), ("amount", "i8"), ("tax", "i8"), ("kind", "u1")])
AttrRow = np.dtype([("name", "i8"), ("value", "i8"), ("kind", "u1")])
MendRow = np.dtype([("corrects", "i4"), ("place", "i4"), ("beside", "i8")])
"""Beside an entry of a segment with a late fact. `corrects`: the running number of the entry that this one takes back, 0 for none. `place`: its
number among the entries of its fact, or of the timers of its instant. `beside`: the code of the fact that caused it; of a timer's the code of
the fact of the same instant that it follows, 0 for none."""
PLAIN = ("at", "arrived", "ref", "about", "amount", "points", "channel", "store", "type", "kind", "outcome", "refuse")
"""Columns of a fact that stand in its row as they are. `came` beside them: how the fact came into this log (`Came`)."""
COUNTS = struct.Struct("<7I")
HEAD = struct.Struct("<qqqqiiBBB")
HeadRow = np.dtype([
    ("due", "<i8"), ("last_at", "<i8"), ("facts", "<i8"), ("entries", "<i8"), ("tier", "<i4"), ("stage", "<i4"), ("last_rank", "u1"),
    ("family", "u1"), ("key_size", "u1"),
])  # fmt: skip
"""The same bytes as HEAD."""
LENGTH, LONG_KEY = struct.Struct("<H"), 255
"""A `key_size` of 255 says that the length of the key stands before it."""
KEY = struct.Struct("<QiBHHI")
KeyFixed = np.dtype([("content", "<u8"), ("revision", "<i4"), ("kind", "u1"), ("member", "<u2"), ("about", "<u2"), ("card", "<u4")])
"""The same bytes as KEY."""
STATE_NONE = b""
WAITS = 128
"""Added to the kind of a fact that waits for its order: it is known, and not yet applied."""


# ---- heads -------------------------------------------------------------------------------------------------------------


def stored_key(key: bytes) -> bytes:
    """A business key as a head holds it: one of more than 254 bytes has its length before it."""
    return LENGTH.pack(len(key)) + key if len(key) >= LONG_KEY else key


@dataclass(frozen=True, slots=True)
class Head:
    """A member as the store knows it. `due`: the next instant at which anything changes by itself. `last_*`: where the newest fact stands in
    the order of facts. `facts`: how many there are. `tier`, `stage`: registry numbers, -1 for none. `family`: 1 where other accounts have become
    this one, or this one another. `state`: the packed state.
    """

    due: int = NEVER
    last_at: int = -1
    facts: int = 0
    entries: int = 0
    tier: int = -1
    stage: int = -1
    last_rank: int = 0
    last_key: bytes = b""
    state: bytes = STATE_NONE
    family: int = 0

    def pack(self) -> bytes:
        fixed = HEAD.pack(
            self.due, self.last_at, self.facts, self.entries, self.tier, self.stage, self.last_rank, self.family,
            min(len(self.last_key), LONG_KEY),
        )  # fmt: skip
        return b"".join((fixed, stored_key(self.last_key), self.state))

    @classmethod
    def read(cls, data: bytes) -> Head:
        due, last_at, facts, entries, tier, stage, rank, family, size = HEAD.unpack_from(data)
        start = HEAD.size
        if size == LONG_KEY:
            (size,) = LENGTH.unpack_from(data, start)
            start += LENGTH.size
        return cls(due, last_at, facts, entries, tier, stage, rank, data[start : start + size], data[start + size :], family)


NOBODY = Head().pack()
"""The head of a member whom the store does not know."""


@dataclass(frozen=True, slots=True)
class Heads:
    """Many heads, packed as they are, their fields of fixed width as columns (`HeadRow`), and where in each the state begins."""

    packed: list[bytes]
    fixed: npt.NDArray[Any]
    state_at: Array

    @classmethod
    def of(cls, found: Sequence[bytes | None]) -> Heads:
        """From what the store gave: None for a member whom it does not know."""
        packed = [head or NOBODY for head in found]
        fixed = np.frombuffer(b"".join([head[: HEAD.size] for head in packed]), HeadRow)
        state_at = HEAD.size + fixed["key_size"].astype(np.int64)
        for i in np.flatnonzero(fixed["key_size"] == LONG_KEY).tolist():
            state_at[i] = HEAD.size + LENGTH.size + LENGTH.unpack_from(packed[i], HEAD.size)[0]
        return cls(packed, fixed, state_at)

    def take(self, numbers: Array) -> Heads:
        return Heads([self.packed[i] for i in numbers.tolist()], self.fixed[numbers], self.state_at[numbers])

    def last_key(self, number: int) -> bytes:
        """The business key of the newest fact."""
        size = int(self.fixed["key_size"][number])
        start = HEAD.size if size < LONG_KEY else HEAD.size + LENGTH.size
        return self.packed[number][start : self.state_at[number]]

    def states(self) -> tuple[Array, Array]:
        """All packed states in one run of bytes, and where each begins; the end last."""
        states = [head[at:] for head, at in zip(self.packed, self.state_at.tolist(), strict=True)]
        return np.frombuffer(b"".join(states), np.uint8), _offsets(np.fromiter(map(len, states), np.int64, len(states)))


def due_of(head: bytes) -> int:
    """The next due instant of a packed head, without reading the rest."""
    return int.from_bytes(head[:8], "little", signed=True)


def due_at(head: bytes, at: int) -> bytes:
    """A packed head that is due at another instant."""
    return at.to_bytes(8, "little", signed=True) + head[8:]


# ---- key rows ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What is remembered of a business key: its fact's content hash, revision and kind (0: no fact has this key itself), the member it
    belongs to, the key that the fact is about, and the card of an order or redemption.
    """

    content: int
    revision: int
    kind: int
    member: bytes
    about: bytes = b""
    card: bytes = b""

    def pack(self) -> bytes:
        fixed = KEY.pack(self.content, self.revision, self.kind, len(self.member), len(self.about), len(self.card))
        return b"".join((fixed, self.member, self.about, self.card))

    @classmethod
    def read(cls, data: bytes) -> KeyRow:
        content, revision, kind, member, about, card = KEY.unpack_from(data)
        at = KEY.size
        return cls(content, revision, kind, data[at : at + member], data[at + member : at + member + about], data[at + member + about :][:card])


# ---- what one account sends another ------------------------------------------------------------------------------------


class Came(IntFlag):
    """How a fact came into the log of an account: 0 where it names the account itself.

    SENT: from an account that has become this one, or from one that this one has become. GONE: what was sent under this key is taken back.
    TAKES: it is the merge itself, with the state of the other account beside it; ASKS_WAY: the same without one, to see where it leads.
    HELD: it is kept under a receipt, for whoever claims it. EMPTY: a transfer of which nothing comes, to see where it leads.
    """

    SENT = 1
    GONE = 2
    TAKES = 4
    ASKS_WAY = 8
    HELD = 16
    EMPTY = 32


class Card(NamedTuple):
    """A card of the kernel: its kind, the code of the order, redemption or merge that it is of, and its bytes."""

    kind: int
    ref: int
    data: bytes


class Sent(NamedTuple):
    """What comes with a fact that another account sends. `known`: when that account knew it, microseconds UTC; `carried`: the account that the
    fact itself names; `sender`: the account that sends it; `cards`: with a merge the packed state, and the cards of orders and redemptions;
    `names`: the codes of the orders and redemptions that the other account knows.
    """

    known: int
    carried: bytes
    sender: bytes
    cards: tuple[Card, ...] = ()
    names: tuple[int, ...] = ()


SENT_ROW, CARD = struct.Struct("<IqHHII"), struct.Struct("<BqI")


def pack_sent(rows: Iterable[tuple[int, Sent]]) -> bytes:
    """What stands behind the facts of a segment: row in the segment, and what came with it."""
    out = []
    for row, sent in rows:
        out.append(SENT_ROW.pack(row, sent.known, len(sent.carried), len(sent.sender), len(sent.cards), len(sent.names)))
        out += [sent.carried, sent.sender, np.array(sent.names, "<i8").tobytes()]
        out += [CARD.pack(card.kind, card.ref, len(card.data)) + card.data for card in sent.cards]
    return b"".join(out)


def read_sent(data: bytes, at: int) -> Iterator[tuple[int, Sent]]:
    while at < len(data):
        row, known, carried, sender, cards, names = SENT_ROW.unpack_from(data, at)
        at += SENT_ROW.size
        who, by = data[at : at + carried], data[at + carried : at + carried + sender]
        at += carried + sender
        codes, at = tuple(np.frombuffer(data, "<i8", names, at).tolist()), at + 8 * names
        found = []
        for _ in range(cards):
            kind, ref, size = CARD.unpack_from(data, at)
            at += CARD.size + size
            found.append(Card(kind, ref, data[at - size : at]))
        yield row, Sent(known, who, by, tuple(found), codes)


# ---- segments ----------------------------------------------------------------------------------------------------------


class Text(NamedTuple):
    """Strings as one run of UTF-8: row i is `data[ends[i - 1]:ends[i]]`."""

    data: bytes
    sizes: Array

    @classmethod
    def of(cls, array: Any) -> Text:
        """From a `large_string` array without nulls."""
        offsets = np.frombuffer(array.buffers()[1], np.int64)[array.offset : array.offset + len(array) + 1]
        data = array.buffers()[2]
        run = data.slice(int(offsets[0]), int(offsets[-1] - offsets[0])).to_pybytes() if data is not None and len(array) else b""
        return cls(run, np.diff(offsets))


@dataclass(frozen=True, slots=True)
class Segments:
    """Many segments as columns. `member[i]` and `entries.member` number the members in order of appearance, `entries.cause` are rows of the
    columns. `mends`: a row of `MendRow` an entry, or none at all where no fact was late (`place` is -1 for entries booked in order).
    `after`: how many rows of the log stand before the segment that an entry was booked in. `came`: how each fact came into its log (`Came`), and
    `sent`, by row, what came with those that another account sent.
    """

    columns: Columns
    member: Array
    entries: Entries
    keys: Text
    abouts: Text
    content: Array
    revisions: Array
    mends: npt.NDArray[Any]
    after: Array
    came: Array
    sent: Mapping[int, Sent]
    said: Array

    def key_of(self) -> dict[int, str]:
        """The text of every business key that the rows have or name, by its code."""
        found: dict[int, str] = {}
        for codes, text in ((self.columns.about, self.abouts), (self.columns.ref, self.keys)):  # a transfer's `about` is itself
            words = split(text)
            found.update((c, w.decode()) for c, w in zip(codes.tolist(), words, strict=True) if w)
        return found


def split(text: Text) -> list[bytes]:
    """The strings of a run, one by one."""
    ends = np.cumsum(text.sizes).tolist()
    return [text.data[a:b] for a, b in zip([0, *ends], ends, strict=False)]


def join_segments(members: Iterable[Sequence[bytes]]) -> Segments:
    """The segments of some members, each member's in order of time, as columns."""
    gathered = _Gathered()
    for number, segments in enumerate(members):
        for segment in segments:
            gathered.add(number, segment)
    return gathered.joined()


@dataclass(slots=True)
class _Gathered:
    """Pieces of segments by kind, until they are joined."""

    pieces: tuple[list[bytes], ...] = field(default_factory=lambda: tuple([] for _ in range(7)))
    sizes: list[tuple[int, ...]] = field(default_factory=list)
    members: list[int] = field(default_factory=list)
    sent: dict[int, Sent] = field(default_factory=dict)
    facts: int = 0

    def add(self, member: int, segment: bytes) -> None:
        counts = COUNTS.unpack_from(segment)
        at = COUNTS.size
        for pieces, n, width in zip(self.pieces, counts, WIDTHS, strict=True):
            pieces.append(segment[at : at + n * width])
            at += n * width
        if at < len(segment):
            self.sent.update((self.facts + row, sent) for row, sent in read_sent(segment, at))
        self.facts += counts[0]
        self.sizes.append(counts)
        self.members.append(member)

    def joined(self) -> Segments:
        runs = [b"".join(pieces) for pieces in self.pieces]
        facts, lines = np.frombuffer(runs[0], FactRow), np.frombuffer(runs[1], LineRow)
        attributes, entries = np.frombuffer(runs[2], AttrRow), np.frombuffer(runs[3], Entry).copy()
        sizes = np.array(self.sizes, np.int64).reshape(-1, 7)
        owners = np.array(self.members, np.int64)
        first = np.cumsum(sizes[:, 0]) - sizes[:, 0]
        entries["member"] = np.repeat(owners, sizes[:, 3])
        entries["cause"] = np.where(entries["cause"] >= 0, entries["cause"] + np.repeat(first, sizes[:, 3]), -1)
        out: dict[str, Array] = {name: np.ascontiguousarray(facts[name]) for name in PLAIN}
        out["line_at"], out["attr_at"] = _offsets(facts["lines"]), _offsets(facts["attributes"])
        out.update({f"line_{n}": np.ascontiguousarray(lines[n]) for n in LineRow.names or ()})
        out.update({f"attr_{n}": np.ascontiguousarray(attributes[n]) for n in AttrRow.names or ()})
        keys, abouts = (Text(runs[k], facts[name].astype(np.int64)) for k, name in ((4, "key_size"), (5, "about_size")))
        return Segments(
            Columns(**out), np.repeat(owners, sizes[:, 0]), entries.view(Entry), keys, abouts,
            np.ascontiguousarray(facts["content"]), np.ascontiguousarray(facts["revision"]),
            _mends(np.frombuffer(runs[6], MendRow), sizes[:, 3], sizes[:, 6]), np.repeat(first, sizes[:, 3]),
            np.ascontiguousarray(facts["came"]), self.sent, out["at"],
        )  # fmt: skip


def _mends(some: Array, entries: Array, mends: Array) -> npt.NDArray[Any]:
    """A row for every entry, or none where no segment has any."""
    if not len(some):
        return np.zeros(0, MendRow)
    out = np.zeros(int(entries.sum()), MendRow)
    out["place"] = -1
    out[np.repeat(mends > 0, entries)] = some
    return out


WHOLE = np.dtype((np.void, Entry.itemsize))
WIDTHS = (FactRow.itemsize, LineRow.itemsize, AttrRow.itemsize, Entry.itemsize, 1, 1, MendRow.itemsize)


def _offsets(counts: Array) -> Array:
    out = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=out[1:])
    return out


def stacked(parts: Sequence[Entries]) -> Entries:
    """Some entries after others, without a look at their fields."""
    whole = [np.ascontiguousarray(part).view(WHOLE) for part in parts if len(part)]
    return (np.concatenate(whole) if whole else np.zeros(0, WHOLE)).view(Entry)


def entries_of(segment: bytes) -> Entries:
    """The entries of one segment alone."""
    counts = COUNTS.unpack_from(segment)
    at = COUNTS.size + sum(n * w for n, w in zip(counts[:3], WIDTHS[:3], strict=True))
    return np.frombuffer(segment, Entry, counts[3], at)
