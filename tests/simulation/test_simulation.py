"""Kernel and oracle agree on random programmes and random histories of all kinds of facts: 2,080 of them, all forms of the language."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache

import pytest

from loyalty_streams.core.codes import EntryKind
from tests.simulation import oracle_side
from tests.simulation.coverage import REQUIRED, missing, seen_in
from tests.simulation.shrink import outcome, shrink, told
from tests.simulation.trial import A_PROGRAMME, case_of

BLOCKS, A_BLOCK = 20, 13 * A_PROGRAMME


@lru_cache(maxsize=BLOCKS)
def block(k: int) -> tuple[tuple[int, ...], Counter[str]]:
    """The seeds of a block that differ, and how often each form was exercised."""
    differ, covered = [], Counter[str]()
    for seed in range(k * A_BLOCK, (k + 1) * A_BLOCK):
        case = case_of(seed)
        found = outcome(case)
        covered.update(seen_in(case, found))
        if found.problems:
            differ.append(seed)
    return tuple(differ), covered


@pytest.mark.parametrize("k", range(BLOCKS))
def test_kernel_and_oracle_say_the_same_of_every_history(k: int) -> None:
    """Entries in all that both say, the state at the end, the sums of entries; in random batches and in one (I1, I5, I9, I10)."""
    differ, _ = block(k)
    if differ:
        pytest.fail(f"seeds {', '.join(map(str, differ))}; the first, shrunk:\n{told(*shrink(case_of(differ[0])))}")


def test_the_histories_exercise_every_form_mode_entry_and_reason_of_the_language() -> None:
    covered: Counter[str] = sum((block(k)[1] for k in range(BLOCKS)), Counter[str]())
    assert not missing(covered)
    assert len(REQUIRED) > 140


def test_a_difference_is_found_and_told_with_few_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An oracle that gives one point too many for every order's points makes a difference that shrinks to a single order."""
    ask = oracle_side.ask

    def generous(*asked):  # type: ignore[no-untyped-def]
        decisions, end = ask(*asked)
        return [replace(d, points=d.points + 1) if d.kind == EntryKind.EARNED and d.cause.startswith("order/") else d for d in decisions], end

    monkeypatch.setattr(oracle_side, "ask", generous)
    seed = next(seed for seed in range(100) if outcome(case_of(seed)).problems)
    case, found = shrink(case_of(seed))
    assert len(case.facts) == 1
    assert "differs in points" in found.problems[0]
    assert "order/" in told(case, found)
