"""`python -m tests.laws.digest`: one sum over all entries, states and cards of some histories. Every machine must print the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tests.simulation import engine_side
from tests.simulation.programmes import texts
from tests.simulation.trial import case_of, engine_of

SEEDS = tuple(range(0, 200, 9))


def digest(seeds: Sequence[int]) -> str:
    """SHA-256 over what the kernel makes of the histories of these seeds, two facts a batch."""
    total = hashlib.sha256()
    for seed in seeds:
        case = case_of(seed)
        store = engine_side.fold_split(engine_of(tuple(texts(case.trees))), case.facts, case.until, range(2, len(case.facts), 2))
        entries = store.all_entries()
        for name in entries.dtype.names:
            total.update(entries[name].tobytes())
        total.update(store.state)
        for card in sorted(store.cards):
            total.update(store.cards[card])
    return total.hexdigest()


if __name__ == "__main__":
    print(digest(SEEDS))
