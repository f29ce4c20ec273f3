"""What the validators of the models share while one file is read: its zone, its currency, and the list of problems found so far."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from loyalty_streams.programme.diagnostics import Diagnostic
from loyalty_streams.programme.nodes import Document, Mapping, Mark, Node, Sequence, Text


@dataclass(slots=True)
class Reading:
    """The context of one load. `digits`: minor digits of the currency; `zone`: of dates without an offset.

    `not_built`: where sections begin that are refused NOT_YET as a whole; what else may be wrong inside them is not told.
    """

    document: Document
    zone: ZoneInfo
    digits: int
    problems: list[Diagnostic] = field(default_factory=list)
    not_built: set[Mark] = field(default_factory=set)

    def report(self, code: str, message: str, at: Node | Mark, found: str = "", expected: str = "", hint: str = "") -> None:
        """Note a problem and go on reading."""
        mark = at if isinstance(at, Mark) else at.mark
        self.problems.append(self.document.diagnostic(code, message, mark, found, expected, hint))

    def refuse_whole(self, section: Mapping, message: str, at: Node, found: str = "", expected: str = "", hint: str = "") -> None:
        """Refuse a section that a later release builds."""
        self.not_built.add(section.mark)
        self.report("NOT_YET", message, at, found, expected, hint)


class Fault(ValueError):
    """A value that cannot be read; turned into a diagnostic at the place of the value."""

    def __init__(self, code: str, message: str, found: str = "", expected: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.found, self.expected, self.hint = code, message, found, expected, hint

    def at(self, node: Node | Mark | None) -> PydanticCustomError:
        """The same problem in the form that pydantic carries to the end of validation."""
        mark = node if isinstance(node, Mark) else getattr(node, "mark", None)
        words = {"code": self.code, "message": self.message, "found": self.found, "expected": self.expected, "hint": self.hint}
        return PydanticCustomError("fault", "{message}", {**words, "mark": mark})


def reading_of(info: ValidationInfo) -> Reading:
    if not isinstance(info.context, Reading):
        raise TypeError("programme models are read with loyalty_streams.programme.load, which knows zone and currency")
    return info.context


def text_of(value: Any, expected: str = "a single value") -> Text:
    """The scalar behind a value; a Fault for a mapping, a list or nothing at all."""
    if not isinstance(value, Text):
        raise Fault("E-TYPE", "a single value is needed here", describe(value), expected).at(value)
    if value == "" and not value.quoted:
        raise Fault("E-TYPE", "the value is empty", "nothing", expected).at(value)
    return value


def mapping_of(value: Any, expected: str = "a mapping") -> Mapping:
    if not isinstance(value, Mapping):
        raise Fault("E-TYPE", "a mapping is needed here", describe(value), expected).at(value)
    return value


def describe(value: Any) -> str:
    """A value in a few words, for `found …`."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence):
        return "a list"
    text = str(value)
    return "nothing" if text == "" else f"`{text[:60]}{'…' if len(text) > 60 else ''}`"


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or nothing."""
    match = difflib.get_close_matches(word.lower().replace("-", "_"), sorted(known), n=1, cutoff=0.6)
    return f"did you mean `{match[0]}`?" if match else ""


def words(known: Iterable[str]) -> str:
    """Known words as a list for `expected …`."""
    listed = [f"`{k}`" for k in known]
    return "one of " + ", ".join(listed) if len(listed) > 1 else "".join(listed)
