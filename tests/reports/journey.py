"""The worked set of the definitions: the 247 households of Complete Journey whose id ends in 7, under the smallest rules that it names."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from loyalty_streams.cli.demo import cache_folder
from loyalty_streams.history import complete_journey

RULES = """\
programme: worked-set
version: 1
time_zone: America/New_York
currency: USD
wallets:
  points: {expires: {after: 12 months}}
earn:
  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
tiers:
  metric: {spend: {window: 12 months}}
  ladder: {base: 0, silver: 200.00, gold: 500.00, platinum: 1000.00}
"""


def households_ending_in_7(to: Path) -> Path:
    """A history folder of their orders, without lines."""
    orders = pq.read_table(complete_journey.folder(cache_folder()) / "orders.parquet")
    to.mkdir()
    pq.write_table(orders.filter(pc.ends_with(orders["member_id"], "7")), to / "orders.parquet")
    return to
