"""The story tables themselves: what they read, what they refuse, and that a wrong story fails."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from loyalty_streams.core.codes import AttrKind, FactKind, LineKind, Outcome
from loyalty_streams.core.facts import Attribute
from tests.statements.story import parse_stories, parse_story
from tests.statements.telling import Telling
from tests.statements.vocabulary import Scribe, instant, minor

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = 1_767_240_000_000_000  # 2026-01-01 12:00 in Shanghai


def test_a_story_has_a_programme_and_rows_that_continue_each_other() -> None:
    story = parse_story("""
        T001 A title
          order_amount: {minimum: 50.00}
          # a remark
          2026-01-01 10:00 | order O1 1.00 | available 1; debt 0
                           |               | tier none
                           | did visit I1  |
    """)
    assert story.title == "T001 A title"
    assert "minimum: 50.00" in story.programmes[0] and "currency: CNY" in story.programmes[0]
    first, second = story.rows
    assert first.then == ("available 1", "debt 0", "tier none")
    assert (second.when, second.does, second.then) == ("2026-01-01 10:00", "did visit I1", ())


def test_a_later_version_differs_by_the_sections_it_gives() -> None:
    first, second = parse_story("""
        Two versions
          wallets: {points: {expires: {after: 1 month}}}
          ---
          effective_from: 2026-03-01
          earn: {}
          2026-01-01 | - | quiet
    """).programmes
    assert "version: 1\n" in first and "version: 2\n" in second
    assert "rate: 1" in first and "earn: {}" in second
    assert "after: 1 month" in second and "effective_from" not in first


def test_stories_of_a_file_share_a_programme_by_name() -> None:
    shared, other = parse_stories("""
programme lots
  wallets: {points: {consume: oldest_earned}}
A first story
  like lots
  2026-01-01 | - | quiet
A second story
  2026-01-01 | - | quiet
""")
    assert "oldest_earned" in shared.programmes[0] and "oldest_earned" not in other.programmes[0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("A story\n  2026-01-01 | - \n", "cells"),
        ("A story\n  wallets: {}\n", "without rows"),
        ("A story\n  like nobody\n  2026-01-01 | - | quiet\n", "nobody"),
        ("A story\n  | | quiet\n", "continues nothing"),
        ("A story\n  2026-01-01 | - | quiet\nA story\n  2026-01-01 | - | quiet\n", "two stories"),
        ("  2026-01-01 | - | quiet\n", "without a title"),
    ],
)
def test_a_story_that_cannot_be_read_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_stories(text)


def test_an_instant_is_program_time_unless_it_carries_an_offset() -> None:
    assert instant("2026-01-01 12:00", SHANGHAI) == NOON
    assert instant("2026-01-01T04:00:00+00:00", SHANGHAI) == NOON
    assert instant("2026-01-01 12:00:00.001", SHANGHAI) == NOON + 1_000


def test_money_is_exact() -> None:
    assert minor("128.60") == 12_860
    with pytest.raises(ValueError, match="finer"):
        minor("1.005")


def test_an_order_has_lines_or_an_amount() -> None:
    scribe = Scribe(SHANGHAI)
    plain = scribe.read("order O1 100.00 channel=app points_used=5 paid_with=R1", NOON).fact
    assert plain and (plain.key, plain.amount, plain.channel, plain.points, plain.about) == ("order/O1", 10_000, "app", 5, "redemption/R1")
    lined = scribe.read("order O2: fruit 30.00 x2 sku=J-100, _ 20.00 kind=delivery tax=1.00", NOON).fact
    assert lined and lined.amount == 5_000
    fruit, van = lined.lines
    assert (fruit.no, fruit.amount, fruit.qty, fruit.sku, fruit.category) == (1, 3_000, 2, "J-100", "fruit")
    assert (van.no, van.kind, van.tax, van.category) == (2, LineKind.DELIVERY, 100, "")


def test_a_return_takes_shares_of_the_lines_it_names() -> None:
    scribe = Scribe(SHANGHAI)
    scribe.read("order O1: tea 10.00 x3, milk 5.00", NOON)
    part = scribe.read("return T1 of O1: 1 x1, 2 x1 4.00", NOON).fact
    assert part and part.about == "order/O1" and [(x.no, x.qty, x.amount) for x in part.lines] == [(1, 1, 333), (2, 1, 400)]
    assert part.amount == 733
    whole = scribe.read("return T2 of O1", NOON).fact
    assert whole and whole.amount == 1_500 and len(whole.lines) == 2
    money = scribe.read("return T3 of O1 7.50", NOON).fact
    assert money and money.amount == 750 and money.lines == ()


def test_the_other_facts_are_written_as_the_engine_reads_them() -> None:
    scribe = Scribe(SHANGHAI)
    review = scribe.read("did review I1 about=O1 stars=4.5 colour=red", NOON).fact
    assert review and (review.kind, review.type, review.about) == (FactKind.INTERACTION, "review", "order/O1")
    assert review.attributes == (Attribute("stars", AttrKind.NUMBER, 4_500_000), Attribute("colour", AttrKind.TEXT, "red"))
    profile = scribe.read("M7: profile birthday=1990-05-20 tags=a,b enrolled", NOON)
    assert profile.member == "M7" and profile.fact
    assert [(a.name, a.value) for a in profile.fact.attributes] == [
        ("@enrolled_at", NOON), ("@birthday", 19900520), ("@tag", "a"), ("@tag", "b"),
    ]  # fmt: skip
    asked = scribe.read("redeem R1 600 order=200.00 decision=granted", NOON).fact
    assert asked and (asked.key, asked.about, asked.points, asked.amount) == ("redemption/R1/redeem", "redemption/R1", 600, 20_000)
    assert asked.outcome == Outcome.GRANTED
    locked = scribe.read("set-tier A1 gold until=2026-01-01T12:00", NOON).fact
    assert locked and locked.kind == FactKind.ADJUSTMENT and Attribute("@until", AttrKind.INSTANT, NOON) in locked.attributes


def test_a_quote_and_a_row_without_a_fact_are_known() -> None:
    scribe = Scribe(SHANGHAI)
    assert scribe.read("-", NOON).fact is None
    quote = scribe.read("quote order O1 1.00", NOON)
    assert quote.quoted and quote.fact and quote.fact.amount == 100


@pytest.mark.parametrize("cell", ["steal O1 100.00", "order O1 100.00 wallet=points taste=sweet refuse=WHY", "return T1 from O1"])
def test_a_cell_that_nobody_can_do_is_refused(cell: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        Scribe(SHANGHAI).read(cell, NOON)


@pytest.mark.parametrize(
    "wrong",
    [
        "available 99", "pending 1", "tier gold", "stage new", "lots none", "lots 100@2026-02-01", "quiet", "entries 2", "earned 99",
        "EARNED 99", "EARNED 100 base LIMIT_REACHED", "EARNED 100 base PENDING", "EARNED 100 at=2026-01-02", "EARNED 100 basis=99",
        "EARNED 100 version=2", "EARNED 100 channel=till", "EARNED 100 lot=O2", "EARNED 100 cause=timer", "no EARNED", "REFUSED",
        "refused INSUFFICIENT", "TIER_CHANGED", "why base: amount 1.00, needs gte 2.00",
    ],
)  # fmt: skip
def test_an_expectation_that_does_not_hold_is_told(wrong: str) -> None:
    ((_, outcome),) = Telling(parse_story("A story\n  2026-01-01 10:00 | order O1 100.00 channel=app |")).outcomes()
    assert outcome.check(wrong)


def test_the_same_expectations_hold_where_they_are_right() -> None:
    ((_, outcome),) = Telling(parse_story("A story\n  2026-01-01 10:00 | order O1 100.00 channel=app |")).outcomes()
    right = "available 100; pending 0; tier none; stage none; lots 100@never; entries 1; earned 100; no REFUSED; no TIER_CHANGED"
    entry = "EARNED 100 base AVAILABLE at=2026-01-01T10:00 basis=10000 version=1 channel=app lot=O1/0 about=O1 cause=fact wallet=points"
    assert [outcome.check(e) for e in [*right.split("; "), entry]] == [None] * 10
    assert outcome.check("EARNED 100"), "the entry is taken already"


def test_a_word_that_no_expectation_knows_is_refused() -> None:
    ((_, outcome),) = Telling(parse_story("A story\n  2026-01-01 10:00 | order O1 100.00 |")).outcomes()
    for unknown in ("balance 100", "EARNED 100 colour=red", "EARNED 100 nobody"):
        with pytest.raises(ValueError):
            outcome.check(unknown)


def test_a_story_that_goes_backwards_is_refused() -> None:
    story = parse_story("A story\n  2026-01-02 | order O1 1.00 |\n  2026-01-01 | order O2 1.00 |")
    with pytest.raises(ValueError, match="forward"):
        list(Telling(story).outcomes())
