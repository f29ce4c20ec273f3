"""Points are neither made nor lost: I1 (T035), I2, I14, for every history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from loyalty_streams.core.codes import EntryKind
from loyalty_streams.core.entries import SOURCES, USES, Entry, postings
from loyalty_streams.core.facts import DTYPES
from loyalty_streams.core.kernel.records import Programme, Work
from tests.laws.folding import BALANCES, Books, fold, snapshot, steps
from tests.laws.programmes import PROGRAMMES, named
from tests.laws.strategies import History, histories

ALL = pytest.mark.parametrize("name", PROGRAMMES)
ACCOUNTS = ("available", "pending", "reserved", "debt", *SOURCES, *USES)


@ALL
@given(history=histories())
def test_i1_the_postings_of_each_entry_sum_to_zero(name: str, history: History) -> None:
    """What a balance gains, a source has given or a use has given back; debt counts negatively."""
    for e in fold(named(name), history).all_entries():
        moved = postings(int(e["kind"]), int(e["bucket"]), int(e["points"]))
        held = sum(moved.get(b, 0) for b in ("available", "pending", "reserved")) - moved.get("debt", 0)
        assert held + sum(moved.get(u, 0) for u in USES) == sum(moved.get(s, 0) for s in SOURCES), e


@ALL
@given(history=histories())
def test_i1_t035_the_identity_of_conservation_holds_after_every_fact(name: str, history: History) -> None:
    """T035: issued + opening + adjusted + transferred in = available + pending + reserved + uses - debt, in state and in entries."""
    books = Books()
    for step in steps(named(name), history):
        for e in [*step.timers, *step.own]:
            books.book(e)
        for n, wallet in enumerate(step.after.wallets):
            held = wallet["available"] + wallet["pending"] + wallet["reserved"] - wallet["debt"]
            assert sum(wallet[s] for s in SOURCES) == held + sum(wallet[u] for u in USES)
            booked = books.accounts.get(n, {})
            assert {k: wallet[k] for k in ACCOUNTS} == {k: booked.get(k, 0) for k in ACCOUNTS}


@ALL
@given(history=histories())
def test_i2_lots_are_sane_and_their_remainders_are_the_balances(name: str, history: History) -> None:
    """0 <= remaining <= granted, and what remains of a wallet's lots is its available and pending points."""
    engine = named(name)
    terms = engine.compiled.tables[0]["terms"]
    for step in steps(engine, history):
        for lot in step.after.lots:
            assert 0 <= lot.remaining <= lot.granted
        for n, wallet in enumerate(step.after.wallets):
            for pending, balance in ((True, "pending"), (False, "available")):
                if terms[n]["lots"]:
                    assert sum(x.remaining for x in step.after.lots if x.wallet == n and x.pending == pending) == wallet[balance]
            if terms[n]["lots"]:
                assert min(wallet[b] for b in BALANCES) >= 0
        assert step.after.held == sum(w["reserved"] for w in step.after.wallets)


@given(history=histories())
def test_i2_no_rule_and_no_redemption_asked_for_makes_debt(history: History) -> None:
    """T087: debt grows only by returns, deductions and redemptions that another system granted."""
    engine = named("rich")
    for step in steps(engine, history):
        grown = sum(a["debt"] for a in step.after.wallets) - sum(b["debt"] for b in step.before.wallets)
        if grown > 0:
            assert step.fact is not None
            assert step.fact.kind.name in ("RETURN", "CANCELLATION", "EXCHANGE_RETURN", "ADJUSTMENT", "REDEEMED")


@given(history=histories())
def test_i14_the_points_of_a_rule_are_its_base_times_its_factor_floored(history: History) -> None:
    """I14, T185: basis x num / den, floored once; or less, where a cap has cut it, with what it wanted beside."""
    entries = fold(named("rich"), history).all_entries()
    for e in entries[entries["kind"] == EntryKind.EARNED]:
        assert int(e["points"]) <= int(e["desired"])
        assert (int(e["points"]) < int(e["desired"])) == (int(e["reason"]) in (1, 2, 3))


def test_i14_there_is_no_float_in_any_table_of_the_kernel() -> None:
    """Facts, entries, states and programmes are integers, whatever their width."""
    for dtype in (Entry, Work, Programme):
        assert kinds_of(dtype) <= {"i", "u"}
    assert {np.dtype(d).kind for d in DTYPES.values()} <= {"i", "u"}


def kinds_of(dtype: np.dtype) -> set[str]:  # type: ignore[type-arg]
    """The kinds of number anywhere inside a record."""
    if dtype.subdtype is not None:
        return kinds_of(dtype.subdtype[0])
    if dtype.names is None:
        return {dtype.kind}
    return set().union(*(kinds_of(dtype.fields[n][0]) for n in dtype.names))  # type: ignore[index]


def test_the_accounts_of_a_small_history_are_those_of_a_pencil() -> None:
    """The laws above look at something: 10.00 buys 10 points under the smallest programme."""
    from tests.laws.strategies import Teller

    teller = Teller()
    teller.buy([], 1000)
    engine = named("small")
    fold(engine, History(tuple(teller.facts), teller.now))
    assert snapshot(engine).wallets[0]["available"] == 10
