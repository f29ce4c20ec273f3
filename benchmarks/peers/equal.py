"""Whether the peers come to what the engine comes to, member by member: nothing is timed before that has been looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from benchmarks.peers import loop
from loyalty_streams.backtest.ground import Ground
from loyalty_streams.backtest.running import Run
from loyalty_streams.core.codes import EntryKind

ACCOUNTS = ("available", "debt", "issued", "redeemed", "expired", "clawed_back")
LADDER = ("base", "silver", "gold", "platinum")
Members: TypeAlias = Mapping[str, Mapping[str, int | None]]
"""By member what he comes to: points by account; `tier`, a place on the ladder, and `tier_changes`; when he first reached each tier (None: never)."""


class Differs(AssertionError):
    """A peer comes to something else."""


def of_engine(ground: Ground) -> Members:
    """What a backtest of the programme in force says."""
    run = Run(ground.source, [ground.field().standing(ground.source.now)], threads=1)
    _, (figures,) = run.figures()
    places = {number: LADDER.index(name) for number, name in enumerate(run.names.tiers)}
    columns = {name: figures.account(name).tolist() for name in ACCOUNTS}
    columns |= {"tier": [places[number] for number in figures.tier.tolist()], "tier_changes": _changes(run)}
    rows = zip(*columns.values(), strict=True)
    found: dict[str, dict[str, int | None]] = {name: dict(zip(columns, row, strict=True)) for name, row in zip(figures.ids, rows, strict=True)}
    for row, tier, instant in figures.reached.tolist():
        found[figures.ids[row]][LADDER[places[tier]]] = instant
    return found


def _changes(run: Run) -> list[int]:
    """How often the tier of each member changes, in the order in which members are read."""
    out: list[int] = []
    for block in run.blocks():
        decided = run.benches[0].decide(block(), run.span)
        changed = decided.entries["member"][decided.entries["kind"] == EntryKind.TIER_CHANGED]
        out += np.bincount(changed, minlength=len(decided.names)).tolist()
    return out


def of_loop(folder: Path, until: int) -> Members:
    names = (*ACCOUNTS, "tier", "tier_changes")
    return {member: {name: getattr(account, name) for name in names} for member, account in loop.fold(folder, until)}


def of_table(table: Any) -> Members:
    """What a query says."""
    return {row.pop("member_id"): row for row in table.to_pylist()}


def check(engine: Members, peer: Members, names: Iterable[str]) -> None:
    """Raises Differs unless both say the same of these. Who is missing has nothing."""
    nothing: Mapping[str, int | None] = defaultdict(int)
    for member in sorted({*engine, *peer}):
        ours, theirs = engine.get(member, nothing), peer.get(member, nothing)
        for name in names:
            if (ours.get(name) or 0) != (theirs.get(name) or 0):
                raise Differs(f"{name} of {member}: the engine comes to {ours.get(name)}, the peer to {theirs.get(name)}")
