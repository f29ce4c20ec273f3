"""Random histories in a store on disk, in a bad order, between ticks: `verify` finds everything as it should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from loyalty_streams.core.facts import Fact
from loyalty_streams.history.batch import of_facts
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.verify import verify
from tests.any_order.family_trial import facts_of
from tests.any_order.trial import LATER, RETURNS, programme_of, scrambled
from tests.simulation.family_trial import family_of
from tests.simulation.programmes import texts
from tests.simulation.trial import Case, case_of

NEVER_EARLY = 1 << 59


@pytest.mark.parametrize("seed", range(1, 160, 8))
def test_every_invariant_holds_of_a_random_family(tmp_path: Path, seed: int) -> None:
    case = family_of(seed)
    assert faults(tmp_path, case, facts_of(case), seed) == {}


@pytest.mark.parametrize("seed", range(5, 160, 8))
def test_every_invariant_holds_of_a_random_member(tmp_path: Path, seed: int) -> None:
    case = case_of(seed)
    orders = {f.key for f in case.facts}
    facts = [replace(f, member="M") for f in case.facts if f.kind not in LATER]
    assert faults(tmp_path, case, [f for f in facts if f.kind not in RETURNS or not f.about or f.about in orders], seed) == {}


def faults(folder: Path, case: Case, facts: Sequence[Fact], seed: int) -> dict[str, list[str]]:
    """What `verify` finds in a store to which they were brought: nothing."""
    found = programme_of(case)
    if found is None or not facts:
        return {}
    versions, random = folder / "programme", Random(f"a store {seed}")
    versions.mkdir()
    for number, text in enumerate(texts(case.trees), 1):
        (versions / f"v{number}.yaml").write_text(text, "utf-8")
    worst = scrambled(list(facts), random, min(v.facts.lateness for v in found[0].compiled.versions))
    with Store.open(folder / "store", programme=versions, create=True, clock=lambda: NEVER_EARLY) as store:
        first = 0
        while first < len(worst):
            size = random.choice((1, 3, 20, 1_000))
            store.take(of_facts(worst[first : first + size]))
            first += size
            if random.random() < 0.2:
                store.advance(worst[min(first, len(worst)) - 1].arrived)
        store.advance(max(case.until, worst[-1].arrived))
        return {name: list(check.faults) for name, check in verify(store).items() if check.violations}
