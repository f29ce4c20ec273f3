"""The terminal of each test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.api.corner import order
from tests.cli.terminal import Terminal

ORDERS = [
    order("O1", "M1", "2026-03-01T10:00:00Z", "120.00", channel="app", store="S1"),
    order("O2", "M2", "2026-03-02T10:00:00Z", "480.00", channel="till", store="S2"),
]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """No store yet."""
    monkeypatch.chdir(tmp_path)
    for name in [n for n in os.environ if n.startswith("LOYALTY_") and n != "LOYALTY_KERNEL_CACHE"]:
        monkeypatch.delenv(name)
    return Terminal(tmp_path)


@pytest.fixture
def terminal(empty: Terminal) -> Terminal:
    """M1 has 220 points of 120.00 in the app, M2 480 of 480.00."""
    assert empty.ingest(orders=ORDERS).code == 0
    return empty
