"""Candidates that differ from one programme in a few values: `--vary 'earn.base.points.rate=0.8..1.5 step 0.1'`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Map
from collections.abc import Sequence as Row
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import prod

from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.programme import Loaded
from loyalty_streams.programme.load import load
from loyalty_streams.programme.nodes import Document, Mapping, Mark, Node, Sequence, Text

MOST = 1_000
"""Candidates of one sweep."""
RANGE = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*\.\.\s*([+-]?\d+(?:\.\d+)?)\s+step\s+(\d+(?:\.\d+)?)")
FORM = "PATH=A,B,C or PATH=FROM..TO step STEP, such as tiers.ladder.gold=400,500,600"


@dataclass(frozen=True, slots=True)
class Axis:
    """One value of a programme, by its path, and what it is to be."""

    path: str
    values: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Axis:
        """Raises BacktestError BAD_VARY."""
        path, mark, values = text.partition("=")
        path, values = path.strip(), values.strip()
        found = RANGE.fullmatch(values)
        said = tuple(_steps(Decimal(found[1]), Decimal(found[2]), Decimal(found[3]), text)) if found else tuple(v.strip() for v in values.split(","))
        if not path or not mark or not all(said):
            raise BacktestError("BAD_VARY", FORM, text, usage=True)
        return cls(path, tuple(dict.fromkeys(said)))


def _steps(first: Decimal, last: Decimal, step: Decimal, text: str) -> Iterator[str]:
    """From the first to at most the last, written with as many decimals as were given."""
    if not step or last < first or (last - first) / step >= MOST:
        raise BacktestError("BAD_VARY", f"a range that rises by steps, at most {MOST} of them", text, usage=True)
    places = max(-int(d.as_tuple().exponent) for d in (first, step))
    value = first
    while value <= last:
        yield f"{value:.{max(places, 0)}f}"
        value += step


def combinations(axes: Row[Axis]) -> list[dict[str, str]]:
    """Every choice of one value an axis, the last axis moving first. Raises BacktestError BAD_VARY for too many, or a path that stands twice."""
    paths = [axis.path for axis in axes]
    if len(set(paths)) < len(paths):
        raise BacktestError("BAD_VARY", "a path stands twice", paths[-1], usage=True)
    count = prod(len(axis.values) for axis in axes)
    if count > MOST:
        raise BacktestError("BAD_VARY", f"{count:,} candidates, and at most {MOST:,} go into one sweep", paths[0], usage=True)
    return [dict(zip(paths, values, strict=True)) for values in product(*(axis.values for axis in axes))]


def varied(base: Loaded, values: Map[str, str]) -> Loaded:
    """The programme with other values, checked like any other. Raises ProgrammeError at the place, BacktestError BAD_VARY for an unknown path."""
    document = base.document
    edits = sorted(((_scalar(document, path), value) for path, value in values.items()), key=lambda edit: edit[0].mark, reverse=True)
    lines = list(document.lines)
    for old, new in edits:
        row, column = old.mark.line - 1, old.mark.column - 1
        lines[row] = lines[row][:column] + new + lines[row][column + len(old) :]
    return load("\n".join(lines), document.file)


def _scalar(document: Document, path: str) -> Text:
    """The plain value at a path, as the text has it on its line."""
    node: Node | None = document.root
    for part in path.split("."):
        if isinstance(node, Mapping):
            node = node.get(part)
        else:
            node = node[int(part)] if isinstance(node, Sequence) and part.isdecimal() and int(part) < len(node) else None
    if not isinstance(node, Text) or not _stands(document, node, node.mark):
        raise BacktestError("BAD_VARY", f"`{path}` names no single value of the programme", document.file, usage=True)
    return node


def _stands(document: Document, node: Text, mark: Mark) -> bool:
    return bool(node) and not node.quoted and document.lines[mark.line - 1].startswith(node, mark.column - 1)
