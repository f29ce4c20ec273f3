"""A history folded again under other programmes, from the log of a store: one programme, a plan of two, a sweep of fifty.

Orders of two lines under the smallest programme, CPU time of the process, one thread, each beside the one before in the same run. What is read is the
embedded log, segment by segment; packed Parquet is not read yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.generate import Plan, generate
from benchmarks.ingest import CURRENCY, SMALLEST
from benchmarks.scratch import scratch
from benchmarks.stores import TimedStore, timed_ingest
from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.contenders import load_programme
from loyalty_streams.backtest.ground import Ground
from loyalty_streams.backtest.plan import plan
from loyalty_streams.backtest.running import Run
from loyalty_streams.backtest.source import StoreSource
from loyalty_streams.backtest.sweep import sweep
from loyalty_streams.backtest.varying import Axis, combinations, varied
from loyalty_streams.hosts.embedded import Store

PLAN_TARGET, SWEEP_TARGET = 0.4, 25
CANDIDATES = 50


def run(quick: bool, long: bool) -> list[Figure]:
    with scratch("backtest") as place:
        return list(_of(place, 50_000 if quick else 300_000, 1 if quick else 3))


def _of(place: Path, orders: int, rounds: int) -> Iterator[Figure]:
    generate(place / "history", Plan(orders, orders // 3, currency=CURRENCY))
    with TimedStore.open(place / "store", programme=SMALLEST, create=True) as store:
        timed_ingest(store, place / "history")
    more = place / "more.yaml"
    more.write_text(SMALLEST.read_text("utf-8").replace("rate: 1,", "rate: 1.2,"), "utf-8")
    with Store.open(place / "store", read_only=True) as store:
        _one(store)  # warm
        one = median(_cpu(lambda: _one(store)) for _ in range(rounds))
        two = median(_cpu(lambda: plan(store, more, Asked()).to_json()) for _ in range(rounds))
        many = _cpu(lambda: _sweep(store))
    what = f"{orders:,} orders of two lines, {orders // 3:,} members; median of {rounds}; by CPU"
    yield Figure("backtest of one programme, from the log of a store", orders / one / 1e6, "M facts/s", None, True, what)
    told = "speed; the twelve who change most are told in words"
    yield Figure("plan, full diff of every member, against one backtest", one / two, "x", PLAN_TARGET, True, told)
    note = "`earn.base.points.rate` varied; cost, members and frontier"
    yield Figure(f"sweep of {CANDIDATES} candidates against one backtest", many / one, "x", SWEEP_TARGET, False, note)


def _cpu(of: Callable[[], object]) -> float:
    begun = time.process_time()
    of()
    return time.process_time() - begun


def _one(store: Store) -> object:
    return Run(StoreSource(store), [Ground.of(store).field().standing(store.clocks.now)]).figures()


def _sweep(store: Store) -> object:
    values = combinations([Axis.read(f"earn.base.points.rate=0.51..{0.51 + (CANDIDATES - 1) / 100:.2f} step 0.01")])
    base, field = load_programme(SMALLEST)[-1], Ground.of(store).field()
    contenders = [field.standing(store.clocks.now), *(field.placed(varied(base, v)) for v in values)]
    return sweep(Run(StoreSource(store), contenders), values).rows()
