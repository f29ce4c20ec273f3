"""The smallest programme in SQL, as far as SQL follows it, run by DuckDB over the same Parquet with one thread.

* `tiers.sql`: the tier after every order, with its changes and the points earned. The spend that it hangs on is a sum over a window of rows.
* `lots.sql`: lots of points that redemptions take and that expire, the oldest first. Whether a redemption is granted hangs on those before it, which
  asks for a recursive query. Returns take points out of the middle of lots, or on credit that later points pay, which SQL does not follow; so it is
  asked about members who return nothing.
* `totals.sql`: points issued and the tier at one instant, for which no order of facts matters.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from benchmarks.peers.loop import WITHIN
from loyalty_streams.core.codes import FactKind

HERE = Path(__file__).parent
FACTS = """
CREATE VIEW facts AS
SELECT member_id, kind, "at" AS instant, ref, about, amount, points, file_row_number AS place
FROM read_parquet('{}', file_row_number => true)
"""
"""`place`: where a fact stands among those of its member, which are in their order."""


class Duck:
    """A database with packed facts as a table. `until`: the instant that is asked about, microseconds UTC."""

    def __init__(self, folder: Path, until: int) -> None:
        self._base = duckdb.connect(config={"threads": 1})
        self._base.execute(FACTS.format(str(folder / "facts-*.parquet").replace("'", "''")))
        kinds = {"order": FactKind.ORDER, "return": FactKind.RETURN, "redeem": FactKind.REDEEM}
        self._known = {**{name: int(kind) for name, kind in kinds.items()}, "within": WITHIN, "until": until}

    def ask(self, name: str) -> Any:
        """What a query says, as an Arrow table with a row a member."""
        query = (HERE / f"{name}.sql").read_text("utf-8")
        return self._base.sql(query, params={name: value for name, value in self._known.items() if f"${name}" in query}).to_arrow_table()
