"""What a backtest cannot do."""

from __future__ import annotations

from pathlib import Path


class BacktestError(Exception):
    """The history cannot be folded as asked for. `code` is stable: BAD_ENGINE, BAD_PLACE, BAD_THRESHOLD, BAD_VARY, BAD_WHERE, EMPTY_RANGE,
    ENGINE_DIFFERS, FILE, NO_BASELINE, NO_HISTORY, NO_PROGRAMME, NO_TABLE, NOT_PACKED, PACK_BROKEN, PACK_NEWER, PACK_STALE, SECTION_FULL,
    UNKNOWN_MEMBER. `place` is the file, member or option in question; `usage` says that the question was wrong, not the data.
    """

    def __init__(self, code: str, message: str, place: Path | str = "", usage: bool = False) -> None:
        super().__init__(message)
        self.code, self.place, self.usage = code, str(place), usage
