"""Accounts that become one, in a store: whatever arrives when, the end is that of perfect order (T137 to T143)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from loyalty_streams.agents.members import MembersAgent
from loyalty_streams.agents.messages import addressee
from loyalty_streams.api import Loyalty
from loyalty_streams.core.codes import EntryKind, FactKind
from loyalty_streams.core.engine import BoundError
from loyalty_streams.core.entries import Entry
from loyalty_streams.core.facts import Fact
from loyalty_streams.history.keys import part
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.export import export_facts
from loyalty_streams.hosts.embedded.identifiers import home
from loyalty_streams.hosts.embedded.past import blocks
from loyalty_streams.hosts.embedded.past import member as past_member
from loyalty_streams.hosts.embedded.verify import verify
from loyalty_streams.programme.load import load
from tests.hosts.shop import a_year, ask, at, bring, come_back, open_store, order, programme, read_in
from tests.hosts.test_any_order import available, debt, holds, late, the

NOON = "2026-01-31 12:00"


def merge(key: str, gives_up: str, into: str, when: str, action: str = "merge") -> Fact:
    return Fact(FactKind.IDENTITY, gives_up, f"identity/{key}", at(when), about=into, type=action)


def survivors(store: Store) -> dict[str, tuple[int, int, bytes]]:
    """What is left: points available, debt and the packed state of each account that is no other's."""
    own = [name for name in names(store) if home(store, name) == name]
    return {name: (available(store, name), debt(store, name), the(store, name).states.packed(0)) for name in own}


def names(store: Store) -> list[str]:
    return [name for block in blocks(store) for name in block.ids]


# ---- one merge -----------------------------------------------------------------------------------------------------------


def test_t137_the_account_that_stays_has_the_points_of_both_and_the_other_none(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "card:7", "2026-01-06 10:00", 5_000))
        bring(store, merge("1", "card:7", "M1", "2026-01-07 10:00"))
        store.advance(at("2026-03-01 00:00"))
        assert (available(store, "M1"), the(store, "card:7").states[0].wallets[0].available) == (150, 0)
        assert the(store, "M1").states[0].orders == 2
        holds(store)


def test_t139_what_comes_for_the_old_card_after_the_merge_is_the_members(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "card:7", "2026-01-05 10:00", 10_000), merge("1", "card:7", "M1", "2026-01-07 10:00"))
        bring(store, order("O2", "card:7", "2026-01-09 10:00", 5_000), come_back("R1", "O1", "card:7", "2026-01-10 10:00", 10_000))
        state = the(store, "M1").states[0]
        assert (state.orders, state.lifetime_spend, state.wallets[0].pending) == (1, 5_000, 50)
        assert home(store, "card:7") == "M1"
        assert home(store, "card:7", before=at("2026-01-07 10:00")) == "card:7"
        holds(store)


def test_a_return_under_one_identifier_brings_back_what_was_bought_under_another(tmp_path: Path) -> None:
    """Bought with the card, linked afterwards, brought back with the app; and the return arrives before the link."""
    for n, facts in enumerate(permutations((
        order("O1", "card:7", "2026-01-05 10:00", 10_000), merge("1", "card:7", "M1", "2026-01-07 10:00", "link"),
        come_back("R1", "O1", "M1", "2026-01-08 10:00", 10_000),
    ))):  # fmt: skip
        with open_store(tmp_path / str(n)) as store:
            bring(store, *(late(f, NOON) for f in facts), size=1)
            state = the(store, "M1").states[0]
            assert (state.orders, state.lifetime_spend, state.wallets[0].pending) == (0, 0, 0)
            holds(store)


def test_a_return_under_an_identifier_that_is_not_linked_is_refused_however_it_arrives(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "card:7", "2026-01-05 10:00", 10_000), come_back("R1", "O1", "M1", "2026-01-06 10:00", 10_000))
        bring(store, merge("1", "card:7", "M1", "2026-01-07 10:00", "link"))
        assert the(store, "M1").states[0].orders == 1
        holds(store)


@pytest.mark.parametrize("size", [1, 7, 50])
def test_t142_it_does_not_matter_when_a_merge_arrives(tmp_path: Path, size: int) -> None:
    """Two orders of each side before the merge and one after it; the merge arrives in each of its six places."""
    facts = [
        order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "card:7", "2026-01-06 10:00", 9_000),
        order("O3", "M1", "2026-01-06 12:00", 8_000), order("O4", "card:7", "2026-01-06 14:00", 7_000),
        order("O5", "card:7", "2026-01-08 10:00", 6_000),
    ]  # fmt: skip
    ends = []
    for place in range(6):
        with open_store(tmp_path / str(place)) as store:
            arriving = [*facts[:place], merge("1", "card:7", "M1", "2026-01-07 10:00"), *facts[place:]]
            bring(store, *(late(f, f"2026-01-09 10:0{k}") for k, f in enumerate(arriving)), size=size)
            store.advance(at("2026-01-20 00:00"))
            ends.append(survivors(store))
            holds(store)
    assert ends[0]["M1"][0] + the_pending(ends[0]["M1"][2]) > 0
    assert all(end == ends[0] for end in ends)


def the_pending(packed: bytes) -> int:
    from loyalty_streams.core.state import unpack

    wallet = unpack(packed).wallets[0]
    return wallet.pending + wallet.available


def test_t142_of_a_merge_and_its_opposite_the_first_by_event_time_counts(tmp_path: Path) -> None:
    facts = [
        order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "M2", "2026-01-05 11:00", 5_000),
        merge("1", "M1", "M2", "2026-01-06 10:00"), merge("2", "M2", "M1", "2026-01-07 10:00"), order("O3", "M1", "2026-01-08 10:00", 2_000),
    ]  # fmt: skip
    ends = []
    for n, arriving in enumerate(permutations(facts)):
        if n % 5:
            continue
        with open_store(tmp_path / str(n)) as store:
            bring(store, *(late(f, f"2026-01-09 10:0{k}") for k, f in enumerate(arriving)), size=2)
            ends.append(survivors(store))
            assert (home(store, "M1"), home(store, "M2")) == ("M2", "M2")
            holds(store)
    assert all(end == ends[0] for end in ends)
    assert set(ends[0]) == {"M2"}


def test_t142_chains_lead_to_their_end_and_circles_are_cut(tmp_path: Path) -> None:
    names = [f"M{n}" for n in range(6)]
    with open_store(tmp_path) as store:
        bring(store, *(order(f"O{n}", name, f"2026-01-05 1{n}:00", 1_000) for n, name in enumerate(names)))
        circle = [merge(str(n), name, names[(n + 1) % 6], f"2026-01-06 1{n}:00") for n, name in enumerate(names)]
        bring(store, *(late(m, f"2026-01-07 10:0{n}") for n, m in enumerate(reversed(circle))), size=1)
        assert {home(store, name) for name in names} == {"M5"}
        assert the(store, "M5").states[0].lifetime_spend == 6_000
        holds(store)


# ---- decisions -----------------------------------------------------------------------------------------------------------


def test_an_account_is_absorbed_while_points_are_reserved_and_the_reservation_is_confirmed_in_the_other(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "card:7", "2026-01-05 10:00", 10_000))
        store.advance(at("2026-02-15 00:00"))
        bring(store, ask(FactKind.RESERVE, "V1", "card:7", "2026-02-16 10:00", 60))
        bring(store, merge("1", "card:7", "M1", "2026-02-16 10:05"))
        assert the(store, "M1").states[0].wallets[0].reserved == 60
        bring(store, ask(FactKind.CONFIRM, "V1", "M1", "2026-02-16 10:10"))
        wallet = the(store, "M1").states[0].wallets[0]
        assert (wallet.available, wallet.reserved, wallet.redeemed) == (40, 0, 60)
        holds(store)


def test_what_was_granted_under_the_old_card_stands_when_the_merge_arrives_late(tmp_path: Path) -> None:
    """Both spend all that the card had: the second, at the app, after the merge that nobody knew of yet. The promise stands as debt."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "card:7", "2026-01-05 10:00", 10_000), order("O2", "M1", "2026-01-05 11:00", 1_000))
        store.advance(at("2026-02-15 00:00"))
        bring(store, merge("0", "card:9", "M1", "2026-02-15 09:00"))
        bring(store, ask(FactKind.REDEEM, "D1", "card:7", "2026-02-16 12:00", 100))
        bring(store, late(merge("1", "card:7", "M1", "2026-02-16 10:00"), "2026-02-17 10:00"))
        wallet = the(store, "M1").states[0].wallets[0]
        assert (wallet.available, wallet.debt, wallet.redeemed) == (10, 0, 100)
        holds(store)


def test_a_redemption_under_the_old_card_is_decided_by_the_points_of_the_member(tmp_path: Path) -> None:
    """One batch: the merge, and what is asked right after it."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), order("O2", "card:7", "2026-01-05 11:00", 1_000))
        store.advance(at("2026-02-15 00:00"))
        bring(
            store, merge("1", "card:7", "M1", "2026-02-16 10:00"), ask(FactKind.REDEEM, "D1", "card:7", "2026-02-16 10:01", 90),
            ask(FactKind.REDEEM, "D2", "card:7", "2026-02-16 10:02", 90),
        )  # fmt: skip
        wallet = the(store, "M1").states[0].wallets[0]
        assert (wallet.available, wallet.debt, wallet.redeemed) == (20, 0, 90)
        holds(store)


def test_a_redemption_of_the_member_right_after_the_merge_has_the_points_of_the_card(tmp_path: Path) -> None:
    """One batch: the card with 100 points becomes the member's, who has 10 and asks for 90."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "card:7", "2026-01-05 10:00", 10_000), order("O2", "M1", "2026-01-05 11:00", 1_000))
        store.advance(at("2026-02-15 00:00"))
        bring(store, merge("1", "card:7", "M1", "2026-02-16 10:00"), ask(FactKind.REDEEM, "D1", "M1", "2026-02-16 10:01", 90))
        wallet = the(store, "M1").states[0].wallets[0]
        assert (wallet.available, wallet.redeemed) == (20, 90)
        holds(store)


def test_what_was_granted_stands_when_its_fact_turns_out_to_be_another_members(tmp_path: Path) -> None:
    """50 of B's 100 points were promised to A, linked to B. Then it turns out that A had become C before, who has none: C owes them."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "B", "2026-01-05 10:00", 10_000))
        store.advance(at("2026-02-01 00:00"))
        bring(store, merge("1", "A", "B", "2026-02-02 10:00", "link"), ask(FactKind.REDEEM, "D1", "A", "2026-02-03 10:00", 50))
        assert (available(store, "B"), debt(store, "B")) == (50, 0)
        bring(store, late(merge("2", "A", "C", "2026-02-01 10:00"), "2026-02-04 10:00"))
        assert (available(store, "B"), available(store, "C"), debt(store, "C")) == (100, 0, 50)
        holds(store)


# ---- copies, kills, the past -----------------------------------------------------------------------------------------------


def test_t151_the_same_merges_and_facts_again_change_nothing(tmp_path: Path) -> None:
    facts = [
        order("O1", "card:7", "2026-01-05 10:00", 10_000), merge("1", "card:7", "M1", "2026-01-06 10:00"),
        order("O2", "card:7", "2026-01-07 10:00", 500),
    ]  # fmt: skip
    with open_store(tmp_path) as store:
        assert bring(store, *facts) == {"applied": 3}
        before = survivors(store), store.clocks.entries
        assert bring(store, *facts, size=1) == {"duplicate": 3}
        assert (survivors(store), store.clocks.entries) == before
        holds(store)


def test_a_store_that_is_closed_while_messages_are_under_way_settles_them_when_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = [
        order("O1", "card:7", "2026-01-05 10:00", 10_000), merge("1", "card:7", "M1", "2026-01-06 10:00"),
        merge("2", "M1", "M2", "2026-01-06 11:00"),
    ]  # fmt: skip
    ends = []
    for cut in (False, True):
        with open_store(tmp_path / str(cut)) as store:
            if cut:
                monkeypatch.setattr(Store, "settle", lambda self: 0)
            bring(store, *facts)
            monkeypatch.undo()
            assert [fault for fault in verify(store)["I7"].faults if "under way" in fault] == (["2 messages are under way"] if cut else [])
        with open_store(tmp_path / str(cut)) as store:
            ends.append((survivors(store), store.clocks.entries))
            holds(store)
    assert ends[0] == ends[1]


def test_a_commit_that_fails_between_two_accounts_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fails when the state of the card is taken; the store is used on, and settles with the next facts."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "card:7", "2026-01-05 10:00", 10_000))
        write, works = store.rocks.write, iter((True, False))

        def failing(batch: Any) -> None:
            if not next(works, True):
                raise OSError("no space left")
            write(batch)

        monkeypatch.setattr(store.rocks, "write", failing)
        with pytest.raises(OSError, match="no space left"):
            bring(store, merge("1", "card:7", "M1", "2026-01-06 10:00"))
        bring(store, order("O2", "M2", "2026-01-07 10:00", 100))
        assert the(store, "M1").states[0].lifetime_spend == 10_000
        holds(store)


def test_what_two_accounts_have_no_room_for_together_each_takes_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = MembersAgent.receive

    def narrow(agent: MembersAgent, messages: Sequence[bytes], *rest: Any) -> Any:
        if len({addressee(m) for m in messages}) > 1:
            raise BoundError("SECTION_FULL", 0, "its entries of one batch")
        return take(agent, messages, *rest)

    monkeypatch.setattr(MembersAgent, "receive", narrow)
    with open_store(tmp_path) as store:
        bring(store, *(order(f"O{n}", f"card:{n}", f"2026-01-05 1{n}:00", 1_000) for n in range(3)))
        bring(store, *(merge(str(n), f"card:{n}", f"M{n}", f"2026-01-06 1{n}:00") for n in range(3)))
        assert [the(store, f"M{n}").states[0].lifetime_spend for n in range(3)] == [1_000] * 3
        holds(store)


def test_t188_what_comes_with_a_late_merge_is_booked_when_that_arrived(tmp_path: Path) -> None:
    """The order of the 5th was a card's until the 8th, when the link of the 4th came."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "card:7", "2026-01-05 10:00", 10_000))
        bring(store, late(merge("1", "card:7", "M1", "2026-01-04 10:00", "link"), "2026-01-08 10:00"))
        entries = the(store, "M1").entries
        (earned,) = entries[entries["kind"] == EntryKind.EARNED]
        assert (int(earned["at"]), int(earned["booked"])) == (at("2026-01-05 10:00"), at("2026-01-08 10:00"))
        holds(store)


def test_t188_before_a_merge_was_known_its_accounts_are_two(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "card:7", "2026-01-05 10:00", 10_000), order("O2", "M1", "2026-01-05 11:00", 1_000))
        bring(store, replace(merge("1", "card:7", "M1", "2026-01-06 10:00"), arrived=at("2026-01-08 10:00")))
        assert home(store, "card:7", known_at=at("2026-01-08 10:00")) == "card:7"
        (then, now) = (block_of(store, known_at) for known_at in ("2026-01-07 00:00", "2026-01-09 00:00"))
        assert (then, now) == (1_000, 11_000)


def block_of(store: Store, known_at: str) -> int:
    block = past_member(store, "M1", at("2026-01-10 00:00"), at(known_at))
    assert block is not None
    return block.states[0].lifetime_spend


# ---- out and in again, other rules, no room ----------------------------------------------------------------------------------


def test_an_export_of_merged_accounts_gives_the_same_members_in_a_new_store(tmp_path: Path) -> None:
    """The redemption under the card was granted where the card was the member's; the answer goes with the fact."""
    facts = [
        order("O1", "card:7", "2026-01-05 10:00", 20_000), order("O2", "M1", "2026-01-05 11:00", 1_000),
        link("card:7", "M1", "2026-02-01 10:00"), ask(FactKind.RESERVE, "V1", "M1", "2026-02-02 10:00", 60),
        ask(FactKind.CONFIRM, "V1", "card:7", "2026-02-02 10:05"), order("O3", "card:7", "2026-02-03 10:00", 3_000),
        ask(FactKind.REDEEM, "D1", "card:7", "2026-02-04 10:00", 50), ask(FactKind.REDEEM, "D2", "card:7", "2026-02-04 11:00", 5_000),
    ]  # fmt: skip
    with open_store(tmp_path / "one") as one, open_store(tmp_path / "other") as other:
        bring(one, *facts, size=1)
        export_facts(one, tmp_path / "out")
        found = read_in(other, tmp_path / "out")
        assert (found.dead_letter_count, found.dispositions["applied"]) == (0, len(facts))
        assert survivors(other)["M1"][:2] == survivors(one)["M1"][:2]
        assert read_in(one, tmp_path / "out").dispositions["duplicate"] == len(facts)
        holds(other)


def link(identifier: str, member: str, when: str) -> Fact:
    """As a table of identities gives it."""
    key = f"identity/{part(member)}/{at(when)}/link/{part(identifier)}"
    return Fact(FactKind.IDENTITY, identifier, key, at(when), about=member, type="link")


def test_s41_a_metric_that_comes_after_a_merge_counts_what_the_other_account_had(tmp_path: Path) -> None:
    """Silver from three orders: two under the card, one of the member."""
    facts = [
        order("O1", "card:7", "2026-01-05 10:00", 1_000), order("O2", "card:7", "2026-01-06 10:00", 1_000),
        order("O3", "M1", "2026-01-07 10:00", 1_000), merge("1", "card:7", "M1", "2026-01-08 10:00"),
    ]  # fmt: skip
    with open_store(tmp_path) as store:
        bring(store, *facts)
        rules = programme(tmp_path / "next").read_text("utf-8").replace("version: 1", "version: 2\neffective_from: 2026-01-10", 1)
        start, end = rules.index("tiers:"), rules.index("\n", rules.index("ladder:"))
        ladder = "tiers:\n  metric: {orders: {window: 12 months}}\n  ladder: {base: 0, silver: 3, gold: 9}"
        (tmp_path / "v2.yaml").write_text(rules[:start] + ladder + rules[end:], "utf-8")
        store.publish(load(tmp_path / "v2.yaml"))
        store.advance(at("2026-02-01 00:00"))
        assert store.compiled.names.tiers[the(store, "M1").states[0].tier] == "silver"
        holds(store)


def test_what_an_account_has_no_room_for_stays_under_way_and_the_store_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise BoundError("SECTION_FULL", 0, "lots")

    with open_store(tmp_path) as store:
        bring(store, order("O1", "card:7", "2026-01-05 10:00", 10_000))
        monkeypatch.setattr(MembersAgent, "receive", full)
        bring(store, merge("1", "card:7", "M1", "2026-01-06 10:00"))
        bring(store, order("O2", "M2", "2026-01-07 10:00", 10_000))
        assert "1 messages are under way" in verify(store)["I7"].faults
    monkeypatch.undo()
    with open_store(tmp_path) as store:
        assert the(store, "M1").states[0].lifetime_spend == 10_000
        holds(store)


@pytest.mark.parametrize("size", [1, 50])
def test_a_question_under_the_card_is_answered_by_what_had_arrived_before_it(tmp_path: Path, size: int) -> None:
    """100 points; 50 are asked for at 10:05; of a late order of 10:00, 100.00 more, nothing is known then, and it brings nothing to spend at once."""
    with open_store(tmp_path) as store:
        bring(store, order("O1", "M1", "2026-01-05 10:00", 10_000), merge("1", "card:7", "M1", "2026-01-06 10:00"))
        store.advance(at("2026-02-01 00:00"))
        gift = Fact(FactKind.ADJUSTMENT, "M1", "adjustment/A1", at("2026-02-02 10:00"), at("2026-02-02 10:10"), points=100)
        bring(store, ask(FactKind.REDEEM, "D1", "card:7", "2026-02-02 10:05", 150), gift, size=size)
        wallet = the(store, "M1").states[0].wallets[0]
        assert (wallet.available, wallet.redeemed) == (200, 0)
        holds(store)


def test_a_command_again_under_the_card_that_has_become_another_gives_the_first_answer(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        bring(store, order("O1", "card:7", "2026-01-05 10:00", 10_000))
        store.advance(at("2026-02-01 00:00"))
        shop = Loyalty(store)
        first = shop.redeem("card:7", 50, redemption_id="R1", at="2026-02-02T10:00:00Z")
        bring(store, merge("1", "card:7", "M1", "2026-02-03 10:00"))
        again = shop.redeem("card:7", 50, redemption_id="R1", at="2026-02-02T10:00:00Z")
        assert (first.granted, again.granted, again.points) == (True, True, first.points)
        quotes = [shop.quote(name, amount_minor=1_000, at="2026-02-04T10:00:00Z") for name in ("card:7", "M1")]
        assert (quotes[0].earned, quotes[0].points) == (quotes[1].earned, quotes[1].points)


def test_t188_what_is_taken_back_along_a_chain_is_booked_when_that_was_known(tmp_path: Path) -> None:
    """A was linked to B, B became C; on the 7th it turns out that A had become X before."""
    facts = [
        merge("1", "A", "B", "2026-01-02 10:00", "link"), merge("2", "B", "C", "2026-01-03 10:00"), order("O1", "A", "2026-01-05 10:00", 10_000),
        order("O2", "C", "2026-01-05 10:00", 100), late(merge("3", "A", "X", "2026-01-01 10:00"), "2026-01-07 10:00"),
    ]  # fmt: skip
    with open_store(tmp_path) as store:
        bring(store, *facts, size=1)
        known, now = (past_member(store, "C", at("2026-01-09 00:00"), at(day)) for day in ("2026-01-06 00:00", "2026-01-08 00:00"))
        assert known is not None
        assert now is not None
        assert (known.states[0].lifetime_spend, now.states[0].lifetime_spend) == (10_100, 100)
        holds(store)


def ledgers(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """The entries that hold of each account, without their numbers and bookings."""
    told = [name for name in Entry.names or () if name not in ("seq", "booked", "member")]
    return {name: [tuple(e[field].item() for field in told) for e in the(store, name).entries] for name in names(store)}


# ---- partitions ------------------------------------------------------------------------------------------------------------


def test_any_number_of_partitions_ends_in_equal_ledgers_and_reports(tmp_path: Path) -> None:
    """A year of twelve members; six cards and a member become others, in a chain and in a circle, in the middle of it all."""
    facts = [*a_year(7), *(merge(f"{n}", f"M{n}", f"M{(n * 5 + 1) % 12}", f"2026-02-0{n + 1} 10:00") for n in range(7))]
    facts = sorted(facts, key=lambda f: (f.at, f.key))
    ends = []
    for partitions in (1, 2, 4, 8):
        with open_store(tmp_path / str(partitions)) as store:
            store.partitions = partitions
            bring(store, *facts, size=50)
            store.advance(at("2026-12-01 00:00"))
            holds(store)
            shop = Loyalty(store)
            ends.append((survivors(store), ledgers(store), [shop.report(name) for name in ("summary", "kpis", "tiers", "liability", "rfm", "rules")]))
    assert len({store for store in ends[0][0]}) < 12
    for end in ends[1:]:
        assert end[0] == ends[0][0]
        assert end[1] == ends[0][1]
        assert end[2] == ends[0][2]
