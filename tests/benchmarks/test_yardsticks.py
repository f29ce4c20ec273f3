"""A yardstick is one only while it decides what the engine decides: every entry, and of the whole one every account."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.fold import engine
from benchmarks.workload import Workload, make, only_orders
from benchmarks.yardstick import Yardstick
from benchmarks.yardstick_whole import WholeYardstick
from loyalty_streams.core.codes import EntryKind
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.state import WalletState, unpack


@pytest.fixture(scope="module")
def whole() -> Workload:
    return make(20_000, 1_000, seed=11)


def test_the_bare_yardstick_writes_the_entries_of_the_engine(whole: Workload) -> None:
    orders, kept = only_orders(whole), list[Entries]()
    c = orders.columns
    Yardstick().run(c.at, c.amount, c.ref, orders.groups, kept)
    assert np.concatenate(kept).tobytes() == engine("smallest.yaml").fold(c, orders.groups).entries.tobytes()


def test_the_whole_yardstick_writes_the_entries_and_the_accounts_of_the_engine(whole: Workload) -> None:
    kept = list[Entries]()
    accounts = WholeYardstick().run(whole.columns, whole.groups, kept)
    folded = engine("smallest.yaml").fold(whole.columns, whole.groups)
    assert np.concatenate(kept).tobytes() == folded.entries.tobytes()
    kinds = set(folded.entries["kind"].tolist())
    assert {EntryKind.CLAWED_BACK, EntryKind.REDEEMED, EntryKind.REFUSED, EntryKind.TIER_CHANGED, EntryKind.EXPIRED} <= kinds
    for g in range(0, whole.members, 7):
        state = unpack(folded.states[folded.state_at[g] : folded.state_at[g + 1]].tobytes())
        wallet, a = state.wallets.get(0, WalletState()), accounts[g]
        assert (a["available"], a["debt"], a["issued"]) == (wallet.available, wallet.debt, wallet.issued)
        assert (a["redeemed"], a["expired"], a["clawed_back"]) == (wallet.redeemed, wallet.expired, wallet.clawed_back)
        assert (a["orders"], a["first_at"], a["last_at"]) == (state.orders, state.first_at, state.last_at)
        assert (a["lifetime_spend"], a["tier"], a["birthday"]) == (state.lifetime_spend, state.tier, state.birthday)
        assert a["enrolled_at"] == state.enrolled_at
