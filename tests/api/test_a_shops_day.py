"""A small shop works through the engine: points are spent, held, given back and adjusted, and asking twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import loyalty_streams as ls
from loyalty_streams.reports.instants import micros
from tests.api.corner import order, shop

MORNING = "2026-03-02T09:00:00Z"


@pytest.fixture
def till(tmp_path: Path) -> Iterator[ls.Loyalty]:
    """M1 has 800 points of 800.00; M2 has 50."""
    with shop(tmp_path, orders=[order("O1", "M1", "2026-03-01T10:00:00Z", "800.00"), order("O2", "M2", "2026-03-01T11:00:00Z", "50.00")]) as opened:
        yield opened


def available(till: ls.Loyalty, member: str = "M1") -> int:
    account = till.member(member)
    assert account is not None
    return account.points.available


def test_points_are_spent_once_however_often_the_till_asks(till: ls.Loyalty) -> None:
    """T151, T153: five tries of an offline till."""
    first = till.redeem("M1", 300, redemption_id="R1", at=MORNING)
    assert (first.granted, first.disposition, first.points.available) == (True, "applied", 500)
    for again in [till.redeem("M1", 300, redemption_id="R1", at=MORNING) for _ in range(5)]:
        assert again.disposition == "duplicate"
        assert (again.granted, again.points, again.at, tuple(again.entries)) == (True, first.points, first.at, tuple(first.entries))
    assert available(till) == 500


def test_asking_again_without_an_instant_asks_for_the_same_redemption(till: ls.Loyalty) -> None:
    first = till.redeem("M1", 300, redemption_id="R1", at=MORNING)
    till.redeem("M1", 100, redemption_id="R2", at="2026-03-02T10:00:00Z")
    again = till.redeem("M1", 300, redemption_id="R1")
    assert (again.disposition, again.at, again.points) == ("duplicate", first.at, first.points)
    assert available(till) == 400


def test_the_same_id_with_other_points_is_in_conflict_and_changes_nothing(till: ls.Loyalty) -> None:
    till.redeem("M1", 300, redemption_id="R1", at=MORNING)
    with pytest.raises(ls.AskError) as told:
        till.redeem("M1", 400, redemption_id="R1", at=MORNING)
    assert told.value.code == "CONFLICT"
    assert available(till) == 500
    assert list(till.dead_letters()) == []


def test_a_refusal_is_a_decision_and_stays_one_when_points_come_later(till: ls.Loyalty) -> None:
    refused = till.redeem("M2", 100, redemption_id="R1", at=MORNING)
    assert (refused.granted, refused.reason, refused.because) == (False, "INSUFFICIENT", "points 100, needs lte 50")
    till.adjust("M2", 100, reason="goodwill", operator="ann", at="2026-03-02T10:00:00Z")
    again = till.redeem("M2", 100, redemption_id="R1")
    assert (again.granted, again.reason, again.disposition, again.points.available) == (False, "INSUFFICIENT", "duplicate", 50)
    assert available(till, "M2") == 150


@pytest.mark.parametrize(
    ("points", "reason", "because"),
    [
        (0, "BELOW_MINIMUM", "points 0, needs gte 100"),
        (-100, "BELOW_MINIMUM", "points -100, needs gte 100"),
        (50, "BELOW_MINIMUM", "points 50, needs gte 100"),
        (150, "NOT_A_MULTIPLE", "points 150, needs multiple_of 100"),
        (900, "INSUFFICIENT", "points 900, needs lte 800"),
    ],
)
def test_each_refusal_says_what_was_found_and_what_is_needed(till: ls.Loyalty, points: int, reason: str, because: str) -> None:
    """T059, T186."""
    answer = till.redeem("M1", points, redemption_id="R1", at=MORNING)
    assert (answer.granted, answer.reason, answer.because) == (False, reason, because)


def test_what_is_reserved_is_confirmed_or_released(till: ls.Loyalty) -> None:
    """T061."""
    held = till.reserve("M1", 500, redemption_id="R1", at=MORNING)
    assert (held.points.available, held.points.reserved) == (300, 500)
    spent = till.confirm("M1", "R1", at="2026-03-02T09:10:00Z")
    assert (spent.granted, spent.points.available, spent.points.reserved) == (True, 300, 0)
    till.reserve("M1", 200, redemption_id="R2", at="2026-03-02T10:00:00Z")
    free = till.release("M1", "R2", at="2026-03-02T10:01:00Z")
    assert (free.granted, free.points.available, free.points.reserved) == (True, 300, 0)


def test_a_confirmation_after_the_time_out_is_refused(till: ls.Loyalty) -> None:
    """T061: 15 minutes after 09:00 the points are free again."""
    till.reserve("M1", 500, redemption_id="R1", at=MORNING)
    late = till.confirm("M1", "R1", at="2026-03-02T09:15:00Z")
    assert (late.granted, late.reason, late.points.available) == (False, "RESERVATION_EXPIRED", 800)


def test_a_cancelled_redemption_gives_its_points_back_once(till: ls.Loyalty) -> None:
    """T065, T066."""
    till.redeem("M1", 300, redemption_id="R1", at=MORNING)
    back = till.cancel("M1", "R1", at="2026-03-02T12:00:00Z")
    assert (back.granted, back.points.available) == (True, 800)
    assert [(e.kind, e.points, e.lot_id) for e in back.entries] == [("RESTORED", 300, "order/O1/0")]
    again = till.cancel("M1", "R1")
    assert (again.granted, again.disposition, again.points.available) == (True, "duplicate", 800)


def test_points_are_added_and_deducted_by_hand_with_who_and_why(till: ls.Loyalty) -> None:
    """T031, T091: a deduction passes zero only where that is allowed."""
    added = till.adjust("M2", 30, reason="spoilt milk", operator="ann", adjustment_id="A1", at=MORNING)
    assert (added.granted, added.points.available) == (True, 80)
    assert till.adjust("M2", -100, reason="booked twice", operator="bob", at="2026-03-02T10:00:00Z").reason == "INSUFFICIENT"
    owing = till.adjust("M2", -100, reason="booked twice", operator="bob", allow_negative=True, at="2026-03-02T11:00:00Z")
    assert (owing.points.available, owing.points.debt) == (0, 20)
    assert till.redeem("M2", 100, at="2026-03-02T12:00:00Z").reason == "IN_DEBT"
    explained = till.explain("M2", fact="A1")
    assert explained is not None
    assert explained.attributes == {"action": "add", "reason": "spoilt milk", "operator": "ann"}


def test_a_quote_is_what_the_order_will_earn_and_keeps_nothing(tmp_path: Path, till: ls.Loyalty) -> None:
    """T030, T068: 45.50 in the app is 45 and once more 45 for the double, which is 500 points of 800 and 90."""
    quoted = till.quote("M1", amount_minor=4550, channel="app", at=MORNING)
    assert (quoted.earned, quoted.points.available) == (90, 890)
    assert [(p.rule, p.points) for p in quoted.parts] == [("base", 45), ("app-double", 45)]
    assert available(till) == 800
    other = till.quote("M1", amount_minor=10000, at=MORNING)
    assert (other.earned, other.points.available) == (100, 900)
    assert [(p.rule, p.text) for p in other.refused] == [("app-double", "app-double: channel absent, needs eq app")]
    (tmp_path / "orders.jsonl").write_text(
        '{"order_id": "O9", "member_id": "M1", "occurred_at": "2026-03-02T09:00:00Z", "amount": "45.50", "currency": "USD", "channel": "app"}\n'
    )
    till.ingest(tmp_path / "orders.jsonl")
    assert available(till) == 890


def test_a_quote_says_what_a_limit_cuts(till: ls.Loyalty) -> None:
    """The double may give 100 a day: of 150 for 150.00 it gives 100."""
    quoted = till.quote("M1", amount_minor=15000, channel="app", at=MORNING)
    assert [(p.rule, p.points, p.reason) for p in quoted.parts] == [("base", 150, None), ("app-double", 100, "LIMIT_REACHED")]
    assert quoted.earned == 250


def test_a_basket_without_a_price_is_no_basket(till: ls.Loyalty) -> None:
    with pytest.raises(ls.AskError) as told:
        till.quote("M1", at=MORNING)
    assert told.value.code == "NO_LINES"


def test_a_command_stamped_before_the_newest_fact_is_judged_in_its_place(till: ls.Loyalty) -> None:
    """Before the first order there was nothing to spend: the refusal is a decision and stands."""
    answer = till.redeem("M1", 100, redemption_id="R1", at="2026-02-28T10:00:00Z")
    assert (answer.granted, answer.reason, answer.points.available) == (False, "INSUFFICIENT", 0)
    assert available(till) == 800
    assert till.redeem("M1", 100, redemption_id="R1").disposition == "duplicate"


def test_t160_a_command_from_a_till_that_is_ahead_is_not_taken(tmp_path: Path) -> None:
    """The machine says 10:00. At 10:10 a till may be; what it asks counts from 10:00. Eleven minutes ahead, nothing is kept."""
    with shop(tmp_path, orders=[order("O1", "M1", "2026-03-01T10:00:00Z", "800.00")]):
        pass
    with ls.open_store(tmp_path / "store", clock=lambda: micros(datetime(2026, 3, 2, 10, tzinfo=UTC))) as till:
        answer = till.redeem("M1", 100, redemption_id="R1", at="2026-03-02T10:10:00Z")
        assert (answer.granted, answer.at) == (True, "2026-03-02T10:00:00Z")
        for again in (till.redeem("M1", 100, redemption_id="R1", at="2026-03-02T10:10:00Z"), till.redeem("M1", 100, redemption_id="R1")):
            assert (again.disposition, again.at) == ("duplicate", answer.at)
        with pytest.raises(ls.AskError) as told:
            till.redeem("M1", 100, redemption_id="R2", at="2026-03-02T10:11:00Z")
        assert told.value.code == "FUTURE_TIME"
        assert (available(till), till.as_of_text()) == (700, "2026-03-02T10:00:00Z")


def test_a_basket_of_the_past_is_quoted_as_it_would_have_been(till: ls.Loyalty) -> None:
    quoted = till.quote("M1", amount_minor=5000, at="2026-02-28T10:00:00Z")
    assert (quoted.earned, quoted.points.available) == (50, 50)
    assert available(till) == 800


def test_a_command_is_read_as_strictly_as_a_file(till: ls.Loyalty) -> None:
    with pytest.raises(ls.AskError) as told:
        till.redeem("M1 ", 100, at=MORNING)
    assert told.value.code == "BAD_ID"
    with pytest.raises(ls.AskError) as told:
        till.adjust("M1", 10, reason="", operator="ann", at=MORNING)
    assert told.value.code == "MISSING"
    with pytest.raises(ls.AskError) as told:
        till.adjust("M1", 10, reason="x", operator="ann", wallet="growth", at=MORNING)
    assert told.value.code == "UNKNOWN_WALLET"


@pytest.mark.parametrize(
    ("text", "cents"), [("45", 4500), ("45.5", 4550), ("45.50", 4550), ("0.01", 1), ("-3.10", -310), ("0", 0)]
)
def test_amounts_are_read_exactly(till: ls.Loyalty, text: str, cents: int) -> None:
    assert till.minor(text) == cents


@pytest.mark.parametrize("text", ["45.505", "1,299.00", "1_000", "１２", "١٢٣", "1e3", "NaN", "", ".5", "5.", " 5", "+5"])
def test_what_is_no_plain_amount_is_refused(till: ls.Loyalty, text: str) -> None:
    with pytest.raises(ls.AskError) as told:
        till.minor(text)
    assert told.value.code == "BAD_MONEY"


@pytest.mark.parametrize(
    "text", ["2026-03-02T09:00:00", "yesterday", "2026-13-01", "2026-03-02T25:00Z", "1969-12-31T00:00Z", "9999-01-01", "02/03/2026"]
)
def test_a_time_without_an_offset_is_never_guessed(till: ls.Loyalty, text: str) -> None:
    with pytest.raises(ls.InstantError):
        till.member("M1", as_of=text)


def test_a_name_written_in_another_form_is_the_same_member(till: ls.Loyalty) -> None:
    """An e with its accent apart (NFD) is the e with an accent (NFC)."""
    till.adjust("Zoe\u0301", 200, reason="gift", operator="ann", adjustment_id="e\u0301", at=MORNING)
    for name in ("Zo\u00e9", "Zoe\u0301"):
        assert available(till, name) == 200
    assert till.adjust("Zo\u00e9", 200, reason="gift", operator="ann", adjustment_id="\u00e9").disposition == "duplicate"
    assert till.redeem("Zoe\u0301", 100, redemption_id="R1", at="2026-03-02T10:00:00Z").points.available == 100


def test_an_id_that_is_no_text_is_refused(till: ls.Loyalty) -> None:
    with pytest.raises(ls.AskError) as told:
        till.member("M\udcff")
    assert told.value.code == "BAD_ID"
