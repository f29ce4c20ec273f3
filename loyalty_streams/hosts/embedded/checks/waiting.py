"""What waits, against what the store knows and counts."""

from __future__ import annotations

from loyalty_streams.agents.rows import WAITS, KeyRow
from loyalty_streams.hosts.embedded.checks.account import Found
from loyalty_streams.hosts.embedded.quarantine import pieces
from loyalty_streams.hosts.embedded.store import Store


def wait_with_reason(store: Store) -> Found:
    """As many returns wait as are counted; none for an order that is known, each known itself (I11, T079)."""
    checked, faults = 0, list[str]()
    for some, _ in pieces(store):
        checked += len(some)
        orders, own = store.keys([row.order for row in some]), store.keys([row.key for row in some])
        for row, order, mark in zip(some, orders, own, strict=True):
            name = row.key.decode()
            if order is None or KeyRow.read(order).kind != WAITS:
                faults.append(f"{name} waits for {row.order.decode()}, which " + ("nothing names" if order is None else "is known"))
            if mark is None or not KeyRow.read(mark).kind & WAITS:
                faults.append(f"{name} waits and is not known to")
    if checked != store.clocks.waiting:
        faults.append(f"{store.clocks.waiting} waiting returns counted, {checked} in the store")
    return checked, faults
