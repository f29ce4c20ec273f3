"""Tables for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence


def table(rows: Sequence[Sequence[object]], heads: Sequence[str], right: Iterable[int] = ()) -> str:
    """Rows under heads in columns as wide as they need; `right` are columns of numbers. Chinese characters are two wide."""
    cells = [list(heads), *([number(c) if k in set(right) else str(c) for k, c in enumerate(row)] for row in rows)]
    widths = [max(width(row[k]) for row in cells) for k in range(len(heads))]
    aligned = set(right)
    lines = []
    for row in cells:
        parts = [_padded(cell, widths[k], k in aligned) for k, cell in enumerate(row)]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def _padded(text: str, size: int, right: bool) -> str:
    blank = " " * (size - width(text))
    return blank + text if right else text + blank


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def number(value: object) -> str:
    """A whole number with its thousands set apart; a missing value as a dash."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
