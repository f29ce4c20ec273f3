"""T137, T138, T141, T143 and T193: two accounts of one person become one, and an account that ends (S53, S54)."""

from __future__ import annotations

import numpy as np
import pytest

from loyalty_streams.core.codes import NEVER, Move, Reason, Status
from loyalty_streams.core.state import unpack
from loyalty_streams.hosts.embedded.checks.entries import taken_back
from tests.statements.story import Story, parse_stories, parse_story
from tests.statements.telling import Telling

STORIES = """
T137 200 and 100 are 300, each lot with its own date; the other account is closed
  2026-01-01 | adjust A1 100 expires=2026-12-31     | available 100
  2026-01-01 | M2: adjust A2 200 expires=2026-06-01 | available 200
  2026-01-10 | M2: give-up G1        | TRANSFERRED_OUT -200 MERGED about=G1; entries 1; available 0; transferred_out 200; adjusted 200; lots none
  2026-01-10 | take-over G1          | TRANSFERRED_IN 200 MERGED about=G1; entries 1; available 300; transferred_in 200; adjusted 100
             |                       | lots 200@2026-06-01 + 100@2026-12-31
  2026-01-11 | M2: order O9 10.00    | REFUSED 0 STATUS_BLOCKED; entries 1; available 0
  2026-06-01 | -                     | EXPIRED -200 lot=A2; available 100
  2026-06-01 | M2: -                 | quiet

T137 What waits, what is reserved and what is owed comes too: the reservation is confirmed by the survivor
  2026-01-01 09:00 | M2: adjust A2 100                       | available 100
  2026-01-01 09:00 | M2: adjust A3 30 available=2026-02-01   | pending 30
  2026-01-01 10:00 | M2: reserve R1 40                       | reserved 40
  2026-01-01 10:05 | M2: give-up G1 | TRANSFERRED_OUT -60 MERGED; TRANSFERRED_OUT -30 MERGED PENDING; TRANSFERRED_OUT -40 MERGED; entries 3
  2026-01-01 10:05 | take-over G1   | TRANSFERRED_IN 60 MERGED; TRANSFERRED_IN 30 MERGED PENDING; TRANSFERRED_IN 40 MERGED; transferred_in 130
  2026-01-01 10:10 | confirm R1     | CONFIRMED -40 lot=A2; reserved 0; redeemed 40
  2026-02-01       | -              | ACTIVATED 30 lot=A3; available 90

T137 A reservation that was taken over times out in its new account
  2026-01-01 10:00 | M2: adjust A2 100 | available 100
  2026-01-01 10:00 | M2: reserve R1 40 | reserved 40
  2026-01-01 10:05 | M2: give-up G1    | reserved 0
  2026-01-01 10:05 | take-over G1      | reserved 40
  2026-01-01 10:15 | -                 | RELEASED 40 TIMED_OUT lot=A2; available 100; reserved 0

T137 What one side owes is paid at once from the lots of the other, in consumption order
  2026-01-01 | deduct A1 130 allow_negative          | debt 130
  2026-01-01 | M2: adjust A2 100 expires=2026-12-31  | available 100
  2026-01-01 | M2: adjust A3 100 expires=2026-06-01  | available 200
  2026-01-10 | M2: give-up G1                        | available 0
  2026-01-10 | take-over G1 | TRANSFERRED_IN 200 MERGED; DEBT_PAID -100 lot=A3; DEBT_PAID -30 lot=A2; debt 0; available 70; lots 70@2026-12-31

T137 Debt comes to the one who has
  2026-01-01 | adjust A1 100                    | available 100
  2026-01-01 | M2: deduct A2 30 allow_negative  | debt 30
  2026-01-10 | M2: give-up G1                   | TRANSFERRED_OUT -30 MERGED DEBT; debt 0; transferred_out -30
  2026-01-10 | take-over G1                     | TRANSFERRED_IN 30 MERGED DEBT; DEBT_PAID -30 lot=A1; debt 0; available 70; transferred_in -30

T138 600 and 500 are more than 1,000: Gold although neither was
  tiers: {metric: {spend: {window: 12 months}}, ladder: {member: 0, gold: 1000.00}}
  earn: {gift: {on: {tier: gold}, points: {fixed: 50}}}
  2026-01-01 | order O1 600.00     | tier member
  2026-02-01 | M2: order O2 500.00 | tier member
  2026-03-01 | M2: give-up G1      | available 0
  2026-03-01 | take-over G1        | TIER_CHANGED member>gold METRIC basis=110000 desired=100000; EARNED 50 gift lot=G1; tier gold
  2027-01-01 00:00 | -             | tier gold
  2027-01-01 00:00:00.000001 | -   | TIER_CHANGED gold>member basis=50000

T138 Purchases of one instant are one row, and leave together
  tiers: {metric: {spend: {window: 1 month}}, ladder: {member: 0, gold: 100.00}}
  2026-01-01 | order O1 60.00      | tier member
  2026-01-01 | M2: order O2 60.00  | tier member
  2026-01-05 | M2: order O3 10.00  | tier member
  2026-01-10 | M2: give-up G1      | available 0
  2026-01-10 | take-over G1        | TIER_CHANGED member>gold basis=13000
  2026-02-01 00:00:00.000001 | -   | TIER_CHANGED gold>member basis=1000

T138 The higher tier wins with its own term, and taking it over pays no gift
  tiers: {metric: {spend: {window: 1 month}}, ladder: {member: 0, gold: 100.00}, downgrade: {check: tier_anniversary, keep_for: 1 year}}
  earn: {gift: {on: {tier: gold}, points: {fixed: 50}}}
  2025-12-01 | M2: order O2 100.00 | EARNED 50 gift; tier gold
  2026-03-01 | order O1 10.00      | tier member
  2026-03-02 | M2: give-up G1      | available 0
  2026-03-02 | take-over G1        | TIER_CHANGED member>gold MERGED; no EARNED gift; tier gold; available 50
  2026-11-30 | -                   | tier gold
  2026-12-01 | -                   | TIER_CHANGED gold>member CHECK; tier member

T138 Of two guarantees of one tier the longer holds
  tiers: {metric: {spend: {window: 1 month}}, ladder: {member: 0, gold: 100.00}, downgrade: {check: tier_anniversary, keep_for: 1 year}}
  2025-12-01 | order O1 100.00     | tier gold
  2026-02-01 | M2: order O2 100.00 | tier gold
  2026-03-02 | M2: give-up G1      | available 0
  2026-03-02 | take-over G1        | no TIER_CHANGED; tier gold
  2026-12-01 | -                   | quiet
  2027-02-01 | -                   | TIER_CHANGED gold>member CHECK

T138 What led to the tier that was taken over is out of what counts since: its return lowers nothing
  tiers: {metric: {spend: {window: {since: tier_change}}}, ladder: {member: 0, silver: 100.00, gold: 200.00}}
  returns: {tier_effect: never}
  2026-01-01 | M2: order O2 100.00 | tier silver
  2026-01-10 | M2: give-up G1      | available 0
  2026-01-10 | take-over G1        | TIER_CHANGED member>silver MERGED; tier silver
  2026-01-11 | return T1 of O2     | tier silver
  2026-01-12 | order O3 200.00     | TIER_CHANGED silver>gold basis=20000

T138 A check that one side knows stays where the other's date is not known
  tiers: {metric: {spend: {window: 12 months}}, ladder: {member: 0}, downgrade: {check: {attribute: joined}, reset: growth}}
  wallets: {points: {}, growth: {spendable: false}}
  2026-01-01 | profile joined=2021-04-19          | quiet
  2026-01-02 | M2: adjust A2 5 wallet=growth      | growth available 5
  2026-01-10 | M2: give-up G1                     | growth available 0
  2026-01-10 | take-over G1                       | growth available 5
  2026-04-19 | -                                  | EXPIRED -5 RESET wallet=growth; growth available 0

T141 Two welcomes stay and are reported
  earn: {welcome: {on: order, when: {orders_before: 0}, points: {fixed: 100}, once: member}}
  2026-01-01 | order O1 10.00     | EARNED 100 welcome
  2026-01-02 | M2: order O2 10.00 | EARNED 100 welcome
  2026-01-10 | M2: give-up G1     | available 0
  2026-01-10 | take-over G1       | TRANSFERRED_IN 100 MERGED; SIGNALLED 0 welcome DUPLICATE_BONUS desired=100 about=O2; entries 2; available 200
  2026-01-11 | order O3 10.00     | quiet
  2026-01-12 | return T1 of O2    | CLAWED_BACK -100 welcome lot=O2; available 100

T141 Where the programme says so, the second one is taken back, and its order's return takes it no second time
  earn: {welcome: {on: order, when: {orders_before: 0}, points: {fixed: 100}, once: member}}
  identity: {duplicate_bonus: dedupe}
  2026-01-01 | order O1 10.00     | EARNED 100 welcome
  2026-01-02 | M2: order O2 10.00 | EARNED 100 welcome
  2026-01-03 | M2: redeem R1 30   | available 70
  2026-01-10 | M2: give-up G1     | available 0
  2026-01-10 | take-over G1       | TRANSFERRED_IN 70 MERGED; SIGNALLED 0 welcome DUPLICATE_BONUS desired=100 about=O2
             |                    | CLAWED_BACK -70 welcome MERGE_DUPLICATE lot=O2; CLAWED_BACK -30 welcome MERGE_DUPLICATE lot=O1; available 70
  2026-01-12 | return T1 of O2    | quiet
  2026-01-13 | return T2 of O1    | CLAWED_BACK -70 welcome lot=O1; CLAWED_BACK 30 welcome DEBT; debt 30

T141 Once a year: gifts of two years are no duplicates
  earn: {gift: {on: order, points: {fixed: 50}, once: year}}
  2025-06-01 | M2: order O2 10.00 | EARNED 50 gift
  2026-01-01 | order O1 10.00     | EARNED 50 gift
  2026-01-10 | M2: give-up G1     | available 0
  2026-01-10 | take-over G1       | no SIGNALLED; available 100
  2026-01-11 | order O3 10.00     | quiet

T141 An order that waited in the other account is next when the first one comes back
  earn: {welcome: {on: order, when: {orders_before: 0}, points: {fixed: 100}, once: member}}
  2026-01-01 | M2: order O2 10.00 | EARNED 100 welcome
  2026-01-02 | M2: order O3 10.00 | quiet
  2026-01-10 | M2: give-up G1     | available 0
  2026-01-10 | take-over G1       | available 100
  2026-01-12 | return T1 of O2    | CLAWED_BACK -100 welcome lot=O2; EARNED 100 welcome RETURNED about=O3; available 100

T143 What limits have used adds up, capped for what comes; nothing paid is taken back
  earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, limits: {points: 50, per: month}}}
  2026-01-01 | order O1 30.00     | EARNED 30 base
  2026-01-02 | M2: order O2 40.00 | EARNED 40 base
  2026-01-10 | M2: give-up G1     | available 0
  2026-01-10 | take-over G1       | no CLAWED_BACK; available 70
  2026-01-11 | order O3 10.00     | REFUSED 0 base LIMIT_REACHED
  2026-02-01 | order O4 60.00     | EARNED 50 base

T143 Of two periods the later stays
  earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, limits: {points: 50, per: month}}}
  2026-01-20 | M2: order O2 40.00 | EARNED 40 base
  2026-02-01 | order O1 30.00     | EARNED 30 base
  2026-02-10 | M2: give-up G1     | available 0
  2026-02-10 | take-over G1       | available 70
  2026-02-11 | order O3 60.00     | EARNED 20 base

T137 A merge of a merge, and an account that begins with one
  2026-01-01 | M3: adjust A3 5    | available 5
  2026-01-02 | M2: adjust A2 7    | available 7
  2026-01-03 | M3: give-up G1     | available 0
  2026-01-03 | M2: take-over G1   | available 12
  2026-01-04 | M2: give-up G2     | TRANSFERRED_OUT -12 MERGED; available 0
  2026-01-04 | M1: take-over G2   | TRANSFERRED_IN 12 MERGED; available 12; lots 5@never + 7@never

T137 The stage goes by the orders of both
  lifecycle: {mature: {last_order_within: 60 days, orders_at_least: 2}, new: {last_order_within: 60 days}, precedence: [mature, new]}
  2026-01-01 | order O1 10.00     | stage new
  2026-01-02 | M2: order O2 10.00 | stage new
  2026-01-10 | M2: give-up G1     | available 0
  2026-01-10 | take-over G1       | STAGE_CHANGED new>mature; stage mature

T193 An account that ends: reservations are released, points forfeited, debt let go
  wallets: {points: {}, growth: {spendable: false}}
  2026-01-01 09:00 | adjust A1 100                     | available 100
  2026-01-01 09:00 | adjust A2 30 available=2026-02-01 | pending 30
  2026-01-01 09:00 | adjust A3 8 wallet=growth         | growth available 8
  2026-01-01 10:00 | reserve R1 40                     | reserved 40
  2026-01-01 10:05 | end E1                            | RELEASED 40 lot=A1; FORFEITED -100 ERASED about=E1; FORFEITED -30 ERASED PENDING
                   |                                   | FORFEITED -8 ERASED wallet=growth; entries 4; forfeited 130; growth forfeited 8
                   |                                   | available 0; lots none
  2026-02-01       | -                                 | quiet
  2026-02-02       | adjust A9 10                      | REFUSED 0 STATUS_BLOCKED

T193 Debt is written off: what was clawed back without being there is clawed back no more
  2026-01-01 | deduct A1 30 allow_negative | debt 30; adjusted -30
  2026-01-02 | end E1                      | WRITTEN_OFF -30 ERASED DEBT basis=30; debt 0; written_off 30; clawed_back -30
"""
TOLD = parse_stories(STORIES)


@pytest.mark.parametrize("story", TOLD, ids=[story.title for story in TOLD])
def test_T137_to_T143_a_merge_goes_as_told(story: Story) -> None:
    """T137, T138, T141, T143 and T193, each in the titles of its stories."""
    for row, outcome in Telling(story).outcomes():
        assert [problem for e in row.then if (problem := outcome.check(e))] == [], f"{row.when} | {row.does}"


def test_T141_what_a_merge_takes_back_is_no_more_than_its_rule_gave() -> None:
    told = Telling(parse_story("""A story
  earn: {welcome: {on: order, when: {orders_before: 0}, points: {fixed: 100}, once: member}}
  identity: {duplicate_bonus: dedupe}
  2026-01-01 | order O1 10.00     |
  2026-01-02 | M2: order O2 10.00 |
  2026-01-10 | M2: give-up G1     |
  2026-01-10 | take-over G1       |
"""))
    entries = np.concatenate([outcome.entries for _, outcome in told.outcomes()])
    again = entries[entries["reason"] == Reason.MERGE_DUPLICATE]
    assert again["points"].tolist() == [-100]
    assert taken_back(entries) == (1, [])
    assert taken_back(np.concatenate([entries, again, again])) == (1, ["100 points too many were taken back of a rule"])


def test_T137_what_is_known_of_the_member_is_the_survivors_else_the_others() -> None:
    told = Telling(parse_story("""A story
  2026-01-05 | profile region=north birthday=1990-05-20 tags=vip                   |
  2026-01-05 | M2: profile region=south customer_type=company tags=vip,new enrolled |
  2026-01-06 | M2: profile status=suspended                                         |
  2026-01-10 | M2: give-up G1                                                       |
  2026-01-10 | take-over G1                                                         |
"""))
    list(told.outcomes())
    state, other = unpack(told.accounts["M1"].state), unpack(told.accounts["M2"].state)
    assert (state.birthday, state.status, state.enrolled) == (19_900_520, Status.SUSPENDED, 1)
    assert len(state.tags) == 2 and state.region != 0 and state.customer_type != 0
    assert (other.status, other.ended, other.tags, other.region, other.birthday) == (Status.CLOSED, Move.ABSORBED, (), 0, 0)
    assert (other.tier_until, other.stage_due, other.birthday_due) == (NEVER, NEVER, NEVER)
