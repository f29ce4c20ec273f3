"""What a backtest cannot do."""

from __future__ import annotations

from pathlib import Path


class BacktestError(Exception):
    """The history cannot be folded as asked for. `code` is stable: EMPTY_RANGE, NO_BASELINE, UNKNOWN_MEMBER, BAD_THRESHOLD, SECTION_FULL,
    NO_HISTORY, NOT_PACKED, PACK_NEWER, PACK_BROKEN, PACK_STALE. `place` is the file, member or option in question; `usage` says that the
    question was wrong, not the data.
    """

    def __init__(self, code: str, message: str, place: Path | str = "", usage: bool = False) -> None:
        super().__init__(message)
        self.code, self.place, self.usage = code, str(place), usage
