"""Points sent to somebody else: the oracle against the pencil (T150, S55)."""

from __future__ import annotations

import pytest

from loyalty_streams.core.codes import Action, EntryKind, FactKind, Reason
from tests.oracle.family import Family, Transfer
from tests.oracle.oracle import Result
from tests.oracle.pencil import PLAIN, RATE, adjust, at, by, order, person, points, refusals, said, spend, together

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
