"""How fast the fold is: clustered columns in, entries written and drained, no state packed, one core, warm.

Times are CPU times of the process. There are two yardsticks, folds hard-coded for the smallest programme: of orders alone, with nothing kept
(`yardstick`), and of the whole programme (`yardstick_whole`), by which the engine is judged. The oracle is the slow model of the tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.figures import Figure
from benchmarks.workload import START, Workload, make, one_member, only_orders
from benchmarks.yardstick import Yardstick
from benchmarks.yardstick_whole import WholeYardstick
from loyalty_streams.core.codes import DAY, FactKind
from loyalty_streams.core.engine import Engine
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Columns, Fact, Line, concatenate
from loyalty_streams.programme import Registry, compile_versions
from loyalty_streams.programme.load import load

PROGRAMMES = Path(__file__).parent.parent / "tests" / "programme"
ROUNDS = 5
MILLION = 1_000_000


def run(quick: bool, long: bool) -> list[Figure]:
    """All figures of the fold."""
    facts = 200_000 if quick else 2 * MILLION
    whole = make(facts, facts // 10)
    orders = only_orders(whole)
    small, full = engine("smallest.yaml"), engine("full-example.yaml")
    return [
        *against_the_bare_yardstick(small, orders),
        *against_the_whole_yardstick(small, whole),
        speed("fold, full example", full, whole, 1.5),
        *against_the_oracle(small, orders),
        *flatness(small, quick),
        *state_bytes(small, full, whole),
    ]


def engine(name: str) -> Engine:
    return Engine(compile_versions((load(PROGRAMMES / name),), Registry()))


def timed(work: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """CPU seconds of some rounds, sorted."""
    out = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        out.append(time.process_time() - begun)
    return sorted(out)


def drained(e: Engine, load_: Workload) -> Callable[[], object]:
    return lambda: e.fold(load_.columns, load_.groups, keep_states=False, keep_cards=False, keep_entries=False)


def speed(name: str, e: Engine, load_: Workload, target: float) -> Figure:
    times = timed(drained(e, load_))
    entries = len(e.fold(load_.columns, load_.groups, keep_states=False, keep_cards=False).entries)
    best = load_.facts / times[0] / MILLION
    note = f"best of {ROUNDS} {best:.2f}; {entries / load_.facts:.2f} entries a fact; {load_.facts:,} facts of {load_.members:,} members"
    return Figure(name, load_.facts / median(times) / MILLION, "M facts/s", target, True, note)


def against_the_bare_yardstick(e: Engine, orders: Workload) -> list[Figure]:
    """Orders alone: the yardstick knows nothing else and keeps nothing but what the next order needs."""
    yard, c = Yardstick(), orders.columns
    own, hard, entries = in_turns(e, orders, lambda keep: yard.run(c.at, c.amount, c.ref, orders.groups, keep))
    return [
        Figure("fold, smallest programme, orders alone", own, "M facts/s", 5.0, True, f"{entries / orders.facts:.2f} entries a fact"),
        Figure("fold, hard-coded for orders alone", hard, "M facts/s", None, True, "the same entries; forgets each order"),
        Figure("engine against that", own / hard, "x", None, True, "the same run, in turns"),
    ]


def against_the_whole_yardstick(e: Engine, whole: Workload) -> list[Figure]:
    """All facts: the yardstick folds the whole of the smallest programme and keeps what a return or a cancellation needs."""
    yard = WholeYardstick()
    own, hard, entries = in_turns(e, whole, lambda keep: yard.run(whole.columns, whole.groups, keep))
    note = f"{entries / whole.facts:.2f} entries a fact; {whole.facts:,} facts of {whole.members:,} members"
    return [
        Figure("fold, smallest programme, all facts", own, "M facts/s", 5.0, True, note),
        Figure("fold, hard-coded for the smallest programme", hard, "M facts/s", None, True, "the same entries; keeps what the engine keeps"),
        Figure("engine against the hard-coded fold", own / hard, "x", 0.6, True, "the same run, in turns"),
    ]


def in_turns(e: Engine, load_: Workload, yardstick: Callable[[list[Entries] | None], object]) -> tuple[float, float, int]:
    """Both fold the same facts, in turns; their entries are compared first. -> M facts/s of the engine and of the yardstick, and the entries"""
    kept: list[Entries] = []
    yardstick(kept)
    ours = e.fold(load_.columns, load_.groups, keep_states=False, keep_cards=False).entries
    if not np.array_equal(np.concatenate(kept), ours):
        raise AssertionError("the yardstick and the engine write different entries")
    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine += timed(drained(e, load_), 1)
        theirs += timed(lambda: yardstick(None), 1)
    return load_.facts / median(mine) / MILLION, load_.facts / median(theirs) / MILLION, len(ours)


def against_the_oracle(e: Engine, orders: Workload) -> list[Figure]:
    from tests.oracle.oracle import fold
    from tests.oracle.programme import Timeline

    timeline = Timeline([(PROGRAMMES / "smallest.yaml").read_text("utf-8")])
    some = min(orders.members, 200)
    facts = [as_facts(orders.columns, int(orders.groups[g]), int(orders.groups[g + 1])) for g in range(some)]
    count = sum(len(f) for f in facts)
    end = int(orders.columns.at.max())
    begun = time.process_time()
    for history in facts:
        fold(timeline, history, end)
    slow = count / (time.process_time() - begun)
    own = orders.facts / median(timed(drained(e, orders)))
    return [Figure("engine against the oracle", own / slow, "x", 200.0, True, f"the oracle folds {slow:,.0f} facts/s")]


def as_facts(columns: Columns, lo: int, hi: int) -> list[Fact]:
    """Orders as values, one line each: the smallest programme looks at the amount alone."""
    return [
        Fact(FactKind.ORDER, "M", f"order/{i}", int(columns.at[i]), amount=int(columns.amount[i]), lines=(Line(1, int(columns.amount[i])),))
        for i in range(lo, hi)
    ]


def flatness(e: Engine, quick: bool) -> list[Figure]:
    """What a fact costs a member who holds so many open lots and purchases in the window: orders an hour apart, none of which leaves.

    The members are folded up to the size first; the next orders are timed.
    """
    members, more = (20, 50) if quick else (200, 100)
    cost = {}
    for size in (1, 10, 100, 1_000):
        before, after = [], []
        for k in range(members):
            columns = one_member(size + more, START, (size + more) * DAY // 24, number=k)
            before.append(columns)
            after.append(columns)
        first, last = (many(parts, size, more, which) for parts, which in ((before, 0), (after, 1)))
        held = e.fold(first.columns, first.groups)
        rounds = timed(lambda: e.fold(last.columns, last.groups, states=held.states, state_at=held.state_at, keep_states=False, keep_cards=False))  # noqa: B023
        empty = np.zeros(members + 1, np.int64)
        read = timed(lambda: e.fold(last.columns, empty, states=held.states, state_at=held.state_at, keep_states=False, keep_cards=False))  # noqa: B023
        cost[size] = (median(rounds) - median(read)) / (members * more) * 1e9
    least, most = min(cost.values()), max(cost.values())
    told = ", ".join(f"{size:,}: {ns:.0f} ns" for size, ns in cost.items())
    return [Figure("cost of a fact from 1 to 1,000 open lots and purchases", most / least, "x", 1.3, False, told)]


def many(parts: list[Columns], size: int, more: int, which: int) -> Workload:
    """The first `size`, or the next `more`, orders of every member."""
    from loyalty_streams.core.facts import take_rows

    n = more if which else size
    cut = [take_rows(c, np.arange(size, size + more) if which else np.arange(size)) for c in parts]
    return Workload(concatenate(cut), np.arange(0, n * len(parts) + 1, n, dtype=np.int64))


def state_bytes(small: Engine, full: Engine, whole: Workload) -> list[Figure]:
    out = []
    for name, e in (("smallest programme", small), ("full example", full)):
        sizes = np.diff(e.fold(whole.columns, whole.groups, keep_entries=False).state_at)
        about = f"{whole.facts / whole.members:.0f} facts a member on average, over 3 years"
        note = f"median {int(np.median(sizes)):,}, largest {int(sizes.max()):,}; {about}"
        out.append(Figure(f"bytes of a member's state, {name}", float(sizes.mean()), "bytes", None, False, note))
    return out
