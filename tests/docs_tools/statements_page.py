"""`docs/statements.md`: every statement that this release holds, and the tests that hold it, found by reading the tests.

A test holds a statement when it names the number: a story in its title, a spec in the title of a story, a Python test in its name, in its
docstring, or in the table it is parametrized with. `T036 to T044` names every number between. The oracle's own tests are not counted: they
hold the oracle, and the simulation holds the engine to it.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

from tests.docs_tools.parts import replace_part, table

ROOT = Path(__file__).resolve().parent.parent.parent
LIST = Path(__file__).with_name("statements.yaml")
PLACES = ("tests", "programmes")
NOT_COUNTED = ("tests/oracle/", "tests/docs_tools/")
NUMBER = re.compile(r"(?<![A-Za-z0-9])([TtIi])(\d{1,3})(?![\dA-Za-z])")
RANGE = re.compile(r"(?<![A-Za-z0-9])([TI])(\d{1,3}) ?(?:to|–|-) ?\1?(\d{1,3})(?!\d)")
NAMED = re.compile(r"(?<=_)([TtIi])(\d{1,3})(?=_)")
STORY = re.compile(r"(?m)^- story: *(.*)$")


class Place(NamedTuple):
    """Where a statement is held: a file by its path from the root, and the test in it; stories have no name of their own."""

    file: str
    test: str


def listed() -> dict[str, dict[str, str]]:
    """The statements by chapter, each with its words."""
    found: dict[str, dict[str, str]] = YAML(typ="safe").load(LIST.read_text("utf-8"))
    return found


def numbers() -> list[str]:
    return [number for chapter in listed().values() for number in chapter]


def named_in(text: str) -> set[str]:
    """The numbers that a text names, ranges filled. A statement has three digits, an invariant one or two."""
    found = {f"{letter}{n:0{len(first)}}" for letter, first, last in RANGE.findall(text) for n in range(int(first), int(last) + 1)}
    return found | {_plain(letter, digits) for letter, digits in NUMBER.findall(text) if letter.isupper() and _fits(letter, digits)}


def _fits(letter: str, digits: str) -> bool:
    return len(digits) == 3 if letter in "Tt" else len(digits) < 3


def _plain(letter: str, digits: str) -> str:
    return f"{letter.upper()}{digits}"


def in_stories(text: str) -> Iterator[tuple[str, str]]:
    """Numbers in the titles of story tables: lines at the left edge."""
    for line in text.splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            yield from ((number, "") for number in named_in(line))


def in_specs(text: str) -> Iterator[tuple[str, str]]:
    """Numbers in the titles of the stories of a spec."""
    for title in STORY.findall(text):
        yield from ((number, "") for number in named_in(title))


def in_python(text: str) -> Iterator[tuple[str, str]]:
    """Numbers that tests of a Python file name, each with the test."""
    tree = ast.parse(text)
    tables = {t.id: n.value for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            said = {_plain(a, b) for a, b in NAMED.findall(node.name) if _fits(a, b)} | named_in(ast.get_docstring(node) or "")
            for part in node.decorator_list:
                said |= {n for constant in _texts(part, tables) for n in named_in(constant)}
            yield from ((number, node.name) for number in said)


def _texts(node: ast.expr, tables: dict[str, ast.expr]) -> Iterator[str]:
    """The texts of a decorator, those of the module's own tables that it names included."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
        elif isinstance(part, ast.Name) and part.id in tables:
            yield from (c.value for c in ast.walk(tables[part.id]) if isinstance(c, ast.Constant) and isinstance(c.value, str))


READERS = {".story": in_stories, ".spec.yaml": in_specs, ".py": in_python}


@cache
def held() -> dict[str, dict[Place, int]]:
    """Where each number is named, and how often."""
    found: dict[str, dict[Place, int]] = defaultdict(lambda: defaultdict(int))
    for path in sorted(p for place in PLACES for p in (ROOT / place).rglob("*") if p.is_file()):
        name = path.relative_to(ROOT).as_posix()
        reader = next((r for suffix, r in READERS.items() if name.endswith(suffix)), None)
        if reader is None or name.startswith(NOT_COUNTED) or (path.suffix == ".py" and not path.name.startswith("test_")):
            continue
        for number, test in reader(path.read_text("utf-8")):
            found[number][Place(name, test)] += 1
    return found


def held_nowhere() -> list[str]:
    """Numbers of the list that no test names."""
    return [number for number in numbers() if number not in held()]


def page(text: str) -> str:
    chapters = [f"## {title}\n\n{_chapter(words)}" for title, words in listed().items()]
    return replace_part(text, "statements", "\n\n".join(chapters))


def _chapter(words: dict[str, str]) -> str:
    return table(("", "in a few words", "held by"), [(number, said, _places(number)) for number, said in words.items()])


def _places(number: str) -> str:
    """The places that hold a number: a file with the number of its stories, or with its tests."""
    by_file: dict[str, list[str]] = defaultdict(list)
    stories: dict[str, int] = defaultdict(int)
    for place, times in held().get(number, {}).items():
        stories[place.file] += 0 if place.test else times
        by_file[place.file] += [place.test] if place.test else []
    return "<br>".join(_place(file, stories[file], sorted(by_file[file])) for file in sorted(by_file)) or "**nowhere**"


def _place(file: str, stories: int, tests: list[str]) -> str:
    told = f"{stories} stories" if stories > 1 else "a story" if stories else ", ".join(f"`{t}`" for t in tests)
    return f"[{file.removeprefix('tests/')}](../{file}): {told}"
