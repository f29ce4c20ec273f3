"""The core looks at no clock, no chance and no environment: I23."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import datetime, os, random, time
from tests.laws.digest import SEEDS, digest
from tests.simulation.trial import A_PROGRAMME, case_of, engine_of
from tests.simulation import engine_side
from tests.simulation.programmes import texts

cases = [case_of(seed) for seed in (1, 10, 19)]
engines = [engine_of(tuple(texts(case.trees))) for case in cases]
facts = [engine_side.to_columns(case.facts) for case in cases]


class Forbidden(Exception):
    pass


def raiser(*args, **kwargs):
    raise Forbidden


class Raising(dict):
    def __getitem__(self, key):
        raise Forbidden
    get = __contains__ = __iter__ = __getitem__


for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "gmtime", "localtime"):
    setattr(time, name, raiser)
for name in ("random", "randint", "choice", "shuffle", "getrandbits", "randrange", "sample", "uniform", "Random"):
    setattr(random, name, raiser)
class NoDatetime(datetime.datetime):
    now = utcnow = today = classmethod(raiser)
datetime.datetime = NoDatetime
os.environ, os.getenv, os.urandom = Raising(), raiser, raiser

for case, engine, columns in zip(cases, engines, facts):
    store = engine_side.Store()
    for i in range(len(case.facts)):
        engine_side.step(engine, store, columns, case.facts, i, i + 1, 0)
    print(len(store.all_entries()))

try:
    time.time()
except Forbidden:
    print("forbidden")
"""


def test_i23_the_core_runs_where_clock_chance_and_environment_raise() -> None:
    """I23: interpreted, so that every call would be seen; the raisers do raise."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *counts, last = done.stdout.split()
    assert last == "forbidden"
    assert len(counts) == 3
    assert all(int(n) > 0 for n in counts)
