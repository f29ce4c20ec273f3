"""How long a person waits: help, a member, the kernel's first compilation and its cache, the demo.

Commands are measured as they are typed, as processes of their own. A number of several runs is their median.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.scratch import scratch
from loyalty_streams.api import Loyalty
from loyalty_streams.reports.statement import statement

ROOT = Path(__file__).parent.parent
LOYALTY = Path(sys.executable).with_name("loyalty")
ROUNDS = 10
ASKED = 500
ENTRIES = 10
FIRST_ENGINE = """
import json, time
import numba
begun = time.perf_counter(), time.process_time()
from loyalty_streams.core.kernel.warm import warm
warm()
print(json.dumps([time.perf_counter() - begun[0], time.process_time() - begun[1]]))
"""
"""Numba is imported before the clock starts, the kernel after it."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A process that ended well: seconds on the wall and of CPU, and what it printed."""

    wall: float
    cpu: float
    said: str


def run(quick: bool, long: bool) -> list[Figure]:
    """All figures of commands; `quick` does not compile the kernel anew."""
    rounds = 3 if quick else ROUNDS
    with scratch("commands") as place:
        store = place / "demo"
        demo = of_demo(store)
        figures = [of_help(rounds), *of_member(store, rounds)]
        return [*figures, *([] if quick else of_kernel(place / "kernels")), demo]


def ran(words: Sequence[str], more: Mapping[str, str] | None = None) -> Ran:
    """Runs a command to its end. The place of compiled kernels is the child's own to find: Numba's is set in this process by now."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"} | dict(more or {})
    before, begun = _children(), time.perf_counter()
    done = subprocess.run(words, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return Ran(time.perf_counter() - begun, _children() - before, done.stdout)


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def typed(*words: str) -> Ran:
    return ran([str(LOYALTY), *words])


def of_help(rounds: int) -> Figure:
    typed("--help")
    times = [typed("--help") for _ in range(rounds)]
    return Figure("loyalty --help", median(t.wall for t in times), "s", 0.3, False, _told(times))


def _told(times: Sequence[Ran]) -> str:
    cpu, slowest = median(t.cpu for t in times), max(t.wall for t in times)
    return f"median of {len(times)}, slowest {slowest:.2f} s; CPU {cpu:.2f} s"


def of_demo(store: Path) -> Figure:
    """The demo, its history and its kernel in their caches: a run before it puts them there."""
    typed("demo", "--data", str(store))
    shutil.rmtree(store)
    whole = typed("demo", "--data", str(store))
    note = f"Complete Journey into a fresh store, and what it says; CPU {whole.cpu:.1f} s"
    return Figure("loyalty demo, warm", whole.wall, "s", 20.0, False, note)


# ---- a member ------------------------------------------------------------------------------------------------------------


def of_member(store: Path, rounds: int) -> list[Figure]:
    """Cold, as it is typed; and in a running process, one member after the other."""
    with Loyalty.open(store, read_only=True) as shop:
        members = some_members(shop)
        statements = sorted(asked(shop, m, whole=False) for m in members)
        answers = sorted(asked(shop, m, whole=True) for m in members)
    typed("member", members[0], "--data", str(store))
    cold = [typed("member", m, "--data", str(store)) for m in members[:rounds]]
    return [
        Figure("loyalty member ID, cold", median(t.wall for t in cold), "s", 0.6, False, _told(cold)),
        _tail("statement", statements, 5.0),
        _tail("JSON with every entry", answers, None),
    ]


def _tail(what: str, sorted_ms: Sequence[float], target: float | None) -> Figure:
    note = f"{len(sorted_ms)} households, each asked once; p50 {percentile(sorted_ms, 50):.2f} ms"
    return Figure(f"member in a running process, {what}, p99", percentile(sorted_ms, 99), "ms", target, False, note)


def some_members(shop: Loyalty) -> list[str]:
    """Members spread evenly over all."""
    every = [member.decode() for member, _ in shop.store.rocks.scan("heads")]
    step = max(1, len(every) // ASKED)
    return every[::step][:ASKED]


def asked(shop: Loyalty, member_id: str, whole: bool) -> float:
    """Milliseconds until the answer is written out: the statement of `loyalty member`, or all of `--json`."""
    begun = time.perf_counter()
    account = shop.member(member_id)
    if account is None:
        raise LookupError(member_id)
    if whole:
        json.dumps(account.to_json())
    else:
        statement(account, shop.compiled, "en", ENTRIES)
    return (time.perf_counter() - begun) * 1_000


def percentile(values: Sequence[float], of_hundred: int) -> float:
    """The smallest value that so many of a hundred do not exceed; of sorted values."""
    return values[max(0, -(-len(values) * of_hundred // 100) - 1)]


# ---- the kernel ----------------------------------------------------------------------------------------------------------


def of_kernel(fresh: Path) -> list[Figure]:
    """The first engine of a process: once with an empty cache, then with what that left."""
    place = {"LOYALTY_KERNEL_CACHE": str(fresh)}
    compiled = ran([sys.executable, "-c", FIRST_ENGINE], place)
    loaded = [ran([sys.executable, "-c", FIRST_ENGINE], place) for _ in range(3)]
    (wall, cpu), again = json.loads(compiled.said), [json.loads(x.said) for x in loaded]
    cached = median(x[0] for x in again)
    whole = f"CPU {median(x[1] for x in again):.2f} s; the whole process with Python and Numba {median(x.wall for x in loaded):.2f} s"
    return [
        Figure("kernel compiled from nothing", wall, "s", 60.0, False, f"CPU {cpu:.1f} s; once a version"),
        Figure("kernel from its cache", cached, "s", 1.0, False, whole),
    ]
