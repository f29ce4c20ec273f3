"""Members in any interleaving: I6."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_streams.core.facts import Fact, to_columns
from tests.laws.folding import fold
from tests.laws.programmes import PROGRAMMES, named
from tests.laws.strategies import History, histories


@pytest.mark.parametrize("name", PROGRAMMES)
@given(many=st.lists(histories(most=6), min_size=2, max_size=4), chance=st.randoms(use_true_random=False))
def test_i6_members_beside_each_other_do_not_meet(name: str, many: list[History], chance: object) -> None:
    """I6: whatever the interleaving of members in the log, and whatever their order in a batch, each ends as if alone."""
    engine = named(name)
    tags = [k for k, history in enumerate(many) for _ in history.facts]
    chance.shuffle(tags)  # type: ignore[attr-defined]
    log, places = interleaved(many, tags)
    order = list(range(len(many)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    groups = np.cumsum([0, *(len(places[k]) for k in order)]).astype(np.int64)
    until = np.array([many[k].until for k in order], np.int64)
    together = engine.fold(to_columns(log), groups, rows=np.concatenate([places[k] for k in order]), until_of=until)
    for g, k in enumerate(order):
        alone = fold(engine, many[k])
        assert together.states[together.state_at[g] : together.state_at[g + 1]].tobytes() == alone.state
        entries = together.entries[together.entries["member"] == g].copy()
        own = {int(row): n for n, row in enumerate(places[k])}
        entries["cause"] = [own.get(row, -1) for row in entries["cause"].tolist()]
        entries["member"] = 0
        assert entries.tobytes() == alone.all_entries().tobytes()


def interleaved(many: list[History], tags: list[int]) -> tuple[list[Fact], list[np.ndarray]]:  # type: ignore[type-arg]
    """The facts in the order of `tags` (each names a member), and where each member's facts lie."""
    left = [list(history.facts) for history in many]
    places: list[list[int]] = [[] for _ in many]
    log = []
    for row, k in enumerate(tags):
        log.append(left[k].pop(0))
        places[k].append(row)
    return log, [np.array(p, np.int64) for p in places]
