# Lots, the order in which they are consumed, and expiry: statements T032 to T056. Tables of dates stand in test_expiry_dates.py.

programme three-lots
  redeem: {minimum: 1}

T032 The lot that expires soonest goes first, the one that never expires last
  like three-lots
  2026-01-01 10:00 | adjust L1 100 expires=2026-03-31 | ADJUSTED 100
  2026-01-02 10:00 | adjust L2 50 expires=2026-01-31  | ADJUSTED 50
  2026-01-03 10:00 | adjust L3 30                     | lots 50@2026-01-31 + 100@2026-03-31 + 30@never
  2026-01-10 10:00 | redeem R1 120                    | REDEEMED -50 lot=L2; REDEEMED -70 lot=L1; entries 2; lots 30@2026-03-31 + 30@never
  2026-02-01       | -                                | expired 0; available 60

T032 Of lots that expire together the one earned first goes first
  like three-lots
  2026-01-01 10:00 | adjust L1 10 expires=2026-03-31 | available 10
  2026-01-02 10:00 | adjust L2 10 expires=2026-03-31 | available 20
  2026-01-03 10:00 | redeem R1 15                    | REDEEMED -10 lot=L1; REDEEMED -5 lot=L2

T033 The lot earned first goes first where the programme says so
  like three-lots
  wallets: {points: {consume: oldest_earned}}
  2026-01-01 10:00 | adjust L1 100 expires=2026-03-31 | available 100
  2026-01-02 10:00 | adjust L2 50 expires=2026-01-31  | available 150
  2026-01-03 10:00 | adjust L3 30                     | available 180
  2026-01-10 10:00 | redeem R1 120                    | REDEEMED -100 lot=L1; REDEEMED -20 lot=L2; lots 30@2026-01-31 + 30@never
  2026-02-01       | -                                | EXPIRED -30; expired 30; available 30

T034 What is spent is taken from lots, so the balance never collapses
  2026-01-01 10:00 | adjust L1 100 expires=2026-01-31 | available 100
  2026-01-02 10:00 | adjust L2 50 expires=2026-12-31  | available 150
  2026-01-10 10:00 | redeem R1 80                     | available 70
  2026-02-01       | -                                | EXPIRED -20 lot=L1; expired 20; available 50

T035 Whatever happens, what came in can be found
  wallets: {points: {pending: {for: 7 days}, expires: {after: 3 months}, unit_value: 0.01}}
  # the books are checked after every row of every story; this one touches every account
  2026-01-01 10:00 | order O1: tea 60.00 x2, milk 40.00 | pending 100; issued 100
  2026-01-05 10:00 | return T1 of O1: 1 x1              | CLAWED_BACK -30 base PENDING; pending 70; clawed_back 30
  2026-01-08 10:00 | -                                  | ACTIVATED 70; available 70
  2026-01-09 10:00 | redeem R1 20                       | available 50; redeemed 20
  2026-01-10 10:00 | reserve R2 25                      | available 25; reserved 25; redeemed 20
  2026-01-10 10:05 | confirm R2                         | CONFIRMED -25; available 25; reserved 0; redeemed 45
  2026-01-11 10:00 | reserve R3 5                       | reserved 5
  2026-01-11 10:15 | -                                  | RELEASED 5 TIMED_OUT; available 25; reserved 0
  2026-01-12 10:00 | cancel R1                          | RESTORED 20; available 45; redeemed 25
  2026-01-13 10:00 | adjust A1 10                       | available 55; adjusted 10
  2026-01-14 10:00 | return T2 of O1: 1 x1, 2 x1        | clawed_back 100; available 0; debt 15; adjusted 10
  2026-01-15 10:00 | deduct A2 5 allow_negative         | debt 20; adjusted 5
  2026-01-16 10:00 | order O2 50.00                     | pending 50; debt 20
  2026-01-23 10:00 | -                                  | ACTIVATED 50; DEBT_PAID -20; available 30; debt 0
  2026-04-23 10:00 | -                                  | EXPIRED -30; available 0; expired 30; issued 150; redeemed 25; clawed_back 100; adjusted 5

T042 Three days are 72 hours, three calendar days keep the time of day when clocks change
  time_zone: America/New_York
  wallets: {points: {expires: {after: 3 days}}}
  2026-03-07 16:30 | order O1 100.00 | lots 100@2026-03-10T17:30

T042 Three calendar days keep the time of day when clocks change
  time_zone: America/New_York
  wallets: {points: {expires: {after: 3 calendar days}}}
  2026-03-07 16:30 | order O1 100.00 | lots 100@2026-03-10T16:30

T043 A late order expires by its purchase
  wallets: {points: {expires: {after: 15 days}}}
  2026-01-20 | order O1 100.00 arrived=2026-02-01 | lots 100@2026-02-04

T043 A late order expires by its arrival where the programme says so
  wallets: {points: {expires: {after: 15 days, base: processed_at}}}
  2026-01-20 | order O1 100.00 arrived=2026-02-01 | lots 100@2026-02-16

T043 A late order keeps at least some days from its arrival
  wallets: {points: {expires: {after: 15 days, not_before_arrival: 10 days}}}
  2026-01-20 | order O1 100.00 arrived=2026-02-01 | lots 100@2026-02-11
  2026-02-01 | order O2 50.00                     | lots 100@2026-02-11 + 50@2026-02-16

programme idle-twelve-months
  wallets: {points: {expires: {after: 12 months, from: last_activity, activities: [order, redemption]}}}

T045 The whole balance lapses twelve months after the last activity, by timer
  like idle-twelve-months
  2026-01-10 10:00           | order O1 100.00 | available 100
  2026-05-10 00:00           | order O2 50.00  | available 150; lots 50@never + 100@never
  2027-05-09 23:59:59.999999 | -               | available 150
  2027-05-10 00:00           | -               | EXPIRED -100 INACTIVE at=2027-05-10; EXPIRED -50 INACTIVE; available 0; expired 150

T045 An order a minute before the lapse extends
  like idle-twelve-months
  2026-05-10 00:00 | order O1 100.00 | available 100
  2027-05-09 23:59 | order O2 50.00  | available 150
  2027-05-10 00:00 | -               | quiet; available 150
  2028-05-09 23:59 | -               | EXPIRED -100 INACTIVE; EXPIRED -50 INACTIVE; available 0

T045 An order at the instant of the lapse does not extend
  like idle-twelve-months
  2026-05-10 00:00 | order O1 100.00 | available 100
  2027-05-10 00:00 | order O2 50.00  | EXPIRED -100 INACTIVE cause=timer; EARNED 50 base; available 50; expired 100

T046 An adjustment or a visit to the site does not extend life
  like idle-twelve-months
  2026-05-10 00:00 | order O1 100.00  | available 100
  2027-05-01 10:00 | did login I1     | available 100
  2027-05-02 10:00 | adjust A1 10     | available 110
  2027-05-10 00:00 | -                | EXPIRED -100 INACTIVE; EXPIRED -10 INACTIVE; available 0

T046 A redemption extends life, a refused one does not
  like idle-twelve-months
  2026-05-10 00:00 | order O1 100.00 | available 100
  2026-08-01 00:00 | redeem R1 40    | available 60
  2027-05-10 00:00 | -               | quiet; available 60
  2027-06-01 00:00 | redeem R2 500   | refused INSUFFICIENT
  2027-08-01 00:00 | -               | EXPIRED -60 INACTIVE; available 0

T046 Interactions extend life where the programme counts them
  wallets: {points: {expires: {after: 12 months, from: last_activity, activities: [order, interaction]}}}
  2026-05-10 00:00 | order O1 100.00 | available 100
  2027-05-01 00:00 | did login I1    | available 100
  2027-05-10 00:00 | -               | quiet; available 100
  2028-05-01 00:00 | -               | EXPIRED -100 INACTIVE

T047 Expiry by inactivity, switched on later, counts from the day it is switched on
  ---
  effective_from: 2022-03-01
  wallets: {points: {expires: {after: 12 months, from: last_activity, activities: [order]}}}
  2020-01-10 10:00           | order O1 100.00 | available 100
  2023-02-28 23:59:59.999999 | -               | available 100; expired 0
  2023-03-01 00:00           | -               | EXPIRED -100 INACTIVE; available 0

T048 A lot keeps the expiry in force when it was earned
  wallets: {points: {expires: {after: 12 months}}}
  ---
  effective_from: 2026-03-01
  wallets: {points: {expires: {after: 6 months}}}
  2026-02-01 00:00           | order O1 100.00 | lots 100@2027-02-01
  2026-02-28 23:59:59.999999 | order O2 10.00  | available 110
  2026-03-01 00:00           | order O3 50.00  | lots 50@2026-09-01 + 100@2027-02-01 + 10@2027-02-28T23:59:59.999999
  2026-09-01 00:00           | -               | EXPIRED -50; available 110
  2027-02-01 00:00           | -               | EXPIRED -100; available 10

T049 Of several extensions the largest wins
  wallets: {points: {expires: {after: 12 months, extend: [{by: 3 months}, {by: 6 months, when: {tier: gold}}]}}}
  tiers: {metric: {spend: {window: 12 months}}, ladder: {member: 0, silver: 5000.00, gold: 10000.00}}
  2026-01-01 00:00 | order O1 100.00                     | lots 100@2027-04-01
  2026-01-01 12:00 | set-tier A1 gold until=2027-01-01   | tier gold
  2026-02-01 00:00 | order O2 50.00                      | lots 100@2027-04-01 + 50@2027-08-01

T050 Points that expired within the window come back with the expiry that the adjustment states
  wallets: {points: {reinstate: {within: 10 days}, expires: {after: 12 months}}}
  2025-11-01 10:00 | adjust L1 60 expires=2026-01-04        | available 60
  2025-11-02 10:00 | adjust L2 40 expires=2026-01-05        | available 100
  2025-11-03 10:00 | adjust L3 30 expires=2026-01-12        | available 130
  2026-01-15 00:00 | reinstate A1 expires=2026-03-01        | EXPIRED -60 lot=L1; EXPIRED -40 lot=L2; EXPIRED -30 lot=L3
                   |                                        | REINSTATED 40 lot=L2; REINSTATED 30 lot=L3; entries 5
                   |                                        | available 70; expired 60; lots 30@2026-03-01 + 40@2026-03-01
  2026-03-01 00:00 | -                                      | EXPIRED -40; EXPIRED -30; available 0; expired 130

T052 A redemption a millisecond after expiry fails although nothing has swept
  wallets: {points: {expires: {after: 1 month}}}
  2026-01-01 00:00        | order O1 100.00 | lots 100@2026-02-01
  2026-02-01 00:00:00.001 | redeem R1 100   | EXPIRED -100 at=2026-02-01; refused INSUFFICIENT; available 0

T052 A redemption a millisecond before expiry succeeds although it arrives later
  wallets: {points: {expires: {after: 1 month}}}
  2026-01-01 00:00        | order O1 100.00                              | lots 100@2026-02-01
  2026-01-31 23:59:59.999 | redeem R1 100 arrived=2026-02-01T00:00:05    | REDEEMED -100; available 0
  2026-03-01 00:00        | -                                            | quiet; expired 0; redeemed 100

T052 A redemption at the instant of expiry fails
  wallets: {points: {expires: {after: 1 month}}}
  2026-01-01 00:00 | order O1 100.00 | lots 100@2026-02-01
  2026-02-01 00:00 | redeem R1 100   | EXPIRED -100; refused INSUFFICIENT

programme reminded
  wallets: {points: {expires: {after: 12 months}, remind: [10 days]}}

T053 One reminder for all that expires on a day
  like reminded
  2026-01-01 10:00           | adjust L1 30 expires=2026-02-11T09:00 | available 30
  2026-01-02 10:00           | adjust L2 20 expires=2026-02-11T18:00 | available 50
  2026-01-03 10:00           | adjust L3 7 expires=2026-02-12        | available 57
  2026-01-31 23:59:59.999999 | -                                     | quiet
  2026-02-01 00:00           | -                                     | REMINDED basis=50 at=2026-02-01; entries 1
  2026-02-01 23:00           | -                                     | quiet
  2026-02-02 00:00           | -                                     | REMINDED basis=7; entries 1

T053 Points that were spent before need no reminder
  like reminded
  2026-01-01 10:00 | adjust L1 50 expires=2026-02-11 | available 50
  2026-01-20 10:00 | redeem R1 50                    | available 0
  2026-02-02 00:00 | -                               | quiet

T053 A reminder sums what remains of the lots
  like reminded
  2026-01-01 10:00 | adjust L1 30 expires=2026-02-11 | available 30
  2026-01-02 10:00 | adjust L2 20 expires=2026-02-11 | available 50
  2026-01-20 10:00 | redeem R1 35                    | available 15
  2026-02-01 00:00 | -                               | REMINDED basis=15; entries 1

T053 A lot that becomes available on the day of its reminder, or later, gives none
  like reminded
  2026-01-01 10:00 | adjust L1 30 available=2026-02-01 expires=2026-02-11 | pending 30
  2026-01-05 10:00 | adjust L2 20 available=2026-01-31 expires=2026-02-11 | pending 50
  2026-02-01 00:00 | -                                                    | ACTIVATED 20; ACTIVATED 30; REMINDED basis=20; entries 3
  2026-02-05 10:00 | adjust L3 10 expires=2026-02-12                      | available 60
  2026-02-10 10:00 | -                                                    | quiet

T054 A warning and a last chance are two reminders
  wallets: {points: {expires: {after: 12 months}, remind: [30 days, 7 days]}}
  2026-01-01 10:00 | adjust L1 50 expires=2026-03-31 | available 50
  2026-03-01 00:00 | -                               | REMINDED basis=50 at=2026-03-01; entries 1
  2026-03-24 00:00 | -                               | REMINDED basis=50 at=2026-03-24; entries 1
  2026-03-30 00:00 | -                               | quiet

T055 In a tier that suspends expiry points do not lapse until the tier is left
  wallets: {points: {expires: {after: 12 months, suspend_in: [platinum]}}}
  tiers: {metric: {spend: {window: 12 months}}, ladder: {member: 0, gold: 5000.00, platinum: 10000.00}}
  2026-01-01 10:00           | set-tier A1 platinum until=2026-09-01 | tier platinum
  2026-01-02 10:00           | adjust L1 100 expires=2026-06-01      | available 100
  2026-01-02 11:00           | adjust L2 50 expires=2026-12-31       | available 150
  2026-06-02 10:00           | -                                     | quiet; available 150; lots 100@2026-06-01 + 50@2026-12-31
  2026-07-01 10:00           | redeem R1 40                          | REDEEMED -40 lot=L1; available 110
  2026-08-31 23:59:59.999999 | -                                     | quiet
  2026-09-01 00:00           | -                                     | TIER_CHANGED platinum>member; EXPIRED -60 lot=L1 at=2026-09-01; available 50; lots 50@2026-12-31
  2026-12-31 00:00           | -                                     | EXPIRED -50; available 0

T056 Points in escrow mature into the main wallet
  wallets: {escrow: {pending: {for: 14 days}, matures: {into: points}}, points: {}}
  earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, into: escrow}}
  2026-01-01 10:00 | order O1 100.00 | escrow pending 100; points available 0
  2026-01-15 10:00 | -               | TRANSFERRED_OUT -100 wallet=escrow at=2026-01-15T10:00; TRANSFERRED_IN 100 wallet=points at=2026-01-15T10:00
                   |                 | escrow pending 0; escrow available 0; points available 100; escrow transferred_out 100; points transferred_in 100

T056 Points that lapse can roll into another wallet
  wallets: {escrow: {expires: {after: 30 days, into: points}}, points: {}}
  earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, into: escrow}}
  2026-01-01 10:00 | order O1 100.00 | escrow available 100
  2026-01-31 10:00 | -               | TRANSFERRED_OUT -100 wallet=escrow; TRANSFERRED_IN 100 wallet=points; no EXPIRED; escrow available 0; points available 100
