"""Each planted bug still finds its place; `make mutants` shows that each is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.catalogue import KERNEL, MUTANTS, Mutant
from tests.mutants.merge_catalogue import MERGE_MUTANTS
from tests.mutants.order_catalogue import ORDER_MUTANTS

PACKAGE = Path(__file__).resolve().parents[2] / "loyalty_streams"
ROOMS = {"lots", "earning", "basket", "caps", "tiers", "timers", "redemption", "returns", "stages", "reminders", "pack", "pools"}


@pytest.mark.parametrize("mutant", (*MUTANTS, *ORDER_MUTANTS, *MERGE_MUTANTS), ids=lambda m: m.name)
def test_the_place_of_a_planted_bug_occurs_exactly_once(mutant: Mutant) -> None:
    assert (PACKAGE / mutant.file).read_text("utf-8").count(mutant.old) == 1
    assert mutant.old != mutant.new


def test_there_are_twenty_planted_bugs_at_least_and_some_in_every_part_of_the_kernel() -> None:
    assert len({m.name for m in MUTANTS}) == len(MUTANTS) >= 20
    assert {m.file.removeprefix(KERNEL).removesuffix(".py") for m in MUTANTS} >= ROOMS


def test_there_are_fifteen_planted_bugs_at_least_in_what_makes_arrival_not_matter() -> None:
    assert len({m.name for m in (*MUTANTS, *ORDER_MUTANTS, *MERGE_MUTANTS)}) == len(MUTANTS) + len(ORDER_MUTANTS) + len(MERGE_MUTANTS)
    assert len(ORDER_MUTANTS) >= 15
