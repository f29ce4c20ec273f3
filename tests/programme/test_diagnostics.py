"""Every code of a problem, at its place, with what was found and expected, and a hint that helps."""

from __future__ import annotations

import pytest

from loyalty_streams.programme.diagnostics import CODES, Diagnostic
from tests.programme.broken import FILE, Broken, over_head, problems
from tests.programme.cases import CASES

ELSEWHERE = {"E-ENCODING", "E-TOO-LARGE", "E-NO-PROGRAMME", "E-VERSION", "E-COLLISION", "E-CHANGE"}
"""Codes that no single text can show, or no text at all: files, folders, comparisons; each has a test of its own."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}: {case.body.splitlines()[-1].strip()}")
def test_a_broken_programme_is_refused_at_its_place_with_what_helps(case: Broken) -> None:
    (problem,) = problems(case.text)
    assert (problem.code, problem.file, problem.line, problem.column) == (case.code, FILE, *case.place), problem.render()
    assert (problem.found, problem.expected, problem.hint) == (case.found, case.expected, case.hint)


def test_every_code_has_a_broken_programme() -> None:
    shown = {case.code for case in CASES}
    assert shown | ELSEWHERE == CODES.keys()
    assert not shown & ELSEWHERE


def test_a_problem_is_told_with_its_line_a_caret_and_what_helps() -> None:
    (problem,) = problems(over_head("redeem: {unit: 100, minimun: 200}"))
    assert problem.render() == (
        "shop.yaml:6:21: error E-UNKNOWN-FIELD: unknown field `minimun`\n"
        "    6 | redeem: {unit: 100, minimun: 200}\n"
        "      |                     ^\n"
        "  found `minimun`, expected one of `unit`, `minimum`, `maximum`, `reserve_for`, `restore`, `wallet`, `lifetime_at_least`\n"
        "  hint: did you mean `minimum`?"
    )


def test_the_caret_stands_under_the_value_after_chinese_text() -> None:
    (problem,) = problems(over_head("tiers: {metric: {spend: {window: 12 months}}, ladder: {会员: 0, 银卡: 5, 金卡: 3}}"))
    _, line, caret, *_ = problem.render().splitlines()
    # Columns count characters; on the screen a Chinese character is two wide. Six of them stand before the 3.
    assert line.index("3}") == caret.index("^") - 6
    assert problem.column == line.removeprefix("    6 | ").index("3}") + 1


def test_all_problems_of_a_file_are_told_at_once_in_the_order_of_their_places() -> None:
    found = problems(over_head("redeem: {unit: none}\nreturns: {within: soon}\nearn: {base: {on: order, points: {rate: 1, per: 1.00}}}"))
    assert [(p.code, p.line) for p in found] == [("E-NUMBER", 6), ("E-DURATION", 7), ("E-NO-MODE", 8)]


def test_a_diagnostic_of_an_unlisted_code_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="not in the list"):
        Diagnostic("E-SOMETHING", "something")


def test_a_diagnostic_as_plain_values_has_everything_but_the_line_of_text() -> None:
    (problem,) = problems(over_head("redeem: {unit: 0}"))
    assert problem.to_dict() == {
        "code": "E-NUMBER", "message": "not a whole number in the allowed range", "file": "shop.yaml", "line": 6, "column": 16,
        "found": "`0`", "expected": "a whole number from 1 to 1000000000000", "hint": "",
    }  # fmt: skip
