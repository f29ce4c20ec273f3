"""What `make mutants` runs for accounts that become one: merges worked by hand, and random families short enough to be folded interpreted."""

from __future__ import annotations

import pytest

from tests.any_order.family_trial import problems_of
from tests.hosts import test_merges

SEEDS = (*range(6), 144, 176, 241)
"""The last three have circles."""
LONG = ("test_any_number", "test_t142_of_a_merge")
globals().update({name: test for name, test in vars(test_merges).items() if name.startswith("test_") and not name.startswith(LONG)})


@pytest.mark.parametrize("seed", SEEDS)
def test_random_families_end_as_the_oracle_says(seed: int) -> None:
    assert problems_of(seed) == []
