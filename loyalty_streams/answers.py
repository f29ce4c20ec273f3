"""What the engine answers to a till, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from loyalty_streams.reports.explain import Part
from loyalty_streams.reports.member import LedgerEntry, Points

__all__ = ["Answer", "AskError", "Part", "Quote", "StoredLetter"]


class AskError(ValueError):
    """What was asked cannot be done. `code` is stable: BAD_MONEY, BAD_ID, UNKNOWN_WALLET, UNKNOWN_REPORT, NO_LINES, CONFLICT, NOT_A_ROW,
    NO_DEAD_LETTER, or the code of a dead letter where a row of a file would have been set aside for the same reason.
    """

    usage: ClassVar[bool] = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """The engine's decision on one command. A refusal is a decision: it is stored, and asking again gives the same answer.

    `disposition` is `applied`, or `duplicate` where it was asked before; `reason` a stable code, `because` the same as `FIELD ACTUAL, needs
    OP EXPECTED`; `points` are the member's balances after the decision, `entries` what it wrote.
    """

    id: str
    member_id: str
    at: str | None
    action: str
    disposition: str
    granted: bool
    reason: str | None
    because: str | None
    points: Points
    entries: Sequence[LedgerEntry]

    def to_json(self) -> dict[str, Any]:
        """Plain values in the form of `redeem --json` and its like."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Quote:
    """What an open basket would earn: the parts that pay, those that do not and why, and the balances after it (T030, T068)."""

    member_id: str
    at: str | None
    earned: int
    points: Points
    parts: tuple[Part, ...]
    refused: tuple[Part, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values in the form of `quote --json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A dead letter of the store: where the row stood, why it was set aside, what was expected, and the row as JSON (`raw`)."""

    id: str
    file: str
    row: int
    code: str
    expected: str
    table: str
    member: str
    raw: str
