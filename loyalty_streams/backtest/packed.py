"""Packed facts as a history to backtest: row groups of Parquet become the columns that the fold reads. `packing` says what the files hold."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from loyalty_streams.agents.effective import effective, take_facts
from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.agents.rows import MendRow, Segments, Text
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.ground import Ground
from loyalty_streams.backtest.packing import BESIDE, CONTENT, KERNEL, KIN, LAYOUT, MANIFEST, PLAIN, TEXTS, Blocked, Manifest
from loyalty_streams.backtest.places import REMOTE, filesystem
from loyalty_streams.backtest.source import Block, Logs, Waiting, patience_of
from loyalty_streams.core.entries import Entry
from loyalty_streams.core.facts import ATTR_FIELDS, DTYPES, LINE_FIELDS, Array, Columns
from loyalty_streams.core.programme import Compiled
from loyalty_streams.history.files import table_and_format
from loyalty_streams.hosts.embedded.programmes import Programmes
from loyalty_streams.programme import ProgrammeError
from loyalty_streams.programme.load import load

PACKED = "packed"
"""The folder beside the tables of an export that holds the same facts packed."""
UNREAD = Text(b"", np.zeros(0, np.int64))
"""In place of business keys that were not asked for."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on a disk or in an object store, or a file of it. `name`: how it is asked for again."""

    files: Any
    path: str
    local: bool
    name: str = ""

    @classmethod
    def of(cls, path: Path | str) -> Folder:
        if REMOTE in str(path):
            files, inside = filesystem(str(path))
            return cls(files, inside.rstrip("/"), False, str(path).rstrip("/"))
        return cls(pafs.LocalFileSystem(), str(Path(path).absolute()), True, str(Path(path).absolute()))

    def __truediv__(self, name: str) -> Folder:
        return Folder(self.files, f"{self.path}/{name}", self.local, f"{self.name}/{name}")

    def exists(self) -> bool:
        return bool(self.files.get_file_info(self.path).type == pafs.FileType.File)

    def read(self) -> bytes:
        with self.files.open_input_stream(self.path) as stream:
            return bytes(stream.read())

    def open(self) -> Any:
        return pa.memory_map(self.path) if self.local else self.files.open_input_file(self.path)


def is_packed(path: Path | str) -> bool:
    """Whether there are packed facts at a path, or beside the tables there."""
    return _found(Folder.of(path)) is not None


def _found(place: Folder) -> Folder | None:
    return next((p for p in (place, place / PACKED) if (p / MANIFEST).exists()), None)


def opened(path: Path | str) -> Ground:
    """Packed facts and the programmes that were in force over them. Raises BacktestError NOT_PACKED, PACK_NEWER, PACK_BROKEN, PACK_STALE."""
    source = source_of(path)
    manifest = source.manifest
    try:
        given = Programmes.of_versions([load(text, file) for file, text in manifest.programmes], manifest.registry)
    except ProgrammeError as error:
        raise BacktestError("PACK_BROKEN", f"a programme in it cannot be read: {error}", path) from None
    return Ground(source, _Texts(source), given)


def source_of(path: Path | str) -> PackedSource:
    """The facts alone. Raises as `opened`."""
    place = _found(Folder.of(path))
    if place is None:
        raise BacktestError("NOT_PACKED", f"there is no {MANIFEST} in the folder", path, usage=True)
    try:
        text = (place / MANIFEST).read()
        told = json.loads(text)
        if told["layout"] > LAYOUT:
            raise BacktestError("PACK_NEWER", f"packed with layout {told['layout']}, this program knows {LAYOUT}", path)
        manifest = Manifest(**{**told, "blocks": [Blocked(**b) for b in told["blocks"]]})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BacktestError("PACK_BROKEN", f"{MANIFEST} cannot be read: {error}", path) from None
    _unchanged(manifest, place)
    return PackedSource(place, manifest, hashlib.sha256(text).hexdigest())


def _unchanged(manifest: Manifest, place: Folder) -> None:
    """Raises BacktestError PACK_STALE where the tables beside packed facts are no longer those that tell the same, or others have come."""
    if not manifest.tables:
        return
    beside = place.files.get_file_info(pafs.FileSelector(place.path.rpartition("/")[0], allow_not_found=True))
    there = {f.base_name: f.size for f in beside if f.type == pafs.FileType.File and (table_and_format(Path(f.base_name)) or [""])[0]}
    for name in sorted(there.keys() | manifest.tables.keys()):
        if there.get(name) != manifest.tables.get(name):
            happened = "has changed since" if name in manifest.tables else "is not packed"
            raise BacktestError("PACK_STALE", f"{name} beside it {happened}; pack the folder anew, or remove {PACKED}", place.path)


class _Texts(Mapping[int, str]):
    """The texts behind codes, read when the first is asked for."""

    def __init__(self, source: PackedSource) -> None:
        self._source = source

    @cached_property
    def _known(self) -> dict[int, str]:
        try:
            table = self._source.file(TEXTS).read()
        except (OSError, pa.ArrowException) as error:
            raise BacktestError("PACK_BROKEN", f"cannot be read: {error}", self._source.path(TEXTS)) from None
        return dict(zip(table["code"].to_pylist(), table["text"].to_pylist(), strict=True))

    def __getitem__(self, code: int) -> str:
        return self._known[code]

    def __iter__(self) -> Iterator[int]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


@dataclass(slots=True)
class PackedSource:
    """Reads packed facts, block by block."""

    place: Folder
    manifest: Manifest
    digest: str
    _open: threading.local = field(default_factory=threading.local, repr=False)
    _found: _Index | None = None

    @property
    def facts(self) -> int:
        return self.manifest.facts

    @property
    def now(self) -> int:
        return self.manifest.now

    @property
    def fingerprint(self) -> str:
        return f"packed {self.digest}"

    @property
    def index(self) -> _Index:
        if self._found is None:
            self._found = _Index.of(self)
        return self._found

    def unknown(self, names: Sequence[bytes]) -> list[bytes]:
        if not names:
            return []
        return [name for name, row in zip(names, self.index.rows(names).tolist(), strict=True) if row < 0]

    def waiting(self) -> list[Waiting]:
        return [(member, at, late) for member, at, late in self.manifest.waiting]

    def blocks(self, first: int = 0, keys: bool = False) -> Iterator[Block]:
        return (partial(self.logs, block, keys) for block in self.manifest.blocks[first:])

    def blocks_of(self, names: Sequence[bytes]) -> Iterator[Block]:
        for number, places in self.index.wanted(names):
            yield partial(self._some, self.manifest.blocks[number], places)

    def logs(self, block: Blocked, whole: bool = False) -> Logs:
        """A block; `whole`: with the business keys, which a plain block need not know."""
        whole = whole or block.kind != PLAIN
        table = self._table(block, "members", ("member_id", "facts"))
        ids, counts = table["member_id"].to_pylist(), _numbers(table["facts"])
        rows = self._segments(block, counts, whole)
        return PackedLogs([name.encode() for name in ids], rows, block.kind == KIN, block.last, _ids=ids, source=self, block=block)

    def _some(self, block: Blocked, places: Array) -> Logs:
        """Some members of a block."""
        found = self.logs(block, whole=True)
        kept = np.zeros(len(found.names), bool)
        kept[places] = True
        new = np.cumsum(kept) - 1
        rows = take_facts(found.log, np.flatnonzero(kept[found.log.member]))
        rows.member[:] = new[rows.member]
        return PackedLogs([found.names[k] for k in places.tolist()], rows, found.kin, block.last, source=self, block=block)

    def in_order_for(self, block: Blocked, compiled: Compiled) -> bool:
        """Whether the facts of a block stand in the order of a programme as they are."""
        if block.kind != PLAIN or block.ahead:
            return False
        theirs = [list(p) for p in patience_of(compiled)]
        return theirs == self.manifest.patience or block.late <= min(lateness for _, lateness in (*theirs, *self.manifest.patience))

    # ---- files -----------------------------------------------------------------------------------------------------------

    def _segments(self, block: Blocked, counts: Array, whole: bool) -> Segments:
        names = (*KERNEL, "late", "lines", "attributes", *(BESIDE if whole else ()))
        facts = self._columns(block, "facts", names, block.facts)
        said, late = facts["at"], facts["late"]
        out = {name: facts[name] for name in KERNEL}
        out["arrived"] = said if block.same.get("late") == 0 else said + late
        out["line_at"], out["attr_at"] = _ends(facts["lines"]), _ends(facts["attributes"])
        out |= self._columns(block, "lines", LINE_FIELDS, int(out["line_at"][-1]))
        out |= self._columns(block, "attributes", ATTR_FIELDS, int(out["attr_at"][-1]))
        owner = np.repeat(np.arange(len(counts)), counts)
        keys, abouts = self._texts(block) if whole else (UNREAD, UNREAD)
        none = np.zeros(0, np.int64)
        content, revision, came = (facts[name] for name in BESIDE) if whole else (none, none, none)
        nothing = np.zeros(0, Entry).view(Entry)
        return Segments(Columns(**out), owner, nothing, keys, abouts, content, revision, np.zeros(0, MendRow), none, came, {}, said)

    def _columns(self, block: Blocked, table: str, names: Sequence[str], rows: int) -> dict[str, Array]:
        """Columns of a block; those in which all rows say the same are not read."""
        types = {**DTYPES, "late": "i8", "lines": "i4", "attributes": "i4", "content": "u8", "revision": "i4", "came": "u1"}
        read = [name for name in names if name not in block.same] if rows else []
        found = self._table(block, table, read) if read else None
        return {
            name: _numbers(found[name]) if found is not None and name in read else np.full(rows, block.same.get(name, 0), types[name])
            for name in names
        }

    def _texts(self, block: Blocked) -> tuple[Text, Text]:
        if not block.facts:
            return UNREAD, UNREAD
        table = self._table(block, "facts", ("key", "about_key"))
        keys, abouts = (Text.of(table[name].combine_chunks().cast(pa.large_string())) for name in ("key", "about_key"))
        return keys, abouts

    def _table(self, block: Blocked, name: str, columns: Sequence[str]) -> Any:
        file = self._file(name, block.bucket)
        try:
            return file.read_row_group(block.groups[name], columns=list(columns), use_threads=False)
        except (OSError, pa.ArrowException) as error:
            told = f"row group {block.groups[name]} cannot be read: {error}"
            raise BacktestError("PACK_BROKEN", told, self.path(_file_name(name, block.bucket))) from None

    def _file(self, name: str, bucket: int) -> Any:
        """A file, open for this thread; one of each table is open at a time."""
        if not hasattr(self._open, "files"):
            self._open.files = {}
        number, file = self._open.files.get(name, (-1, None))
        if number != bucket:
            file = self.file(_file_name(name, bucket))
            self._open.files[name] = bucket, file
        return file

    def file(self, name: str) -> Any:
        """A file of the folder, opened. Raises BacktestError PACK_BROKEN where it cannot be, or where it was packed with others than these."""
        try:
            file = pq.ParquetFile((self.place / name).open())
        except (OSError, pa.ArrowException) as error:
            raise BacktestError("PACK_BROKEN", f"cannot be read: {error}", self.path(name)) from None
        if self.manifest.content and (file.metadata.metadata or {}).get(CONTENT.encode()) != self.manifest.content.encode():
            raise BacktestError("PACK_BROKEN", f"it was packed with other facts than {MANIFEST} tells of", self.path(name))
        return file

    def path(self, name: str) -> str:
        return f"{self.place.path}/{name}"


def _file_name(table: str, bucket: int) -> str:
    return f"{table}-{bucket:04}.parquet"


@dataclass(slots=True)
class PackedLogs(Logs):
    """Logs of a block, whose facts stand in their order already where nothing special is among them."""

    source: PackedSource = field(kw_only=True)
    block: Blocked = field(kw_only=True)

    def ordered(self, compiled: Compiled) -> Segments:
        if self.source.in_order_for(self.block, compiled):
            return self.log
        patience = patience_of(compiled)
        if patience not in self._ordered:
            log = self.log if self.log.keys is not UNREAD else self.source.logs(self.block, whole=True).log
            self._ordered[patience] = effective(log, Lateness(compiled))
        return self._ordered[patience]


@dataclass(frozen=True, slots=True)
class _Index:
    """Where each member is: `names` of all blocks one after another, those of block k from `starts[k]` on. `groups`: with whom each is closed (-1:
    with nobody).
    """

    names: Any
    starts: Array
    groups: Array

    @classmethod
    def of(cls, source: PackedSource) -> _Index:
        tables = [source._table(block, "members", ("member_id", "group")) for block in source.manifest.blocks]
        starts = np.cumsum([0, *(len(t) for t in tables)]).astype(np.int64)
        whole = pa.concat_tables(tables) if tables else pa.table({"member_id": pa.array([], pa.large_string()), "group": pa.array([], pa.int64())})
        return cls(whole["member_id"].combine_chunks(), starts, _numbers(whole["group"]))

    def rows(self, names: Sequence[bytes]) -> Array:
        """The row of each name; -1 where there is none."""
        wanted = pa.array([name.decode() for name in names], pa.large_string())
        found: Array = pc.index_in(wanted, self.names).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return found

    def wanted(self, names: Sequence[bytes]) -> Iterator[tuple[int, Array]]:
        """The blocks of some members and of those that they are closed with, and their places in it."""
        rows = np.unique(self.rows(names))
        rows = rows[rows >= 0]
        groups = np.unique(self.groups[rows])
        rows = np.union1d(rows, np.flatnonzero(np.isin(self.groups, groups[groups >= 0])))
        of = np.searchsorted(self.starts, rows, side="right") - 1
        for number in np.unique(of).tolist():
            yield number, rows[of == number] - self.starts[number]


def _ends(counts: Array) -> Array:
    out = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=out[1:])
    return out


def _numbers(column: Any) -> Array:
    """A column without nulls."""
    whole = column.chunk(0) if isinstance(column, pa.ChunkedArray) and column.num_chunks == 1 else column.combine_chunks()
    found: Array = whole.to_numpy(zero_copy_only=False)
    return found
