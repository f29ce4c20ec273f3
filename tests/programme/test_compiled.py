"""What a programme becomes: the same tables for the same meaning, others for another, and a refusal where there is no room."""

from __future__ import annotations

import numpy as np
import pytest

from loyalty_streams.core import codes
from loyalty_streams.programme import Registry, compile_versions
from loyalty_streams.programme.diagnostics import Diagnostic, ProgrammeError
from loyalty_streams.programme.load import load
from tests.programme.broken import over_head
from tests.programme.test_versions import COSMETIC, FIRST, MOVING, later, version


def tables(text: str) -> bytes:
    """The tables of one version, as if it stood alone and started first, with numbers given in the order of names."""
    registry = Registry()
    for name in ("base", "gift", "present"):
        registry.number("rules", name)
    compiled = compile_versions([load(text)], registry=registry)
    record = np.copy(compiled.tables[-1:])
    record["settings"]["effective_from"] = record["settings"]["effective_until"] = 0
    return record.tobytes()


@pytest.mark.parametrize(("what", "old", "new"), COSMETIC, ids=[c[0] for c in COSMETIC])
def test_a_cosmetic_change_compiles_to_the_same_tables(what: str, old: str, new: str) -> None:
    assert tables(version(2, later("cosmetic"), FIRST.replace(old, new))) == tables(FIRST), what


NOT_OF_THE_FOLD = ("the treatment of late facts",)
"""Decided where facts are taken in, before the tables are asked."""
TABLES_OF = [case for case in MOVING if case[0] not in NOT_OF_THE_FOLD]


@pytest.mark.parametrize(("what", "old", "new"), TABLES_OF, ids=[c[0] for c in TABLES_OF])
def test_a_change_that_moves_points_compiles_to_other_tables(what: str, old: str, new: str) -> None:
    after = FIRST.replace(old, new) if old else FIRST + new
    assert tables(version(2, later(), after)) != tables(FIRST), what


def refusal(text: str) -> Diagnostic:
    registry = Registry()
    with pytest.raises(ProgrammeError) as caught:
        compile_versions([load(text)], registry=registry)
    assert registry == Registry(), "a refused programme leaves no trace"
    (problem,) = caught.value.diagnostics
    return problem


def rules(count: int) -> str:
    return over_head("earn:\n" + "\n".join(f"  rule-{n}: {{on: order, points: {{fixed: 1}}}}" for n in range(count)))


def test_more_rules_than_the_engine_holds_are_refused() -> None:
    compile_versions([load(rules(256))], registry=Registry())
    problem = refusal(rules(257))
    assert (problem.code, problem.expected) == ("E-TOO-MANY", "at most 256")


def test_more_wallets_than_a_state_has_room_for_are_refused() -> None:
    names = ", ".join(f"w{n}: {{}}" for n in range(8))
    assert refusal(over_head(f"wallets: {{points: {{}}, {names}}}")).code == "E-TOO-MANY"


def test_two_texts_of_one_code_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """No two texts with one XXH64 are at hand, so here every text of five letters has the same code."""
    code_of = codes.code_of
    monkeypatch.setattr(codes, "code_of", lambda text: 5 if len(text) == 5 else code_of(text))
    text = over_head("earn: {a: {on: order, when: {channel: [fruit, dairy]}, points: {fixed: 1}}}")
    problem = refusal(text)
    assert (problem.code, problem.found, problem.hint) == ("E-COLLISION", "`dairy`", "spell one of them differently, here and in the facts")
    assert problem.line == 6
