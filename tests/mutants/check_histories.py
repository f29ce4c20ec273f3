"""What `make mutants` runs beside stories and specs: some simulated histories, small enough to be folded interpreted. Not part of the suite."""

from __future__ import annotations

import pytest

from tests.simulation.shrink import outcome
from tests.simulation.trial import A_PROGRAMME, case_of

PROGRAMMES = 24
A_BLOCK = 3


@pytest.mark.parametrize("block", range(PROGRAMMES // A_BLOCK))
def test_simulated_histories_agree_with_the_oracle(block: int) -> None:
    """Of every programme the first histories: kernel, through packed states and cards, against the oracle."""
    for programme in range(block * A_BLOCK, (block + 1) * A_BLOCK):
        for k in range(4):
            found = outcome(case_of(programme * A_PROGRAMME + k))
            assert not found.problems, found.problems[0]
