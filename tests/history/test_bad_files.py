"""A file that cannot be read, in whole or in part, is one dead letter; what is extreme but right is applied; the other files are read."""

from __future__ import annotations

import gzip
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loyalty_streams.core.codes import FactKind
from loyalty_streams.history import HistoryError, files, jsonfile
from loyalty_streams.history.times import iso
from tests.history.helpers import HOUR, NOON, options, read

GOOD = {"order_id": "O1", "member_id": "m1", "occurred_at": "2026-01-01T12:00:00Z", "amount_minor": "1299", "currency": "USD"}
HEAD = "order_id,member_id,occurred_at,amount_minor,currency\n"
ROW = "O{},m1,2026-01-01T12:00:00Z,100,USD\n"


def write(folder: Path, table: str, rows: list[dict[str, Any]]) -> None:
    (folder / f"{table}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def parquet(path: Path, n: int = 2, **columns: Any) -> None:
    """Orders O1, O2, … with some columns replaced."""
    plain = {"order_id": [f"O{i + 1}" for i in range(n)], **{k: [v] * n for k, v in GOOD.items() if k not in ("order_id", "amount_minor")}}
    plain["amount_minor"] = pa.array([1299] * n)
    pq.write_table(pa.table({k: v for k, v in {**plain, **columns}.items() if v is not None}), path)


def broken_gzip(path: Path) -> None:
    data = bytearray(gzip.compress((HEAD + "".join(map(ROW.format, range(20_000)))).encode()))
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def cut_parquet(path: Path) -> None:
    parquet(path)
    path.write_bytes(path.read_bytes()[:-20])


SICK = {
    "orders-a.csv": lambda p: p.write_bytes(b""),
    "orders-b.csv": lambda p: p.write_bytes(b"\n" + ROW.format(7).encode()),
    "orders-c.csv.gz": lambda p: p.write_bytes(b"order_id"),
    "orders-d.csv.gz": broken_gzip,
    "orders-e.csv": lambda p: p.write_bytes(b"x" * 200_000),
    "orders-f.parquet": lambda p: p.write_bytes(b""),
    "orders-g.parquet": cut_parquet,
    "orders-h.parquet": lambda p: p.write_bytes(b"PAR1" + bytes(100) + b"PAR1"),
    "orders-i.parquet": lambda p: p.mkdir(),
    "orders-j.csv": lambda p: p.mkdir(),
    "orders-k.jsonl": lambda p: p.symlink_to("nowhere"),
}


@pytest.mark.parametrize("name", SICK)
def test_a_file_that_cannot_be_read_is_one_letter_and_the_others_are_read(tmp_path: Path, name: str) -> None:
    SICK[name](tmp_path / name)
    write(tmp_path, "orders", [GOOD])
    found = read(tmp_path)
    (letter,) = found.letters
    assert (letter.file, letter.row, letter.code, letter.table) == (name, 0, "UNREADABLE", "orders")
    assert letter.expected.startswith("a file that can be read: ")
    assert "order/O1" in [f.key for f in found.facts]


def test_a_file_that_may_not_be_read_is_one_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "orders", [GOOD])
    (tmp_path / "orders-locked.csv").write_text(HEAD + ROW.format(2))
    (tmp_path / "orders-locked.csv").chmod(0)
    if os.access(tmp_path / "orders-locked.csv", os.R_OK):  # root may read everything
        real = Path.open

        def refuse(path: Path, *rest: Any, **more: Any) -> Any:
            if path.name == "orders-locked.csv":
                raise PermissionError(13, "Permission denied")
            return real(path, *rest, **more)

        monkeypatch.setattr(Path, "open", refuse)
    found = read(tmp_path)
    assert [(x.file, x.row, x.code) for x in found.letters] == [("orders-locked.csv", 0, "UNREADABLE")]
    assert [f.key for f in found.facts] == ["order/O1"]


def test_a_parquet_file_broken_in_the_middle_is_read_up_to_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK_ROWS", 100)
    path = tmp_path / "orders.parquet"
    ids = pa.table({"order_id": [f"O{i:05}" for i in range(400)], **{k: [v] * 400 for k, v in GOOD.items() if k != "order_id"}})
    pq.write_table(ids, path, row_group_size=200, compression="zstd", use_dictionary=False)
    data = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    data[start : start + 200] = bytes(200)
    path.write_bytes(bytes(data))
    found = read(tmp_path)
    assert [(x.row, x.code) for x in found.letters] == [(0, "UNREADABLE")]
    assert found.letters[0].expected.endswith("after row 200")
    assert len(found.facts) == 200


@pytest.mark.parametrize("text", [HEAD, HEAD.rstrip("\n"), HEAD + "\n\n", "\ufeff" + HEAD.replace("\n", "\r\n")])
def test_a_header_alone_is_a_file_without_rows(tmp_path: Path, text: str) -> None:
    (tmp_path / "orders.csv").write_text(text, "utf-8", newline="")
    found = read(tmp_path)
    assert (found.facts, found.letters) == ([], [])


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_another_mark_between_cells_is_an_error_of_use_that_says_so(tmp_path: Path, mark: str) -> None:
    (tmp_path / "orders.csv").write_text((HEAD + ROW.format(1)).replace(",", mark))
    with pytest.raises(HistoryError, match="columns are separated by commas"):
        read(tmp_path)


def test_cells_in_quotes_may_hold_commas_and_line_ends(tmp_path: Path) -> None:
    text = 'member_id,occurred_at,type,interaction_id,text\nm1,2026-01-01T12:00:00Z,review,I1,"good, ""very"" good"\n'
    text += 'm1,2026-01-01T12:00:00Z,review,I2,"two\nlines"\nm1,2026-01-01T12:00:00Z,review,I3,fine\n'
    (tmp_path / "interactions.csv").write_text(text)
    found = read(tmp_path)
    assert [(x.row, x.code) for x in found.letters] == [(3, "BAD_TEXT")]
    assert [(f.key, f.attributes[0].value) for f in found.facts] == [("interaction/I1", 'good, "very" good'), ("interaction/I3", "fine")]


@pytest.mark.parametrize("depth", [10, 1_000, 100_000])
def test_json_of_any_depth_is_set_aside(tmp_path: Path, depth: int) -> None:
    deep = '{"order_id": ' + "[" * depth + "]" * depth + "}"
    (tmp_path / "orders.jsonl").write_text(f"{json.dumps(GOOD)}\n{deep}\n{json.dumps({**GOOD, 'order_id': 'O2'})}\n")
    found = read(tmp_path)
    assert [x.row for x in found.letters] == [2]
    assert found.codes[0] in ("NESTED", "UNREADABLE")
    assert len(found.facts) == 2


def test_rows_of_json_with_ever_new_names_are_set_aside(tmp_path: Path) -> None:
    rows = [{"member_id": "m1", "occurred_at": iso(NOON + i), "type": "visit", "interaction_id": str(i), f"name{i}": 1} for i in range(1_100)]
    write(tmp_path, "interactions", rows)
    found = read(tmp_path)
    fitting = jsonfile.MOST_COLUMNS - 4
    assert [(x.row, x.code) for x in found.letters] == [(i + 1, "TOO_LARGE") for i in range(fitting, 1_100)]
    assert len(found.facts) == fitting


def test_long_rows_are_read_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a batch of rows takes in memory is bounded by bytes as well."""
    monkeypatch.setattr(jsonfile, "_BYTES", 1_000)
    monkeypatch.setattr(files, "_BATCH_BYTES", 20_000)
    rows = [{**GOOD, "order_id": f"O{i}", "store": f"{i:0200}"} for i in range(50)]
    write(tmp_path, "orders", rows)
    parquet(tmp_path / "orders-2.parquet", 500, store=pa.array([f"{i:0200}" for i in range(500)]))
    sizes = [len(c.rows) for n, file in enumerate(files.find([tmp_path])[0]) for c in files.chunks(file, n, options())]  # type: ignore[union-attr]
    assert sum(sizes) == 550 and max(sizes) < 100 and len(sizes) > 15


# Parquet columns of a type that is not the one expected: (columns, codes of the two rows), no codes where both rows are applied.
TYPES: list[tuple[dict[str, Any], list[str]]] = [
    ({"amount_minor": pa.array([1299.0, 5.0])}, []),
    ({"amount_minor": pa.array([12.99, float("inf")])}, ["BAD_NUMBER", "BAD_NUMBER"]),
    ({"amount_minor": pa.array([-0.0, float("nan")])}, ["BAD_NUMBER", "BAD_NUMBER"]),
    ({"amount_minor": pa.array([2.0**53, 2.0**63])}, ["AMOUNT_RANGE", "BAD_NUMBER"]),
    ({"amount_minor": pa.array([2**63, 2**64 - 1], pa.uint64())}, ["AMOUNT_RANGE", "AMOUNT_RANGE"]),
    ({"amount_minor": pa.array([Decimal("1299.0"), Decimal("12.9")])}, ["BAD_NUMBER"]),
    ({"amount_minor": None, "amount": pa.array([Decimal("12.99"), Decimal("12.990")])}, []),
    ({"amount_minor": None, "amount": pa.array([Decimal("12.999"), Decimal("1e30")])}, ["BAD_NUMBER", "AMOUNT_RANGE"]),
    ({"amount_minor": None, "amount": pa.array([12.99, 12.0])}, ["BAD_NUMBER", "BAD_NUMBER"]),
    ({"amount_minor": pa.array([True, False])}, ["BAD_NUMBER", "BAD_NUMBER"]),
    ({"amount_minor": pa.array([[1], [2]])}, ["BAD_NUMBER", "BAD_NUMBER"]),
    ({"amount_minor": pa.array([b"1299", b"12\xff"])}, ["UNREADABLE"]),
    ({"amount_minor": pa.nulls(2)}, ["MISSING", "MISSING"]),
    ({"member_id": pa.array([7, 8])}, []),
    ({"member_id": pa.array([7.0, 8.0])}, ["BAD_ID", "BAD_ID"]),
    ({"member_id": pa.array([{"id": 1}, None])}, ["BAD_ID", "MISSING"]),
    ({"member_id": pa.array([b"m1", b"\xff"])}, ["UNREADABLE"]),
    ({"member_id": pa.array(["m1", "m2"]).dictionary_encode()}, []),
    ({"occurred_at": pa.array([1767268800, 1767268800000])}, ["BAD_TIME", "BAD_TIME"]),
    ({"occurred_at": pa.array([NOON // 10**6] * 2, pa.timestamp("s", "UTC"))}, []),
    ({"occurred_at": pa.array([NOON, NOON], pa.timestamp("ms", "UTC"))}, ["BAD_TIME", "BAD_TIME"]),
    ({"occurred_at": pa.array([NOON, NOON], pa.timestamp("s", "UTC"))}, ["BAD_TIME", "BAD_TIME"]),
    ({"occurred_at": pa.array([NOON * 1000] * 2, pa.timestamp("ns", "Asia/Shanghai"))}, []),
    ({"occurred_at": pa.array([NOON, NOON], pa.timestamp("us"))}, ["BAD_TIME", "BAD_TIME"]),
    ({"occurred_at": pa.array([20_000, 20_001], pa.date32())}, ["BAD_TIME", "BAD_TIME"]),
    ({"currency": pa.array([840, 840])}, ["CURRENCY", "CURRENCY"]),
    ({"kind": pa.array([1, 2])}, ["BAD_CHOICE", "BAD_CHOICE"]),
    ({"revision": pa.array([1.5, 2.0])}, ["BAD_NUMBER"]),
    ({"store": pa.array([1.5, None])}, ["BAD_TEXT"]),
]


@pytest.mark.parametrize(("columns", "codes"), TYPES, ids=lambda v: str(next(iter(v.items())))[:40].replace("\n", "") if isinstance(v, dict) else "")
def test_a_parquet_column_of_another_type_is_exact_or_refused(tmp_path: Path, columns: dict[str, Any], codes: list[str]) -> None:
    parquet(tmp_path / "orders.parquet", **columns)
    found = read(tmp_path)
    assert found.codes == codes
    assert len(found.facts) == 2 - len(codes)
    assert all(f.amount in (1299, 1299 * 100, 5) for f in found.facts)


def test_seconds_in_a_column_of_milliseconds_are_the_instant_they_say(tmp_path: Path) -> None:
    """1,767,268,800 ms is 1970-01-21T10:54:28.800Z: an instant as good as any, which nobody may guess away."""
    parquet(tmp_path / "orders.parquet", 1, occurred_at=pa.array([1_767_268_800], pa.timestamp("ms", "UTC")))
    assert [iso(f.at) for f in read(tmp_path).facts] == ["1970-01-21T10:54:28.800000Z"]


@pytest.mark.parametrize(
    ("currency", "digits", "text", "minor"),
    [("JPY", 0, "1299", 1299), ("JPY", 0, "12.99", None), ("KWD", 3, "1.299", 1299), ("KWD", 3, "1.2", 1200), ("KWD", 3, "1.2999", None)],
)
def test_amounts_have_as_many_places_as_the_currency(tmp_path: Path, currency: str, digits: int, text: str, minor: int | None) -> None:
    row = {k: v for k, v in GOOD.items() if k != "amount_minor"} | {"currency": currency, "amount": text}
    write(tmp_path, "orders", [row])
    found = read(tmp_path, options(currency=currency, minor_digits=digits))
    assert [f.amount for f in found.facts] == ([] if minor is None else [minor])
    assert found.codes == (["BAD_NUMBER"] if minor is None else [])


@pytest.mark.parametrize("amount", [0, 2**31, 2**31 + 1, 10**15])
def test_amounts_that_are_zero_or_large_are_kept_to_the_last_digit(tmp_path: Path, amount: int) -> None:
    write(tmp_path, "orders", [{**GOOD, "amount_minor": amount}])
    assert [f.amount for f in read(tmp_path).facts] == [amount]


@pytest.mark.parametrize(("lines", "codes"), [(0, []), (100_000, []), (100_001, ["TOO_LARGE"])])
def test_an_order_may_have_no_lines_or_a_hundred_thousand(tmp_path: Path, lines: int, codes: list[str]) -> None:
    parquet(tmp_path / "orders.parquet", amount_minor=pa.array([lines or 7, 7]))
    if lines:
        columns = {"order_id": pa.array(["O1"] * lines), "line_no": pa.array(range(lines), pa.int32()), "line_amount_minor": pa.array([1] * lines)}
        pq.write_table(pa.table(columns), tmp_path / "items.parquet")
    found = read(tmp_path)
    assert found.codes == codes
    assert [(f.key, len(f.lines)) for f in found.facts] == ([] if codes else [("order/O1", lines)]) + [("order/O2", 0)]


def test_ids_that_differ_in_case_are_others(tmp_path: Path) -> None:
    write(tmp_path, "orders", [GOOD, {**GOOD, "order_id": "o1", "member_id": "M1"}])
    assert {(f.key, f.member) for f in read(tmp_path).facts} == {("order/O1", "m1"), ("order/o1", "M1")}


@pytest.mark.parametrize("text", ["🎁", "👍🏽", "ñ", "𝔘", "ｍ１", "null", "NaN", "0", "-1", "'; DROP TABLE orders; --"])
def test_an_odd_id_is_only_a_text(tmp_path: Path, text: str) -> None:
    write(tmp_path, "orders", [{**GOOD, "order_id": text, "member_id": text}])
    (fact,) = read(tmp_path).facts
    assert (fact.member, fact.key.removeprefix("order/"), fact.kind) == (text, text, FactKind.ORDER)


def test_a_return_of_another_currency_is_set_aside(tmp_path: Path) -> None:
    back = {**GOOD, "order_id": "O2", "kind": "refund", "original_order_id": "O1", "amount_minor": -5, "occurred_at": iso(NOON + HOUR)}
    back["currency"] = "EUR"
    write(tmp_path, "orders", [GOOD, back])
    found = read(tmp_path)
    assert [(x.row, x.code) for x in found.letters] == [(2, "CURRENCY")]
    assert [f.key for f in found.facts] == ["order/O1"]
