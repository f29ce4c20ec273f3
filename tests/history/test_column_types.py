"""Whatever type a Parquet column has, each row is applied or is one dead letter, and reading goes on."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loyalty_streams.core.codes import FactKind
from loyalty_streams.history.tables import TABLES
from tests.history.helpers import NOON, read
from tests.history.test_bad_rows import TABLES as GOOD

UTC = pa.timestamp("us", "UTC")
NOT_UTF8 = pa.StringArray.from_buffers(2, pa.py_buffer(bytes([0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0])), pa.py_buffer(b"a\xff"))
ODD = [
    pa.array([2**62, -5]), pa.array([2**64 - 1, 0], pa.uint64()), pa.array([1e308, -0.0]), pa.array([1.5, float("nan")], pa.float16()),
    pa.array([Decimal("1e20"), Decimal("-0.01")]), pa.array([Decimal(10) ** 60, Decimal(1)], pa.decimal256(70, 2)), pa.array([True, None]),
    pa.array([2**31 - 1, -(2**31)], pa.date32()), pa.array([2**50, -(2**50)], pa.timestamp("s", "UTC")),
    pa.array([NOON, 1], pa.timestamp("us", "Mars/X")),
    pa.array([NOON * 1000 + 1, -1], pa.timestamp("ns", "UTC")), pa.array([NOON, 2**62], pa.timestamp("us")), pa.array([1, 2], pa.time64("ns")),
    pa.array([1, 2], pa.duration("us")), pa.array([b"\xff", b"ok"]), pa.array([b"ab", b"\xff\xff"], pa.binary(2)), NOT_UTF8,
    pa.array([[1], None]), pa.array([["a", "a"], ["b", ""]]), pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), NOT_UTF8),
    pa.array([[2**50], [1]], pa.list_(pa.timestamp("s"))), pa.array([[["a"]], None]), pa.array([{"a": 1}, None]), pa.nulls(2),
    pa.array([1.5, 2.0]).dictionary_encode(), pa.array([b"\xff", b"a"]).dictionary_encode(), pa.array([NOON, 2**62], UTC).dictionary_encode(),
    pa.array(["a", "\u202e"], pa.string_view()), pa.array(["x" * 70_000, ""]), pa.array(["a\x00", " b"]),
]  # fmt: skip


def two_rows(table: str) -> dict[str, Any]:
    """Two good rows that differ in what makes them facts of their own."""
    rows: dict[str, Any] = {name: [value, value] for name, value in GOOD[table].items()}
    key = next(name for name in rows if name.endswith("_id") or name == "line_no")
    return rows | {key: ["1", "2"]}


@pytest.mark.parametrize("table", [name for name in TABLES if name != "items"])
def test_a_column_of_any_type_leaves_two_facts_or_letters_of_two_rows(tmp_path: Path, table: str) -> None:
    path = tmp_path / f"{table}.parquet"
    columns = sorted(TABLES[table].known | ({"extra"} if TABLES[table].keeps else set()))
    for place, column in enumerate(columns):
        for values in ODD[place % 2 :: 2]:
            rows = {n: v for n, v in two_rows(table).items() if n != f"{column}_minor"} | {column: values}
            pq.write_table(pa.table(rows), path)
            found = read(tmp_path)
            rows_read = [f for f in found.facts if table == "identities" or f.kind != FactKind.IDENTITY]
            assert len(rows_read) + len(found.letters) == 2, (column, values.type, found.letters)
            assert len({letter.row for letter in found.letters}) == len(found.letters)
