"""From what was read of a folder, or of a part of it, to its facts in order; and a dead letter for what cannot stand once all is seen."""

from __future__ import annotations

import heapq
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import IO

import numpy as np

from loyalty_streams.core.facts import Array
from loyalty_streams.history import orders as order_tables
from loyalty_streams.history.batch import FactBatch, empty_batch, joined
from loyalty_streams.history.letters import DeadLetter, DeadLetters, row_json
from loyalty_streams.history.order import number, sort_batch

Placed = tuple[int, int, DeadLetter]
"""The number of a file, the row in it, and the letter."""
_LETTERS = 10_000
_TOGETHER = 1_000


@dataclass(slots=True)
class Gathered:
    """Pieces in the order they were read: facts that stand alone, orders, and lines that are to join them. `rows` are all of their rows."""

    facts: list[FactBatch] = field(default_factory=list)
    orders: list[order_tables.Orders] = field(default_factory=list)
    items: list[order_tables.Items] = field(default_factory=list)
    rows: int = 0


def assembled(whole: Gathered, names: Sequence[str], book: Mapping[int, str], named: order_tables.Named) -> tuple[FactBatch, list[Placed]]:
    """All facts in order, and the letters in order of their places. Takes what was gathered away, piece by piece.

    `named`: what lines somewhere in the folder say of their orders, beside the id; then all lines are joined by that as well.
    """
    batch, letters = _bought(whole, names, book, named)
    parts = [b for b in (*whole.facts, batch) if len(b)]
    whole.facts.clear()
    whole.rows = 0
    facts = number(sort_batch(joined(parts))) if parts else empty_batch()
    return sort_batch(facts), sorted(letters, key=lambda x: x[:2])


def _bought(
    whole: Gathered, names: Sequence[str], book: Mapping[int, str], named: order_tables.Named
) -> tuple[FactBatch, list[Placed]]:
    """Orders with their lines, without those that cannot stand; and a letter for each of these, and for each line of no order."""
    found = order_tables.joined_orders(whole.orders) if whole.orders else order_tables.no_orders(())
    whole.orders.clear()
    if not whole.items:
        return found.batch, []
    lines = order_tables.joined_items(whole.items)
    whole.items.clear()
    batch, faults = order_tables.put_together(found, lines, named)
    if not faults:
        return batch, []
    batch = replace(batch, file_names=names, book=book)
    letters: list[Placed] = []
    first: dict[int, order_tables.Fault] = {}
    for fault in faults:
        if fault.of_lines:
            letters += [_line_letter(lines, i, fault, names, book) for i in fault.rows.tolist()]
        else:
            for i in fault.rows.tolist():
                first.setdefault(i, fault)
    letters += [(int(batch.files[i]), int(batch.rows[i]), batch.letter(i, f.code, f.expected)) for i, f in sorted(first.items())]
    good: Array = np.setdiff1d(np.arange(len(batch)), np.array(sorted(first), np.int64))
    return batch.take(good), letters


def _line_letter(lines: order_tables.Items, i: int, fault: order_tables.Fault, names: Sequence[str], book: Mapping[int, str]) -> Placed:
    before, _, order_id = lines.ids[i].as_py().rpartition(order_tables.SEPARATOR)
    source, _, revision = before.partition(order_tables.REVISED)
    row = {
        "order_id": order_id, "source": source, "revision": revision, "line_no": int(lines.line_no[i]),
        "line_amount_minor": int(lines.line_amount[i]),
        "sku": book.get(int(lines.line_sku[i]), ""), "category": book.get(int(lines.line_category[i]), ""),
        "qty": int(lines.line_qty[i]),
    }  # fmt: skip
    file, place = int(lines.files[i]), int(lines.rows[i])
    return file, place, DeadLetter(names[file], place, fault.code, fault.expected, row_json(row), table="items")


class Letters:
    """Letters that come in any order and are given out by place; what is too many for memory waits in sorted files without a name."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._near: list[Placed] = []
        self._far: list[IO[str]] = []

    def add(self, letters: Sequence[Placed]) -> None:
        self._near += letters
        if len(self._near) > _LETTERS:
            self._near.sort(key=lambda x: x[:2])
            file = tempfile.TemporaryFile("w+", encoding="ascii", prefix="loyalty-letters-", dir=self._folder)  # noqa: SIM115
            file.writelines(json.dumps((*x[:2], astuple(x[2]))) + "\n" for x in self._near)
            self._far.append(file)
            self._near = []

    def given_out(self) -> Iterator[DeadLetters]:
        self._near.sort(key=lambda x: x[:2])
        some: list[DeadLetter] = []
        for _, _, letter in heapq.merge(*map(_read, self._far), self._near, key=lambda x: x[:2]):
            some.append(letter)
            if len(some) == _TOGETHER:
                yield DeadLetters(tuple(some))
                some = []
        if some:
            yield DeadLetters(tuple(some))

    def close(self) -> None:
        for file in self._far:
            file.close()


def _read(file: IO[str]) -> Iterator[Placed]:
    file.seek(0)
    for line in file:
        number_of_file, row, parts = json.loads(line)
        yield number_of_file, row, DeadLetter(*parts)
