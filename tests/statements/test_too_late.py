"""T158's adjustment: a fact later than the lateness stands at its arrival and is judged as of the instant at which it happened (S51)."""

from __future__ import annotations

import pytest

from tests.statements.story import Story, parse_stories
from tests.statements.telling import Telling
from tests.statements.vocabulary import instant

STORIES = """
T158 Late by the lateness and no more a fact has its own place: what it gave has died by itself since
  wallets: {points: {expires: {after: 3 days}}}
  2026-01-08 00:00 | order O1 10.00 happened=2026-01-01    | EARNED 10 base at=2026-01-01; EXPIRED -10 at=2026-01-04 cause=timer; available 0

T158 A microsecond later it stands at its arrival, and what has died since expires by the fact
  wallets: {points: {expires: {after: 3 days}}}
  2026-01-08 00:00:00.000001 | order O1 10.00 happened=2026-01-01 | EARNED 10 base at=2026-01-01; EXPIRED -10 at=2026-01-04 cause=fact; available 0

T158 The lateness is a setting, that of the version in force at the arrival
  facts: {lateness: 30 days}
  wallets: {points: {expires: {after: 3 days}}}
  ---
  effective_from: 2026-02-01
  facts: {lateness: 1 day}
  2026-01-31 | order O1 10.00 happened=2026-01-02   | EXPIRED -10 at=2026-01-05 cause=timer
  2026-02-01 | order O2 10.00 happened=2026-01-28   | EXPIRED -10 at=2026-01-31 cause=fact

T158 The version of the purchase with the tier of the arrival: both instants are kept
  wallets: {points: {expires: {after: 12 months}}}
  tiers: {metric: {spend: {window: 12 months}}, ladder: {member: 0, silver: 150.00}}
  ---
  version: 2
  effective_from: 2026-02-01
  earn: {base: {on: order, points: {rate: 2, per: 1.00, mode: proportional}}}
  2026-01-05       | order O1 100.00 | EARNED 100 base version=1
  2026-02-10       | order O2 10.00  | EARNED 20 base version=2
  2026-02-20 10:00 | order L1 60.00 happened=2026-01-20 | EARNED 60 base version=1 at=2026-01-20 tier=member; entries 2
                   |                                    | TIER_CHANGED member>silver at=2026-02-20T10:00 version=2 basis=17000
                   |                                    | lots 100@2027-01-05 + 60@2027-01-20 + 20@2027-02-10

T158 The tier of the arrival multiplies
  tiers: {metric: {spend: {window: 12 months}}, ladder: {member: 0, silver: 100.00}}
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    double: {on: order, when: {tier: silver}, multiply: 2}
  2026-02-10 | order O1 100.00 | EARNED 100 base; no EARNED double; tier silver
  2026-02-20 | order L1 60.00 happened=2026-01-20 | EARNED 60 base tier=silver; EARNED 60 double at=2026-01-20

T158 A rule's validity and the weekday are those of the purchase, which was a Tuesday
  earn:
    january: {on: order, points: {fixed: 5}, valid: {until: 2026-02-01}}
    february: {on: order, points: {fixed: 7}, valid: {from: 2026-02-01}}
  2026-02-20 | order L1 60.00 happened=2026-01-20 | EARNED 5 january; entries 1

T158 Limits of past periods are not opened again: a late order uses what February has left, and its return gives that back
  earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, limits: {points: 50, per: month}}}
  2026-01-20 | order O1 50.00 | EARNED 50 base
  2026-02-10 | order O2 30.00 | EARNED 30 base
  2026-02-20 | order L1 60.00 happened=2026-01-21 | EARNED 20 base desired=60 LIMIT_REACHED at=2026-01-21
  2026-02-21 | return T1 of L1 | CLAWED_BACK -20 base
  2026-02-22 | order O3 60.00 | EARNED 20 base
  2026-03-01 | order O4 60.00 | EARNED 50 base

T158 Dead points pay no debt: they are posted and expire at once, the whole lot
  wallets: {points: {expires: {after: 10 days}}}
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    more: {on: order, points: {fixed: 5}}
  2026-02-01 | deduct A1 30 allow_negative | debt 30
  2026-02-20 | order L1 100.00 happened=2026-02-05 | EARNED 100 base; EARNED 5 more; entries 3
             |                                     | EXPIRED -105 at=2026-02-15 cause=fact; debt 30; available 0; expired 105; lots none
  2026-02-21 | order L2 100.00 happened=2026-02-12 | EARNED 100 base; DEBT_PAID -30; EARNED 5 more; debt 0; available 75; lots 75@2026-02-22

T158 What would have become available meanwhile is available at once, and counts in tiers by the instant at which it would have been
  wallets: {points: {pending: {for: 5 days}}}
  tiers: {metric: {points: {window: 1 month}}, ladder: {member: 0, silver: 100}}
  2026-02-20 | order L1 100.00 happened=2026-02-01 | EARNED 100 base AVAILABLE at=2026-02-01; no ACTIVATED
             |                                     | available 100; pending 0; tier silver
  2026-03-06 00:00 | - | tier silver
  2026-03-06 00:00:00.000001 | - | tier member; TIER_CHANGED silver>member
  2026-03-10 | order L2 100.00 happened=2026-03-01 | EARNED 100 base AVAILABLE; available 200; tier silver

T158 What is still to become available is pending
  wallets: {points: {pending: {for: 30 days}}}
  2026-02-20 | order L1 100.00 happened=2026-02-01 | EARNED 100 base PENDING; pending 100
  2026-03-03 | - | ACTIVATED 100 at=2026-03-03; available 100

T158 Escrow that has matured meanwhile goes on into its wallet
  wallets: {points: {expires: {after: 1 month}}, escrow: {pending: {for: 5 days}, matures: {into: points}}}
  earn: {held: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, into: escrow}}
  2026-02-20 | order L1 100.00 happened=2026-02-01 | EARNED 100 held PENDING wallet=escrow; entries 3
             |                                     | TRANSFERRED_OUT -100 MATURED at=2026-02-06 wallet=escrow
             |                                     | TRANSFERRED_IN 100 MATURED at=2026-02-06 wallet=points; lots 100@2026-03-06

T158 A late purchase stands at its own instant in the window: it leaves before a purchase that came earlier
  tiers: {metric: {spend: {window: 1 month}}, ladder: {member: 0, silver: 150.00}}
  2026-02-10 | order O1 100.00 | tier member
  2026-02-15 | order L1 60.00 happened=2026-01-20 | tier silver
  2026-02-20 00:00 | - | tier silver
  2026-02-20 00:00:00.000001 | - | TIER_CHANGED silver>member basis=10000
  2026-02-21 | order O2 50.00 | TIER_CHANGED member>silver basis=15000

T158 What has left the window, or belongs to a calendar period that has ended, counts in none
  tiers: {metric: {spend: {window: 1 month}}, ladder: {member: 0, silver: 50.00}}
  2026-02-20 10:00 | order L1 60.00 happened=2026-01-20T09:59 | tier member
  2026-02-21 10:00 | order L2 60.00 happened=2026-01-21T10:00 | tier silver

T158 A calendar month that has ended stays ended
  tiers: {metric: {spend: {window: calendar_month}}, ladder: {member: 0, silver: 50.00}}
  2026-02-20 | order L1 60.00 happened=2026-01-31T23:59 | tier member
  2026-02-21 | order L2 60.00 happened=2026-02-01       | tier silver

T158 The return of a late order takes its money out of the window again
  tiers: {metric: {spend: {window: 12 months}}, ladder: {member: 0, silver: 150.00}}
  2026-02-10 | order O1 100.00                    | tier member
  2026-02-15 | order L1 60.00 happened=2026-01-20 | tier silver
  2026-02-16 | return T1 of L1                    | CLAWED_BACK -60 base; tier member; available 100

T158 What was bought before the last change of tier counts for none after it
  tiers: {metric: {spend: {window: {since: tier_change}}}, ladder: {member: 0, silver: 100.00, gold: 150.00}}
  returns: {tier_effect: never}
  2026-02-10 | order O1 100.00                     | tier silver
  2026-03-10 | order L1 200.00 happened=2026-02-01 | tier silver
  2026-03-11 | return T1 of L1                     | tier silver
  2026-03-12 | order L2 200.00 happened=2026-02-11 | TIER_CHANGED silver>gold at=2026-03-12

T158 A return so late is in time by the instant at which the goods came back
  returns: {within: 10 days}
  2026-01-01 | order O1 100.00                          | EARNED 100 base
  2026-02-20 | return T1 of O1 40.00 happened=2026-01-11 | CLAWED_BACK -40 base at=2026-01-11; available 60
  2026-02-20 | return T2 of O1 40.00 happened=2026-01-12 | REFUSED 0 TOO_LATE at=2026-01-12; available 60

T158 A redemption so late finds the lots as they stand at its arrival
  wallets: {points: {expires: {after: 30 days}}}
  2026-01-01 | order O1 100.00                   | EARNED 100 base
  2026-02-10 | order O2 40.00                    | EARNED 40 base
  2026-02-20 | redeem R1 50 happened=2026-01-20  | REFUSED 0 INSUFFICIENT at=2026-01-20
  2026-02-20 | redeem R2 40 happened=2026-01-20  | REDEEMED -40 at=2026-01-20 lot=O2; available 0

T158 A cancellation so late gives back what has died since: it expires at its own date
  wallets: {points: {expires: {after: 30 days}}}
  2026-01-01 | order O1 100.00                  | EARNED 100 base
  2026-01-02 | redeem R1 100                    | REDEEMED -100
  2026-02-20 | cancel R1 happened=2026-01-20    | RESTORED 100 at=2026-01-20; EXPIRED -100 at=2026-01-31 cause=fact; available 0

T158 A reservation whose time is over is let go by the clock
  2026-01-01       | order O1 100.00              | EARNED 100 base
  2026-02-20 10:00 | reserve R1 50 happened=2026-01-20 | RESERVED -50 at=2026-01-20; available 100
                   |                                    | RELEASED 50 TIMED_OUT at=2026-02-20T10:00 cause=timer

T158 Once a year: the year of the purchase counts, and the present year's payment is not forgotten for it
  earn: {gift: {on: order, points: {fixed: 50}, once: year}}
  2026-01-05 | order O1 10.00                     | EARNED 50 gift
  2026-01-20 | order L1 10.00 happened=2025-12-20 | EARNED 50 gift at=2025-12-20
  2026-01-21 | order L2 10.00 happened=2025-12-21 | quiet
  2026-01-22 | order O2 10.00                     | quiet

T158 A delivery so late makes available from its own instant, and what has died since expires
  wallets: {points: {pending: {until: action, interaction: delivery}, expires: {after: 10 days}}}
  2026-01-01 | order O1 100.00 | EARNED 100 base PENDING
  2026-01-25 | order O2 50.00  | EARNED 50 base PENDING
  2026-02-20 | did delivery I1 about=O1 happened=2026-02-01 | ACTIVATED 100 at=2026-02-01; EXPIRED -100 at=2026-02-11 cause=fact
  2026-02-20 | did delivery I2 about=O2 happened=2026-02-12 | ACTIVATED 50 at=2026-02-12; available 50; lots 50@2026-02-22

T158 A profile so late changes what it names; a birthday that is over is not given again
  earn: {gift: {on: birthday, points: {fixed: 20}}}
  2026-01-01 | profile region=north                               | quiet
  2026-06-01 | profile birthday=1990-05-20 happened=2026-05-01    | quiet
  2027-05-20 | -                                                  | EARNED 20 gift at=2027-05-20

T158 A purchase so late does not wake a member up: the stage goes by the last order
  lifecycle: {active: {last_order_within: 60 days}, idle: {idle: 60 days}, precedence: [idle, active]}
  2026-01-01 | order O1 10.00                      | stage active
  2026-04-01 | -                                   | stage idle
  2026-04-02 | order L1 10.00 happened=2026-01-15  | stage idle; no REACTIVATED
  2026-04-02 | order L2 10.00 happened=2026-02-15  | stage active; STAGE_CHANGED idle>active at=2026-04-02; REACTIVATED 0

T158 Inactivity counts from the later activity
  wallets: {points: {expires: {after: 12 months, from: last_activity}}}
  2026-01-10 | order O1 10.00                     | available 10
  2026-03-01 | order L1 10.00 happened=2026-01-05 | available 20
  2027-01-10 | -                                  | EXPIRED -10 INACTIVE; EXPIRED -10 INACTIVE; available 0

T158 Points by hand and a tier by hand: the points date from the deed, the tier from the arrival
  tiers: {metric: {spend: {window: 12 months}}, ladder: {member: 0, silver: 100.00}}
  wallets: {points: {expires: {after: 1 month}}}
  2026-02-20 | adjust A1 10 happened=2026-02-01                        | ADJUSTED 10 at=2026-02-01; lots 10@2026-03-01
  2026-02-21 | set-tier A2 silver until=2026-06-01 happened=2026-02-01 | TIER_CHANGED member>silver MANUAL at=2026-02-21
"""
TOLD = parse_stories(STORIES)


@pytest.mark.parametrize("story", TOLD, ids=[story.title for story in TOLD])
def test_T158_an_adjustment_goes_as_told(story: Story) -> None:
    for row, outcome in Telling(story).outcomes():
        assert [problem for e in row.then if (problem := outcome.check(e))] == [], f"{row.when} | {row.does}"


def test_T158_every_entry_of_a_fact_that_came_too_late_is_booked_at_its_arrival() -> None:
    told = Telling(TOLD[3])
    *_, last = told.outcomes()
    outcome = last[1]
    assert {int(e["booked"]) for e in outcome.entries} == {instant("2026-02-20 10:00", told.zone)}
    assert sorted({int(e["at"]) for e in outcome.entries}) == [instant(t, told.zone) for t in ("2026-01-20", "2026-02-20 10:00")]
