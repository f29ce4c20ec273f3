"""Pages whose commands are carried out: README and guides show what a terminal shows, word for word."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.docs_tools import commands_page
from tests.docs_tools.sessions import Step, blocks, differs, run, steps

ROOT = Path(__file__).resolve().parent.parent
PAGES = (
    "README.md", "docs/guide/ledger.md", "docs/guide/late-and-duplicate.md", "docs/guide/identity.md", "docs/guide/operating.md",
    "docs/guide/backtest.md",
)  # fmt: skip
interpreted = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="a year of baskets takes hours interpreted")


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@interpreted
@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_shows_is_what_its_commands_print(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "programmes", tmp_path / "programmes")
    for variable in [v for v in os.environ if v.startswith("LOYALTY_") and v != "LOYALTY_KERNEL_CACHE"]:
        monkeypatch.delenv(variable)
    wrong = []
    for step in steps(text_of(name)):
        if step.kind != "door" and (why := differs(step.shown, run(step))):
            wrong.append(f"{name}:{step.line}: {step.text.strip()[:80]}: {why}")
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("name", PAGES)
def test_the_doors_that_a_page_names_are_there(name: str) -> None:
    makefile = text_of("Makefile")
    doors = [step.text for step in steps(text_of(name)) if step.kind == "door"]
    doors += re.findall(r"`(make [a-z]+)", text_of(name))
    missing = [door for door in doors if not re.search(rf"^{door.split()[1]}:", makefile, re.M)]
    assert not missing, missing


def test_the_chinese_page_keeps_step_with_the_english_one() -> None:
    english, chinese = text_of("README.md"), text_of("README.zh-CN.md")
    assert [b[1:] for b in blocks(chinese)] == [b[1:] for b in blocks(english)]

    def heads(text: str) -> list[str]:
        outside = re.sub(r"(?ms)^```.*?^```$", "", text)
        return re.findall(r"(?m)^#+ ", outside)

    def links(text: str) -> set[str]:
        return set(re.findall(r"\]\(([^)]+)\)", text)) - {"README.md", "README.zh-CN.md"}

    assert heads(chinese) == heads(english)
    assert links(chinese) == links(english)


def test_each_number_that_a_readme_says_of_speed_was_measured() -> None:
    """The figures of README are those of benchmarks/results.json, to three digits; without results it says none."""
    kept = ROOT / "benchmarks" / "results.json"
    measured = [f["value"] for s in json.loads(kept.read_text("utf-8"))["sections"].values() for f in s] if kept.exists() else []
    for name in ("README.md", "README.zh-CN.md"):
        part = re.search(r"<!-- generated: benchmarks -->(.*?)<!-- end: benchmarks -->", text_of(name), re.S)
        assert part is not None
        rows = [line.split("|") for line in part[1].splitlines() if line.startswith("|")][2:]
        said = [float(cells[3].split()[0].replace(",", "")) for cells in rows]
        assert bool(said) == bool(measured)
        strange = [number for number in said if not any(abs(number - m) <= 0.005 * max(abs(number), abs(m)) for m in measured)]
        assert not strange, strange


def markdown() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")])


@pytest.mark.parametrize("page", markdown(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_link_leads_to_a_file_of_the_project(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"(?ms)^```.*?^```$", "", page.read_text("utf-8")))
    dead = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not dead, dead


EXAMPLES = list(commands_page.examples())


@pytest.mark.parametrize(("name", "words"), EXAMPLES, ids=lambda x: x if isinstance(x, str) else " ".join(x))
def test_an_example_of_the_help_can_be_typed(name: str, words: list[str]) -> None:
    context = next(context for full, context in commands_page.commands() if full == "loyalty")
    command, rest = context.command, words
    while hasattr(command, "commands"):
        command, rest = command.commands[rest[0]], rest[1:]
    command.make_parser(context).parse_args(args=list(rest))


def test_every_command_that_does_something_has_an_example() -> None:
    shown = {name for name, _ in EXAMPLES}
    without = [name for name, context in commands_page.commands() if not hasattr(context.command, "commands") and name not in shown]
    assert not without, without


# ---- the reading of pages itself -----------------------------------------------------------------------------------------


def test_a_page_is_read_as_steps_in_its_order() -> None:
    page = (
        "```csv file=a/orders.csv\nx\n```\n"
        "```console\n$ loyalty one \\\n    --two\nsaid\n\nmore\n$ loyalty three\n```\n"
        "```python\nprint(1)\n```\n```text\n1\n```\n"
    )
    assert [(s.kind, s.text, s.shown) for s in steps(page)] == [
        ("file", "x\n", ""), ("command", "loyalty one --two", "said\n\nmore"), ("command", "loyalty three", ""), ("python", "print(1)\n", "1\n"),
    ]  # fmt: skip


def test_a_block_that_nothing_checks_is_refused() -> None:
    with pytest.raises(ValueError, match="neither carried out nor checked"):
        list(steps("```yaml\na: 1\n```\n"))


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a", "a\nb", False),
        ("a\n...", "a\nb\nc", True),
        ("a\n...\nc", "a\nb\nc", True),
        ("a\n...\nc", "a\nb\nd", False),
        ("...\nc", "b\nc\nd", False),
        ("in 14.1 s, 3 rows", "in 9.87 s, 3 rows", True),
        ("in 14.1 s, 3 rows", "in 14.1 s, 4 rows", False),
        ("a", "", False),
    ],
)
def test_a_page_that_shows_something_else_than_was_printed_is_seen(shown: str, printed: str, same: bool) -> None:
    assert (differs(shown, printed) == "") is same


def test_an_exit_code_that_the_page_does_not_name_is_seen() -> None:
    assert "exit code 2" in run(Step(1, "command", "loyalty no-such-command"))
    assert "exit code" not in run(Step(1, "command", "loyalty no-such-command   # exit code 2"))
