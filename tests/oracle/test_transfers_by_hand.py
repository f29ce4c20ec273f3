"""Points sent to somebody else: the oracle against the pencil (T150, S55)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty_streams.core.codes import Action, Bucket, EntryKind, FactKind, Outcome, Reason
from tests.oracle.family import Family, Transfer
from tests.oracle.oracle import Result
from tests.oracle.pencil import PLAIN, RATE, adjust, at, by, merged, order, person, points, refusals, said, spend, together

DATED = "wallets: {points: {expires: {after: 12 months}}}\nearn:\n" + RATE
A1, A2 = by("A", order("1", "2026-01-01", 100)), by("A", order("2", "2026-01-05", 50))


def send(when: str, n: int, sender: str = "A", receiver: str = "B") -> Transfer:
    return Transfer(at(when), "transfer/T", sender, receiver, n)


def both(family: Family) -> tuple[Result, Result]:
    return family.results["A#1"], family.results["B#1"]


def test_t150_lots_keep_their_dates_in_the_order_in_which_they_were_taken() -> None:
    a, b = both(together(DATED, A1, A2, send("2026-02-01", 120), until="2026-03-01"))
    out = [(e.points, e.lot, e.reason) for e in a.entries if e.kind == EntryKind.TRANSFERRED_OUT]
    assert out == [(-100, ("order/1/A", 0), Reason.MANUAL), (-20, ("order/2/A", 0), Reason.MANUAL)]
    assert [(x.lot, x.points, x.expires_at) for x in b.standing.lots] == [
        (("transfer/T/to", 0), 100, at("2027-01-01")),
        (("transfer/T/to", 1), 20, at("2027-01-05")),
    ]
    assert (points(a), points(b), points(b, "issued"), points(b, "transferred_in")) == (30, 120, 0, 120)


def test_t150_to_oneself_is_refused() -> None:
    result = together(PLAIN, A1, send("2026-02-01", 10, "A", "A")).results["A#1"]
    assert (points(result), refusals(result)) == (100, {Reason.SAME_MEMBER: 1})


@pytest.mark.parametrize(
    ("before", "n", "reason"),
    [
        (person("2026-01-06", status=1), 10, Reason.STATUS_BLOCKED),
        (adjust("2026-01-06", 160, Action.DEDUCT, allow_negative=1), 10, Reason.IN_DEBT),
        (order("3", "2026-01-06", 1), 0, Reason.NOT_ALLOWED),
        (order("3", "2026-01-06", 1), 152, Reason.INSUFFICIENT),
    ],
)
def test_t150_what_a_sender_may_not_send(before, n: int, reason: Reason) -> None:  # type: ignore[no-untyped-def]
    family = together(PLAIN, A1, A2, by("A", before), send("2026-02-01", n))
    assert refusals(family.results["A#1"]) == {reason: 1}
    assert set(family.results) == {"A#1"}


def test_t150_pending_points_cannot_be_sent() -> None:
    family = together(PLAIN.replace("points: {}", "points: {pending: {for: 90 days}}"), A1, send("2026-02-01", 10))
    assert refusals(family.results["A#1"]) == {Reason.INSUFFICIENT: 1}


def test_t150_a_suspended_receiver_has_it_sent_back_to_its_lots() -> None:
    a, b = both(together(DATED, A1, by("B", person("2026-01-01", status=1)), send("2026-02-01", 60), until="2026-03-01"))
    assert refusals(b) == {Reason.STATUS_BLOCKED: 1}
    assert said(a, EntryKind.TRANSFERRED_OUT, EntryKind.TRANSFERRED_IN) == [("transferred_out", -60), ("transferred_in", 60)]
    assert [(x.lot, x.points) for x in a.standing.lots] == [(("order/1/A", 0), 100)]
    assert (a.entries[-1].reason, points(b)) == (Reason.NOT_ALLOWED, 0)


def test_t150_the_debt_of_the_receiver_is_paid() -> None:
    a, b = both(together(PLAIN, A1, by("B", adjust("2026-01-01", 30, Action.DEDUCT, allow_negative=1)), send("2026-02-01", 50)))
    assert (points(a), points(b), points(b, "debt")) == (50, 20, 0)


def test_t150_what_came_is_spent_like_any_other() -> None:
    family = together(
        DATED, A1, by("B", order("9", "2026-01-03", 10)), send("2026-02-01", 60), by("B", spend(FactKind.REDEEM, "1", "2026-02-02", 65))
    )
    assert said(family.results["B#1"], EntryKind.REDEEMED) == [("redeemed", -60), ("redeemed", -5)]


def test_s55_a_parcel_whose_date_has_passed_lapses_where_it_comes() -> None:
    """The sender's tier holds its points beyond their date; the receiver's does not."""
    body = "wallets: {points: {expires: {after: 1 month, suspend_in: [gold]}}}\nearn:\n" + RATE
    body += "tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, gold: 100.00}}\n"
    a, b = both(together(body, A1, send("2026-03-01", 60), until="2026-03-02"))
    assert said(b, EntryKind.TRANSFERRED_IN, EntryKind.EXPIRED) == [("transferred_in", 60), ("expired", -60)]
    assert (points(a), points(b)) == (40, 0)


# ---- what the sender was told stands ----


def granted(when: str, n: int) -> Transfer:
    return replace(send(when, n), outcome=Outcome.GRANTED)


def test_s55_a_transfer_that_was_granted_stands_and_what_is_not_there_is_debt() -> None:
    a, b = both(together(DATED, A1, granted("2026-02-01", 120), until="2026-03-01"))
    out = [(e.points, e.bucket, e.lot, e.reason) for e in a.entries if e.kind == EntryKind.TRANSFERRED_OUT]
    assert out == [(-100, Bucket.AVAILABLE, ("order/1/A", 0), Reason.MANUAL), (20, Bucket.DEBT, None, Reason.MANUAL)]
    assert (points(a), points(a, "debt"), points(a, "transferred_out")) == (0, 20, 120)
    assert [(x.lot, x.points, x.expires_at) for x in b.standing.lots] == [
        (("transfer/T/to", 0), 100, at("2027-01-01")),
        (("transfer/T/to", 1), 20, at("2027-02-01")),
    ]
    assert (points(b), points(b, "transferred_in")) == (120, 120)


@pytest.mark.parametrize("before", [person("2026-01-06", status=1), adjust("2026-01-06", 110, Action.DEDUCT, allow_negative=1)])
def test_s55_what_was_granted_asks_no_status_and_no_debt(before) -> None:  # type: ignore[no-untyped-def]
    a, b = both(together(PLAIN, A1, by("A", before), granted("2026-02-01", 60)))
    assert (refusals(a), points(a, "transferred_out"), points(b)) == ({}, 60, 60)


@pytest.mark.parametrize(("told", "said"), [(Reason.IN_DEBT, Reason.IN_DEBT), (Reason.NONE, Reason.NOT_ALLOWED)])
def test_s55_a_transfer_that_was_refused_stays_refused_for_its_reason(told: Reason, said: Reason) -> None:
    family = together(PLAIN, A1, replace(send("2026-02-01", 60), outcome=Outcome.REFUSED, refuse=told))
    assert (refusals(family.results["A#1"]), points(family.results["A#1"]), set(family.results)) == ({said: 1}, 100, {"A#1"})


def test_s55_between_one_and_the_same_member_nothing_was_granted() -> None:
    family = together(PLAIN, A1, by("B", order("9", "2026-01-03", 10)), merged("B", "A", "2026-01-20"), granted("2026-02-01", 60))
    assert (points(family.results["A#1"]), refusals(family.results["A#1"])) == (110, {Reason.SAME_MEMBER: 1})


@pytest.mark.parametrize(("later", "debt", "has"), [(0, 0, 100), (15, 0, 115)])
def test_s55_what_comes_back_pays_the_debt_it_made_first(later: int, debt: int, has: int) -> None:
    """100 and 20 of debt leave; B is suspended, and all of it is back the same instant, before the order of the day after."""
    more = [by("A", order("3", "2026-02-02", later))] if later else []
    family = together(DATED, A1, by("B", person("2026-01-01", status=1)), granted("2026-02-01", 120), *more, until="2026-03-01")
    a, b = both(family)
    assert [(e.points, e.bucket, e.reason) for e in a.entries if e.kind == EntryKind.TRANSFERRED_IN] == [
        (-20, Bucket.DEBT, Reason.NOT_ALLOWED),
        (100, Bucket.AVAILABLE, Reason.NOT_ALLOWED),
    ]
    assert (points(a), points(a, "debt"), points(a, "transferred_in"), points(b)) == (has, debt, 120, 0)


def test_s51_s55_a_parcel_that_has_lapsed_before_it_comes_late_lapses_at_its_own_date() -> None:
    body = "wallets: {points: {expires: {after: 2 months}}}\nearn:\n" + RATE
    gift = replace(granted("2026-01-10", 60), arrived=at("2026-03-20"))
    a, b = both(together(body, A1, gift, until="2026-03-20"))
    lapsed = [(e.points, e.at, e.booked) for e in b.entries if e.kind == EntryKind.EXPIRED]
    assert lapsed == [(-60, at("2026-03-10"), at("2026-03-20"))]
    assert (points(a), points(a, "debt"), points(a, "expired")) == (0, 60, 100)
