"""Accounts under other names: every place where an old one stands, in their own rows and in those of others (S59).

Numbers stay as they are, codes of business keys among them, so that the facts fold to the same; what is told in words does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from loyalty_streams.agents.courses import POOL, UNPOOL
from loyalty_streams.agents.erased import texts_of_attributes
from loyalty_streams.agents.kinds import IDENTITY, TRANSFER
from loyalty_streams.agents.packing import cut_segments, pack_facts
from loyalty_streams.agents.rows import Head, KeyRow, Segments, Text, join_segments, pack_sent, split
from loyalty_streams.core.codes import ATTR, Reason, code_of
from loyalty_streams.core.facts import RECEIPT, Array, Columns
from loyalty_streams.history.content import content_hashes
from loyalty_streams.history.keys import part

OWN_KINDS = (b"profile", b"identity", b"interaction", b"opening")
"""Business keys that may be made of the account's name; that of a redemption or adjustment is where a shop gave it none."""
GIVEN = {b"interaction": 1, b"opening": 2}
"""How many parts such a key has behind its kind where the shop has named the fact."""
MADE = (b"redemption", b"adjustment")
SHARE = b"pooled"
"""What a pool was given, by the member's name."""
INSTANT = re.compile(rb"-\d{4}-\d\d-\d\dT[\d:.]+Z")
CLAIMED = RECEIPT.encode()


@dataclass(slots=True)
class Renaming:
    """`names`: what accounts are called from now on; `kept`: codes of the attributes that rules read. Other attributes of these accounts are dropped
    from what is renamed, but for the engine's own, and `dropped` gathers the codes of texts that may be used no more.
    """

    names: Mapping[bytes, bytes]
    kept: Array
    dropped: set[int] = field(default_factory=set)
    _parts: dict[bytes, bytes] = field(init=False)
    _codes: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self._parts = {part(old.decode()).encode(): new for old, new in self.names.items()}
        self._codes = {code_of(old.decode()): code_of(new.decode()) for old, new in self.names.items()}
        self.kept = np.union1d(self.kept, list(ATTR.values()))

    @property
    def codes(self) -> list[int]:
        """The codes of the old names."""
        return list(self._codes)

    def key(self, key: bytes) -> bytes:
        """A business key without the names. Ids that shops gave stay."""
        kind, *pieces = key.split(b"/")
        if kind == SHARE and pieces:
            pieces[0] = self._parts.get(pieces[0], pieces[0])
        elif kind in MADE and pieces:
            pieces[0] = self._made(pieces[0])
        elif kind in OWN_KINDS and len(pieces) != GIVEN.get(kind):
            claims = kind == b"identity" and pieces[2:3] == [b"claim"]
            pieces = [self._parts.get(CLAIMED + p if claims and k == 3 else p, p) for k, p in enumerate(pieces)]
        else:
            return key
        return b"/".join([kind, *pieces])

    def _made(self, name: bytes) -> bytes:
        for old, new in self._parts.items():
            if name.startswith(old) and INSTANT.fullmatch(name, len(old)):
                return new + name[len(old) :]
        return name

    def head(self, packed: bytes) -> bytes:
        head = Head.read(packed)
        return replace(head, last_key=self.key(head.last_key)).pack()

    def key_row(self, packed: bytes, content: int | None = None) -> bytes:
        row = KeyRow.read(packed)
        content = row.content if content is None else content
        return replace(row, content=content, member=self.names.get(row.member, row.member), about=self.key(row.about)).pack()

    def segment(self, packed: bytes, account: bytes, life: tuple[int, int] = (0, 0)) -> bytes:
        """A segment of an account's log. Facts of the renamed accounts lose what nobody reads, and those of `account` itself in a former life."""
        rows = join_segments([[packed]])
        bare = self._bare(rows, account, life)
        columns = self._without(rows.columns, bare)
        keys, told = [self.key(key) for key in split(rows.keys)], split(rows.abouts)
        accounts = np.isin(columns.kind, (IDENTITY, TRANSFER)).tolist()
        abouts = [(self.names.get(word) if of else None) or self.key(word) for word, of in zip(told, accounts, strict=True)]
        about = columns.about.copy()
        for row in np.flatnonzero((columns.kind == IDENTITY) & ~np.isin(columns.type, (POOL, UNPOOL))).tolist():
            about[row] = self._codes.get(int(about[row]), int(about[row]))
        columns = columns._replace(about=about)
        content = rows.content
        if account in self.names:
            content = content_hashes(columns, np.full(len(keys), code_of(self.names[account].decode()), np.int64))
        entries = rows.entries.copy()
        of_pools = np.isin(entries["reason"], (Reason.POOLED, Reason.NOT_ALLOWED))  # whose members know them by their code
        for old, new in self._codes.items():
            entries["ref"][(entries["ref"] == old) & ~of_pools] = new
        whole = pack_facts(columns, _text(keys), _text(abouts), content, rows.revisions, rows.came)
        ends, mends = np.array([0, len(entries)], np.int64), rows.mends if len(rows.mends) else None
        (segment,) = cut_segments(whole, np.array([0, len(keys)], np.int64), entries, ends, mends)
        sent = {k: s._replace(carried=self.names.get(s.carried, s.carried), sender=self.names.get(s.sender, s.sender)) for k, s in rows.sent.items()}
        return segment + pack_sent(sorted(sent.items()))

    def _bare(self, rows: Segments, account: bytes, life: tuple[int, int]) -> Array:
        """The facts that are of the renamed accounts."""
        bare = np.full(len(rows.member), account in self.names) | ((rows.columns.at >= life[0]) & (rows.columns.at < life[1]))
        for row, sent in rows.sent.items():
            bare[row] |= sent.carried in self.names or sent.sender in self.names
        return bare

    def _without(self, columns: Columns, bare: Array) -> Columns:
        owner = np.repeat(np.arange(len(bare)), np.diff(columns.attr_at))
        self.dropped |= texts_of_attributes(columns, np.flatnonzero(bare[owner]))
        keep = ~bare[owner] | np.isin(columns.attr_name, self.kept)
        at = np.concatenate([[0], np.cumsum(np.bincount(owner[keep], minlength=len(bare)))]).astype(columns.attr_at.dtype)
        names, kinds, values = (column[keep] for column in (columns.attr_name, columns.attr_kind, columns.attr_value))
        return columns._replace(attr_at=at, attr_name=names, attr_kind=kinds, attr_value=values)


def _text(words: list[bytes]) -> Text:
    return Text(b"".join(words), np.array([len(word) for word in words], np.int64))
