"""How a member's state lies in bytes: a table that says how each word of the head and of each section is written.

Packing (`pack`) and reading by name (`core.state`) both follow it. This module does not import Numba, so that an account can be shown quickly.
Layout: version byte; head; wallets and gauges that are not all zero, by number; then the sections in their order. Integers are zigzag varints,
times are differences in seconds where they are whole, codes are eight raw bytes. What can be reckoned again is not stored.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loyalty_streams.core.kernel.records import BOUNDS, MAX_METRICS, SECTIONS, record_of, width_of, word_of

LAYOUT = 2
INT, TIME, AFTER_PREVIOUS, RAW, SKIP = -1, -2, -3, -4, -5  # a kind >= 0: a time after that column of the row
HEAD_ROW, WALLET_ROW, GAUGE_ROW, WIDTH = len(SECTIONS), len(SECTIONS) + 1, len(SECTIONS) + 2, 48
SKIPPED = ("due", "lapse_due", "activation_due", "hold_due", "window_due", "notice_due", "remind_due", "pending_lo",
           "rise", "spared_to", "spared_rung", "spare")
NEVER_AT_FIRST = ("due", "birthday_due", "tier_until", "stage_due", "reassess_at", "lapse_due", "activation_due", "hold_due", "window_due",
                  "notice_due", "remind_due")


def row(field: str, base: int = -1, **kinds: Any) -> np.ndarray[Any, Any]:
    """One row of the layout table: place of row 0, width, the column whose zero drops a row (-1: none), then a kind a column."""
    record = record_of(field)
    out = np.full(WIDTH, INT, np.int64)
    alive = kinds.pop("alive", None)
    out[:3] = word_of(field) if base < 0 else base, width_of(field), record.names.index(alive) if alive else -1
    for name, kind in kinds.items():
        out[3 + record.names.index(name)] = record.names.index(kind) if isinstance(kind, str) else kind
    return out


def layout() -> np.ndarray[Any, Any]:
    after, raw = AFTER_PREVIOUS, RAW
    stride = BOUNDS["marks"] * width_of("marks")
    head = {name: SKIP for name in SKIPPED} | {name: TIME for name in (
        "clock", "enrolled_at", "birthday_due", "first_at", "last_at", "tier_since", "tier_at", "tier_kept", "tier_until", "tier_locked",
        "reassess_at", "stage_since", "stage_due")} | {"customer_type": raw, "region": raw}
    return np.array([
        row("lots", source=raw, earned_at=after, activates_at="earned_at", expires_at="earned_at", about=raw, alive="remaining"),
        *(row("marks", word_of("marks") + m * stride, at=after, leaves_at="at") for m in range(MAX_METRICS)),
        row("holds", ref=raw, source=raw, earned_at=after, expires_at="earned_at", until="earned_at"),
        row("counters", store=raw, alive="used"),
        row("once", ref=raw, source=raw, at=TIME),
        row("tags", tag=raw),
        row("dead", source=raw, earned_at=after, expired_at="earned_at"),
        row("pools", about=raw),
        row("orders", ref=raw, at=TIME, store=raw, about=raw, stands="at", dirty=SKIP, lines_lo=SKIP, parts_lo=SKIP),
        row("lines"),
        row("parts", active_at=TIME),
        row("redemptions", ref=raw, at=TIME, dirty=SKIP, rows_lo=SKIP),
        row("taken", ref=raw, source=raw, earned_at=after, expires_at="earned_at"),
        row("head", **head), row("wallets", idle_since=TIME, lapse_at=TIME), row("gauges"),
    ])


TABLE = layout()
