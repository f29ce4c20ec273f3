"""Pages that cannot lie: what is generated is as it should be, and the examples of the guide do what the page says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from loyalty_streams.core.codes import Disposition, EntryKind
from loyalty_streams.programme import Registry, compile_versions
from loyalty_streams.programme.diagnostics import ProgrammeError
from loyalty_streams.programme.load import load
from loyalty_streams.programme.spec import run_stories
from loyalty_streams.programme.story import parse_stories
from tests.docs_tools import ledger_page, pages, statements_page
from tests.docs_tools.__main__ import main
from tests.docs_tools.examples import FILE, Example, examples
from tests.docs_tools.parts import replace_part

GUIDE = pages.ROOT / "docs" / "guide" / "programme.md"
EXAMPLES = list(examples(GUIDE))


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_generated_page_is_as_it_should_be(name: str) -> None:
    stands, should_be = pages.made(name)
    assert stands == should_be, "write it again: python -m tests.docs_tools --write"


def test_a_page_that_has_drifted_is_named_and_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(pages, "PAGES", {"page.md": lambda text: replace_part(text, "numbers", "1 2 3")})
    page = tmp_path / "page.md"
    page.write_text("by hand\n<!-- generated: numbers -->\n1 2\n<!-- end: numbers -->\nby hand too\n", "utf-8")
    assert (main([]), capsys.readouterr().out) == (1, "stale: page.md\n")
    assert (main(["--write"]), capsys.readouterr().out) == (0, "written: page.md\n")
    assert page.read_text("utf-8") == "by hand\n<!-- generated: numbers -->\n\n1 2 3\n\n<!-- end: numbers -->\nby hand too\n"
    assert (main([]), capsys.readouterr().out) == (0, "")
    assert main(["--help"]) == 2


def test_a_page_without_the_part_that_is_generated_is_an_error() -> None:
    with pytest.raises(LookupError, match="numbers"):
        replace_part("a page", "numbers", "1 2 3")


def test_the_guide_shows_programmes_with_stories_and_programmes_refused() -> None:
    assert sum(bool(e.stories) for e in EXAMPLES) >= 8
    assert sum(bool(e.refusal) for e in EXAMPLES) >= 2


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.refusal], ids=lambda e: f"line {e.line}: {e.heading}")
def test_a_programme_that_the_guide_shows_refused_is_refused_in_these_words(example: Example) -> None:
    with pytest.raises(ProgrammeError) as caught:
        load(example.programme, FILE)
    assert str(caught.value) == example.refusal


@pytest.mark.parametrize("example", [e for e in EXAMPLES if not e.refusal], ids=lambda e: f"line {e.line}: {e.heading}")
def test_a_programme_of_the_guide_is_sound_and_its_stories_hold(example: Example) -> None:
    loaded = load(example.programme, FILE)
    assert not loaded.warnings, [w.render() for w in loaded.warnings]
    compiled = compile_versions([loaded], registry=Registry())
    results = run_stories(parse_stories(example.stories, FILE, compiled.time_zone, compiled.minor_digits), compiled) if example.stories else ()
    assert all(r.passed for r in results), "\n\n".join(r.render() for r in results if not r.passed)
    assert bool(results) == bool(example.stories)


# ---- statements ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", statements_page.numbers())
def test_a_statement_of_this_release_is_held_somewhere(number: str) -> None:
    assert number in statements_page.held(), f"no story, spec or test names {number}"


def test_the_list_has_each_statement_once() -> None:
    numbers = statements_page.numbers()
    assert len(numbers) == len(set(numbers)) == 178
    assert numbers == sorted(numbers, key=lambda n: (n[0] == "I", int(n[1:])))


@pytest.mark.parametrize(
    ("reader", "text", "found"),
    [
        (statements_page.in_stories, "# T001 to T003\nT005 A title, and T009\n  2026-01-01 | did x I1 | T010\n", {"T005", "T009"}),
        (statements_page.in_specs, "- story: T021 a channel\n  when: []  # T022\n", {"T021"}),
        (statements_page.in_python, "def test_t034_a_sentence(): ...\n", {"T034"}),
        (statements_page.in_python, "def test_T034_i1_a_sentence(): ...\n", {"T034", "I1"}),
        (statements_page.in_python, "def test_a():\n    'T036 to T038, I9.'\n", {"T036", "T037", "T038", "I9"}),
        (statements_page.in_python, "'T001'\ndef helper():\n    'T002'\ndef test_a(): 'S2 and XT003'\n", set()),
        (statements_page.in_python, "ROWS = [('T040', 1)]\n@mark('x', ROWS)\ndef test_a(): ...\n", {"T040"}),
    ],
)
def test_a_number_counts_where_a_test_names_it(reader: Callable[[str], Iterable[tuple[str, str]]], text: str, found: set[str]) -> None:
    assert {number for number, _ in reader(text)} == found


def test_every_kind_of_entry_and_every_end_of_a_fact_is_told() -> None:
    assert ledger_page.KINDS.keys() == set(EntryKind)
    assert ledger_page.ENDS.keys() == set(Disposition)
