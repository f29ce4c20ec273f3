"""Random programmes and histories in random orders of arrival, against the oracle in perfect order: a slice of `make simulate` (T157)."""

from __future__ import annotations

import pytest

from tests.any_order.trial import problems_of

SEEDS, A_TEST = 1_000, 40


@pytest.mark.parametrize("first", range(0, SEEDS, A_TEST))
def test_t157_whatever_the_order_of_arrival_the_end_is_that_of_perfect_order(first: int) -> None:
    found = {seed: problems for seed in range(first, first + A_TEST) if (problems := problems_of(seed))}
    assert found == {}
