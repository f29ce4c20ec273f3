"""Histories made up from a seed, for benchmarks and tests of scale: orders of two lines over a year."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loyalty_streams.core.codes import MICROS

_START = 1_704_067_200 * MICROS  # 2024-01-01T00:00:00Z
_YEAR = 366 * 86_400 * MICROS
_CHANNELS = ("store", "app", "web")
_CATEGORIES = tuple(f"category-{i:02}" for i in range(24))
_PIECE = 1_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """`lines` a order; `skus` products; amounts a line from 1.00 to 80.00 in minor units; orders in order of time."""

    orders: int
    members: int
    seed: int = 1
    lines: int = 2
    stores: int = 40
    skus: int = 5_000
    currency: str = "CNY"


def generate(folder: Path, plan: Plan) -> None:
    """Writes `orders.parquet` and `items.parquet`, the same bytes for the same plan."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(plan.seed)
    orders: pq.ParquetWriter | None = None
    items: pq.ParquetWriter | None = None
    for first in range(0, plan.orders, _PIECE):
        count = min(_PIECE, plan.orders - first)
        bought, lines = _piece(rng, plan, first, count)
        orders = orders or pq.ParquetWriter(folder / "orders.parquet", bought.schema)
        items = items or pq.ParquetWriter(folder / "items.parquet", lines.schema)
        orders.write_table(bought, row_group_size=131_072)
        items.write_table(lines, row_group_size=262_144)
    for writer in (orders, items):
        if writer is not None:
            writer.close()


def _words(names: tuple[str, ...], rng: np.random.Generator, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, len(names), count, dtype=np.int32)), pa.array(names))


def _piece(rng: np.random.Generator, plan: Plan, first: int, count: int) -> tuple[pa.Table, pa.Table]:
    numbers = np.arange(first, first + count, dtype=np.int64)
    at = _START + numbers * (_YEAR // max(plan.orders, 1))
    amounts = rng.integers(100, 8_001, (count, plan.lines), dtype=np.int64)
    ids = pa.array([f"O{i:09}" for i in range(first, first + count)])
    orders = pa.table({
        "order_id": ids,
        "member_id": pa.array([f"M{i:07}" for i in rng.integers(0, plan.members, count).tolist()]),
        "occurred_at": pa.array(at, pa.timestamp("us", "UTC")),
        "amount_minor": pa.array(amounts.sum(1)),
        "currency": pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([plan.currency])),
        "channel": _words(_CHANNELS, rng, count),
        "store": _words(tuple(f"S{i:03}" for i in range(plan.stores)), rng, count),
    })  # fmt: skip
    total = count * plan.lines
    items = pa.table({
        "order_id": ids.take(pa.array(np.repeat(np.arange(count), plan.lines))),
        "line_no": pa.array(np.tile(np.arange(1, plan.lines + 1, dtype=np.int32), count)),
        "line_amount_minor": pa.array(amounts.ravel()),
        "sku": _words(tuple(f"P{i:05}" for i in range(plan.skus)), rng, total),
        "category": _words(_CATEGORIES, rng, total),
        "qty": pa.array(rng.integers(1, 4, total, dtype=np.int32)),
    })  # fmt: skip
    return orders, items
