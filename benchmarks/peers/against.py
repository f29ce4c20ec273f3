"""The engine against its peers. Each is first looked at, member by member, then timed with the engine in turns: CPU time, one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.peers import loop
from benchmarks.peers.duck import Duck
from benchmarks.peers.equal import ACCOUNTS, LADDER, Members, check, of_engine, of_loop, of_table
from benchmarks.turns import in_turns
from loyalty_streams.backtest.ground import Ground

OF_LOOP, OF_DUCK = 10, 2.5
OF_TIERS = ("issued", "tier", "tier_changes", *LADDER[1:])
OF_LOTS = ("available", "redeemed", "expired")


def equal_with_returns(ground: Ground, folder: Path) -> int:
    """All facts: the loop in everything, SQL in what it can follow. -> members. Raises Differs."""
    engine, until = of_engine(ground), ground.source.now
    check(engine, of_loop(folder, until), (*ACCOUNTS, "tier", "tier_changes"))
    duck = Duck(folder, until)
    check(engine, of_table(duck.ask("tiers")), OF_TIERS)
    check(engine, of_table(duck.ask("totals")), ("issued", "tier"))
    return len(engine)


def equal_without_returns(ground: Ground, folder: Path) -> int:
    """Facts of which none is a return: SQL follows the lots too. -> members. Raises Differs."""
    engine: Members = of_engine(ground)
    duck = Duck(folder, ground.source.now)
    check(engine, of_table(duck.ask("tiers")), OF_TIERS)
    check(engine, of_table(duck.ask("lots")), OF_LOTS)
    return len(engine)


def with_returns(ground: Ground, folder: Path, fold: Callable[[], object], rounds: int) -> Iterator[Figure]:
    """`fold`: a backtest of the smallest programme over the packed facts in the folder, with one thread."""
    members, until = equal_with_returns(ground, folder), ground.source.now
    duck = Duck(folder, until)
    own, looped = in_turns(min(rounds, 3), fold, partial(loop.totals, folder, until))
    rate = ground.source.facts / looped / 1e6
    told = f"the same points, tiers and changes of all {members:,} members; it folds {rate:.3f} M facts/s"
    yield Figure("backtest against a loop in plain Python", looped / own, "x", OF_LOOP, True, told)
    own, tiers, totals = in_turns(rounds, fold, partial(duck.ask, "tiers"), partial(duck.ask, "totals"))
    rate = ground.source.facts / tiers / 1e6
    told = f"SQL with windows, {rate:.2f} M facts/s: no lots, redemptions or returned points; the same tiers and changes of all {members:,} members"
    yield Figure("backtest against DuckDB, tier after every order", tiers / own, "x", OF_DUCK, True, told)
    told = "points issued and the tier by the spend of the last year, of every member: SQL need not follow anything, the backtest does"
    yield Figure("backtest against DuckDB, totals at one instant", totals / own, "x", None, True, told)


def without_returns(ground: Ground, folder: Path, fold: Callable[[], object], rounds: int) -> Iterator[Figure]:
    """The same where nothing is returned."""
    members = equal_without_returns(ground, folder)
    duck = Duck(folder, ground.source.now)
    own, tiers, lots = in_turns(rounds, fold, partial(duck.ask, "tiers"), partial(duck.ask, "lots"))
    told = f"two queries, one of windows, one recursive, {lots / own:.2f} x for the second alone; nothing is returned, which SQL does not follow; "
    told += f"the same points and tiers of all {members:,} members"
    yield Figure("backtest against DuckDB, tier after every order and lots with redemptions", (tiers + lots) / own, "x", OF_DUCK, True, told)
