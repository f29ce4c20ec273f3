"""Whatever the text, a programme loads or is refused with diagnostics that have a place; nothing else escapes."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_streams.programme.diagnostics import CODES, Diagnostic, ProgrammeError
from loyalty_streams.programme.load import load
from loyalty_streams.programme.nodes import MAX_BYTES, MAX_DEPTH, MAX_NODES
from tests.programme.broken import over_head, problems

FULL = (Path(__file__).parent / "full-example.yaml").read_text("utf-8")
COMPACT = "\n".join(line for raw in FULL.splitlines() if (line := re.sub(r"\s*#.*", "", raw)))
LINES = COMPACT.split("\n")
STEP = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 17


def refused(text: str) -> tuple[Diagnostic, ...]:
    """The problems of a text, none where it loads; anything but a ProgrammeError escapes and fails the test."""
    try:
        load(text, "hostile.yaml")
    except ProgrammeError as error:
        assert error.diagnostics and str(error)
        for problem in error.diagnostics:
            assert problem.code in CODES and problem.message and problem.file == "hostile.yaml"
            assert 0 <= problem.line <= text.count("\n") + 2 and problem.column >= 0
        return error.diagnostics
    return ()


def test_the_compact_example_is_the_full_one_without_its_comments() -> None:
    assert load(COMPACT).programme == load(FULL).programme


def test_a_truncated_programme_loads_or_is_refused() -> None:
    ends = {len("\n".join(LINES[:n])) for n in range(len(LINES))} | set(range(0, len(COMPACT), STEP))
    loaded = [end for end in sorted(ends) if not refused(COMPACT[:end])]
    # Before the wallets nothing can load; with the last line everything does.
    assert loaded and min(loaded) > COMPACT.index("wallets:") and not refused(COMPACT)


@given(st.lists(st.integers(0, len(LINES) - 1), min_size=1, max_size=6, unique=True))
def test_a_programme_without_some_of_its_lines_loads_or_is_refused(gone: list[int]) -> None:
    refused("\n".join(line for n, line in enumerate(LINES) if n not in gone))


@given(st.integers(0, len(COMPACT) - 1), st.text("{}[]:,-#&*!|>'\"%@`?~0٣. \t\n\u202e\u00a0zé会", min_size=1, max_size=3))
def test_a_programme_with_a_stray_mark_loads_or_is_refused(at: int, mark: str) -> None:
    refused(COMPACT[:at] + mark + COMPACT[at + 1 :])


@given(st.text(max_size=200))
def test_any_text_at_all_is_refused(text: str) -> None:
    assert refused(text)


@given(st.integers(0, len(LINES) - 1), st.integers(0, len(LINES) - 1))
def test_a_programme_with_a_line_twice_loads_or_is_refused(line: int, at: int) -> None:
    refused("\n".join([*LINES[:at], LINES[line], *LINES[at:]]))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("programme: " + "a" * 10_000, "E-NAME"),
        ("programme: a" + "b" * 64, "E-NAME"),
        ("programme: shop\u202ecod", "E-NAME"),
        ("programme: -shop", "E-NAME"),
        ("earn: {" + "a" * 10_000 + ": {on: order, points: {fixed: 1}}}", "E-YAML"),
        ("earn: {" + "a" * 65 + ": {on: order, points: {fixed: 1}}}", "E-NAME"),
        ("earn: {'a b': {on: order, points: {fixed: 1}}}", "E-NAME"),
        ("earn: {base: {on: order, points: {fixed: 1}, priority: ٥}}", "E-NUMBER"),
        ("redeem: {unit: 0x10}", "E-NUMBER"),
        ("redeem: {unit: 1.0}", "E-NUMBER"),
        ("redeem: {unit: +1}", "E-NUMBER"),
        ("redeem: {unit: .inf}", "E-NUMBER"),
        ("redeem: {unit: 99999999999999999999}", "E-NUMBER"),
        ("order_amount: {minimum: NaN}", "E-MONEY"),
        ("order_amount: {minimum: .nan}", "E-MONEY"),
        ("order_amount: {minimum: -1.00}", "E-MONEY"),
        ("order_amount: {minimum: 1e3}", "E-MONEY"),
        ("order_amount: {minimum: 1_000}", "E-MONEY"),
        ("order_amount: {minimum: ١٠٠}", "E-MONEY"),
        ("order_amount: {minimum: 99999999999999999.00}", "E-MONEY"),
        ("earn: {base: {on: order, points: {rate: 1/0, per: 1.00, mode: proportional}}}", "E-RATE"),
        ("earn: {base: {on: order, points: {rate: 1, per: 0.00, mode: proportional}}}", "E-MONEY"),
        ("currency: XTS", "E-CURRENCY"),
        ("currency: XAU", "E-CURRENCY"),
        ("currency: HRK", "E-CURRENCY"),
        ("currency: US$", "E-CURRENCY"),
        ("time_zone: Mars/Olympus", "E-ZONE"),
        ("time_zone: ../../etc/passwd", "E-ZONE"),
        ("time_zone: " + "A" * 5_000, "E-ZONE"),
        ("effective_from: 1969-12-31", "E-INSTANT"),
        ("effective_from: 2026-06-19T24:00:00+08:00", "E-INSTANT"),
        ("effective_from: 19/06/2026", "E-INSTANT"),
        ("effective_from: 0000-01-01", "E-INSTANT"),
        ("wallets: {points: {expires: {after: 999999999 years}}}", "E-DURATION"),
        ("wallets: {points: {expires: {after: ١٢ months}}}", "E-DURATION"),
        ("wallets: {points: {pending: {for: 1.5 days}}}", "E-DURATION"),
        ("wallets: {}", "E-MAIN-WALLET"),
        ("version: 99999999", "E-NUMBER"),
    ],
)  # fmt: skip
def test_an_odd_value_is_refused_by_its_code(body: str, code: str) -> None:
    assert [problem.code for problem in problems(over_head(body))] == [code]


@pytest.mark.parametrize(
    ("currency", "money", "fits"),
    [("JPY", "5", True), ("JPY", "5.0", True), ("JPY", "5.1", False), ("KWD", "5.123", True), ("KWD", "5.1234", False), ("CLF", "5.1234", True)],
)
def test_money_has_as_many_digits_as_its_currency(currency: str, money: str, fits: bool) -> None:
    found = problems(over_head(f"currency: {currency}\norder_amount: {{minimum: {money}}}"))
    assert [p.code for p in found] == ([] if fits else ["E-MONEY"])


def test_a_control_character_is_no_text_of_a_programme() -> None:
    assert [p.code for p in refused(over_head("label: a\x00b"))] == ["E-YAML"]


@pytest.mark.parametrize("depth", [MAX_DEPTH + 2, 500, 20_000])
def test_a_nest_too_deep_is_refused_before_it_is_read_whole(depth: int) -> None:
    (problem,) = refused(over_head("earn: " + "[" * depth + "]" * depth))
    assert problem.code == "E-TOO-LARGE" and "deep" in problem.message


def test_a_nest_of_blocks_too_deep_is_refused() -> None:
    (problem,) = refused(over_head("earn:\n" + "\n".join(" " * n + "a:" for n in range(1, 400))))
    assert problem.code == "E-TOO-LARGE"


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert {p.code for p in refused(bomb)} == {"E-ALIAS"}


def test_a_file_of_too_many_values_is_refused() -> None:
    (problem,) = refused(over_head("limits: [" + "1," * MAX_NODES + "1]"))
    assert problem.code == "E-TOO-LARGE" and str(MAX_NODES) in problem.expected


def test_a_file_too_large_is_refused_unread() -> None:
    (problem,) = refused("#" * (MAX_BYTES + 1))
    assert (problem.code, problem.found) == ("E-TOO-LARGE", f"{MAX_BYTES + 1} bytes")


def test_a_file_that_is_no_utf_8_is_refused_with_the_line_of_the_first_bad_byte(tmp_path: Path) -> None:
    path = tmp_path / "v1.yaml"
    path.write_bytes("programme: shop\nlabel: 积分\n".encode("gbk"))
    with pytest.raises(ProgrammeError) as caught:
        load(path)
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.line, problem.expected) == ("E-ENCODING", 2, "UTF-8")


def test_a_byte_order_mark_and_line_ends_of_windows_change_nothing() -> None:
    assert load("\ufeff" + FULL.replace("\n", "\r\n")).programme == load(FULL).programme


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "---\n", "- a\n- b\n", "just words\n", "42\n"])
def test_a_file_without_a_programme_is_refused(text: str) -> None:
    (problem,) = refused(text)
    assert problem.code == "E-NO-PROGRAMME"


def test_a_second_document_is_refused_where_it_begins() -> None:
    (problem,) = refused(over_head("---\nlabel: other"))
    assert (problem.code, problem.line) == ("E-YAML", 6)


def test_chinese_ids_are_names_like_others() -> None:
    text = over_head("wallets: {积分: {}}\nearn: {基础: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}}")
    assert list(load(text).programme.earn) == ["基础"]
