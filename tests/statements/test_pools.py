"""T148 and T149: a share of what members earn goes to a pool, which spends it like any account (S60)."""

from __future__ import annotations

import pytest

from loyalty_streams.core.codes import Move, code_of
from loyalty_streams.core.state import Pool, unpack
from tests.statements.story import Story, parse_stories, parse_story
from tests.statements.telling import Telling

STORIES = """
T148 Of 105 at 30 percent 31 go to the pool and 74 stay, each with the date of the lot
  wallets: {points: {expires: {after: 2 months}}}
  2026-01-01       | join G1 P 30%    | quiet
  2026-01-05       | order O1 105.00  | EARNED 105 base lot=O1; TRANSFERRED_OUT -31 POOLED lot=O1 about=P cause=fact at=2026-01-05; entries 2
                   |                  | available 74; issued 105; transferred_out 31; lots 74@2026-03-05
  2026-01-05       | M2: pooled C1    | TRANSFERRED_IN 31 POOLED lot=C1 about=C1; entries 1
                   |                  | available 31; issued 0; transferred_in 31; lots 31@2026-03-05
  2026-03-05       | -                | EXPIRED -74 lot=O1
  2026-03-05       | M2: -            | EXPIRED -31 lot=C1

T148 Shares of all pools are at most the whole, each is more than nothing, and there are at most four
  2026-01-01       | join G1 P 70%    | quiet
  2026-01-01       | join G2 Q 30.01% | REFUSED 0 NOT_ALLOWED about=Q; entries 1
  2026-01-01       | join G3 Q 0%     | REFUSED 0 NOT_ALLOWED about=Q; entries 1
  2026-01-01       | join G4 Q -1%    | REFUSED 0 NOT_ALLOWED about=Q; entries 1
  2026-01-01       | join G5 Q 10%    | quiet
  2026-01-01       | join G6 R 10%    | quiet
  2026-01-01       | join G7 S 5%     | quiet
  2026-01-01       | join G8 T 1%     | REFUSED 0 NOT_ALLOWED about=T; entries 1
  2026-01-02       | join G9 P 75.01% | REFUSED 0 NOT_ALLOWED about=P; entries 1
  2026-01-02       | join G10 P 75%   | quiet
  2026-01-03       | order O1 99.00   | EARNED 99; TRANSFERRED_OUT -74 POOLED about=P; TRANSFERRED_OUT -9 POOLED about=Q
                   |                  | TRANSFERRED_OUT -9 POOLED about=R; TRANSFERRED_OUT -4 POOLED about=S; entries 5
                   |                  | available 3; transferred_out 96
  2026-01-04       | leave G11 Q      | quiet
  2026-01-04       | leave G12 X      | quiet
  2026-01-04       | join G13 T 5.5%  | quiet
  2026-01-05       | order O2 100.00  | TRANSFERRED_OUT -75 POOLED about=P; TRANSFERRED_OUT -10 POOLED about=R; TRANSFERRED_OUT -5 POOLED about=S
                   |                  | TRANSFERRED_OUT -5 POOLED about=T; entries 5; available 8
  2026-01-06       | order O3 1.00    | EARNED 1; entries 1; available 9

T148 Each entry of what is earned is shared by itself; what is not earned is not shared
  earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}, more: {on: order, points: {fixed: 9}}}
  2026-01-01       | join G1 P 10%               | quiet
  2026-01-02       | adjust A1 100               | entries 1; available 100
  2026-01-02       | opening I1 100              | entries 1; available 200
  2026-01-03       | order O1 19.00              | EARNED 19 base; TRANSFERRED_OUT -1 POOLED; EARNED 9 more; entries 3; available 227

T148 Debt is paid first, and the pool has what remains of the lot
  2026-01-01       | join G1 P 30%                     | quiet
  2026-01-02       | deduct A1 90 allow_negative       | debt 90
  2026-01-03       | order O1 105.00                   | EARNED 105; DEBT_PAID -90; TRANSFERRED_OUT -15 POOLED; entries 3
                   |                                   | available 0; debt 0; lots none

T148 Pending points are shared when they become available, by the pools of that instant; those given by hand are not
  wallets: {points: {pending: {for: 14 days}}}
  2026-01-01       | order O1 105.00                   | EARNED 105 PENDING; pending 105
  2026-01-02       | adjust A1 50 available=2026-01-15 | pending 155
  2026-01-10       | join G1 P 30%                     | quiet
  2026-01-15       | -        | ACTIVATED 105 lot=O1; TRANSFERRED_OUT -31 POOLED lot=O1 cause=timer at=2026-01-15; ACTIVATED 50 lot=A1; entries 3
                   |          | available 124; pending 0
  2026-01-15       | M2: pooled C1                     | TRANSFERRED_IN 31 POOLED; available 31; lots 31@never

T148 Points that an action makes available are shared with the date that they get then
  wallets: {points: {pending: {until: action, interaction: collect}, expires: {after: 2 months}}}
  2026-01-01       | join G1 P 30%                     | quiet
  2026-01-01       | order O1 105.00                   | pending 105
  2026-02-01       | did collect I1 about=O1           | ACTIVATED 105; TRANSFERRED_OUT -31 POOLED lot=O1; entries 2; lots 74@2026-04-01
  2026-02-01       | M2: pooled C1                     | lots 31@2026-04-01

T148 What comes too late is shared, but not what has died by then
  wallets: {points: {expires: {after: 2 months}}}
  2026-01-01       | join G1 P 30%                       | quiet
  2026-03-20       | order O1 105.00 happened=2026-01-05 | EARNED 105; EXPIRED -105; entries 2; available 0
  2026-03-20       | order O2 105.00 happened=2026-01-25 | EARNED 105 at=2026-01-25; TRANSFERRED_OUT -31 POOLED at=2026-01-25; entries 2
  2026-03-20       | M2: pooled C1 happened=2026-01-25   | TRANSFERRED_IN 31 at=2026-01-25; lots 31@2026-03-25

T148 A return takes from the member, not from the pool
  2026-01-01       | join G1 P 30%     | quiet
  2026-01-02       | order O1 105.00   | available 74
  2026-01-03       | return T1 of O1   | CLAWED_BACK -74 lot=O1; CLAWED_BACK 31 DEBT; available 0; debt 31

T148 A pool takes what it is given whatever its status, pays its debt with it, and does not share it
  2026-01-01       | join G1 M2 30%                    | quiet
  2026-01-01       | M2: join G2 M1 50%                | quiet
  2026-01-02       | M2: deduct A1 20 allow_negative   | debt 20
  2026-01-02       | M2: profile status=suspended      | STATUS_CHANGED 0
  2026-01-03       | order O1 105.00                   | available 74
  2026-01-03       | M2: pooled C1                     | TRANSFERRED_IN 31 POOLED; DEBT_PAID -20 lot=C1; entries 2; available 11; debt 0

T148 The balance that rules and tiers see is without what the pool has
  tiers: {metric: {balance: points}, ladder: {member: 0, gold: 100}}
  2026-01-01       | join G1 P 30%     | quiet
  2026-01-02       | order O1 142.00   | EARNED 142; TRANSFERRED_OUT -42; tier gold
  2026-01-03       | redeem R1 1       | tier member

T148 What is given counts in the metrics of earning, and a maximum balance is judged before
  wallets: {points: {max_balance: 100}}
  tiers: {metric: {points: {window: 12 months}}, ladder: {member: 0, gold: 100}}
  2026-01-01       | join G1 P 30%     | quiet
  2026-01-02       | order O1 105.00   | EARNED 100 MAX_BALANCE; TRANSFERRED_OUT -30; tier gold; available 70

T149 A redemption of the pool takes the lots of all members; its reversal gives each back, and what has died expires
  wallets: {points: {expires: {after: 2 months}}}
  2026-01-01       | join G1 P 30%         | quiet
  2026-01-01       | M3: join G2 P 20%     | quiet
  2026-01-05       | order O1 105.00       | available 74
  2026-01-10       | M3: order O2 100.00   | available 80
  2026-01-10 10:00 | M2: pooled C1 happened=2026-01-05 | available 31
  2026-01-10 10:00 | M2: pooled C2 happened=2026-01-10 | available 51
  2026-02-01       | M2: redeem R1 40      | REDEEMED -31 lot=C1; REDEEMED -9 lot=C2; entries 2; available 11
  2026-03-07       | M2: cancel R1         | RESTORED 31 lot=C1; EXPIRED -31 lot=C1; RESTORED 9 lot=C2; entries 3; lots 20@2026-03-10

T148 An account that is given up is in no pool any more, and the survivor shares with its own what waited there
  wallets: {points: {pending: {for: 14 days}}}
  2026-01-01       | join G1 P 10%         | quiet
  2026-01-01       | M2: join G2 Q 30%     | quiet
  2026-01-02       | M2: order O1 105.00   | pending 105
  2026-01-03       | M2: give-up G3        | pending 0
  2026-01-03       | take-over G3          | pending 105
  2026-01-16       | -                     | ACTIVATED 105; TRANSFERRED_OUT -10 POOLED about=P; entries 2
"""
TOLD = parse_stories(STORIES)


@pytest.mark.parametrize("story", TOLD, ids=[story.title for story in TOLD])
def test_T148_a_pool_is_given_its_share_as_told(story: Story) -> None:
    for row, outcome in Telling(story).outcomes():
        assert [problem for e in row.then if (problem := outcome.check(e))] == [], f"{row.when} | {row.does}"


def test_T148_a_state_names_its_pools_in_order_of_joining() -> None:
    told = Telling(parse_story("""A story
  2026-01-01 | join G1 P 30%     |
  2026-01-01 | join G2 Q 12.34%  |
  2026-01-02 | join G3 R 1%      |
  2026-01-02 | leave G4 Q        |
  2026-01-03 | join G5 P 40%     |
  2026-01-03 | M2: join G6 P 10% |
  2026-01-04 | M2: give-up G7    |
"""))
    list(told.outcomes())
    state, other = unpack(told.accounts["M1"].state), unpack(told.accounts["M2"].state)
    assert state.pools == (Pool(code_of("P"), 4000), Pool(code_of("R"), 100))
    assert (other.pools, other.ended) == ((), Move.ABSORBED)
