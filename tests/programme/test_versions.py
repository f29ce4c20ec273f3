"""Versions of one programme side by side: a folder of them, and what differs between two."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_streams.programme.diagnostics import ProgrammeError
from loyalty_streams.programme.diff import Difference, compare
from loyalty_streams.programme.load import load, load_folder, load_versions
from tests.programme.broken import over_head

FIRST = over_head("earn:\n  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}\n  gift: {on: birthday, points: {fixed: 200}}")


def version(number: int, body: str = "", text: str = FIRST) -> str:
    """The first version with another number, and more fields."""
    return text.replace("version: 1", f"version: {number}") + body


def folder(tmp_path: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    return tmp_path


def refusal(path: Path) -> list[tuple[str, str, int, str]]:
    with pytest.raises(ProgrammeError) as caught:
        load_folder(path)
    return [(p.code, Path(p.file).name, p.line, p.message) for p in caught.value.diagnostics]


def test_the_versions_of_a_folder_stand_in_the_order_of_their_start(tmp_path: Path) -> None:
    path = folder(
        tmp_path, v1=FIRST, v10=version(10, "effective_from: 2027-01-01\n"), v2=version(2, "effective_from: 2026-01-01\n"), notes="not: read"
    )
    assert [v.programme.version for v in load_folder(path)] == [1, 2, 10]
    assert [v.programme.version for v in load_versions(path / "v10.yaml")] == [10]


def test_a_folder_without_a_version_is_refused(tmp_path: Path) -> None:
    assert [(code, name) for code, name, *_ in refusal(tmp_path)] == [("E-NO-PROGRAMME", tmp_path.name)]


@pytest.mark.parametrize(
    ("second", "line", "message"),
    [
        (version(3, "effective_from: 2026-01-01\n"), 2, "the file is named v2"),
        (version(2), 2, "versions 1 and 2 start at the same instant"),
        (version(2, "effective_from: 2026-01-01\n").replace("CNY", "USD"), 4, "versions of one programme have one currency"),
        (version(2, "effective_from: 2026-01-01\n").replace("Asia/Shanghai", "UTC"), 3, "versions of one programme have one time zone"),
        (version(2, "effective_from: 2026-01-01\n").replace("shop", "other"), 1, "versions of one programme have one programme"),
    ],
)
def test_versions_that_cannot_stand_beside_each_other_are_refused(tmp_path: Path, second: str, line: int, message: str) -> None:
    assert refusal(folder(tmp_path, v1=FIRST, v2=second)) == [("E-VERSION", "v2.yaml", line, message)]


def test_numbers_of_versions_rise_with_their_start(tmp_path: Path) -> None:
    path = folder(tmp_path, v1=version(1, "effective_from: 2027-01-01\n"), v2=version(2, "effective_from: 2026-01-01\n"))
    assert refusal(path) == [("E-VERSION", "v1.yaml", 2, "version 1 starts after version 2")]


def test_the_problems_of_all_files_of_a_folder_are_told_at_once(tmp_path: Path) -> None:
    path = folder(tmp_path, v1=version(1, "redeem: {unit: 0}\n"), v2=version(2, "redeem: {unit: none}\n"))
    assert [(code, name) for code, name, *_ in refusal(path)] == [("E-NUMBER", "v1.yaml"), ("E-NUMBER", "v2.yaml")]


# ---- what differs -----------------------------------------------------------------------------------------------------------


def difference(before: str, after: str) -> Difference:
    return compare(load(before, "v1.yaml"), load(after, "v2.yaml"))


def later(change: str = "forward_only") -> str:
    return f"effective_from: 2026-02-01\nchange: {change}\n"


def test_a_change_of_a_rate_is_told_with_its_place_and_moves_points() -> None:
    found = difference(FIRST, version(2, later()).replace("rate: 1,", "rate: 1.2,"))
    (rate,) = [c for c in found.changes if c.moves_points]
    assert rate.to_dict() == {
        "path": "earn.base.points.rate", "kind": "changed", "before": "1", "after": "1.2", "place": "v2.yaml:7:30", "moves_points": True,
    }  # fmt: skip
    assert (found.classified, found.declared, found.moves_points) == ("forward_only", "forward_only", True)
    assert "~ earn.base.points.rate: 1 → 1.2\n    v2.yaml:7:30" in found.render()


def test_a_rule_that_comes_and_one_that_goes_are_told_whole() -> None:
    after = version(2, later()).replace("  gift: {on: birthday,", "  survey: {on: {interaction: survey},")
    found = {c.name: (c.kind, c.before or c.after, c.place) for c in difference(FIRST, after).changes if c.moves_points}
    assert found == {
        "earn.gift": ("removed", "{on: birthday, points: {fixed: 200}}", "v1.yaml:8:3"),
        "earn.survey": ("added", "{on: {interaction: survey}, points: {fixed: 200}}", "v2.yaml:8:3"),
    }


COSMETIC = [
    ("label", "gift: {on: birthday,", "gift: {label: {en: a gift}, on: birthday,"),
    ("description", "gift: {on: birthday,", "gift: {description: once a year, on: birthday,"),
    ("a comment", "gift:", "# a gift\n  gift:"),
    ("a default written out", "gift: {on: birthday,", "gift: {priority: 1000, on: birthday,"),
    ("another way to write a number", "rate: 1,", "rate: 2/2,"),
    ("another way to write money", "per: 1.00", "per: 1"),
    (
        "the order of rules",
        FIRST[FIRST.index("  base") :],
        "  gift: {on: birthday, points: {fixed: 200}}\n  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}\n",
    ),
]


@pytest.mark.parametrize(("what", "old", "new"), COSMETIC, ids=[c[0] for c in COSMETIC])
def test_what_is_only_written_otherwise_is_cosmetic(what: str, old: str, new: str) -> None:
    after = FIRST.replace(old, new)
    assert after != FIRST, what
    found = difference(FIRST, version(2, later("cosmetic"), after))
    assert (found.classified, found.moves_points) == ("cosmetic", False)


def test_a_list_of_one_and_a_year_of_twelve_months_are_the_same_as_their_other_form() -> None:
    one = over_head(
        "wallets: {points: {expires: {after: 12 months}, remind: [7 days, 30 days]}}\n"
        "earn: {a: {on: order, when: {channel: [app]}, points: {fixed: 1}}}"
    )
    two = one.replace("12 months", "1 year").replace("[7 days, 30 days]", "[30 days, 1 week]").replace("[app]", "app")
    assert difference(one, version(2, later("cosmetic"), two)).classified == "cosmetic"


MOVING = [
    ("redeem", "", "redeem: {unit: 100}\n"),
    ("a priority", "gift: {on: birthday,", "gift: {priority: 1, on: birthday,"),
    ("a validity", "gift: {on: birthday,", "gift: {valid: {from: 2026-03-01}, on: birthday,"),
    ("a new id of the same rule", "gift:", "present:"),
    ("a wallet", "wallets: {points: {}}", "wallets: {points: {max_balance: 1000}}"),
    ("the treatment of late facts", "", "facts: {lateness: 8 days}\n"),
    ("statuses", "", "statuses: {earn: active}\n"),
]


@pytest.mark.parametrize(("what", "old", "new"), MOVING, ids=[c[0] for c in MOVING])
def test_a_change_declared_cosmetic_that_moves_a_point_is_refused(what: str, old: str, new: str) -> None:
    after = FIRST.replace(old, new) if old else FIRST + new
    with pytest.raises(ProgrammeError) as caught:
        difference(FIRST, version(2, later("cosmetic"), after))
    (problem,) = caught.value.diagnostics
    text = version(2, later("cosmetic"), after)
    assert (problem.code, problem.line, problem.column) == ("E-CHANGE", text[: text.index("change:")].count("\n") + 1, len("change: ") + 1), what
    assert (problem.found, problem.expected) == ("`cosmetic`", "`forward_only` or `retroactive`")
    assert difference(FIRST, version(2, later(), after)).classified == "forward_only"


def test_a_version_that_starts_no_later_judges_anew_what_was_judged() -> None:
    after = version(2, "change: forward_only\n").replace("rate: 1,", "rate: 2,")
    assert difference(FIRST, after).classified == "retroactive"
    assert difference(version(1, "effective_from: 2026-01-01\n"), after).classified == "retroactive"


def test_the_same_text_differs_in_nothing() -> None:
    found = difference(FIRST, FIRST)
    assert found.changes == () and found.render() == "shop version 1 → shop version 1: nothing differs"


def test_a_change_of_a_label_beside_a_change_of_points_is_still_cosmetic_by_itself() -> None:
    after = version(2, later()).replace("gift: {on: birthday, points: {fixed: 200}}", "gift: {label: gift, on: birthday, points: {fixed: 300}}")
    found = {c.name: c.moves_points for c in difference(FIRST, after).changes if c.path[0] == "earn"}
    assert found == {"earn.gift.label": False, "earn.gift.points.fixed": True}
