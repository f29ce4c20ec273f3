"""An event-sourced loyalty engine: facts in, one fold, a ledger of points that explains itself."""

from __future__ import annotations

__version__ = "0.1.0"
