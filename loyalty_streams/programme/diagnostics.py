"""What is wrong with a programme, said so that its author can mend it: place, line, caret, found, expected, hint, stable code."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

CODES: dict[str, str] = {
    "E-YAML": "the file is not well-formed YAML 1.2",
    "E-ENCODING": "the file is not UTF-8 text",
    "E-TOO-LARGE": "the file is larger, deeper or has more values than a programme may have",
    "E-DUPLICATE-KEY": "a key stands twice in one mapping",
    "E-ALIAS": "anchors, aliases and merge keys are not part of the language",
    "E-TAG": "YAML tags are not part of the language",
    "E-NO-PROGRAMME": "the file or folder holds no programme",
    "E-UNKNOWN-FIELD": "a field that the language does not have here",
    "E-MISSING": "a required field is absent",
    "E-TYPE": "a value of another shape is needed: a mapping, a list or a single value",
    "E-CHOICE": "a word that is not among the words allowed here",
    "E-CONFLICT": "two fields that exclude each other, or one that another setting makes meaningless",
    "E-NEEDS": "a field that works only together with another",
    "E-NAME": "an id that cannot be used: wrong characters, too long, or reserved",
    "E-NUMBER": "not a whole number in the allowed range",
    "E-RATE": "not an exact positive rate, or one too fine to be reckoned exactly",
    "E-MULTIPLIER": "not an exact multiplier of at least 1",
    "E-MONEY": "not an exact amount of the programme's currency",
    "E-PERCENT": "not a percentage above 0 and up to 100",
    "E-DURATION": "not a duration in words, such as `14 days`",
    "E-INSTANT": "not an instant with an offset, nor a date",
    "E-ZONE": "not a time zone of the IANA database",
    "E-CURRENCY": "not an active ISO 4217 currency",
    "E-LABEL": "not a text, nor a mapping from language to text",
    "E-CONDITION": "a condition that cannot be read",
    "E-OPERATOR": "an operator that does not exist or does not fit the field",
    "E-FIELD-NOT-HERE": "a field that is not known at this place: an interaction has no lines, a line no tier",
    "E-UNKNOWN-NAME": "a name of a wallet, tier, stage, rule or status that the programme does not have",
    "E-NO-MODE": "a rate without `mode`: 10 per 100.00 pays 20 or 25 for 250.00 (T002)",
    "E-MULTIPLIERS-MEET": "two multipliers can meet and `combine.multipliers` does not say how (T122)",
    "E-TIER-RATES-MEET": "two rate rules that read the tier can meet and nothing says which one pays (T010)",
    "E-EMPTY-WINDOW": "a window, range or list that nothing can be in",
    "E-NO-PRIORITY": "overlapping rules of an exclusive group without distinct priorities",
    "E-TWO-GROUPS": "a rule stands in two groups",
    "E-LADDER": "a tier ladder that does not begin at 0 or does not rise",
    "E-ROLL": "points that would roll round in a circle, or into a wallet that keeps no lots (T056)",
    "E-MAIN-WALLET": "several spendable wallets and nothing says which one rules pay into",
    "E-COLLISION": "two literals of the programme share one 64-bit code",
    "E-TOO-MANY": "more rules, conditions, limits or the like than the engine holds",
    "E-VERSION": "versions that cannot stand beside each other: the same number, the same start, another programme",
    "E-CHANGE": "a change declared `cosmetic` that moves a point",
    "NOT_YET": "a part of the language that a later release builds; refused by name, never ignored",
    "W-LADDER-SIZE": "a ladder with fewer than 3 or more than 5 tiers (T115)",
    "W-ARRIVAL": "expiry depends on when facts arrive, so the order of arrival can change balances (T043)",
    "W-GROUP": "an exclusive group that has nothing to choose from",
    "W-NOTHING-TO-MULTIPLY": "multipliers without a rate rule to multiply",
}
"""Every code that a programme can be refused or warned with, and what it means; the reference of the docs is made from it."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem at one place. `line` and `column` count from 1; 0 where the problem has no place in the text."""

    code: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    found: str = ""
    expected: str = ""
    hint: str = ""
    source_line: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"{self.code} is not in the list of codes")

    @property
    def is_warning(self) -> bool:
        return self.code.startswith("W-")

    @property
    def place(self) -> str:
        """`file:line:column`, or the file alone."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def render(self) -> str:
        """The diagnostic as people read it, several lines without a last line break."""
        kind = "warning" if self.is_warning else "error"
        out = [f"{self.place}: {kind} {self.code}: {self.message}"]
        if self.line and self.source_line:
            number = f"{self.line:>5}"
            out += [f"{number} | {self.source_line}", f"{' ' * len(number)} | {self._caret()}"]
        said = [f"found {self.found}"] * bool(self.found) + [f"expected {self.expected}"] * bool(self.expected)
        if said:
            out.append("  " + ", ".join(said))
        if self.hint:
            out.append(f"  hint: {self.hint}")
        return "\n".join(out)

    def _caret(self) -> str:
        """Blanks up to the column, as wide as the text above (tabs kept, Chinese characters two wide), then the caret."""
        return "".join(_blank(c) for c in self.source_line[: self.column - 1]) + "^"

    def to_dict(self) -> dict[str, str | int]:
        """Plain values for `--json`."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "source_line"}


def _blank(character: str) -> str:
    if character == "\t":
        return character
    return "  " if unicodedata.east_asian_width(character) in "WF" else " "


class ProgrammeError(ValueError):
    """A programme is refused: all problems of its file, in the order of their places."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(set(diagnostics), key=lambda d: (d.file, d.line, d.column, d.code, d.message)))
        super().__init__("\n\n".join(d.render() for d in self.diagnostics))
