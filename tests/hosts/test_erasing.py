"""A person who is erased: what stays, what goes, and what comes for her later (S59, T190, T193)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from loyalty_streams.agents.renaming import Renaming
from loyalty_streams.api import Loyalty
from loyalty_streams.core.codes import AttrKind, FactKind, Reason
from loyalty_streams.core.facts import Attribute, Fact
from loyalty_streams.hosts.embedded import Store, erasing
from loyalty_streams.hosts.embedded.fact_tables import fact_tables
from loyalty_streams.hosts.embedded.past import member
from loyalty_streams.hosts.embedded.rebuild import rebuild
from tests.hosts.gone import GONE, NOON, PHONE, SECRETS, booked, erase, gifts, her_year, in_the_files, linked, profile, sums, text
from tests.hosts.shop import PROGRAMME, a_year, ask, at, bring, codes, come_back, contents, history, open_store, order, read_in
from tests.hosts.test_any_order import holds, late, the
from tests.hosts.test_merges import names, survivors
from tests.hosts.test_transfers import points, reasons

pytestmark = pytest.mark.usefixtures("uncompressed")


def test_t190_t193_her_open_points_are_forfeited_and_all_else_is_as_it_was(tmp_path: Path) -> None:
    """170 points."""
    with open_store(tmp_path) as store:
        bring(store, *her_year())
        before, then = sums(store, GONE), sums(store, "2026-01-15 00:00")
        assert bring(store, erase("eva-77", GONE)) == {"applied": 1}
        assert sums(store) == {**before, "FORFEITED": -170}
        assert sums(store, "2026-01-15 00:00") == then
        assert points(store, "max") == [30]
        assert [name for name in names(store) if name != "max"] == [f"erased:{n}" for n in (1, 2, 3, 4)]
        holds(store)


def test_nothing_names_her_any_more(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, *her_year(), size=1)
        assert in_the_files(store, SECRETS) == list(SECRETS)
        bring(store, erase("card:4711", GONE))
        assert in_the_files(store, SECRETS) == []
        assert in_the_files(store, ("Roses", "street")) == ["Roses"]  # Max has them too
        assert [store.heads([name.encode()]) for name in SECRETS] == [[None]] * len(SECRETS)
        assert rebuild(store) == (5, 0)
        holds(store)


REVIEWS = """\
earn:
  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
  review: {on: {interaction: review}, when: {attributes.stars: {gte: 4}}, points: {fixed: 7}}
"""


def test_what_a_rule_reads_stays_as_a_number_and_what_nobody_reads_goes(tmp_path: Path) -> None:
    more = (Attribute("stars", AttrKind.NUMBER, 5_000_000), text("words", "Tulpenfee"))
    came = Fact(FactKind.INTERACTION, "eva-77", f"interaction/eva-77/{at('2026-01-10 10:00')}/review/00ff", at("2026-01-10 10:00"), type="review",
                attributes=more)  # fmt: skip
    text_of = PROGRAMME[: PROGRAMME.index("earn:")] + REVIEWS + PROGRAMME[PROGRAMME.index("redeem:") :]
    (tmp_path / "reviews.yaml").write_text(text_of, "utf-8")
    with Store.open(tmp_path / "store", programme=tmp_path / "reviews.yaml", create=True) as store:
        bring(store, came, erase("eva-77", GONE))
        block = the(store, "erased:1")
        assert (block.columns.attr_value.tolist()[:1], block.states[0].wallets[0].forfeited) == ([5_000_000], 7)
        assert in_the_files(store, (*SECRETS, "words")) == []
        holds(store)


def test_what_a_till_did_not_name_loses_her_name(tmp_path: Path) -> None:
    with open_store(tmp_path, clock="2026-01-15 10:00") as store:
        bring(store, *her_year())
        shop = Loyalty(store)
        when = "2026-01-14T10:00:00Z"
        assert shop.reserve("eva-77", 20, at=when).granted and shop.adjust("card:4711", 5, reason="a gift", operator="ann", at=when).granted
        opening = Fact(FactKind.OPENING, "eva-77", f"opening/old-shop/eva-77/{at('2026-01-04 10:00')}/00ff", at("2026-01-04 10:00"), points=9)
        bring(store, late(opening, "2026-01-15 09:00"), erase("eva-77", "2026-01-15 09:30"))
        assert in_the_files(store, SECRETS) == []
        assert the(store, "erased:2").states[0].wallets[0].forfeited == 184
        holds(store)


# ---- what goes on ----------------------------------------------------------------------------------------------------------


def test_in_any_number_of_partitions_the_same_is_left(tmp_path: Path) -> None:
    facts = (
        *her_year(), erase(PHONE, GONE), order("O5", "card:4711", "2026-01-21 10:00", 900), profile("eva-77", "2026-01-22 10:00"),
        linked("eva-77", "card:4711", "2026-01-22 10:00"), order("O6", "card:4711", "2026-01-22 11:00", 800),
    )  # fmt: skip
    found = []
    for partitions in (1, 2, 5, 8):
        with open_store(tmp_path / str(partitions)) as store:
            store.partitions = partitions
            bring(store, *facts)
            store.advance(at("2026-01-30 00:00"))
            found.append((survivors(store), booked(store)))
            assert points(store, "eva-77") == [8]
            holds(store)
    assert found[1:] == found[:1] * 3


def test_the_same_history_again_changes_nothing(tmp_path: Path) -> None:
    folder = history(tmp_path / "in", sorted((*her_year(), erase("eva-77", GONE)), key=lambda f: f.at))
    with open_store(tmp_path) as store:
        read_in(store, folder)
        before = contents(store)
        again = read_in(store, folder)
        assert contents(store) == before
        assert {end: n for end, n in again.dispositions.items() if n} == {"duplicate": 2, "filtered": 8}
        assert in_the_files(store, SECRETS) == []
        holds(store)


def test_a_second_erasure_finds_nobody(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, *her_year(), erase("eva-77", GONE))
        before = contents(store)
        assert bring(store, erase("eva-77", "2026-01-22 10:00"), erase("card:4711", GONE)) == {"filtered": 2}
        assert contents(store) == before


def test_several_who_are_erased_at_once_are_called_as_one_after_the_other(tmp_path: Path) -> None:
    found = []
    for size in (1, 100):
        with open_store(tmp_path / str(size)) as store:
            bring(store, *her_year())
            bring(store, erase("eva-77", GONE), erase("max", "2026-01-20 10:01"), size=size)
            found.append(contents(store))
            assert names(store) == [f"erased:{n}" for n in (1, 2, 3, 4, 5)]
            assert in_the_files(store, (*SECRETS, "Roses")) == []
            holds(store)
    assert found[0] == found[1]


def test_what_comes_in_the_same_batch_behind_the_erasure_leaves_no_text(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        came = late(profile("eva-77", "2026-01-19 09:00", text("street", "Gartenweg")), NOON)
        assert bring(store, order("O2", "eva-77", "2026-01-06 10:00", 5_000), erase("eva-77", GONE), came) == {"applied": 2, "filtered": 1}
        assert in_the_files(store, SECRETS) == []


def test_who_was_never_there_is_erased_all_the_same(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, erase("eva-77", GONE))
        assert bring(store, late(order("O1", "eva-77", "2026-01-05 10:00", 10_000), NOON)) == {"filtered": 1}
        assert in_the_files(store, SECRETS) == []
        holds(store)


@pytest.mark.parametrize("name", ["eva-77", "card:4711", PHONE])
def test_what_comes_for_her_is_left_out_whenever_it_happened(tmp_path: Path, name: str) -> None:
    with open_store(tmp_path) as store:
        bring(store, *her_year(), erase("eva-77", GONE))
        before = contents(store)
        came = (late(order("O7", name, "2026-01-06 12:00", 9_900), NOON), late(order("O8", name, "2026-02-01 12:00", 9_900), NOON))
        assert bring(store, *came, late(linked("eva-77", "card:9", "2026-02-02 10:00"), NOON)) == {"filtered": 3}
        assert contents(store) == before
        assert in_the_files(store, (*SECRETS, "card:9")) == []
        holds(store)


def test_what_is_held_is_released_and_pays_what_she_owes_first(tmp_path: Path) -> None:
    """100 of the order, of which 40 are held; 80 are taken back: 60, and 20 that she owes. Of the 40 there are 20 left."""
    with open_store(tmp_path) as store:
        bring(store, replace(order("O1", "eva-77", "2026-01-05 10:00", 10_000), lines=()))
        back = replace(come_back("R1", "O1", "eva-77", "2026-01-20 09:55", 8_000), lines=())
        bring(store, ask(FactKind.RESERVE, "A", "eva-77", "2026-01-20 09:50", 40), back, erase("eva-77", GONE))
        wallet = the(store, "erased:1").states[0].wallets[0]
        assert (wallet.available, wallet.reserved, wallet.debt, wallet.forfeited, wallet.written_off) == (0, 0, 0, 20, 0)
        holds(store)


def test_what_she_owes_is_let_go(tmp_path: Path) -> None:
    """100, of which 60 are spent before all is brought back."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "eva-77", "2026-01-05 10:00", 10_000), ask(FactKind.REDEEM, "A", "eva-77", "2026-01-15 10:00", 60))
        bring(store, come_back("R1", "O1", "eva-77", "2026-01-16 10:00", 10_000), erase("eva-77", GONE))
        wallet = the(store, "erased:1").states[0].wallets[0]
        assert (wallet.available, wallet.debt, wallet.forfeited, wallet.written_off) == (0, 0, 0, 60)
        holds(store)


def test_a_return_that_waits_is_let_go_and_others_wait_on(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, *her_year(), come_back("R1", "O9", "eva-77", "2026-01-10 10:00", 100), come_back("R2", "O9", "max", "2026-01-10 10:00", 100))
        bring(store, erase("eva-77", GONE))
        assert store.clocks.waiting == 1
        assert bring(store, order("O9", "max", "2026-01-21 10:00", 500)) == {"applied": 2}
        holds(store)


def test_nobody_brings_back_what_she_bought(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, *her_year(), erase("eva-77", GONE))
        bring(store, come_back("R1", "O1", "max", "2026-01-21 10:00", 1_000))
        assert reasons(store, "max") == [Reason.MEMBER_MISMATCH]
        holds(store)


def test_an_order_of_hers_that_somebody_sends_again_is_known(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, *her_year(), erase("eva-77", GONE))
        assert bring(store, late(order("O1", "max", "2026-01-05 10:00", 10_000), NOON)) == {"conflict": 1}
        holds(store)


# ---- as it is kept ---------------------------------------------------------------------------------------------------------


class Killed(Exception):
    pass


@pytest.mark.parametrize("step", ["erase_marked", "rewrite"])
def test_what_a_kill_cuts_short_the_next_opening_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def killed(store: Store) -> None:
        raise Killed

    with open_store(tmp_path / "whole") as store:
        bring(store, *her_year())
        bring(store, erase("eva-77", GONE))
        whole = contents(store)
    with open_store(tmp_path / "cut") as store:
        bring(store, *her_year())
        with monkeypatch.context() as m:
            m.setattr(erasing, step, killed)
            with pytest.raises(Killed):
                bring(store, erase("eva-77", GONE))
    with open_store(tmp_path / "cut") as store:
        assert (contents(store), store.clocks.erasing, store.clocks.rewriting) == (whole, 0, False)
        assert in_the_files(store, SECRETS) == []
        holds(store)


def test_a_renaming_of_nobody_leaves_every_segment_as_it_is(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        facts = sorted(a_year(3), key=lambda f: f.at)
        bring(store, *facts[::2], *facts[1::2], *her_year(), size=90)
        same = Renaming({}, np.zeros(0, np.int64))
        rows = [(value, same.segment(value, key[:-9])) for key, value in store.rocks.scan("segments")]
        assert len(rows) > 20 and all(made == value for value, made in rows)


def test_names_of_one_family_keep_their_order_where_numbers_grow_longer(tmp_path: Path) -> None:
    """The first number of three after 8 is 10: 9, 10 and 11 would stand in another order as words."""
    with open_store(tmp_path) as store:
        for n in range(8):
            bring(store, order(f"P{n}", f"p{n}", "2026-01-02 10:00", 100), erase(f"p{n}", "2026-01-03 10:00"))
        bring(store, *her_year(), erase("eva-77", GONE))
        assert [name for name in names(store) if len(name) > 8] == [f"erased:{n}" for n in (10, 11, 12, 13)]
        holds(store)


def test_dead_letters_that_name_her_are_dropped_and_do_not_come_again(tmp_path: Path) -> None:
    row = "order_id,member_id,occurred_at,amount,currency\n{},{},2026-01-06T10:00:00Z,{},USD\n"
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "orders.csv").write_text(row.format("B1", "eva-77", "much") + "B2,max,2026-01-06T10:00:00Z,much,USD\n", "utf-8")
    with open_store(tmp_path) as store:
        bring(store, *her_year())
        read_in(store, folder)
        assert codes(store) == ["BAD_NUMBER"] * 2
        bring(store, erase("eva-77", GONE))
        assert codes(store) == ["BAD_NUMBER"]
        read_in(store, folder)
        assert codes(store) == ["BAD_NUMBER"]
        assert in_the_files(store, SECRETS) == []


def test_an_export_calls_her_by_her_number(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, *gifts(), erase("eva-77", GONE))
        tables = fact_tables(store)
        assert set(tables["orders"]["member_id"].to_pylist()) == {"erased:1", "max"}
        assert [(r["from"], r["to"]) for r in tables["transfers"].to_pylist()] == [("erased:1", "max"), ("max", "erased:1")]


def test_an_erased_member_has_no_tier_and_her_orders_are_counted(tmp_path: Path) -> None:
    """Hers are 170, Max's one of 30; before the erasure she was a member as he is."""
    with open_store(tmp_path) as store:
        bring(store, *her_year())
        shop = Loyalty(store)
        before, then = shop.report("summary"), shop.report("tiers", as_of="2026-01-15")
        bring(store, erase("eva-77", GONE))
        after = shop.report("summary")
        assert (before["spend_minor"], after["spend_minor"]) == (20_000, 20_000)
        assert (sum(before["tiers"].values()), sum(after["tiers"].values())) == (2, 1)
        assert shop.report("tiers", as_of="2026-01-15") == then
        assert member(store, "eva-77") is None
