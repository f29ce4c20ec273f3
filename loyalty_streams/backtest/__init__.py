"""Backtest: the facts of a history decided again under other programmes, by the fold that runs live. Nothing of the store changes.

    from loyalty_streams import backtest

    with backtest.run("loyalty-data", ["programmes/candidates/fresh-market-autumn.yaml"]) as found:
        before, after = found.members(0), found.members(1)  # pyarrow tables: each member under what is in force, and under the candidate
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loyalty_streams.backtest.errors import BacktestError
    from loyalty_streams.backtest.opening import Reading, run
    from loyalty_streams.backtest.results import Results

__all__ = ["BacktestError", "Reading", "Results", "run"]
_HOMES = {"BacktestError": "errors", "Reading": "opening", "Results": "results", "run": "opening"}


def __getattr__(name: str) -> Any:
    """Imported when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
