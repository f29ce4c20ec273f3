"""Facts packed for backtests: Parquet files that hold what the fold reads, bucketed by member and in the order in which it is folded.

A folder of them is a history with the decisions given on it, made of the log of a store:

* `facts-BBBB.parquet`, `lines-BBBB.parquet`, `attributes-BBBB.parquet`: the rows of bucket B, a member's together, his facts in their order. The
  columns are those of `core.facts.Columns`, numbers and 64-bit codes; `late` is how long after `at` a fact arrived. `key` and `about_key` are
  the business keys. Row i of the facts has the next `lines` rows of the lines and `attributes` of the attributes.
* `members-BBBB.parquet`: in the same order each member, and how many facts are his.
* `texts.parquet`: the texts behind codes. `pack.json`: the programmes in force, and of each block, which is a row group of each file of its
  bucket, what a reader need not look for.

A bucket is XXH64 of the member's id modulo the number of buckets. The same log gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loyalty_streams.agents.effective import effective, take_facts
from loyalty_streams.agents.families import own_facts
from loyalty_streams.agents.kinds import IDENTITY, TRANSFER
from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.agents.rows import Segments, Text
from loyalty_streams.backtest.grants import made_of_plans
from loyalty_streams.backtest.source import Logs, StoreSource, Waiting, patience_of
from loyalty_streams.backtest.totals import code_version
from loyalty_streams.core.codes import code_of
from loyalty_streams.core.facts import ATTR_FIELDS, FACT_FIELDS, LINE_FIELDS, Array, concatenate
from loyalty_streams.hosts.embedded.programmes import Programmes
from loyalty_streams.hosts.embedded.rocks import StoreError
from loyalty_streams.hosts.embedded.store import Store
from loyalty_streams.hosts.embedded.words import strings
from loyalty_streams.reports.texts import Texts

LAYOUT = 1
MANIFEST, TEXTS = "pack.json", "texts.parquet"
CONTENT = "loyalty_streams_content"
TABLES = ("facts", "lines", "attributes", "members")
FACTS_A_BUCKET, FACTS_A_BLOCK = 4_000_000, 65_536
PLAIN, ODD, KIN = "plain", "odd", "kin"
"""Kinds of blocks. Of PLAIN ones the facts can be folded as they are; ODD ones hold identity facts, receipts or adjustments made of a plan, KIN
ones accounts that became one."""
KERNEL = tuple(name for name in FACT_FIELDS if name != "arrived")
"""Columns of facts that the fold reads, beside `late`."""
BESIDE = {"content": "content", "revision": "revisions", "came": "came"}
"""Columns of facts, and what they are of `Segments`, that are asked where accounts met or facts are put into another order."""
SCATTERED = ("ref", "about", "at", "content", "amount", "line_amount", "attr_value", "key", "about_key")
"""Columns of which few values come twice."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A block of some members, whole: which row group it is of each file of its bucket (-1: it has no such rows), and what is known of its facts.

    `late`: how late the latest of them is, in microseconds; `ahead`: a clock was ahead (T160); `last`: none arrived later. `same`: columns of
    facts, lines and attributes in which all rows say the same.
    """

    bucket: int
    kind: str
    facts: int
    members: int
    late: int
    ahead: bool
    last: int
    groups: dict[str, int]
    same: dict[str, int]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `pack.json` says. `patience`: the order of the facts is that of programmes which wait as long for what comes late. `tables`: the files
    beside the folder that tell the same, and their sizes. `waiting`: as of `Source`. `content`: a hash of all rows, which stands in every file too.
    """

    layout: int
    code_version: str
    facts: int
    members: int
    now: int
    buckets: int
    patience: list[list[int]]
    programmes: list[list[str]]
    registry: str
    blocks: list[Blocked]
    tables: dict[str, int]
    waiting: list[Waiting]
    content: str = ""

    def write(self, folder: Path) -> None:
        (folder / MANIFEST).write_text(json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")


@dataclass(slots=True)
class Piece:
    """Some members whose facts go into one block: names, facts of each, the group of accounts that each is closed with (-1: none)."""

    names: list[bytes]
    counts: Array
    groups: Array
    rows: Segments


def write_pack(store: Store, to: Path, tables: Sequence[Path] = ()) -> Manifest:
    """Packs the log of a store into a folder, which is there whole or not at all. `tables`: files beside it that tell the same. Raises StoreError
    EXISTS.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise StoreError("EXISTS", "facts are packed into a folder that is empty or does not exist yet", to)
    to.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{to.name}-", dir=to.parent))
    try:
        beside.chmod(0o755)
        packed = _of_store(store, beside, {path.name: path.stat().st_size for path in tables})
        os.replace(beside, to)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return packed


@dataclass(slots=True)
class _Bucket:
    """The files of one bucket, and what waits for its next block."""

    folder: Path
    number: int
    waiting: dict[str, list[Piece]] = field(default_factory=lambda: {PLAIN: [], ODD: []})
    writers: dict[str, Any] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TABLES, 0))

    def put(self, name: str, table: Any) -> int:
        """A row group more. -> its number; -1 where there are no rows."""
        if not len(table):
            return -1
        if name not in self.writers:
            distinct = [c for c in table.column_names if c in SCATTERED]
            path = self.folder / f"{name}-{self.number:04}.parquet"
            self.writers[name] = pq.ParquetWriter(
                path, table.schema, compression="lz4", use_dictionary=[c for c in table.column_names if c not in distinct]
            )
        self.writers[name].write_table(table, row_group_size=len(table))
        self.written[name] += 1
        return self.written[name] - 1

    def close(self, content: str = "") -> None:
        """Ends the files, each with the hash of the rows of all."""
        while self.writers:
            writer = self.writers.popitem()[1]
            if content:
                writer.add_key_value_metadata({CONTENT: content})
            writer.close()


class Packer:
    """Writes blocks of members into the files of a folder that is there and empty; `lateness` is that of the programmes in force."""

    def __init__(self, folder: Path, facts: int, lateness: Lateness) -> None:
        """`facts`: about how many there will be."""
        self.folder, self._lateness = folder, lateness
        self.buckets = [_Bucket(folder, k) for k in range(-(-facts // FACTS_A_BUCKET) or 1)]
        self.blocks: list[Blocked] = []
        self._content = hashlib.blake2b(digest_size=16)

    def bucket_of(self, name: bytes) -> int:
        return (code_of(name.decode()) & (1 << 64) - 1) % len(self.buckets)

    def put(self, bucket: int, kind: str, piece: Piece) -> None:
        """Some members more: they are written when a block is full. Accounts that became one are a block of their own."""
        if kind == KIN:
            self._write(self.buckets[bucket], kind, [piece])
            return
        waiting = self.buckets[bucket].waiting
        waiting[kind].append(piece)
        if sum(len(p.rows.member) for p in waiting[kind]) >= FACTS_A_BLOCK:
            self._write(self.buckets[bucket], kind, waiting[kind])
            waiting[kind] = []

    def end(self, programmes: Programmes, texts: Mapping[int, str], now: int, tables: Mapping[str, int], orphans: Sequence[Waiting] = ()) -> Manifest:
        """Writes what waits, and then what a reader looks at first."""
        for bucket in self.buckets:
            for kind, waiting in bucket.waiting.items():
                if waiting:
                    self._write(bucket, kind, waiting)
        words = sorted(texts.items())
        self._content.update(repr(words).encode())
        content = self._content.hexdigest()
        self.close(content)
        table = pa.table({"code": pa.array([code for code, _ in words], pa.int64()), "text": pa.array([text for _, text in words], pa.string())})
        pq.write_table(table.replace_schema_metadata({CONTENT: content}), self.folder / TEXTS, compression="zstd")
        blocks = sorted(self.blocks, key=lambda b: (b.kind == KIN, b.bucket, b.groups["members"]))
        packed = Manifest(
            LAYOUT, code_version(), sum(b.facts for b in blocks), sum(b.members for b in blocks), now, len(self.buckets),
            [list(p) for p in patience_of(programmes.compiled)], [list(t) for t in programmes.texts], programmes.registry, blocks, dict(tables),
            [*orphans], content,
        )  # fmt: skip
        packed.write(self.folder)
        return packed

    def close(self, content: str = "") -> None:
        for bucket in self.buckets:
            bucket.close(content)

    def _write(self, bucket: _Bucket, kind: str, pieces: Sequence[Piece]) -> None:
        names = [name for p in pieces for name in p.names]
        counts, closed = (np.concatenate([getattr(p, name) for p in pieces]) for name in ("counts", "groups"))
        rows = [p.rows for p in pieces]
        columns = concatenate([r.columns for r in rows])
        said = np.concatenate([r.said for r in rows])
        late = columns.arrived - said
        facts = {name: getattr(columns, name) for name in KERNEL} | {"at": said, "late": late}
        facts |= {"lines": np.diff(columns.line_at).astype(np.int32), "attributes": np.diff(columns.attr_at).astype(np.int32)}
        facts |= {name: np.concatenate([getattr(r, of) for r in rows]) for name, of in BESIDE.items()}
        parts = {
            "facts": facts, "lines": {name: getattr(columns, name) for name in LINE_FIELDS},
            "attributes": {name: getattr(columns, name) for name in ATTR_FIELDS},
        }  # fmt: skip
        ids = pa.array([name.decode() for name in names], pa.large_string())
        words = {"member_id": ids.take(pa.array(np.repeat(np.arange(len(names)), counts)))}
        words |= {"key": _joined([r.keys for r in rows]), "about_key": _joined([r.abouts for r in rows])}
        self._content.update(f"{bucket.number} {kind}\n".encode() + b"\n".join(names))
        for column in (counts, *(column for part in parts.values() for column in part.values())):
            self._content.update(column.tobytes())
        for r in rows:
            self._content.update(r.keys.data + r.abouts.data)
        groups = {name: bucket.put(name, pa.table({**part, **(words if name == "facts" else {})})) for name, part in parts.items()}
        groups["members"] = bucket.put("members", pa.table({"member_id": ids, "facts": counts, "group": closed}))
        same = {name: int(column[0]) for part in parts.values() for name, column in part.items() if len(column) and (column == column[0]).all()}
        self.blocks.append(Blocked(
            bucket.number, kind, len(said), len(names), int(late.max(initial=0)), bool((late < 0).any()), int(columns.arrived.max(initial=0)),
            groups, same,
        ))  # fmt: skip


def _of_store(store: Store, folder: Path, tables: dict[str, int]) -> Manifest:
    """One pass over a store."""
    source = StoreSource(store)
    packer = Packer(folder, store.clocks.facts, store.lateness)
    try:
        for block in source.blocks():
            for bucket, kind, piece in _pieces(packer, source, block()):
                packer.put(bucket, kind, piece)
        return packer.end(store.programmes, Texts(store), store.clocks.now, tables, source.waiting())
    finally:
        packer.close()


def _pieces(packer: Packer, source: StoreSource, logs: Logs) -> Iterator[tuple[int, str, Piece]]:
    """The facts of some accounts that came from outside and stand, by bucket and kind of block."""
    rows = effective(take_facts(logs.log, own_facts(logs.log)), source.store.lateness, given_up=True)
    counts = np.bincount(rows.member, minlength=len(logs.names)).astype(np.int64)
    groups = np.array([source.group_of.get(name, -1) for name in logs.names], np.int64)
    if logs.kin:
        yield packer.bucket_of(logs.names[0]), KIN, Piece(logs.names, counts, groups, rows)
        return
    special = np.zeros(len(logs.names), bool)
    special[rows.member[(rows.came > 0) | np.isin(rows.columns.kind, (IDENTITY, TRANSFER))]] = True
    special[rows.member[made_of_plans(rows)]] = True
    places: dict[tuple[int, str], list[int]] = {}
    for k, name in enumerate(logs.names):
        places.setdefault((packer.bucket_of(name), ODD if special[k] else PLAIN), []).append(k)
    begins = np.cumsum(counts) - counts
    for (bucket, kind), some in sorted(places.items()):
        own = np.array(some, np.int64)
        n = counts[own]
        inner = np.repeat(begins[own] - np.cumsum(n) + n, n) + np.arange(int(n.sum()))
        yield bucket, kind, Piece([logs.names[k] for k in some], n, groups[own], take_facts(rows, inner))


def _joined(parts: Sequence[Text]) -> Any:
    return strings(Text(b"".join(p.data for p in parts), np.concatenate([p.sizes for p in parts])))
