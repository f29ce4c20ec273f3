"""`python -m tests.laws.digest`: the SHA-256 of all entries and states of sixty random histories, for processes to be compared by."""

from __future__ import annotations

import hashlib

from tests.simulation.engine_side import fold_split
from tests.simulation.programmes import texts
from tests.simulation.trial import case_of, engine_of

SEEDS = range(60)


def digest() -> str:
    found = hashlib.sha256()
    for seed in SEEDS:
        case = case_of(seed)
        store = fold_split(engine_of(tuple(texts(case.trees))), case.facts, case.until, ())
        found.update(store.state)
        found.update(store.all_entries().tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    print(digest())
