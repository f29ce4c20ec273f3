"""What `make mutants` runs for the agents: arrivals worked by hand, and random ones short enough to be folded interpreted. Not part of the suite."""

from __future__ import annotations

import pytest

from tests.any_order.trial import problems_of
from tests.hosts import test_any_order, test_copies_and_order

SEEDS = 64
LONG = ("test_t157_any", "test_batches", "test_i4", "test_a_member_with")
"""Tests of whole years, which take too long interpreted."""
globals().update({
    name: test
    for module in (test_any_order, test_copies_and_order)
    for name, test in vars(module).items()
    if name.startswith("test_") and not name.startswith(LONG)
})  # fmt: skip


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_arrivals_end_as_the_oracle_says(seed: int) -> None:
    assert problems_of(seed) == []
