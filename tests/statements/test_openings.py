"""T145 and T147: what a member had in another system is brought in once, as lots of its own age (S52)."""

from __future__ import annotations

import pytest

from loyalty_streams.core.codes import Status
from loyalty_streams.core.state import unpack
from tests.statements.story import Story, parse_stories
from tests.statements.telling import Telling

STORIES = """
T145 An opening balance of 500 as two lots: it is no earning and moves no tier
  tiers: {metric: {points: {window: 12 months}}, ladder: {member: 0, silver: 100}}
  2026-01-01 09:00 | opening A1 300 expires=2026-06-30 | OPENED 300 IMPORTED lot=A1 about=A1; entries 1
  2026-01-01 10:00 | opening A2 200 expires=2026-12-31 | OPENED 200 IMPORTED
                   |                                   | available 500; opening 500; issued 0; tier member; lots 300@2026-06-30 + 200@2026-12-31
  2026-06-30       | -                                 | EXPIRED -300 lot=A1; available 200

T145 Its limits, budgets and maximum balance are not asked
  wallets: {points: {max_balance: 100}}
  limits: [{points: 50, per: ever}]
  2026-01-01 | opening A1 300   | OPENED 300; available 300
  2026-01-02 | order O1 40.00   | REFUSED 0 base MAX_BALANCE

T147 Without a date the terms of the wallet hold, from the day on which it was earned
  wallets: {points: {expires: {after: 12 months}}}
  2026-02-01 | opening A1 100 happened=2025-06-01 | OPENED 100 at=2025-06-01; lots 100@2026-06-01

T147 What has died since is posted and expires at once; what was dead already is refused, and so is nothing
  wallets: {points: {expires: {after: 1 month}}}
  2026-02-01 | opening A1 100 happened=2025-06-01 | OPENED 100 at=2025-06-01; EXPIRED -100 at=2025-07-01 cause=fact; available 0
  2026-02-02 | opening A2 100 expires=2026-02-02  | REFUSED 0 NOT_ALLOWED desired=100
  2026-02-02 | opening A3 0                       | REFUSED 0 NOT_ALLOWED
  2026-02-02 | opening A4 5 wallet=gold           | REFUSED 0 NOT_ALLOWED

T147 Points that wait become available on their day
  2026-02-01 | opening A1 100 available=2026-03-01 | OPENED 100 PENDING; pending 100
  2026-03-01 | -                                   | ACTIVATED 100 at=2026-03-01; available 100

T147 An opening pays what its wallet owes
  2026-02-01 | deduct A1 30 allow_negative | debt 30
  2026-02-02 | opening A2 100              | OPENED 100; DEBT_PAID -30 lot=A2; available 70; debt 0; opening 100

T147 A wallet that cannot be spent takes the balance alone
  wallets: {points: {}, growth: {spendable: false}}
  2026-02-01 | opening A1 700 wallet=growth | OPENED 700 wallet=growth; growth available 700; lots none

T147 A profile makes an imported member active, and says so
  2026-01-01 | opening A1 5          | OPENED 5
  2026-01-02 | profile status=active | STATUS_CHANGED 0

T147 A balance is what a tier by balance goes by
  tiers: {metric: {balance: points}, ladder: {member: 0, silver: 100}}
  2026-02-01 | opening A1 100 | TIER_CHANGED member>silver; tier silver
"""
TOLD = parse_stories(STORIES)


@pytest.mark.parametrize("story", TOLD, ids=[story.title for story in TOLD])
def test_T145_T147_an_opening_goes_as_told(story: Story) -> None:
    for row, outcome in Telling(story).outcomes():
        assert [problem for e in row.then if (problem := outcome.check(e))] == [], f"{row.when} | {row.does}"


@pytest.mark.parametrize(
    ("first", "then", "status"),
    [
        ("opening A1 5", "opening A2 5", Status.IMPORTED),
        ("opening A1 5", "adjust A2 5", Status.IMPORTED),
        ("opening A1 5", "order O1 1.00", Status.ACTIVE),
        ("opening A1 5", "did review I1", Status.ACTIVE),
        ("opening A1 5", "redeem R1 5", Status.ACTIVE),
        ("opening A1 5", "profile status=active", Status.ACTIVE),
        ("opening A1 5", "profile status=blocked", Status.BLOCKED),
        ("profile region=north", "opening A1 5", Status.ACTIVE),
    ],
)
def test_T147_a_member_who_comes_with_an_opening_is_imported_until_the_first_deed(first: str, then: str, status: Status) -> None:
    told = Telling(parse_stories(f"A story\n  2026-01-01 | {first} |\n  2026-01-02 | {then} |\n")[0])
    list(told.outcomes())
    assert unpack(told.accounts["M1"].state).status == status
