"""The programmes that the project shows load as they stand, and an editor finds nothing wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loyalty_streams.programme.diagnostics import ProgrammeError
from loyalty_streams.programme.load import load, load_folder
from loyalty_streams.programme.schema import schema_text
from tests.programme.broken import over_head, problems
from tests.programme.editor import complaints, value_of

ROOT = Path(__file__).resolve().parent.parent.parent
SCHEMA = ROOT / "schemas" / "programme.schema.json"
FULL, SMALLEST, DEMO = ROOT / "tests/programme/full-example.yaml", ROOT / "tests/programme/smallest.yaml", ROOT / "programmes/fresh-market/v1.yaml"

PLAIN_WELCOME = "  welcome: {on: enrolment, points: {fixed: 100}}\n"
SHARED_BUDGET = "  welcome: {on: enrolment, points: {fixed: 100}, budget: {points: 100000}}    # the first batch only\n"
MEMBER_LIMIT = "  - {points: 5000, per: day, scope: member}\n"
SHARED_LIMIT = "  - {points: 100, per: day, scope: store, stores: [S1], when_short: partial}\n"


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_smallest_programme_loads_without_a_warning() -> None:
    loaded = load(SMALLEST)
    assert loaded.programme.programme == "corner-shop" and not loaded.warnings
    assert len([line for line in loaded.text.splitlines() if line]) == 11


def test_the_full_example_loads_and_only_its_ladder_of_two_is_warned_about() -> None:
    assert [(w.code, w.line) for w in load(FULL).warnings] == [("W-LADDER-SIZE", line_of(load(FULL).text, "ladders: [{when"))]


def test_the_two_shared_lines_of_the_full_example_are_refused_by_name_and_nothing_else() -> None:
    text = FULL.read_text("utf-8")
    assert PLAIN_WELCOME in text and MEMBER_LIMIT in text
    shared = text.replace(PLAIN_WELCOME, SHARED_BUDGET).replace(MEMBER_LIMIT, MEMBER_LIMIT + SHARED_LIMIT)
    with pytest.raises(ProgrammeError) as caught:
        load(shared)
    found = [(p.code, p.line) for p in caught.value.diagnostics]
    assert found == [("NOT_YET", line_of(shared, "budget:")), ("NOT_YET", line_of(shared, "scope: store"))]


def test_the_demo_loads_as_a_folder_in_force_from_the_start_without_a_warning() -> None:
    (loaded,) = load_folder(DEMO.parent)
    programme = loaded.programme
    assert (programme.currency, programme.time_zone, programme.effective_from) == ("USD", "America/New_York", None)
    assert not loaded.warnings


def test_the_committed_schema_is_the_one_that_the_models_give() -> None:
    assert SCHEMA.read_text("utf-8") == schema_text(), "write it again: python -m tests.docs_tools --write"


@pytest.mark.parametrize("path", [FULL, SMALLEST, DEMO], ids=lambda p: p.stem)
def test_an_editor_finds_nothing_wrong_with_an_example(path: Path) -> None:
    schema = json.loads(schema_text())
    assert list(complaints(value_of(load(path).document.root), schema, schema)) == []


@pytest.mark.parametrize("path", [FULL, DEMO], ids=lambda p: p.stem)
def test_the_first_line_of_an_example_leads_an_editor_to_the_schema(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    assert (path.parent / first.split("$schema=")[1]).resolve() == SCHEMA


@pytest.mark.parametrize(
    "body",
    [
        "redeem: {minimun: 1}", "returns: {policy: debts}", "redeem: {unit: 0}", "wallets: {points: {pending: {for: 14}}}",
        "earn: {base: {points: {fixed: 1}}}", "earn: {base: {on: order, when: {amount: {above: 5}}, points: {fixed: 1}}}",
        "tiers: {metric: {spend: {window: 1 year}}}", "lifecycle: {new: {first_order: 1 day}}", "limits: [{points: 5, per: fortnight}]",
        "redeem: {maximum: {share_of_order: 50}}",
    ],
)  # fmt: skip
def test_an_editor_marks_what_the_loader_refuses(body: str) -> None:
    schema, text = json.loads(schema_text()), over_head(body)
    assert problems(text)
    from loyalty_streams.programme.nodes import parse

    assert list(complaints(value_of(parse(text).root), schema, schema))
