"""Histories made up from a seed, as Parquet folders: `python -m benchmarks.generate FOLDER --orders 1000000 --members 50000`.

Two shapes. `generate`: orders of two lines over a year, of members drawn at random. `generate_lots`: orders without lines, the same number
for every member, in order of time and within eleven months: as many open lots a member under any rule that expires after a year.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_START = 1_704_067_200_000_000  # 2024-01-01T00:00:00Z
_DAY = 86_400_000_000
_CHANNELS = ("store", "app", "web")
_CATEGORIES = tuple(f"category-{i:02}" for i in range(24))
_PIECE = 1_000_000
_LOTS_WITHIN = 330 * _DAY


@dataclass(frozen=True, slots=True)
class Plan:
    """`lines` an order; `skus` products; amounts a line from 1.00 to 80.00 in minor units; orders in order of time over 366 days.

    `shuffled`: the rows of both files in an order that has nothing to do with time or with each other, piece by piece.
    """

    orders: int
    members: int
    seed: int = 1
    lines: int = 2
    stores: int = 40
    skus: int = 5_000
    currency: str = "CNY"
    shuffled: bool = False


@dataclass(frozen=True, slots=True)
class LotsPlan:
    """`lots` orders of each of `members`, of 1.00 to 80.00."""

    members: int = 10_000
    lots: int = 1_000
    seed: int = 1
    currency: str = "CNY"


def generate(folder: Path, plan: Plan) -> None:
    """Writes `orders.parquet` and `items.parquet`, the same bytes for the same plan."""
    rng = np.random.default_rng(plan.seed)
    numbers = rng.permutation(plan.orders) if plan.shuffled else np.arange(plan.orders)
    _write(folder, (_bought(rng, plan, numbers[first : first + _PIECE]) for first in range(0, plan.orders, _PIECE)))


def generate_lots(folder: Path, plan: LotsPlan) -> None:
    """Writes `orders.parquet`: round after round, each member once a round, in another order each time."""
    rng = np.random.default_rng(plan.seed)
    rounds = max(1, _PIECE // plan.members)
    _write(folder, ((_round(rng, plan, first, min(first + rounds, plan.lots)),) for first in range(0, plan.lots, rounds)))


def _write(folder: Path, pieces: Iterator[tuple[Any, ...]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    writers: dict[str, pq.ParquetWriter] = {}
    for piece in pieces:
        for name, table in zip(("orders", "items"), piece, strict=False):
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema)
            writers[name].write_table(table, row_group_size=131_072)
    for writer in writers.values():
        writer.close()


def _words(names: tuple[str, ...], rng: np.random.Generator, count: int) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, len(names), count, dtype=np.int32)), pa.array(names))


def _named(letter: str, numbers: Any, digits: int) -> Any:
    return pa.array([f"{letter}{i:0{digits}}" for i in numbers.tolist()])


def _orders(ids: Any, members: Any, at: Any, amounts: Any, currency: str) -> dict[str, Any]:
    one = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(at), np.int32)), pa.array([currency]))
    when = pa.array(at, pa.timestamp("us", "UTC"))
    return {"order_id": ids, "member_id": members, "occurred_at": when, "amount_minor": pa.array(amounts), "currency": one}


def _bought(rng: np.random.Generator, plan: Plan, numbers: Any) -> tuple[Any, Any]:
    count = len(numbers)
    at = _START + numbers * (366 * _DAY // max(plan.orders, 1))
    amounts = rng.integers(100, 8_001, (count, plan.lines), dtype=np.int64)
    ids = _named("O", numbers, 9)
    orders = _orders(ids, _named("M", rng.integers(0, plan.members, count), 7), at, amounts.sum(1), plan.currency)
    orders["channel"] = _words(_CHANNELS, rng, count)
    orders["store"] = _words(tuple(f"S{i:03}" for i in range(plan.stores)), rng, count)
    total = count * plan.lines
    place = rng.permutation(total) if plan.shuffled else np.arange(total)
    items = {
        "order_id": ids.take(pa.array(place // plan.lines)),
        "line_no": pa.array((place % plan.lines + 1).astype(np.int32)),
        "line_amount_minor": pa.array(amounts.ravel()[place]),
        "sku": _words(tuple(f"P{i:05}" for i in range(plan.skus)), rng, total),
        "category": _words(_CATEGORIES, rng, total),
        "qty": pa.array(rng.integers(1, 4, total, dtype=np.int32)),
    }
    return pa.table(orders), pa.table(items)


def _round(rng: np.random.Generator, plan: LotsPlan, first: int, last: int) -> Any:
    members = np.concatenate([rng.permutation(plan.members) for _ in range(first, last)])
    numbers = first * plan.members + np.arange(len(members), dtype=np.int64)
    at = _START + numbers * (_LOTS_WITHIN // (plan.members * plan.lots))
    amounts = rng.integers(100, 8_001, len(members), dtype=np.int64)
    return pa.table(_orders(_named("O", numbers, 9), _named("M", members, 7), at, amounts, plan.currency))


def main() -> None:
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("folder", type=Path)
    read.add_argument("--orders", type=int, default=1_000_000)
    read.add_argument("--members", type=int, default=50_000)
    read.add_argument("--seed", type=int, default=1)
    read.add_argument("--shuffled", action="store_true", help="rows of both files in no order")
    read.add_argument("--lots", type=int, default=0, metavar="N", help="instead: N open lots for each of the members")
    asked = read.parse_args()
    if asked.lots:
        generate_lots(asked.folder, LotsPlan(asked.members, asked.lots, asked.seed))
    else:
        generate(asked.folder, Plan(asked.orders, asked.members, asked.seed, shuffled=asked.shuffled))


if __name__ == "__main__":
    main()
