# Pending points: statements T023 to T030.

T023 Points locked for 14 days become available at the very instant, with no fact of the member
  wallets: {points: {pending: {for: 14 days}}}
  2026-01-01 10:00           | order O1 100.00 | EARNED 100 base PENDING; available 0; pending 100
  2026-01-10                 | -               | available 0; pending 100
  2026-01-15 09:59:59.999999 | -               | quiet; pending 100
  2026-01-15 10:00           | -               | ACTIVATED 100 at=2026-01-15T10:00 cause=timer; entries 1; available 100; pending 0

T024 Pending points do not count for the tier: growth value comes when the points do
  wallets: {points: {pending: {for: 14 days}}, growth: {spendable: false}}
  earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, also: {growth: same}}}
  tiers: {metric: {growth: {window: 12 months}}, ladder: {member: 0, silver: 50, gold: 100}}
  2026-01-01 10:00 | order O1 100.00 | tier member; growth pending 100; growth available 0
  2026-01-15 09:59 | -               | tier member
  2026-01-15 10:00 | -               | ACTIVATED 100 wallet=points; ACTIVATED 100 wallet=growth; TIER_CHANGED member>gold at=2026-01-15T10:00; tier gold; growth available 100

T024 Pending points do not count for the tier that is measured in points themselves
  wallets: {points: {pending: {for: 14 days}}}
  tiers: {metric: {points: {window: 12 months}}, ladder: {member: 0, silver: 50, gold: 100}}
  2026-01-01 10:00 | order O1 100.00 | tier member
  2026-01-15 10:00 | -               | TIER_CHANGED member>gold; tier gold

T024 Spend and orders count at the instant of the order
  wallets: {points: {pending: {for: 14 days}}}
  tiers: {metric: {spend: {window: 12 months}}, ladder: {member: 0, silver: 50.00, gold: 100.00}}
  2026-01-01 10:00 | order O1 100.00 | TIER_CHANGED member>gold; tier gold; pending 100
  2026-01-15 10:00 | -               | no TIER_CHANGED; available 100

T024 A tier by the number of orders does not wait for pending points
  wallets: {points: {pending: {for: 14 days}}}
  tiers: {metric: {orders: {window: 12 months}}, ladder: {member: 0, silver: 1, gold: 2}}
  2026-01-01 10:00 | order O1 100.00 | tier silver; pending 100

T025 No days of pending is available at once
  wallets: {points: {pending: {for: 0 days}}}
  2026-01-01 10:00 | order O1 100.00 | available 100; pending 0

T026 Points that wait for an action
  wallets: {points: {pending: {until: action, interaction: delivery}}}
  2026-01-01 10:00 | order O1 100.00            | pending 100
  2026-01-02 10:00 | order O2 50.00             | pending 150
  2026-01-03 10:00 | did delivery I1 about=O2   | ACTIVATED 50 at=2026-01-03T10:00; available 50; pending 100
  2026-02-03 10:00 | did delivery I2            | ACTIVATED 100; available 150; pending 0

T027 Validity counts from the action that activates
  wallets: {points: {pending: {until: action, interaction: delivery}, expires: {after: 30 days}}}
  2026-01-01 10:00           | order O1 100.00          | pending 100
  2026-01-20 09:30           | did delivery I1 about=O1 | ACTIVATED 100; lots 100@2026-02-19T09:30
  2026-02-19 09:29:59.999999 | -                        | available 100
  2026-02-19 09:30           | -                        | EXPIRED -100; available 0; expired 100

T028 Validity counts from earning where the programme says so
  wallets: {points: {pending: {for: 14 days}, expires: {after: 30 days, from: earning}}}
  2026-01-01 10:00 | order O1 100.00 | lots 100~@2026-01-31T10:00
  2026-01-31 10:00 | -               | ACTIVATED 100; EXPIRED -100 at=2026-01-31T10:00; available 0

T028 Validity counts from activation by default
  wallets: {points: {pending: {for: 14 days}, expires: {after: 30 days}}}
  2026-01-01 10:00 | order O1 100.00 | lots 100~@2026-02-14T10:00
  2026-02-14 10:00 | -               | ACTIVATED 100; EXPIRED -100 at=2026-02-14T10:00

T029 A return inside the lock cancels what is pending and touches nothing else
  wallets: {points: {pending: {for: 14 days}}}
  2025-12-01 10:00 | order O0 50.00  | pending 50
  2026-01-01 10:00 | order O1 100.00 | available 50; pending 100
  2026-01-05 10:00 | return T1 of O1 | CLAWED_BACK -100 base PENDING; available 50; pending 0; clawed_back 100; debt 0
  2026-03-01 10:00 | -               | quiet; available 50

T029 A cancelled lot cannot be activated by hand either
  wallets: {points: {pending: {until: action, interaction: delivery}}}
  2026-01-01 10:00 | order O1 100.00          | pending 100
  2026-01-05 10:00 | return T1 of O1          | pending 0
  2026-01-06 10:00 | did delivery I1 about=O1 | no ACTIVATED; available 0
  2026-01-07 10:00 | did delivery I2          | no ACTIVATED; available 0

T030 A quote shows the balance with this basket alone, and leaves nothing
  2026-01-01 10:00 | order O1 50.00        | available 50
  2026-01-02 10:00 | quote order Q1 100.00 | EARNED 100 base; available 150
  2026-01-02 10:00 | quote order Q2 30.00  | EARNED 30 base; available 80
  2026-01-02 10:00 | quote redeem R1 20    | REDEEMED -20; available 30
  2026-01-02 10:00 | -                     | quiet; available 50; issued 50
