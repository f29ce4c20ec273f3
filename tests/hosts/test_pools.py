"""Pools in a store: an account to which members give a share of what they earn (T148, T149, S60)."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from loyalty_streams.core.codes import AttrKind, FactKind, Reason
from loyalty_streams.core.facts import Attribute, Fact
from loyalty_streams.hosts.embedded import Store
from tests.hosts.shop import ask, at, bring, come_back, open_store, order
from tests.hosts.test_any_order import holds, late, the
from tests.hosts.test_transfers import points, reasons

NOON = "2026-01-29 09:00"


def pool(key: str, member: str, into: str, when: str, share: int) -> Fact:
    """`share`: hundredths of a percent."""
    flag = Attribute("@share", AttrKind.FLAG, share)
    return Fact(FactKind.IDENTITY, member, f"identity/{key}", at(when), about=into, type="pool", attributes=(flag,))


def unpool(key: str, member: str, into: str, when: str) -> Fact:
    return Fact(FactKind.IDENTITY, member, f"identity/{key}", at(when), about=into, type="unpool")


def test_t148_of_105_points_a_pool_that_is_given_30_percent_gets_31_when_they_become_available(tmp_path: Path) -> None:
    """Three days after the purchase, by the tick."""
    with open_store(tmp_path) as store:
        bring(store, pool("1", "M1", "pool:home", "2026-01-05 09:00", 3_000), order("O1", "M1", "2026-01-05 10:00", 10_500))
        store.advance(at("2026-01-08 09:59"))
        assert store.heads([b"pool:home"]) == [None]
        store.advance(at("2026-01-08 10:00"))
        assert points(store, "M1", "pool:home") == [74, 31]
        (lot,) = the(store, "pool:home").states[0].lots
        assert (lot.earned_at, lot.expires_at) == (at("2026-01-05 10:00"), at("2026-03-08 10:00"))
        holds(store)
        store.advance(at("2026-03-09 00:00"))
        assert points(store, "M1", "pool:home") == [0, 0]
        holds(store)


def test_t148_shares_of_more_than_all_are_refused(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, pool("1", "M1", "pool:a", "2026-01-05 09:00", 6_000), pool("2", "M1", "pool:b", "2026-01-05 09:01", 4_001))
        assert reasons(store, "M1") == [Reason.NOT_ALLOWED]
        holds(store)


def test_t149_what_a_pool_has_redeemed_comes_back_to_the_lots_of_its_members(tmp_path: Path) -> None:
    """100 of M1 and 60 of M2, half of each: 50 and 30. 60 are redeemed, the 50 first, since they expire first; a cancellation gives both back."""
    with open_store(tmp_path) as store:
        bring(store, pool("1", "M1", "pool:a", "2026-01-05 09:00", 5_000), pool("2", "M2", "pool:a", "2026-01-05 09:00", 5_000))
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "M2", "2026-01-06 10:00", 6_000))
        store.advance(at("2026-01-10 00:00"))
        bring(store, ask(FactKind.REDEEM, "A", "pool:a", "2026-01-11 10:00", 60))
        assert [x.remaining for x in the(store, "pool:a").states[0].lots if x.remaining] == [20]
        bring(store, ask(FactKind.CANCEL, "A", "pool:a", "2026-01-12 10:00"))
        assert [x.remaining for x in the(store, "pool:a").states[0].lots] == [50, 30]
        assert points(store, "M1", "M2", "pool:a") == [50, 30, 80]
        holds(store)


@pytest.mark.parametrize("partitions", [1, 4])
def test_t157_a_pool_has_the_same_whatever_arrives_first(tmp_path: Path, partitions: int) -> None:
    """60 of O1 are shared, those of O2 are not: 30; O3 is brought back before it is shared."""
    facts = (
        pool("1", "M1", "pool:a", "2026-01-22 10:00", 5_000), order("O1", "M1", "2026-01-22 11:00", 6_000),
        order("O3", "M1", "2026-01-22 12:00", 4_000), come_back("R1", "O3", "M1", "2026-01-23 12:00", 4_000),
        unpool("2", "M1", "pool:a", "2026-01-26 10:00"), order("O2", "M1", "2026-01-26 11:00", 2_000),
    )  # fmt: skip
    for n, some in enumerate(list(permutations(facts))[::30]):
        with open_store(tmp_path / str(n)) as store:
            store.partitions = partitions
            bring(store, *(late(f, NOON) for f in some), size=2)
            store.advance(at("2026-01-30 00:00"))
            assert points(store, "M1", "pool:a") == [50, 30], some
            if n % 8 == 0:
                holds(store)


def test_what_a_tick_has_given_a_pool_arrives_though_the_process_is_killed_in_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(tmp_path) as store:
        bring(store, pool("1", "M1", "pool:a", "2026-01-05 09:00", 5_000), order("O1", "M1", "2026-01-05 10:00", 10_000))
        with monkeypatch.context() as patch:
            patch.setattr(Store, "settle", _killed)
            with pytest.raises(KeyboardInterrupt):
                store.advance(at("2026-01-09 00:00"))
    with open_store(tmp_path) as store:
        assert points(store, "M1", "pool:a") == [50, 50]
        holds(store)


def test_a_pool_keeps_what_somebody_erased_gave_it_and_nothing_there_names_her(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, pool("1", "evamarker", "pool:a", "2026-01-05 09:00", 5_000), order("O1", "evamarker", "2026-01-05 10:00", 10_000))
        store.advance(at("2026-01-09 00:00"))
        bring(store, Fact(FactKind.IDENTITY, "evamarker", "identity/evamarker/2/erase", at("2026-01-10 10:00"), type="erase"))
        assert (points(store, "pool:a"), store.heads([b"evamarker"])) == ([50], [None])
        assert [name for place in ("heads", "segments", "keys", "rest") for name, row in store.rocks.scan(place) if b"evamarker" in name + row] == []
        holds(store)


def test_what_is_given_to_a_pool_that_has_ended_comes_back(tmp_path: Path) -> None:
    """By a tick, and by a fact that comes late; and whoever is in it still earns."""
    with open_store(tmp_path) as store:
        bring(store, pool("1", "M1", "pool:a", "2026-01-05 09:00", 5_000), order("O1", "M1", "2026-01-05 10:00", 10_000))
        store.advance(at("2026-01-09 00:00"))
        bring(store, Fact(FactKind.IDENTITY, "pool:a", "identity/pool:a/2/erase", at("2026-01-10 10:00"), type="erase"))
        assert (points(store, "M1"), store.heads([b"pool:a"])) == ([50], [None])
        bring(store, order("O2", "M1", "2026-01-11 10:00", 3_000))
        store.advance(at("2026-01-15 00:00"))
        assert points(store, "M1") == [80]
        bring(store, late(order("O3", "M1", "2026-01-11 12:00", 1_000), "2026-01-16 10:00"))
        assert points(store, "M1") == [90]
        assert [x.remaining for x in the(store, "M1").states[0].lots] == [50, 30, 10]
        holds(store)


def _killed(store: Store) -> int:
    raise KeyboardInterrupt
