"""Erasing a person (S59): the account that ended, and all that led to it, are called by running numbers from then on, and by nothing else.

What the facts fold to stays: entries, sums, the reports of any instant. What tells whose they were goes, from the logs of others too, in one
commit; then the files are written anew, so that nothing is left in them. A mark says until that commit who is to be erased: a kill leaves it, and
the next opening goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

import numpy as np

from loyalty_streams.agents.courses import FOREIGN, NOWHERE, UNLINK
from loyalty_streams.agents.erased import Admitted, Grave, admit, codes_in, names_in, texts_of_shops
from loyalty_streams.agents.kinds import IDENTITY, TRANSFER
from loyalty_streams.agents.renaming import Renaming
from loyalty_streams.agents.rows import KeyRow, join_segments, split
from loyalty_streams.agents.writes import Erase, Writes
from loyalty_streams.core.facts import ERASED, Array, Columns, take_rows
from loyalty_streams.history.batch import FactBatch
from loyalty_streams.hosts.embedded.identifiers import course_of, home
from loyalty_streams.hosts.embedded.quarantine import held
from loyalty_streams.hosts.embedded.rocks import GRAVES, HELD, LETTERS, MARKED, NUL, TEXTS, Batch, after_member, of_batch
from loyalty_streams.hosts.embedded.store import Store

NUMBER = 9
"""Bytes behind the account in the name of a segment."""
AT_ONCE = 1_000
"""Segments that are looked at together."""


# ---- who is gone ---------------------------------------------------------------------------------------------------------


def of_the_living(store: Store, facts: FactBatch) -> Admitted:
    """What of a batch is taken."""
    return admit(facts, graves(store, names_in(facts))) if store.clocks.erased else Admitted(facts)


def graves(store: Store, names: Sequence[bytes]) -> dict[bytes, Grave]:
    """Those of some names that were erased."""
    found = store.rocks.get_many("rest", [_grave(name) for name in names])
    return {name: Grave(*_numbers(row)) for name, row in zip(names, found, strict=True) if row is not None}


def put_graves(batch: Batch, found: Mapping[bytes, Grave]) -> None:
    for name, grave in found.items():
        batch.put("rest", _grave(name), _words(*grave))


def _grave(name: bytes) -> bytes:
    return GRAVES + hashlib.blake2b(name, digest_size=16).digest()


def _words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(8, "big", signed=True) for number in numbers)


def _numbers(row: bytes) -> Iterator[int]:
    return (int.from_bytes(row[at : at + 8], "big", signed=True) for at in range(0, len(row), 8))


# ---- erasing -------------------------------------------------------------------------------------------------------------


def mark(batch: Batch, asked: Erase) -> None:
    """Notes, in the commit of the fact that asks for it, that an account is to be erased."""
    batch.put("rest", MARKED + asked.account, _words(asked.at, asked.arrived))


def erase_marked(store: Store) -> None:
    """Erases who is marked, in one commit. While messages are under way, everybody waits."""
    rows = store.rocks.scan("rest", MARKED, MARKED[:-1] + b"0")
    asked = [Erase(name[len(MARKED) :], *_numbers(value)) for name, value in rows]
    if asked and not store.clocks.under_way:
        _Erasure(store, sorted(asked, key=lambda e: (e.arrived, e.at, e.account))).run()


def rewrite(store: Store) -> None:
    """Writes the files of the store anew: what was erased since they were written is still in them."""
    store.rocks.rewrite()
    store.note(rewriting=False)


@dataclass(slots=True)
class _Erasure:
    """Some persons, in the order in which their erasures arrived.

    `graves`: the accounts that lead to theirs, these among them, and when each erasure was known; `lives`: accounts that once did and are somebody
    else's now, with the instants between which they did; `contents`: the content of the persons' facts from then on.
    """

    store: Store
    asked: Sequence[Erase]
    batch: Batch = field(init=False)
    renaming: Renaming = field(init=False)
    graves: dict[bytes, Grave] = field(default_factory=dict)
    lives: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    contents: dict[bytes, int] = field(default_factory=dict)
    writes: Writes = field(default_factory=Writes)

    def run(self) -> None:
        clocks, names = self.store.clocks, dict[bytes, bytes]()
        self.batch, last = self.store.rocks.batch(), clocks.erased
        for one in self.asked:
            self.batch.delete("rest", MARKED + one.account)
            family = self._family(home(self.store, one.account.decode()).encode(), one.arrived)
            first = _first_number(last, len(family))
            names.update((name, f"{ERASED}{first + k}".encode()) for k, name in enumerate(family))
            last = first + len(family) - 1 if family else last
        self.renaming = Renaming(names, _read_by_rules(self.store))
        if names:
            mine = self._logs()
            self._texts(mine | self._others() | self._waiting())
            self._letters()
        for name in names:
            self.batch.delete("rest", HELD + name)
        self.writes.graves = {**{name: Grave(life[1] - 1, -1) for name, life in self.lives.items()}, **self.graves}
        self.store.note(self.batch, self.writes, erasing=0, erased=last, rewriting=clocks.rewriting or bool(names))

    def _family(self, ended: bytes, known: int) -> list[bytes]:
        """The accounts that lead to one that has ended, itself among them, in order of name; none where it is already being erased, or lives."""
        if ended in self.graves or course_of(self.store, ended)[1].leads != NOWHERE:
            return []
        family, seen, ahead, lives = {ended}, {ended}, [ended], dict[bytes, tuple[int, int]]()
        while ahead:
            rows = join_segments([list(self.store.segments(ahead.pop()))])
            for name in sorted({name for sent in rows.sent.values() for name in (sent.sender, sent.carried)} - seen):
                seen.add(name)
                if home(self.store, name.decode()).encode() == ended:
                    family.add(name)
                    ahead.append(name)
                elif (life := self._former_life(name, ended)) is not None:
                    lives[name] = life
                    ahead.append(name)  # others were joined to it then
        self.graves.update(dict.fromkeys(family, Grave(known)))
        self.lives.update(lives)
        return sorted(family)

    def _former_life(self, name: bytes, ended: bytes) -> tuple[int, int] | None:
        """When an account that is somebody else's now led to one that has ended: from its beginning until it was unlinked."""
        rows, _ = course_of(self.store, name)
        unlinked = rows.columns.at[(rows.columns.kind == IDENTITY) & (rows.columns.type == UNLINK)].tolist()
        for begun, over in reversed(list(pairwise([-1, *unlinked]))):
            then = home(self.store, name.decode(), before=over)
            if then.encode() != name and home(self.store, then).encode() == ended:
                return begun, over
        return None

    def _logs(self) -> set[int]:
        """Logs, heads and key rows go to the new names. -> the codes of the words of shops in them"""
        r, batch, words, mine = self.renaming, self.batch, set[bytes](), set[int]()
        for name, new in r.names.items():
            for key, value in self.store.rocks.scan("segments", of_batch(name, 0), after_member(name)):
                made = r.segment(value, name)
                batch.delete("segments", key)
                batch.put("segments", new + key[-NUMBER:], made)
                old, rows = join_segments([[value]]), join_segments([[made]])
                keys, abouts = split(old.keys), split(old.abouts)
                words.update(keys, abouts)
                self.contents.update((key, int(c)) for key, c, came in zip(keys, rows.content, rows.came, strict=True) if not came & FOREIGN)
                mine |= texts_of_shops(old.columns)
                r.dropped.update(code for code, word in zip(old.columns.about.tolist(), abouts, strict=True) if r.key(word) != word)
            for head in self.store.heads([name]):
                if head is not None:
                    batch.delete("heads", name)
                    batch.put("heads", new, r.head(head))
            for key, _ in self.store.rocks.scan("bases", of_batch(name, 0), after_member(name)):
                batch.delete("bases", key)
        self._key_rows(sorted(words - {b""}))
        return mine

    def _key_rows(self, words: Sequence[bytes]) -> None:
        for key, row in zip(words, self.store.keys(words), strict=True):
            if row is not None and (KeyRow.read(row).member in self.renaming.names or self.renaming.key(key) != key):
                self.batch.delete("keys", key)
                self.batch.put("keys", self.renaming.key(key), self.renaming.key_row(row, self.contents.get(key)))

    def _others(self) -> set[int]:
        """In all other logs what names them is renamed. -> the codes of the texts in these logs"""
        used, touched = set[int](), set[bytes]()
        others = (row for row in self.store.rocks.scan("segments") if row[0][:-NUMBER] not in self.renaming.names)
        while some := list(islice(others, AT_ONCE)):
            rows = join_segments([[value] for _, value in some])
            meets = set(rows.member[(rows.came > 0) | np.isin(rows.columns.kind, (IDENTITY, TRANSFER))].tolist())
            meets |= {*rows.entries["member"][np.isin(rows.entries["ref"], self.renaming.codes)].tolist()}
            meets |= {k for k, (key, _) in enumerate(some) if key[:-NUMBER] in self.lives}
            apart = np.isin(rows.member, sorted(meets))
            used.update(codes_in(take_rows(rows.columns, np.flatnonzero(~apart)) if meets else rows.columns))
            for key, value in (some[k] for k in sorted(meets)):
                used.update(codes_in(self._other(key, value, touched)))
        for account in sorted(touched):
            for place, (first, end) in (("heads", (account, account + NUL)), ("bases", (of_batch(account, 0), after_member(account)))):
                for key, value in self.store.rocks.scan(place, first, end):
                    self.batch.put(place, key, self.renaming.head(value))
        return used

    def _other(self, key: bytes, value: bytes, touched: set[bytes]) -> Columns:
        """A segment that may name them. -> its facts as they are from then on"""
        account, r = key[:-NUMBER], self.renaming
        made = r.segment(value, account, self.lives.get(account, (0, 0)))
        if made != value:
            touched.add(account)
            self.batch.put("segments", key, made)
            self._key_rows([k for k in split(join_segments([[value]]).keys) if r.key(k) != k])
        return join_segments([[made]]).columns

    def _waiting(self) -> set[int]:
        """Returns that wait for their orders wait no more. -> the codes of the texts of those that others brought"""
        rows = list(held(self.store)) if self.store.clocks.waiting else []
        own, others = ([row for row in rows if (row.member in self.renaming.names) == mine] for mine in (True, False))
        for name in (*(row.key for row in own), *({row.order for row in own} - {row.order for row in others})):
            self.batch.delete("keys", name)
        self.writes.released = [(row.order, row.key) for row in own]
        self.writes.leave_out(len(own))
        return set(codes_in(join_segments([[row.segment] for row in others]).columns))

    def _texts(self, used: set[int]) -> None:
        """Texts that nobody else has are dropped."""
        for code in sorted(self.renaming.dropped - used):
            self.batch.delete("rest", TEXTS + code.to_bytes(8, "big", signed=True))

    def _letters(self) -> None:
        """Dead letters that name the person are dropped; that they were there is remembered, so that they do not come again."""
        names = {name.decode() for name in self.renaming.names}
        values = names | {name.partition(":")[2] for name in names if ":" in name}
        for number, letter in self.store.letters():
            if letter.member in names or _told(json.loads(letter.raw), values):
                self.batch.delete("rest", LETTERS + f"{int(number):010}".encode())


def _told(row: Any, values: set[str]) -> bool:
    """Whether a row, or a line in it, has one of some values."""
    if isinstance(row, Mapping):
        return any(_told(value, values) for value in row.values())
    if isinstance(row, list):
        return any(_told(value, values) for value in row)
    return str(row) in values


def _first_number(last: int, count: int) -> int:
    """The first of so many running numbers of the same length: as words they stand in the order of the names that they replace."""
    first = last + 1
    return first if len(str(first)) == len(str(first + count - 1)) else 10 ** len(str(first))


def _read_by_rules(store: Store) -> Array:
    """The codes of the attributes that a version of the programme reads."""
    tables = store.compiled.tables
    named = [t.attributes[: int(t.n.attributes)] for t in tables]
    return np.concatenate([*named, [int(t.settings.check_attribute) for t in tables]]).astype(np.int64)
