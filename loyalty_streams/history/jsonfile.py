"""JSON Lines: one object a line, its numbers kept as the text they were written with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from loyalty_streams.history.csvfile import LONGEST_RECORD, MOST_COLUMNS, Piece, raw_text
from loyalty_streams.history.letters import LONGEST_ROW, DeadLetter

ROWS = 16_384
_BYTES = 16 << 20
"""Rows of a piece, and bytes of them."""
_LISTS = frozenset({"tags"})


class _Fault(ValueError):
    def __init__(self, code: str, expected: str) -> None:
        super().__init__(expected)
        self.code = code


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise _Fault("UNREADABLE", "each name once in an object")
    return out


def _no_number(text: str) -> Any:
    raise _Fault("UNREADABLE", f"a number that JSON knows, not {text}")


_DECODE = json.JSONDecoder(object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=_no_number).decode


def row_of(line: bytes) -> dict[str, Any]:
    """One line as texts by name; raises `_Fault`. Lists of texts stand for tags only."""
    try:
        value = _DECODE(line.decode())
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise _Fault("UNREADABLE", "one JSON object on the line, in UTF-8") from None
    if not isinstance(value, dict):
        raise _Fault("UNREADABLE", "a JSON object")
    if len(value) > MOST_COLUMNS:
        raise _Fault("TOO_LARGE", f"at most {MOST_COLUMNS} names")
    return {name: _cell(name, cell) for name, cell in value.items()}


def columns_of(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[Any]:
    """Rows given as values as columns of texts; raises ValueError for a value that no cell holds."""
    return [pa.array([_cell(n, _plain(row.get(n))) for row in rows], pa.large_string()) for n in names]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else value


def _cell(name: str, cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        text = cell
    elif isinstance(cell, bool):
        text = "true" if cell else "false"
    elif isinstance(cell, list) and name in _LISTS and all(isinstance(x, str) for x in cell):
        text = ",".join(cell)
    else:
        raise _Fault("NESTED", f"{name}: a single value")
    if text is not None and not text.isascii() and any("\ud800" <= ch <= "\udfff" for ch in text):
        raise _Fault("BAD_TEXT", f"{name}: no lone surrogates")
    return text


def pieces(path: Path, _packed: bool) -> Iterator[Piece]:
    """The rows of a file; the columns of a piece are all names its rows have, in order of the alphabet."""
    rows: list[dict[str, Any]] = []
    numbers: list[int] = []
    letters: list[DeadLetter] = []
    names: set[str] = set()
    size = 0
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(LONGEST_RECORD):
            number += 1
            if len(line) == LONGEST_RECORD and not line.endswith(b"\n"):
                while (more := stream.readline(LONGEST_RECORD)) and not more.endswith(b"\n"):
                    pass
                letters.append(_letter(line, number, _Fault("TOO_LARGE", f"a row of at most {LONGEST_RECORD} bytes")))
                continue
            if not line.strip():
                continue
            try:
                row = row_of(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
                _widen(names, row)
                rows.append(row)
                numbers.append(number)
                size += len(line)
            except _Fault as fault:
                letters.append(_letter(line, number, fault))
            if len(rows) == ROWS or len(letters) == ROWS or size > _BYTES:
                yield _piece(rows, numbers, letters, names)
                rows, numbers, letters, size = [], [], [], 0
    if rows or letters:
        yield _piece(rows, numbers, letters, names)


def _widen(names: set[str], row: Mapping[str, Any]) -> None:
    """Adds the names of a row to those of its file; raises `_Fault` where these are too many."""
    fresh = row.keys() - names
    if len(names) + len(fresh) > MOST_COLUMNS:
        raise _Fault("TOO_LARGE", f"at most {MOST_COLUMNS} names in all rows of a file")
    names.update(fresh)


def _letter(line: bytes, number: int, fault: _Fault) -> DeadLetter:
    return DeadLetter("", number, fault.code, str(fault), raw_text(line[:LONGEST_ROW].decode("utf-8", "backslashreplace").rstrip("\r\n")))


def _piece(rows: list[dict[str, Any]], numbers: list[int], letters: list[DeadLetter], names: set[str]) -> Piece:
    order = sorted(names)
    columns = [pa.array([row.get(n) for row in rows], pa.large_string()) for n in order]
    return Piece(order, columns, np.array(numbers, np.int64), None, tuple(letters))
