"""What a backtest found, as Arrow tables and as a Parquet file that is there whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loyalty_streams.backtest.behind import behind_each
from loyalty_streams.backtest.comparing import NO_SHIFT
from loyalty_streams.backtest.figures import THEMES
from loyalty_streams.backtest.places import Place
from loyalty_streams.backtest.plan import Plan
from loyalty_streams.backtest.totals import TOLD
from loyalty_streams.core.facts import Array
from loyalty_streams.reports.words import LANGUAGES, say

TEXT = pa.dictionary(pa.int32(), pa.string())


def diff_table(plan: Plan) -> Any:
    """A row a changed member, in order of id: points, tier and stage before and after, what of its history differs, and why, in each language.

    Folds the changed members once more for the last.
    """
    c = plan.comparison
    rows = np.flatnonzero(c.changed)
    persons = c.persons[rows]
    names = [c.ids[k] for k in rows.tolist()]
    columns: dict[str, Any] = {"member_id": pa.array(names, pa.string())}
    before, after = c.held
    columns |= {"before": pa.array(before[rows]), "after": pa.array(after[rows]), "delta": pa.array(c.delta[rows])}
    for account in TOLD:
        for side, figures in (("before", c.before), ("after", c.after)):
            columns[f"{account}_{side}"] = pa.array(figures.account(account)[persons])
    short = dict.fromkeys(persons.tolist(), 0)
    for member, _, points in c.infeasible:
        short[member] = short.get(member, 0) + points
    columns["points_short"] = pa.array([short[k] for k in persons.tolist()], pa.int64())
    tiers, stages = plan.comparison.names.tiers, plan.comparison.names.stages
    for side, figures in (("before", c.before), ("after", c.after)):
        columns[f"tier_{side}"] = named(figures.tier[persons], tiers)
        columns[f"stage_{side}"] = named(figures.stage[persons], stages)
    shift = c.shift_of_tier_held()[rows]
    columns["tier_shift_days"] = pa.array(shift, pa.int64(), mask=shift == NO_SHIFT)
    columns |= {f"{theme}_differ": pa.array(c.differs[rows, t]) for t, theme in enumerate(THEMES)}
    why = {name: behind.why_in(LANGUAGES) for name, behind in behind_each(plan.run, (0, 1), names, plan.texts)}
    columns |= {f"why_{lang}": pa.array([why[name][k] for name in names], pa.string()) for k, lang in enumerate(LANGUAGES)}
    told = {**plan.header(), "history": plan.range(), "held_fixed": say("plan.fixed", "en")}
    return pa.table(columns).replace_schema_metadata({"loyalty_streams": json.dumps(told, ensure_ascii=False)})


def named(numbers: Array, names: tuple[str, ...]) -> Any:
    """Names by registry number as a column; missing for none."""
    inside = (numbers >= 0) & (numbers < len(names))
    indices = pa.array(np.where(inside, numbers, 0).astype(np.int32), pa.int32(), mask=~inside)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string()) if names else pa.array([""], pa.string()))


def write_table(table: Any, to: Path | str) -> None:
    """Writes a Parquet file, whole or not at all. Raises BacktestError FILE; what was there stays then."""
    Place(str(to)).put(lambda path: pq.write_table(table, path, compression="zstd"))
