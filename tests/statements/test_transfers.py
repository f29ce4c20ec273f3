"""T150: points given to another member keep their dates; what may not be given is refused, and what is refused comes back (S55)."""

from __future__ import annotations

import pytest

from tests.statements.story import Story, parse_stories
from tests.statements.telling import Telling

STORIES = """
T150 Lots go in consumption order and keep their dates
  2026-01-01       | adjust A1 50 expires=2026-06-01  | available 50
  2026-01-02       | adjust A2 70 expires=2026-03-01  | available 120
  2026-01-03       | adjust A3 10 available=2026-04-01 | pending 10
  2026-01-10       | send T1 100                      | TRANSFERRED_OUT -70 MANUAL lot=A2 about=T1; TRANSFERRED_OUT -30 MANUAL lot=A1; entries 2
                   |                                  | available 20; pending 10; transferred_out 100
  2026-01-10 10:00 | M2: receive T1                   | TRANSFERRED_IN 70 MANUAL lot=T1/0 about=T1; TRANSFERRED_IN 30 MANUAL lot=T1/1; entries 2
                   |                                  | available 100; transferred_in 100; issued 0; lots 70@2026-03-01 + 30@2026-06-01
  2026-03-01       | M2: -                            | EXPIRED -70 lot=T1/0; available 30

T150 Pending points are not transferable
  2026-01-01 | adjust A1 50 available=2026-02-01 | pending 50
  2026-01-10 | send T1 10                        | REFUSED 0 INSUFFICIENT desired=10

T150 The same member is refused, found on the road
  2026-01-01 | adjust A1 50                  | available 50
  2026-01-10 | send T1 10 refuse=SAME_MEMBER | REFUSED 0 SAME_MEMBER; available 50

T150 A suspended sender is refused, and so is one who owes, who asks for nothing, or has too little
  2026-01-01 | adjust A1 50              | available 50
  2026-01-02 | send T1 0                 | REFUSED 0 NOT_ALLOWED
  2026-01-02 | send T2 51                | REFUSED 0 INSUFFICIENT basis=50 desired=51
  2026-01-03 | profile status=suspended  | STATUS_CHANGED 0
  2026-01-04 | send T3 10                | REFUSED 0 STATUS_BLOCKED
  2026-01-05 | profile status=active     | STATUS_CHANGED 0
  2026-01-06 | deduct A2 60 allow_negative | debt 10
  2026-01-07 | send T4 10                | REFUSED 0 IN_DEBT

T150 A suspended receiver is refused, and the sender gets back what was taken; the lot that has died meanwhile expires
  2026-01-01 | adjust A1 50 expires=2026-01-12        | available 50
  2026-01-01 | adjust A2 70 expires=2026-06-01        | available 120
  2026-01-02 | M2: profile status=suspended           | STATUS_CHANGED 0
  2026-01-10 | send T1 100                            | available 20
  2026-01-11 | M2: receive T1                         | REFUSED 0 STATUS_BLOCKED; available 0
  2026-01-13 | take-back T1                           | TRANSFERRED_IN 50 NOT_ALLOWED lot=A1; EXPIRED -50 lot=A1
             |                                        | TRANSFERRED_IN 50 NOT_ALLOWED lot=A2
             |                                        | available 70; transferred_out 100; transferred_in 100; expired 50; lots 70@2026-06-01
  2026-01-14 | take-back T1                           | REFUSED 0 ALREADY_REVERSED
  2026-01-14 | take-back T9                           | REFUSED 0 UNKNOWN_REDEMPTION

T150 A parcel whose date has passed expires at once and pays no debt; another one pays it
  2026-01-01 | adjust A1 50 expires=2026-01-12        | available 50
  2026-01-01 | adjust A2 70 expires=2026-06-01        | available 120
  2026-01-10 | send T1 100                            | available 20
  2026-01-11 | M2: deduct A3 30 allow_negative        | debt 30
  2026-01-13 | M2: receive T1                         | TRANSFERRED_IN 50; EXPIRED -50; TRANSFERRED_IN 50
             |                                        | DEBT_PAID -30 lot=T1/1; debt 0; available 20

T150 What is given away counts in no metric and no earning, and a cancellation cannot undo it
  tiers: {metric: {points: {window: 12 months}}, ladder: {member: 0, silver: 100}}
  2026-01-01 | order O1 150.00     | tier silver
  2026-01-10 | send T1 100         | tier silver; redeemed 0
  2026-01-11 | M2: receive T1      | no TIER_CHANGED; issued 0
"""
TOLD = parse_stories(STORIES)


@pytest.mark.parametrize("story", TOLD, ids=[story.title for story in TOLD])
def test_T150_a_transfer_goes_as_told(story: Story) -> None:
    for row, outcome in Telling(story).outcomes():
        assert [problem for e in row.then if (problem := outcome.check(e))] == [], f"{row.when} | {row.does}"
