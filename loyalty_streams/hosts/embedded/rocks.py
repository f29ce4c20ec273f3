"""The one RocksDB of an embedded store: its column families, its lock, its batches.

| column family | key | value |
|---|---|---|
| heads | member | head (agents.rows.Head) |
| segments | member, NUL, number of the batch | segment: facts and entries of one member in one batch |
| bases | member, NUL, number of the batch | the head as it stood after that batch |
| keys | business key | key row (agents.rows.KeyRow) |
| rest | see `names` below | settings, programmes, texts of codes, dead letters, rows that wait |
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

from rocksdict import (
    AccessType,
    BlockBasedOptions,
    BottommostLevelCompaction,
    Cache,
    Checkpoint,
    CompactOptions,
    DBCompressionType,
    Options,
    Rdict,
    ReadOptions,
    WriteBatch,
    WriteOptions,
)

from loyalty_streams.core.codes import NEVER

LAYOUT = 3
"""Raised with every change of what is stored; a store of a newer layout is refused."""
FAMILIES = ("heads", "segments", "bases", "keys", "rest")
NUL, AFTER_NUL = b"\0", b"\x01"
# Names in `rest`.
CLOCKS, REGISTRY, COMPILED, PHONE_KEY = b"m/clocks", b"m/registry", b"m/compiled", b"m/phone-key"
PROGRAMMES, TEXTS, LETTERS, LETTER_IDS, HELD, WAITING, UNDER_WAY = b"p/", b"t/", b"l/", b"i/", b"h/", b"w/", b"o/"
MARKED, GRAVES = b"e/", b"g/"
MEGABYTE = 1 << 20
COPIED_AT_ONCE = 8 * MEGABYTE


class StoreError(Exception):
    """The store cannot do what was asked. `code` is stable: NO_STORE, NOT_A_STORE, STORE_BUSY, STORE_NEWER, STORE_OLDER, STORE_DAMAGED, NO_PROGRAMME,
    OTHER_PROGRAMME, OTHER_PHONE_KEY, VERSION_TAKEN, TOO_EARLY, READ_ONLY, EXISTS. `place` is the folder, or the file in question.
    """

    def __init__(self, code: str, message: str, place: Path | str = "") -> None:
        super().__init__(message)
        self.code, self.place = code, str(place)


@dataclass(slots=True)
class Clocks:
    """Where the log stands; written with every batch. Instants are microseconds UTC, -1 for none yet.

    `tick` is the newest tick whose timers have all fired, `ticking` one that has begun; `batch` counts batches; `dispositions` facts by end;
    `waiting` returns that wait for their order, none of which has waited too long before `ages_at`; `under_way` messages between accounts;
    `refold` says that states are to be made again before anything is asked of them. `erasing` accounts are marked to be erased; `erased` is the
    running number of the last that was; `rewriting` says that the files still hold what was erased.
    """

    layout: int = LAYOUT
    tick: int = -1
    ticking: int = -1
    newest_arrived: int = -1
    newest_fact: int = -1
    batch: int = 0
    facts: int = 0
    entries: int = 0
    letters: int = 0
    waiting: int = 0
    under_way: int = 0
    ages_at: int = NEVER
    refold: bool = False
    erasing: int = 0
    erased: int = 0
    rewriting: bool = False
    dispositions: dict[str, int] = field(default_factory=dict)

    @property
    def now(self) -> int:
        """The instant that the store stands at: its newest tick, or a fact after it."""
        return max(self.tick, self.newest_fact)

    def pack(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def read(cls, data: bytes, place: Path) -> Clocks:
        found = json.loads(data)
        if found["layout"] > LAYOUT:
            raise StoreError("STORE_NEWER", f"the store was written by a newer layout ({found['layout']}; this release knows {LAYOUT})", place)
        if found["layout"] < LAYOUT:
            raise StoreError("STORE_OLDER", f"the store was written by an older layout ({found['layout']}): ingest its history into a new one", place)
        return cls(**found)


def _options() -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.create_missing_column_families(True)
    options.set_max_background_jobs(2)
    options.set_write_buffer_size(32 * MEGABYTE)
    options.set_db_write_buffer_size(64 * MEGABYTE)
    options.set_max_total_wal_size(256 * MEGABYTE)
    # Small write buffers make many small files: they are compacted when there are more of them, and less often.
    options.set_level_zero_file_num_compaction_trigger(8)
    options.set_max_bytes_for_level_base(512 * MEGABYTE)
    options.set_keep_log_file_num(2)
    return options


def _family(name: str, cache: Cache) -> Options:
    options = _options()
    options.set_compression_type(DBCompressionType.lz4())
    blocks = BlockBasedOptions()
    blocks.set_block_cache(cache)
    if name in ("keys", "heads", "rest"):
        blocks.set_bloom_filter(10, False)
        options.set_memtable_prefix_bloom_ratio(0.1)
        options.set_memtable_whole_key_filtering(True)
    if name == "segments":  # they are scanned, never looked up one by one: long blocks need a quarter of the index, which is held in memory
        blocks.set_block_size(16 << 10)
    options.set_block_based_table_factory(blocks)
    return options


class Rocks:
    """An open database. One process may write; others may read what was committed when they opened."""

    def __init__(self, folder: Path, *, create: bool = False, read_only: bool = False) -> None:
        self.folder, self.read_only = folder, read_only
        if not create and not is_database(folder):
            raise StoreError("NO_STORE", "there is no store here; `loyalty ingest` or `loyalty demo` makes one", folder)
        self._cache = Cache(32 * MEGABYTE)
        self._durable = WriteOptions()
        self._durable.sync = True
        self._open()

    def _open(self) -> None:
        families = {name: _family(name, self._cache) for name in FAMILIES}
        access = AccessType.read_only(False) if self.read_only else AccessType.read_write()
        try:
            self._db = Rdict(str(self.folder), _options(), families, access)
        except Exception as error:  # rocksdict raises plain Exception with RocksDB's words
            raise _opening_error(str(error), self.folder) from None
        self._of = {name: self._db.get_column_family(name) for name in FAMILIES}
        self._handles = {name: self._db.get_column_family_handle(name) for name in FAMILIES}

    def close(self) -> None:
        """Lets go of the folder; what still names a column family would keep its lock."""
        for family in self._of.values():
            family.close()
        self._of.clear()
        self._handles.clear()
        self._db.close()

    def get(self, family: str, key: bytes) -> bytes | None:
        found: bytes | None = self._of[family].get(key)
        return found

    def get_many(self, family: str, keys: Sequence[bytes]) -> list[bytes | None]:
        found: Any = self._of[family].get(list(keys)) if keys else []
        return list(found)

    def scan(self, family: str, first: bytes = b"", end: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Rows in order of key from `first` to before `end`, or to the end of the family."""
        options = ReadOptions()
        if end is not None:
            options.set_iterate_upper_bound(end)
        yield from self._of[family].items(from_key=first, read_opt=options)

    @property
    def sequence(self) -> int:
        """The number of the newest write: another one after each."""
        return int(self._db.latest_sequence_number())

    def batch(self) -> Batch:
        return Batch(self._handles)

    def write(self, batch: Batch) -> None:
        """All of a batch or nothing of it, on the disk when this returns."""
        if self.read_only:
            raise StoreError("READ_ONLY", "the store is open for reading", self.folder)
        self._db.write(batch.rows, self._durable)

    def rewrite(self) -> None:
        """Writes all rows into new files, and forgets the old ones: what was deleted is in none. No scan may be open.

        The list of files names the first and the last row of each; it is made anew where the database is opened.
        """
        whole = CompactOptions()
        whole.set_bottommost_level_compaction(BottommostLevelCompaction.force())
        for family in self._of.values():
            family.flush()
            family.compact_range(None, None, whole)
        self.close()
        self._open()

    def checkpoint(self, to: Path) -> None:
        """A consistent copy in a folder that does not exist yet. The writer links its files where the disk allows it.

        Who only reads copies row by row: a link from outside would miss what the writer has in its journal alone. The copy appears whole.
        """
        if not self.read_only:
            Checkpoint(self._db).create_checkpoint(str(to))
            return
        made = Path(tempfile.mkdtemp(prefix=f".{to.name}-", dir=to.parent))
        try:
            self._copy(made / "store")
            (made / "store").rename(to)
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def _copy(self, to: Path) -> None:
        copy = Rocks(to, create=True)
        try:
            for family in FAMILIES:
                batch, size = copy.batch(), 0
                for key, value in self.scan(family):
                    batch.put(family, key, value)
                    size += len(key) + len(value)
                    if size > COPIED_AT_ONCE:
                        copy.write(batch)
                        batch, size = copy.batch(), 0
                copy.write(batch)
        finally:
            copy.close()


class Batch:
    """Rows to be written together."""

    def __init__(self, handles: dict[str, Any]) -> None:
        self.rows = WriteBatch(raw_mode=True)
        self._handles = handles

    def put(self, family: str, key: bytes, value: bytes) -> None:
        self.rows.put(key, value, self._handles[family])

    def put_all(self, family: str, keys: Sequence[bytes], values: Sequence[bytes]) -> None:
        """Rows in two lists of the same length."""
        if len(keys) != len(values):
            raise ValueError(f"{len(keys)} keys for {len(values)} values")
        deque(map(self.rows.put, keys, values, repeat(self._handles[family])), maxlen=0)

    def delete(self, family: str, key: bytes) -> None:
        self.rows.delete(key, self._handles[family])


def is_database(folder: Path) -> bool:
    return (folder / "CURRENT").exists()


def check_free(folder: Path) -> None:
    """Whether a store may be made here: in a folder that does not exist, or is empty. Raises StoreError NOT_A_STORE."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreError("NOT_A_STORE", "the folder holds something else; a store needs a folder of its own", folder)


def _opening_error(words: str, folder: Path) -> StoreError:
    lower = words.lower()
    if "lock" in lower:
        return StoreError("STORE_BUSY", "another process has the store open; one at a time may write", folder)
    if "no such file" in lower or "does not exist" in lower:
        return StoreError("NO_STORE", "there is no store here", folder)
    return StoreError("STORE_DAMAGED", f"the store cannot be opened: {words}", folder)


def of_batch(member: bytes, batch: int) -> bytes:
    """The key of what a batch brought to a member."""
    return b"".join((member, NUL, batch.to_bytes(8, "big")))


def after_member(member: bytes) -> bytes:
    """The end of a member's keys."""
    return member + AFTER_NUL


def position_of(head: bytes) -> tuple[int, int, bytes]:
    """Where the newest fact of a packed head stands: instant, rank of its kind, business key."""
    from loyalty_streams.agents.rows import Head

    found = Head.read(head)
    return found.last_at, found.last_rank, found.last_key
