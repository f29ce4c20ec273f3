"""Figures that come block by block are those of all members together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from loyalty_streams.backtest.figures import Figures, Gathering, nobody
from loyalty_streams.reports.points import ACCOUNTS


def block(*available: int) -> Figures:
    """Members with some available points; the last of them reached tier 1 at the instant 5, and lacked a point of redemption 9."""
    n = len(available)
    points = np.zeros((n, len(ACCOUNTS)), np.int64)
    points[:, ACCOUNTS.index("available")] = available
    return replace(
        nobody(), ids=[str(k) for k in range(n)], alive=np.ones(n, bool), points=points, tier=np.arange(n), stage=np.full(n, -1),
        digests=np.full((n, 5), 7, np.uint64), reached=np.array([[n - 1, 1, 5]]), short=np.array([[n - 1, 9, 1]]),
    )  # fmt: skip


def test_members_of_later_blocks_are_numbered_on_from_those_before() -> None:
    gathered = Gathering()
    for one in (block(10, 20), block(30), block(40, 50, 60)):
        gathered.add(one)
    found = gathered.figures([*"abcdef"])
    assert found.account("available").tolist() == [10, 20, 30, 40, 50, 60]
    assert found.tier.tolist() == [0, 1, 0, 0, 1, 2] and found.alive.all() and (found.digests == 7).all()
    assert found.reached.tolist() == [[1, 1, 5], [2, 1, 5], [5, 1, 5]]
    assert found.short.tolist() == [[1, 9, 1], [2, 9, 1], [5, 9, 1]]


def test_nothing_gathered_is_nobody() -> None:
    found = Gathering().figures([])
    assert (len(found.points), len(found.reached), found.points.shape[1]) == (0, 0, len(ACCOUNTS))
