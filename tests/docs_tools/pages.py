"""The pages that are generated: a page by its path from the root of the project, and the function that makes it.

A function is given the page as it stands (empty where there is none) and gives it as it should be. To add a page, add a line.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from loyalty_streams.programme.schema import schema_text
from tests.docs_tools import (
    benchmarks_page,
    commands_page,
    facts_page,
    kafka_page,
    ledger_page,
    notebooks,
    operating_page,
    programme_page,
    statements_page,
)

Page: TypeAlias = Callable[[str], str]
ROOT = Path(__file__).resolve().parent.parent.parent

PAGES: dict[str, Page] = {
    "schemas/programme.schema.json": lambda _: schema_text(),
    "docs/guide/programme.md": programme_page.page,
    "docs/guide/facts.md": facts_page.page,
    "docs/guide/ledger.md": ledger_page.page,
    "docs/guide/operating.md": operating_page.page,
    "docs/guide/kafka.md": kafka_page.page,
    "docs/guide/commands.md": commands_page.page,
    "docs/notebooks/backtest.ipynb": notebooks.page,
    "docs/statements.md": statements_page.page,
    "README.md": benchmarks_page.english,
    "README.zh-CN.md": benchmarks_page.chinese,
}


def made(name: str) -> tuple[str, str]:
    """A page as it stands, and as it should be."""
    path = ROOT / name
    text = path.read_text("utf-8") if path.exists() else ""
    return text, PAGES[name](text)


def stale() -> list[str]:
    """The pages that are not as they should be."""
    return [name for name in PAGES if len(set(made(name))) > 1]


def write() -> list[str]:
    """Makes the stale pages anew -> their names."""
    names = stale()
    for name in names:
        (ROOT / name).write_text(made(name)[1], "utf-8")
    return names
