"""Dead letters: rows that were set aside, with where they stood, why, and what was expected."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

LONGEST_ROW = 4096
"""Bytes of a refused row that are kept as JSON."""
PERSONAL = frozenset({"phone", "card", "open_id", "email", "identifier"})
"""Columns whose values are withheld from dead letters."""
WITHHELD = "(withheld)"
PHONE = "phone:"
"""How the account of a phone begins, as far as letters do: what follows is 32 hexadecimal digits, or a plain phone that nobody may keep."""
HASHED = re.compile(r"[0-9a-f]{32}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row that was not applied. `row` is the data row from 1, of a CSV file the line; 0 speaks of the whole file.

    `raw` is the row as a JSON object, cut to a bound; `code` is one of `codes.CODES`.
    """

    file: str
    row: int
    code: str
    expected: str
    raw: str = "{}"
    member: str = ""
    table: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetters:
    letters: tuple[DeadLetter, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning about a file or a column."""

    text: str


@dataclass(frozen=True, slots=True)
class TableRead:
    """So many more rows of a table have been read, refused ones included."""

    table: str
    rows: int


class HistoryError(Exception):
    """The history cannot be read as it was asked for: a usage error (exit code 2). `code` is stable."""

    usage: ClassVar[bool] = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def plain_phone(value: object) -> bool:
    """Whether a name is that of a phone and not hashed."""
    return isinstance(value, str) and value[: len(PHONE)].lower() == PHONE and not HASHED.match(value, len(PHONE))


def row_json(row: Mapping[str, Any], longest: int = LONGEST_ROW, personal: frozenset[str] = PERSONAL) -> str:
    """The row as JSON of at most `longest` bytes: long cells are cut first, then cells are left out, and it is said so.

    What stands in `personal` columns, and a plain phone wherever it stands, is withheld.
    """
    kept = {k: WITHHELD if (k in personal and v) or plain_phone(v) else v for k, v in row.items() if v is not None and v != ""}
    text = json.dumps(kept, ensure_ascii=False, default=str)
    if _size(text) <= longest:
        return text
    kept = {k: v[:64] + "…" if isinstance(v, str) and len(v) > 64 else v for k, v in kept.items()}
    while kept and _size(text := json.dumps({**kept, "(cut)": True}, ensure_ascii=False, default=str)) > longest:
        kept.popitem()
    return text if kept else '{"(cut)": true}'


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
