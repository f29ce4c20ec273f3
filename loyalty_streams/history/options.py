"""How a history is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ARRIVALS = ("auto", "occurred", "column", "now")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """`currency` and `minor_digits` are the programme's. `map` renames columns: `{"order_no": "order_id"}`.

    `assume_zone` is the zone of times without an offset; without it such times are refused. `arrival` says when facts arrive: `auto` the
    `arrived_at` column where a table has it and else as `occurred`; `occurred` the later of occurred_at and `newest_arrived`, the newest
    arrived_at in the log; `column` the column, which then must be there; `now` the instant `now`. Instants are microseconds UTC.

    `rows_in_memory` bounds the facts and lines that are sorted in memory (half a million: some 300 MB in all); beyond it the reading
    sorts through nameless files in `scratch` (default: the system's folder for temporary files), some 600 bytes an order of two lines.
    `batch_rows` is the largest batch given out. Neither changes what is read.

    `phone_key` is the secret that phones are hashed under; without it rows that come under a plain phone are set aside. `phone_region` is the
    country, as in ISO 3166, of phones without a country's code.
    """

    currency: str
    minor_digits: int
    map: Mapping[str, str] = field(default_factory=dict)
    assume_zone: str | None = None
    arrival: str = "auto"
    now: int = 0
    newest_arrived: int = -1
    rows_in_memory: int = 500_000
    batch_rows: int = 25_000
    scratch: Path | None = None
    phone_key: str = field(default="", repr=False)
    phone_region: str = "CN"
