"""What does not fit into memory: batches of columns, appended to a file without a name and read again by their place in it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from loyalty_streams.core.facts import ATTR_FIELDS, DTYPES, FACT_FIELDS, LINE_FIELDS, Array, Columns
from loyalty_streams.history.batch import FactBatch
from loyalty_streams.history.orders import ITEM_COLUMNS, Items
from loyalty_streams.history.strings import TEXT

_TYPES = {"u1": pa.uint8(), "i4": pa.int32(), "i8": pa.int64()}


def _fields(names: tuple[str, ...]) -> list[Any]:
    return [pa.field(name, _TYPES[DTYPES[name]], nullable=False) for name in names]


_LINE, _ATTR = pa.struct(_fields(LINE_FIELDS)), pa.struct(_fields(ATTR_FIELDS))
_BESIDE = {"member_codes": pa.int64(), "revisions": pa.int32(), "files": pa.int32(), "rows": pa.int64()}
_TEXTS = ("members", "keys", "abouts")
FACTS = pa.schema(
    _fields(FACT_FIELDS) + [pa.field("lines", pa.large_list(_LINE)), pa.field("attributes", pa.large_list(_ATTR))]
    + [pa.field(n, t) for n, t in _BESIDE.items()] + [pa.field(n, TEXT) for n in _TEXTS]
)  # fmt: skip
ORDERS = FACTS.append(pa.field("ids", TEXT))
ITEMS = pa.schema([*_fields(LINE_FIELDS), pa.field("files", pa.int32()), pa.field("rows", pa.int64()), pa.field("ids", TEXT)])
IDS = pa.schema([pa.field("ids", TEXT)])


@dataclass(frozen=True, slots=True)
class Segment:
    """Where a batch of columns stands in the file: `offset` and `size` in bytes."""

    offset: int
    size: int


class Spill:
    """One file in a folder for temporary files. It has no name where the system allows that, so nothing is left of a killed process."""

    def __init__(self, folder: Path | None) -> None:
        self._file = tempfile.TemporaryFile(prefix="loyalty-spill-", dir=folder, buffering=0)  # noqa: SIM115 - `close` does
        self._end = 0

    def append(self, record: Any) -> Segment:
        data = memoryview(record.serialize())
        self._file.seek(self._end)
        done = 0
        while done < len(data):
            done += self._file.write(data[done:])
        self._end += len(data)
        return Segment(self._end - len(data), len(data))

    def read(self, segment: Segment, schema: Any) -> Any:
        self._file.seek(segment.offset)
        data = bytearray(segment.size)
        view, done = memoryview(data), 0
        while done < segment.size:
            read = self._file.readinto(view[done:])
            if not read:
                raise OSError("a temporary file is shorter than what was written to it")
            done += read
        return pa.ipc.read_record_batch(pa.py_buffer(data), schema)

    def close(self) -> None:
        self._file.close()


def _nested(start: Array, values: Columns, fields: tuple[str, ...]) -> Any:
    columns = [pa.array(getattr(values, name)) for name in fields]
    inner = pa.StructArray.from_arrays(columns, fields=_fields(fields))
    return pa.LargeListArray.from_arrays(pa.array(start), inner)


def of_facts(batch: FactBatch, ids: Any = None) -> Any:
    """Facts as one record batch, without their content hashes; orders with the ids that join them to their lines."""
    c = batch.columns
    columns = [pa.array(getattr(c, name)) for name in FACT_FIELDS]
    columns += [_nested(c.line_at, c, LINE_FIELDS), _nested(c.attr_at, c, ATTR_FIELDS)]
    columns += [pa.array(getattr(batch, name)) for name in _BESIDE] + [getattr(batch, name) for name in _TEXTS]
    if ids is None:
        return pa.RecordBatch.from_arrays(columns, schema=FACTS)
    return pa.RecordBatch.from_arrays([*columns, ids], schema=ORDERS)


def to_facts(record: Any) -> FactBatch:
    columns: dict[str, Array] = {name: _numbers(record.column(name)) for name in FACT_FIELDS}
    beside: dict[str, Any] = {name: _numbers(record.column(name)) for name in _BESIDE}
    for at, name, fields in (("line_at", "lines", LINE_FIELDS), ("attr_at", "attributes", ATTR_FIELDS)):
        nested = record.column(name)
        columns[at] = _numbers(nested.offsets) if len(nested) else np.zeros(1, np.int64)
        columns.update({field: _numbers(nested.values.field(field)) for field in fields})
    content = np.zeros(len(record), np.uint64)
    return FactBatch(Columns(**columns), **{n: record.column(n) for n in _TEXTS}, content=content, **beside)


def of_items(items: Items) -> Any:
    return pa.RecordBatch.from_arrays([*(pa.array(getattr(items, n)) for n in ITEM_COLUMNS), items.ids], schema=ITEMS)


def to_items(record: Any) -> Items:
    plain: dict[str, Any] = {n: _numbers(record.column(n)) for n in ITEM_COLUMNS}
    return Items(record.column("ids"), **plain)


def _numbers(array: Any) -> Array:
    values: Array = array.to_numpy(zero_copy_only=True)
    return values
