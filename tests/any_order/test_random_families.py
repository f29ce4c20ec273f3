"""Random families: facts of several identifiers and their merges in random orders of arrival, against the oracle in perfect order (T142)."""

from __future__ import annotations

import pytest

from tests.any_order.family_trial import problems_of

SEEDS, A_TEST = 400, 20


@pytest.mark.parametrize("first", range(0, SEEDS, A_TEST))
def test_t142_whenever_a_merge_arrives_every_account_ends_as_in_perfect_order(first: int) -> None:
    found = {seed: problems for seed in range(first, first + A_TEST) if (problems := problems_of(seed))}
    assert found == {}
