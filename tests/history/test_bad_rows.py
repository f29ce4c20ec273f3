"""A row that cannot stand is set aside with its place and a stable code, and the rest of the file is read."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loyalty_streams.core.codes import FactKind
from loyalty_streams.history import CODES, HistoryError
from tests.history.helpers import NOON, options, read

GOOD = {"order_id": "O1", "member_id": "m1", "occurred_at": "2026-01-01T12:00:00Z", "amount_minor": "1299", "currency": "USD"}
LAST = {**GOOD, "order_id": "O9"}
TABLES: dict[str, dict[str, Any]] = {
    "orders": GOOD,
    "items": {"order_id": "O1", "line_no": "1", "line_amount_minor": "1299"},
    "interactions": {"member_id": "m1", "occurred_at": "2026-01-01T12:00:00Z", "type": "review", "interaction_id": "I1"},
    "members": {"member_id": "m1", "occurred_at": "2026-01-01T12:00:00Z"},
    "openings": {"member_id": "m1", "points": "5", "earned_at": "2026-01-01T12:00:00Z", "expires_at": "2027-01-01T12:00:00Z"},
    "adjustments": {
        "adjustment_id": "A1", "member_id": "m1", "occurred_at": "2026-01-01T12:00:00Z", "points": "5", "reason": "r", "operator": "o",
    },
    "identities": {"member_id": "m1", "occurred_at": "2026-01-01T12:00:00Z", "action": "link", "identifier": "card:7"},
    "redemptions": {"redemption_id": "R1", "member_id": "m1", "occurred_at": "2026-01-01T12:00:00Z", "points": "5"},
    "transfers": {"transfer_id": "T1", "occurred_at": "2026-01-01T12:00:00Z", "from": "m1", "to": "m2", "points": "5"},
}  # fmt: skip


def write(folder: Path, table: str, rows: list[dict[str, Any]]) -> None:
    """Rows as JSON Lines, which can hold any text."""
    folder.mkdir(exist_ok=True)
    (folder / f"{table}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


AMOUNTS = [
    ("1,299.00", "BAD_NUMBER"), ("١٢٣", "BAD_NUMBER"), ("１２３", "BAD_NUMBER"), ("1_000", "BAD_NUMBER"), ("NaN", "BAD_NUMBER"),
    ("Infinity", "BAD_NUMBER"), ("-Inf", "BAD_NUMBER"), ("-0", "BAD_NUMBER"), ("-0.0", "BAD_NUMBER"), ("1e400", "BAD_NUMBER"),
    ("1e3", "BAD_NUMBER"), ("12.5", "BAD_NUMBER"), ("0x1F", "BAD_NUMBER"), ("+5", "BAD_NUMBER"), (" 5", "BAD_NUMBER"),
    ("", "MISSING"), ("-1", "BAD_SIGN"), ("9007199254740993", "AMOUNT_RANGE"), ("9223372036854775807", "AMOUNT_RANGE"),
    ("9223372036854775808", "AMOUNT_RANGE"), ("1000000000000001", "AMOUNT_RANGE"), ("9" * 5000, "BAD_NUMBER"),
    ("0.30000000000000004", "BAD_NUMBER"), ("-9223372036854775808", "AMOUNT_RANGE"), ("1.299,00", "BAD_NUMBER"), ("12,99", "BAD_NUMBER"),
    ("1299 USD", "BAD_NUMBER"), ("$12", "BAD_NUMBER"), ("\u22125", "BAD_NUMBER"), ("½", "BAD_NUMBER"), ("true", "BAD_NUMBER"),
]  # fmt: skip
TIMES = [
    ("2026-01-01T12:00:00", "BAD_TIME"), ("2026-01-01", "BAD_TIME"), ("1767268800", "BAD_TIME"), ("2026-02-30T00:00:00Z", "BAD_TIME"),
    ("0001-01-01T00:00:00Z", "BAD_TIME"), ("1969-12-31T23:59:59Z", "BAD_TIME"), ("2170-01-01T00:00:00Z", "BAD_TIME"),
    ("9999-12-31T00:00:00Z", "BAD_TIME"), ("2016-12-31T23:59:60Z", "BAD_TIME"), ("2026-01-01T25:00:00Z", "BAD_TIME"),
    ("2026-01-01T12:00:00+25:00", "BAD_TIME"), ("yesterday", "BAD_TIME"), ("", "MISSING"), ("1767268800000", "BAD_TIME"),
    ("1767268800000000", "BAD_TIME"), (1767268800, "BAD_TIME"), ("2026-01-01T12:00:00 Europe/Berlin", "BAD_TIME"), ("2026-W01-4", "BAD_TIME"),
    ("٢٠٢٦-01-01T12:00:00Z", "BAD_TIME"), ("2026-01-01T24:00:00Z", "BAD_TIME"), ("01.02.2026 12:00", "BAD_TIME"),
    ("2026-13-01T00:00:00Z", "BAD_TIME"),
]  # fmt: skip
IDS = [
    ("", "MISSING"), ("x" * 257, "BAD_ID"), ("a\x00b", "BAD_ID"), ("a\nb", "BAD_ID"), ("a ", "BAD_ID"), (" a", "BAD_ID"),
    ("a\u200bb", "BAD_ID"), ("a\u202eb", "BAD_ID"), ("\u00a0a", "BAD_ID"), ("x" * 70_000, "TOO_LARGE"), ("a\ud800", "BAD_TEXT"),
    ("x" * 10_240, "BAD_ID"), ("\ufeffa", "BAD_ID"), ("👩\u200d🚀", "BAD_ID"), ("a\u2028b", "BAD_ID"), ("é" * 129, "BAD_ID"), ("a\t", "BAD_ID"),
    ("a\u3000", "BAD_ID"),
]  # fmt: skip
OTHERS = [
    ("orders", "currency", "EUR", "CURRENCY"), ("orders", "currency", "usd", "CURRENCY"), ("orders", "currency", "", "CURRENCY"),
    ("orders", "currency", "X" "XX", "CURRENCY"), ("orders", "currency", "XTS", "CURRENCY"), ("orders", "currency", "HRK", "CURRENCY"),
    ("orders", "currency", "USD ", "CURRENCY"), ("orders", "currency", "US", "CURRENCY"), ("orders", "points_used", "1_000", "BAD_NUMBER"),
    ("orders", "member_id", "a\x00b", "BAD_ID"), ("redemptions", "points", "１２３", "BAD_NUMBER"),
    ("redemptions", "refused", "BROKE", "BAD_CHOICE"), ("items", "line_amount_minor", "1,299.00", "BAD_NUMBER"),
    ("orders", "kind", "sale", "BAD_CHOICE"), ("orders", "kind", "refund", "BAD_SIGN"),
    ("orders", "kind", "cancellation", "MISSING"), ("orders", "member_id", "", "MISSING"), ("orders", "revision", "x", "BAD_NUMBER"),
    ("orders", "revision", "3000000000", "AMOUNT_RANGE"), ("orders", "points_used", "-5", "BAD_SIGN"), ("orders", "tax_minor", "-5", "BAD_SIGN"),
    ("orders", "channel", "x" * 300, "BAD_TEXT"), ("orders", "store", "a\x07", "BAD_TEXT"), ("orders", "amount_minor", {"a": 1}, "NESTED"),
    ("orders", "arrived_at", "soon", "BAD_TIME"),
    ("items", "line_no", "", "MISSING"), ("items", "line_no", "1.5", "BAD_NUMBER"), ("items", "qty", "0.4", "BAD_NUMBER"),
    ("items", "kind", "services", "BAD_CHOICE"), ("items", "line_no", "-1", "BAD_SIGN"), ("items", "line_no", "2147483648", "AMOUNT_RANGE"),
    ("interactions", "type", "", "MISSING"), ("interactions", "text", "x" * 5000, "BAD_TEXT"), ("interactions", "list", [1], "NESTED"),
    ("members", "birthday", "28.02.1990", "BAD_TIME"), ("members", "status", "gone", "BAD_CHOICE"), ("members", "occurred_at", "x", "BAD_TIME"),
    ("members", "tags", ",".join(f"t{i}" for i in range(65)), "BAD_TEXT"), ("adjustments", "action", "gift", "BAD_CHOICE"),
    ("adjustments", "reason", "", "MISSING"), ("adjustments", "operator", "", "MISSING"), ("adjustments", "points", "", "MISSING"),
    ("adjustments", "action", "set_tier", "MISSING"), ("adjustments", "allow_negative", "yes", "BAD_CHOICE"),
    ("redemptions", "action", "give", "BAD_CHOICE"), ("redemptions", "decision", "maybe", "BAD_CHOICE"), ("redemptions", "points", "", "MISSING"),
    ("redemptions", "points", "many", "BAD_NUMBER"), ("redemptions", "order_amount_minor", "-1", "BAD_SIGN"),
    ("transfers", "to", "m1", "SELF"), ("transfers", "points", "0", "BAD_SIGN"), ("openings", "points", "1.5", "BAD_NUMBER"),
    ("openings", "earned_at", "", "MISSING"), ("identities", "identifier", "", "MISSING"), ("identities", "action", "marry", "BAD_CHOICE"),
    ("identities", "into", "m1", "SELF"), ("identities", "share", "30%", "BAD_NUMBER"),
]  # fmt: skip
CASES = (
    [("orders", "amount_minor", value, code) for value, code in AMOUNTS]
    + [("orders", "occurred_at", value, code) for value, code in TIMES]
    + [("orders", "order_id", value, code) for value, code in IDS]
    + OTHERS
)


@pytest.mark.parametrize(("table", "column", "value", "code"), CASES, ids=lambda v: ascii(v)[:30])
def test_a_bad_cell_sets_its_row_aside_and_no_other(tmp_path: Path, table: str, column: str, value: Any, code: str) -> None:
    good = TABLES[table]
    mine = next(n for n in good if n.endswith("_id") or n == "line_no")
    other = {**good, mine: "9", "order_id": "O9"} if table in ("orders", "items") else {**good, mine: "m9"}
    write(tmp_path, table, [{**good, column: value}, other])
    if table == "items":
        write(tmp_path, "orders", [GOOD, LAST])
    found = read(tmp_path)
    place = f"{table}.jsonl"
    assert [(x.file, x.row, x.code) for x in found.letters if x.file == place] == [(place, 1, code)]
    assert len([f for f in found.facts if f.key != "order/O1"]) == 1
    assert found.read[table] == 2


@pytest.mark.parametrize("value", ["12.99", "12.9", "12", "0.01", "0012.99"])
def test_a_decimal_amount_is_read_exactly(tmp_path: Path, value: str) -> None:
    write(tmp_path, "orders", [{k: v for k, v in GOOD.items() if k != "amount_minor"} | {"amount": value}])
    assert [f.amount for f in read(tmp_path).facts] == [int(Decimal(value) * 100)]


@pytest.mark.parametrize(("digits", "value", "code"), [(0, "12.0", "BAD_NUMBER"), (2, "12.990", "BAD_NUMBER"), (3, "1.2345", "BAD_NUMBER")])
def test_more_decimal_places_than_the_currency_has_are_refused(tmp_path: Path, digits: int, value: str, code: str) -> None:
    write(tmp_path, "orders", [{k: v for k, v in GOOD.items() if k != "amount_minor"} | {"amount": value}])
    assert read(tmp_path, options(minor_digits=digits)).codes == [code]


@pytest.mark.parametrize("column", ["amount", "amount_minor"])
def test_a_column_of_floats_is_no_money(tmp_path: Path, column: str) -> None:
    rows = {n: [v, v] for n, v in GOOD.items() if n not in ("amount_minor", "order_id")} | {"order_id": ["O1", "O2"]}
    pq.write_table(pa.table(rows | {column: pa.array([12.99, float("nan")])}), tmp_path / "orders.parquet")
    assert read(tmp_path).codes == ["BAD_NUMBER", "BAD_NUMBER"]


def test_whole_floats_stand_for_minor_units_and_decimals_for_major_ones(tmp_path: Path) -> None:
    rows = {n: [v] for n, v in GOOD.items() if n != "amount_minor"}
    for name, column in (("a", {"amount_minor": pa.array([1299.0])}), ("b", {"amount": pa.array([Decimal("12.990")])})):
        (tmp_path / name).mkdir()
        pq.write_table(pa.table(rows | column), tmp_path / name / "orders.parquet")
        assert [f.amount for f in read(tmp_path / name).facts] == [1299]


def order(lines: list[dict[str, Any]], **given: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return [{**GOOD, **given}], [{"order_id": "O1", "line_no": i + 1, **line} for i, line in enumerate(lines)]


@pytest.mark.parametrize(
    ("orders", "items", "codes"),
    [
        (*order([{"line_amount_minor": 1000}, {"line_amount_minor": 298}]), ["SUM_OF_LINES"]),
        (*order([{"line_amount_minor": 1299, "line_no": 1}, {"line_amount_minor": 0, "line_no": 1}]), ["DUPLICATE_LINE"]),
        (*order([{"line_amount_minor": 1300}, {"line_amount_minor": -1}]), ["BAD_SIGN"]),
        (*order([{"line_amount_minor": 1299, "qty": -1}]), ["BAD_SIGN"]),
        (*order([{"line_amount_minor": 1299}, {"line_amount_minor": "x"}]), ["BAD_NUMBER", "BAD_LINE"]),
        (*order([{"line_amount_minor": 1299}, {"line_amount_minor": 5, "order_id": "O7"}]), ["UNKNOWN_ORDER_OF_LINE"]),
        (*order([{"line_amount_minor": 1299}], currency="EUR"), ["CURRENCY"]),
        (*order([{"line_amount_minor": -1000}, {"line_amount_minor": 299}], kind="refund", amount_minor="-1299"), ["BAD_SIGN"]),
        (*order([{"line_amount_minor": -1000}], kind="refund", amount_minor="-1299"), ["SUM_OF_LINES"]),
    ],
)  # fmt: skip
def test_orders_and_their_lines_must_agree(tmp_path: Path, orders: Any, items: Any, codes: list[str]) -> None:
    write(tmp_path, "orders", [*orders, LAST])
    write(tmp_path, "items", [*items, {"order_id": "O9", "line_no": 1, "line_amount_minor": 1299}])
    found = read(tmp_path)
    assert found.codes == codes
    assert "order/O9" in [f.key for f in found.facts]


@pytest.mark.parametrize("sign", [1, -1])
def test_lines_of_a_refund_may_be_written_with_or_without_their_sign(tmp_path: Path, sign: int) -> None:
    orders, items = order([{"line_amount_minor": 1000 * sign, "qty": 2 * sign}, {"line_amount_minor": 299 * sign}], kind="refund")
    write(tmp_path, "orders", [{**orders[0], "amount_minor": -1299}])
    write(tmp_path, "items", items)
    (fact,) = read(tmp_path).facts
    assert (fact.kind, fact.amount, [(x.amount, x.qty) for x in fact.lines]) == (FactKind.RETURN, 1299, [(1000, 2), (299, 1)])


def test_sums_that_go_round_the_machine_word_do_not_agree_by_chance(tmp_path: Path) -> None:
    line = 10**15
    count = 2**64 // line + 1
    orders, items = order([{"line_amount_minor": line}] * count, amount_minor=str(count * line - 2**64))
    write(tmp_path, "orders", orders)
    write(tmp_path, "items", items)
    assert read(tmp_path).codes == ["SUM_OF_LINES"]


CSV_HEAD = "order_id,member_id,occurred_at,amount_minor,currency\n"
ROW = "O{},m1,2026-01-01T12:00:00Z,100,USD\n"


@pytest.mark.parametrize(
    ("middle", "letters", "keys"),
    [
        ("O2,m1\n", [(3, "UNREADABLE")], ["O1", "O3"]),
        ('"O2,m1,2026-01-01T12:00:00Z,100,USD\n', [(3, "UNREADABLE")], ["O1", "O3"]),
        ('"O2",m1,2026-01-01T12:00:00Z,100,USD\n', [], ["O1", "O2", "O3"]),
        ('O2,"m\n1",2026-01-01T12:00:00Z,100,USD\n', [(3, "BAD_ID")], ["O1", "O3"]),
        ("\n\nO2,m1,2026-01-01T12:00:00Z,x,USD\n", [(5, "BAD_NUMBER")], ["O1", "O3"]),
        ("O2,m\xff1,2026-01-01T12:00:00Z,100,USD\n", [(3, "UNREADABLE")], ["O1", "O3"]),
        ("O2," + "x" * 2_000_000 + ",2026-01-01T12:00:00Z,100,USD\n", [(3, "TOO_LARGE")], ["O1", "O3"]),
        ("O2,m1,2026-01-01T12:00:00Z,100,USD,extra\n", [(3, "UNREADABLE")], ["O1", "O3"]),
    ],
)  # fmt: skip
def test_a_broken_line_of_a_csv_file_does_not_take_its_neighbours_with_it(
    tmp_path: Path, middle: str, letters: list[tuple[int, str]], keys: list[str]
) -> None:
    text = CSV_HEAD + ROW.format(1) + middle + ROW.format(3)
    for name, data in (("orders.csv", text.encode("latin-1")), ("orders-2.csv.gz", gzip.compress(text.encode("latin-1")))):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_bytes(data)
        found = read(folder)
        assert [(x.row, x.code) for x in found.letters] == letters
        assert sorted(f.key for f in found.facts) == [f"order/{k}" for k in keys]


def test_a_csv_file_may_have_a_mark_of_byte_order_and_foreign_line_ends(tmp_path: Path) -> None:
    text = "\ufeff" + (CSV_HEAD + ROW.format(1) + ROW.format(2)).replace("\n", "\r\n")
    (tmp_path / "orders.csv").write_bytes(text.encode())
    assert [f.key for f in read(tmp_path).facts] == ["order/O1", "order/O2"]


def test_a_csv_file_larger_than_a_block_keeps_its_lines(tmp_path: Path) -> None:
    rows = [ROW.format(i) for i in range(60_000)]
    rows[50_000] = ROW.format(50_000).replace(",100,", ",1OO,")
    rows[10] = 'O10,"m,1",2026-01-01T12:00:00Z,100,USD\n'
    (tmp_path / "orders.csv").write_text(CSV_HEAD + "".join(rows))
    found = read(tmp_path)
    assert [(x.row, x.code) for x in found.letters] == [(50_002, "BAD_NUMBER")]
    assert sum(map(len, found.batches)) == 59_999
    assert next(f for f in found.facts if f.key == "order/O10").member == "m,1"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"order_id": "O2", "order_id": "O3"}', "UNREADABLE"), ("[1]", "UNREADABLE"), ("{", "UNREADABLE"), ("nul", "UNREADABLE"),
        ('{"order_id": ' + "[" * 100_000 + "]" * 100_000 + "}", "UNREADABLE"), ('{"order_id": NaN}', "UNREADABLE"),
        ('{"order_id": {"a": 1}}', "NESTED"), ('{"order_id": "' + "x" * 2_000_000 + '"}', "TOO_LARGE"),
        (json.dumps({**GOOD, "amount_minor": 0}).replace(": 0", ": -0.0"), "BAD_NUMBER"),
        (json.dumps({**GOOD, "amount_minor": 0}).replace(": 0", ": 1e400"), "BAD_NUMBER"),
        (json.dumps({**GOOD, "amount_minor": 12.5}), "BAD_NUMBER"),
    ],
    ids=lambda v: v[:20],
)  # fmt: skip
def test_a_broken_line_of_json_is_set_aside(tmp_path: Path, line: str, code: str) -> None:
    (tmp_path / "orders.jsonl").write_text(f"{json.dumps(GOOD)}\n{line}\n{json.dumps(LAST)}\n")
    found = read(tmp_path)
    assert [(x.row, x.code) for x in found.letters] == [(2, code)]
    assert [f.key for f in found.facts] == ["order/O1", "order/O9"]


def test_files_that_are_not_what_their_name_says_are_one_dead_letter_each(tmp_path: Path) -> None:
    write(tmp_path, "orders", [GOOD])
    (tmp_path / "members.parquet").write_bytes(b"PAR1 nothing")
    packed = gzip.compress((CSV_HEAD + ROW.format(7)).encode() * 1000)
    (tmp_path / "orders-broken.csv.gz").write_bytes(packed[: len(packed) // 2])
    found = read(tmp_path)
    assert [(x.file, x.row, x.code) for x in found.letters if x.row == 0] == [
        ("orders-broken.csv.gz", 0, "UNREADABLE"),
        ("members.parquet", 0, "UNREADABLE"),
    ]
    assert "order/O1" in [f.key for f in found.facts]


def test_a_packed_file_that_is_one_endless_line_does_not_fill_the_memory(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "orders.csv.gz", "wb", compresslevel=1) as out:
        out.write(CSV_HEAD.encode())
        for _ in range(64):
            out.write(bytes(1 << 20))
        out.write(b"\n" + ROW.format(1).encode())
    found = read(tmp_path)
    assert found.codes == ["TOO_LARGE"]
    assert [f.key for f in found.facts] == ["order/O1"]


def test_personal_values_of_a_refused_row_are_withheld(tmp_path: Path) -> None:
    write(tmp_path, "members", [{"member_id": "m1 ", "phone": "+8613800138000", "email": "a@b.c"}])
    (letter,) = read(tmp_path).letters
    assert json.loads(letter.raw) == {"member_id": "m1 ", "phone": "(withheld)", "email": "(withheld)"}


def test_a_refused_row_is_kept_within_four_kilobytes(tmp_path: Path) -> None:
    write(tmp_path, "interactions", [{**TABLES["interactions"], "occurred_at": "x", **{f"c{i}": "é" * 100 for i in range(200)}}])
    (letter,) = read(tmp_path).letters
    assert len(letter.raw.encode()) <= 4096
    assert json.loads(letter.raw)["(cut)"] is True


def test_columns_that_are_missing_or_there_twice_are_errors_of_use(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_no,member_id,occurred_at,amount_minor,currency\n")
    with pytest.raises(HistoryError, match=r"orders\.csv: no column `order_id`; it has `order_no`"):
        read(tmp_path)
    assert read(tmp_path, options(map={"order_no": "order_id"})).facts == []
    (tmp_path / "orders.csv").write_text("order_id,order_id,member_id,occurred_at,amount_minor,currency\n")
    with pytest.raises(HistoryError, match="`order_id` is there twice"):
        read(tmp_path)
    (tmp_path / "orders.csv").write_text("order_id,member_id,occurred_at,amount_minor,amount,currency\n")
    with pytest.raises(HistoryError, match="both `amount_minor` and `amount`"):
        read(tmp_path)


def test_an_order_of_nobody_needs_a_receipt(tmp_path: Path) -> None:
    write(tmp_path, "orders", [{**GOOD, "member_id": "", "receipt": "R-77"}, {**LAST, "member_id": ""}])
    found = read(tmp_path)
    assert found.codes == ["MISSING"]
    assert [(f.key, f.member) for f in found.facts] == [("order/O1", "receipt:R-77")]


def test_ids_are_compared_in_one_normal_form(tmp_path: Path) -> None:
    write(tmp_path, "orders", [{**GOOD, "member_id": "Zoe\u0301"}, {**LAST, "member_id": "Zo\u00e9"}])
    assert {f.member for f in read(tmp_path).facts} == {"Zo\u00e9"}


@pytest.mark.parametrize("text", ["../x", "{{7*7}}", "=1+1", "o'brien\"", "Ａ", "日本", "a b", "a/b", "50%"])
def test_odd_but_plain_ids_stand_as_they_are(tmp_path: Path, text: str) -> None:
    write(tmp_path, "orders", [{**GOOD, "member_id": text, "order_id": text}])
    (fact,) = read(tmp_path).facts
    assert fact.member == text
    assert fact.at == NOON


def test_an_id_with_a_slash_is_not_an_id_of_another_source(tmp_path: Path) -> None:
    write(tmp_path, "orders", [{**GOOD, "order_id": "till/1"}, {**GOOD, "order_id": "1", "source": "till"}])
    assert sorted(f.key for f in read(tmp_path).facts) == ["order/till%2F1", "order/till/1"]


def test_every_code_of_these_tests_is_documented() -> None:
    assert {code for *_, code in CASES} <= set(CODES)
