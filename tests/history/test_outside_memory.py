"""A reading that does not fit into memory gives the same as one that does: facts, texts, dead letters, batch by batch."""

from __future__ import annotations

import json
import random
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from loyalty_streams.history import DeadLetters, FactBatch, HistoryError, ReadOptions, assemble, outside, parts, read_history, spill, texts
from loyalty_streams.history.strings import ascending, heads
from loyalty_streams.history.times import iso
from tests.history.helpers import HOUR, NOON, options, read

TYPES = ("visit", "review", "share")


def write(folder: Path, **tables: list[dict[str, Any]]) -> None:
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


FAULTS = ("", "", "", "", "", "sum", "twice", "row", "line", "alone", "number")


def bought(
    rng: random.Random, n: int, sources: tuple[str, ...] = ("",), faults: tuple[str, ...] = (*FAULTS, "again")
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Orders with their lines; here and there an order twice, a line that does not fit, a line of no order, a row that cannot be read."""
    orders: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for i in range(n):
        amounts = [rng.randrange(500) for _ in range(rng.choice((0, 1, 1, 2, 3)))]
        source = rng.choice(sources)
        mine = {"source": source} if source else {}
        row = {"order_id": f"O{2 * i:04}", "member_id": f"m{rng.randrange(9)}", "occurred_at": iso(NOON + rng.randrange(20) * HOUR),
               "amount_minor": sum(amounts) if amounts else 700, "currency": "USD", "store": f"s{rng.randrange(3)}", **mine}  # fmt: skip
        if rng.random() < 0.1:
            row["arrived_at"] = iso(NOON + 30 * HOUR)
        fault = rng.choice(faults)
        row["amount_minor"] += fault == "sum" and bool(amounts)
        orders += [{**row, "occurred_at": "soon"} if fault == "row" else row] * (2 if fault == "again" else 1)
        mine = {"order_id": row["order_id"], **mine}
        lines += [{**mine, "line_no": k + 1, "line_amount_minor": a, "sku": f"p{rng.randrange(7)}"} for k, a in enumerate(amounts)]
        lines += [{**mine, "line_no": 1, "line_amount_minor": 0}] if fault == "twice" else []
        lines += [{**mine, "line_no": 9, "line_amount_minor": "?"}] if fault == "line" else []
        lines += [{"order_id": f"O{2 * i + 1:04}", "line_no": 1, "line_amount_minor": 5}] if fault == "alone" else []
    return orders, lines


def visits(rng: random.Random, n: int) -> list[dict[str, Any]]:
    """Interactions without an id, many of them equal."""
    return [
        {"member_id": f"m{rng.randrange(3)}", "occurred_at": iso(NOON + rng.randrange(3) * HOUR), "type": rng.choice(TYPES), "stars": 5,
         **({"arrived_at": iso(NOON + rng.randrange(8, 10) * HOUR)} if rng.random() < 0.3 else {})}
        for _ in range(n)
    ]  # fmt: skip


def as_plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value.to_pylist() if isinstance(value, pa.Array) else value


def everything(folder: Path, how: ReadOptions) -> list[Any]:
    """All that a reading gives, in its order, as plain values."""
    out: list[Any] = []
    for item in read_history([folder], how):
        if isinstance(item, FactBatch):
            columns = {name: (c.dtype.str, c.tobytes()) for name, c in item.columns._asdict().items()}
            beside = {f.name: getattr(item, f.name) for f in fields(item) if f.name not in ("columns", "book")}
            out.append((columns, {name: as_plain(value) for name, value in beside.items()}))
        else:
            out.append(item)
    return out


SHAPES: dict[str, dict[str, Any]] = {
    "running numbers": {"faults": FAULTS}, "numbers that come twice": {}, "no order": {"shuffled": True},
    "numbers of several sources": {"sources": ("", "till", "web"), "shuffled": True},
    "sources that lines do not name": {"sources": ("", "till", "web"), "unnamed": True},
}  # fmt: skip


def in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is large by nature is made small: pieces, parts, runs that are merged at once."""
    monkeypatch.setattr("loyalty_streams.history.jsonfile.ROWS", 16)
    monkeypatch.setattr(parts, "_BITS", 2)
    monkeypatch.setattr(parts, "_PARTS", 4)
    monkeypatch.setattr(outside, "DEEPEST", 31)
    monkeypatch.setattr(outside, "_AT_ONCE", 20)
    monkeypatch.setattr(outside, "_MOST_RUNS", 5)
    monkeypatch.setattr(outside, "_MERGED_AT_ONCE", 3)
    monkeypatch.setattr(assemble, "_LETTERS", 4)


@pytest.mark.parametrize(("shape", "bound"), [*((s, b) for s in SHAPES for b in (20, 90)), ("no order", 9)])
def test_the_bound_of_memory_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str, bound: int) -> None:
    rng = random.Random(bound)
    how = dict(SHAPES[shape])
    shuffled, unnamed = how.pop("shuffled", False), how.pop("unnamed", False)
    orders, lines = bought(rng, 70, **how)
    if unnamed:
        lines = [{k: v for k, v in line.items() if k != "source"} for line in lines]
    if shuffled:
        rng.shuffle(orders)
        rng.shuffle(lines)
        (tmp_path / "orders-more.jsonl").write_text("".join(json.dumps(row) + "\n" for row in bought(rng, 5)[0][-3:]))
    write(tmp_path, orders=orders, items=lines, interactions=visits(rng, 60))
    write(tmp_path, members=[{"member_id": f"m{i}", "region": "north"} for i in range(20)])
    in_small_parts(monkeypatch)
    plain = options(batch_rows=25, scratch=tmp_path)
    inside = everything(tmp_path, plain)
    assert sum(len(item[1]["keys"]) for item in inside if isinstance(item, tuple)) > 100
    assert sum(len(item.letters) for item in inside if isinstance(item, DeadLetters)) > 5
    assert everything(tmp_path, replace(plain, rows_in_memory=bound)) == inside


def test_ids_that_ascend_are_cut_into_ranges_and_others_dealt_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running numbers, with leading zeros or without, need no dealing out; whether they ascend is seen only as they come."""
    dealt: list[str] = []
    real = parts.ByCode._deal
    monkeypatch.setattr(parts.ByCode, "_deal", lambda self, name, *rest: (dealt.append(name), real(self, name, *rest))[1])
    in_small_parts(monkeypatch)
    rows = [{"order_id": str(i), "member_id": "m1", "occurred_at": iso(NOON + i), "amount_minor": 5, "currency": "USD"} for i in range(90, 190)]
    lines = [{"order_id": r["order_id"], "line_no": n, "line_amount_minor": n + 1} for r in rows for n in (1, 2)]
    how = options(rows_in_memory=50)
    write(tmp_path, orders=rows, items=lines)
    first = everything(tmp_path, how)
    assert dealt == [] and len(first[-1][1]["keys"]) == 100
    for orders, items in ((rows, lines[::-1]), (rows[::-1], lines), (rows[:80] + rows[80:][::-1], lines), (rows, lines[:150] + lines[150:][::-1])):
        dealt.clear()
        write(tmp_path, orders=orders, items=items)
        again = everything(tmp_path, how)
        assert {"orders", "items"} <= set(dealt)
        assert again[-1][1]["keys"] == first[-1][1]["keys"] and again[-1][1]["content"] == first[-1][1]["content"]


@pytest.mark.parametrize("shape", ["running numbers", "no order"])
def test_no_more_than_the_bound_is_put_together_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str) -> None:
    in_small_parts(monkeypatch)
    rng = random.Random(5)
    orders, lines = bought(rng, 120, faults=FAULTS)
    if shape == "no order":
        rng.shuffle(orders)
    write(tmp_path, orders=orders, items=lines)
    sizes: list[int] = []
    real = assemble.assembled

    def watched(whole: assemble.Gathered, *rest: Any) -> Any:
        sizes.append(sum(map(len, whole.orders)) + sum(map(len, whole.items)))
        return real(whole, *rest)

    monkeypatch.setattr("loyalty_streams.history.read.assembled", watched)
    assert len(read(tmp_path, options(rows_in_memory=30)).facts) > 60
    assert len(sizes) > 5 and max(sizes) <= 30


def test_an_order_with_more_lines_than_memory_may_hold_is_still_one_order(tmp_path: Path) -> None:
    rows = [{"order_id": f"O{i}", "member_id": "m1", "occurred_at": iso(NOON), "amount_minor": 300, "currency": "USD"} for i in (2, 1)]
    lines = [{"order_id": "O1", "line_no": n, "line_amount_minor": 1} for n in range(300)]
    write(tmp_path, orders=rows, items=lines)
    facts = read(tmp_path, options(rows_in_memory=10)).facts
    assert [(f.key, len(f.lines)) for f in facts] == [("order/O1", 300), ("order/O2", 0)]


@pytest.mark.parametrize("end", ["the end", "an error", "stopped half way"])
def test_nothing_is_left_in_the_scratch_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(texts, "MOST", 3)
    monkeypatch.setattr(assemble, "_LETTERS", 1)
    orders, lines = bought(random.Random(7), 80)
    write(tmp_path / "history", orders=orders, items=lines)
    opened: list[spill.Spill] = []
    real = spill.Spill.__init__
    monkeypatch.setattr(spill.Spill, "__init__", lambda self, folder: (opened.append(self), real(self, folder))[1])
    items = read_history([tmp_path / "history"], options(rows_in_memory=20, batch_rows=10, scratch=scratch))
    if end == "an error":
        (tmp_path / "history" / "transfers.csv").write_text("transfer_id\n")
        with pytest.raises(HistoryError):
            list(items)
    elif end == "stopped half way":
        assert isinstance(next(i for i in items if isinstance(i, FactBatch)), FactBatch)
        items.close()  # type: ignore[attr-defined]
    else:
        assert sum(len(i) for i in items if isinstance(i, FactBatch)) > 50
    assert len(opened) == 2 and all(s._file.closed for s in opened)
    assert list(scratch.iterdir()) == []


def test_texts_beyond_the_bound_come_with_the_batches_that_need_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MOST", 5)
    rows = [{"interaction_id": f"I{i:03}", "member_id": "m1", "occurred_at": iso(NOON + i), "type": "review", "text": f"text {i}"} for i in range(60)]
    write(tmp_path, interactions=rows)
    said, kept = [], []
    known: dict[int, str] = {}
    monkeypatch.setattr("loyalty_streams.history.jsonfile.ROWS", 4)
    for item in read_history([tmp_path], options(batch_rows=7, rows_in_memory=10, scratch=tmp_path)):
        if isinstance(item, FactBatch):
            assert len(item.strings) <= 5 + 7
            known.update(item.strings)
            said += [item.fact(i).attributes[0].value for i in range(len(item))]
            kept += [replace(item, book=known).fact(i).attributes[0].value for i in range(len(item))]
    assert said == kept == [f"text {i}" for i in range(60)]
    assert set(known.values()) == {"review", "text", *said}


def test_texts_are_bounded_by_their_size_too() -> None:
    some = texts.Texts(None, most=1000, most_bytes=100)
    some.learn({1: "a" * 60})
    some.learn({2: "b" * 60, 1: "a" * 60})
    assert (some[1], some[2], sorted(some), len(some), some.get(3)) == ("a" * 60, "b" * 60, [1, 2], 2, None)
    assert len(some._near) == 1
    some.close()


def test_rows_of_equal_strings_and_ascending_ones_are_found() -> None:
    def strings(*values: str) -> Any:
        return pa.array(values, pa.large_string())

    assert heads(strings("a", "a", "b", "a", "a")).tolist() == [0, 2, 3]
    assert heads(strings()).tolist() == []
    assert ascending(strings("9", "10", "11"), strict=True)
    assert not ascending(strings("10", "9"), strict=False)
    assert ascending(strings("a", "a", "b"), strict=False) and not ascending(strings("a", "a", "b"), strict=True)
    assert ascending(strings("a"), strict=True) and ascending(strings(), strict=True)
