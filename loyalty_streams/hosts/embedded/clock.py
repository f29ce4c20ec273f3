"""The machine's clock: asked at the door alone, where a fact comes in or a command has no instant. No decision reads it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], int]
"""Gives the instant that it is, in microseconds UTC."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def machine_clock() -> int:
    """The instant that this machine believes it is, in microseconds UTC."""
    return (datetime.now(UTC) - EPOCH) // timedelta(microseconds=1)
