"""Who was erased may enrol again, and what others had to do with her is theirs (S59, T191, T192)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loyalty_streams.core.codes import Reason
from loyalty_streams.hosts.embedded.identifiers import home
from tests.hosts.gone import GONE, NOON, PHONE, SECRETS, erase, gifts, her_year, in_the_files, linked, profile, text
from tests.hosts.shop import at, bring, come_back, contents, open_store, order
from tests.hosts.test_any_order import holds, late, the
from tests.hosts.test_merges import merge, names
from tests.hosts.test_receipts import claim
from tests.hosts.test_transfers import points, reasons, transfer
from tests.hosts.test_undoing import unlink, unmerge

pytestmark = pytest.mark.usefixtures("uncompressed")


# ---- somebody new ----------------------------------------------------------------------------------------------------------


def test_t192_the_same_name_enrols_again_as_somebody_new(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, *her_year(), erase("eva-77", GONE))
        again = (
            profile("eva-77", "2026-02-01 10:00"), linked("eva-77", "card:4711", "2026-02-01 10:00"),
            order("O10", "card:4711", "2026-02-02 10:00", 700), late(order("O11", "eva-77", "2026-01-19 10:00", 900), "2026-02-03 10:00"),
            order("O12", PHONE, "2026-02-03 11:00", 800),
        )  # fmt: skip
        assert bring(store, *again) == {"applied": 3, "filtered": 2}
        state = the(store, "eva-77").states[0]
        assert (state.orders, state.lifetime_spend, home(store, "card:4711")) == (1, 700, "eva-77")
        before = contents(store)
        assert bring(store, *her_year(), erase("eva-77", GONE), *again) == {"duplicate": 5, "filtered": 10}
        assert contents(store) == before
        holds(store)
        bring(store, erase("eva-77", "2026-02-05 10:00"))
        assert [name for name in names(store) if name != "max"] == [f"erased:{n}" for n in range(1, 7)]
        holds(store)


def test_a_freed_card_is_the_next_owners(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, *her_year(), erase("eva-77", GONE))
        came = (
            order("O10", "card:4711", "2026-01-21 10:00", 500), linked("max", "card:4711", "2026-01-22 10:00"),
            order("O11", "card:4711", "2026-01-23 10:00", 700),
        )  # fmt: skip
        assert bring(store, *came) == {"applied": 2, "filtered": 1}
        store.advance(at("2026-01-30 00:00"))
        assert (points(store, "max"), the(store, "max").states[0].orders) == ([37], 2)
        holds(store)


def test_a_profile_without_an_instant_enrols_nobody(tmp_path: Path) -> None:
    """It may be the old one, read again."""
    with open_store(tmp_path) as store:
        bring(store, *her_year(), erase("eva-77", GONE))
        undated = replace(profile("eva-77", "2026-02-01 10:00"), key="profile/eva-77/new")
        assert bring(store, undated) == {"filtered": 1}


# ---- others ----------------------------------------------------------------------------------------------------------------


def test_t191_what_two_did_is_still_the_others(tmp_path: Path) -> None:
    """Max has 30 + 40 - 25, and she 100 - 40 + 25."""
    with open_store(tmp_path) as store:
        bring(store, *gifts(), erase("eva-77", GONE))
        assert (points(store, "max"), the(store, "erased:1").states[0].wallets[0].forfeited) == ([45], 85)
        assert in_the_files(store, SECRETS) == []
        holds(store)
        bring(store, come_back("R1", "O2", "max", "2026-01-21 10:00", 3_000))
        assert points(store, "max") == [15]
        holds(store)


@pytest.mark.parametrize("outcome", [0, 1])
def test_points_that_are_sent_to_her_come_back(tmp_path: Path, outcome: int) -> None:
    with open_store(tmp_path) as store:
        bring(store, *gifts(), erase("eva-77", GONE))
        bring(store, replace(transfer("T3", "max", "eva-77", "2026-01-21 10:00", 5), outcome=outcome))
        assert (points(store, "max"), reasons(store, "max"), store.heads([b"eva-77"])) == ([45], [Reason.NOT_ALLOWED], [None])
        holds(store)


def test_points_that_had_come_after_the_instant_of_an_erasure_that_is_late_go_back(tmp_path: Path) -> None:
    facts = (*gifts()[:2], transfer("T1", "max", "eva-77", "2026-01-21 10:00", 25), late(erase("eva-77", GONE), "2026-01-22 10:00"))
    with open_store(tmp_path) as store:
        bring(store, *facts)
        assert (points(store, "max"), the(store, "erased:1").states[0].wallets[0].forfeited) == ([30], 100)
        holds(store)


def test_an_identifier_that_was_unlinked_from_her_is_somebody_elses_and_stays(tmp_path: Path) -> None:
    """20 before the link and 50 after it are hers; 30 are of the phone's next owner."""
    with open_store(tmp_path) as store:
        bring(
            store, order("O1", PHONE, "2026-01-05 10:00", 2_000), profile(PHONE, "2026-01-05 11:00", text("street", "Gartenweg")),
            linked("eva-77", PHONE, "2026-01-06 10:00"), order("O2", PHONE, "2026-01-07 10:00", 5_000),
            unlink("eva-77/1/unlink/phone", PHONE, "eva-77", "2026-01-10 10:00"), order("O3", PHONE, "2026-01-11 10:00", 3_000),
        )  # fmt: skip
        bring(store, erase("eva-77", GONE))
        assert (points(store, PHONE), the(store, "erased:1").states[0].wallets[0].forfeited) == ([30], 70)
        assert in_the_files(store, SECRETS) == [PHONE]
        holds(store)
        came = (late(order("O4", PHONE, "2026-01-08 10:00", 900), NOON), late(order("O5", PHONE, "2026-01-12 10:00", 900), NOON))
        assert bring(store, *came) == {"filtered": 1, "applied": 1}
        holds(store)


def test_its_next_owner_may_be_erased_and_she_stays(tmp_path: Path) -> None:
    """She has 70 of the phone's former life, and its next owner 30."""
    with open_store(tmp_path) as store:
        bring(
            store, order("O1", PHONE, "2026-01-05 10:00", 2_000), linked("eva-77", PHONE, "2026-01-06 10:00"),
            order("O2", PHONE, "2026-01-07 10:00", 5_000), unlink("eva-77/1/unlink/phone", PHONE, "eva-77", "2026-01-10 10:00"),
            order("O3", PHONE, "2026-01-11 10:00", 3_000), erase(PHONE, GONE),
        )  # fmt: skip
        assert (points(store, "eva-77"), the(store, "erased:1").states[0].wallets[0].forfeited) == ([70], 30)
        assert in_the_files(store, SECRETS) == ["eva-77"]
        holds(store)


def test_who_was_merged_by_mistake_and_freed_again_stays(tmp_path: Path) -> None:
    for n, gone in enumerate(("eva-77", "moritz")):
        with open_store(tmp_path / str(n)) as store:
            bring(store, order("O1", "moritz", "2026-01-05 10:00", 10_000), profile("moritz", "2026-01-05 11:00", text("street", "Gartenweg")))
            bring(store, order("O2", "eva-77", "2026-01-06 10:00", 2_000), merge("moritz/1/merge/eva-77", "moritz", "eva-77", "2026-01-07 10:00"))
            bring(store, order("O3", "moritz", "2026-01-08 10:00", 500), unmerge("moritz/2/unmerge/eva-77", "moritz", "eva-77", "2026-01-09 10:00"))
            bring(store, erase(gone, GONE))
            left = "moritz" if gone == "eva-77" else "eva-77"
            assert (names(store), points(store, left)) == (["erased:1", left], [105 if left == "moritz" else 20])
            assert in_the_files(store, (gone, "Gartenweg")) == ([] if gone == "moritz" else ["Gartenweg"])
            holds(store)


def test_links_that_came_to_nothing_name_her_no_more(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "card:9", "2026-01-05 10:00", 10_000), linked("max", "card:9", "2026-01-06 10:00"))
        bring(store, linked("eva-77", "card:9", "2026-01-07 10:00"), claim("88", "eva-77", "2026-01-08 10:00"))
        bring(store, order("O2", "eva-77", "2026-01-09 10:00", 1_000), erase("eva-77", GONE))
        assert in_the_files(store, SECRETS) == ["receipt:88"]  # nobody has bought by it yet
        holds(store)
