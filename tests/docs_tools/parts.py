"""Generated parts of a page written by hand: between two comments that name them."""

from __future__ import annotations

import re
from collections.abc import Sequence


def replace_part(page: str, name: str, body: str) -> str:
    """The page with the part between `<!-- generated: NAME -->` and `<!-- end: NAME -->` made anew.

    Raises LookupError where the page has no such part, or has it twice.
    """
    pattern = re.compile(rf"(<!-- generated: {re.escape(name)} -->\n).*?(<!-- end: {re.escape(name)} -->)", re.S)
    if len(pattern.findall(page)) != 1:
        raise LookupError(f"the page needs one part `{name}`")
    return pattern.sub(lambda m: f"{m[1]}\n{body.strip()}\n\n{m[2]}", page)


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown; bars inside cells are escaped."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines)
