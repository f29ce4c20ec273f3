# Tiers: statements T092 to T116. A metric of one calendar month is a way to have nothing left at a check.

programme basic-to-platinum
  tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, gold: 500.00, platinum: 1000.00}}

T092 A threshold is reached at equality
  like basic-to-platinum
  2026-01-01 10:00 | order O1 99.00  | tier basic; no TIER_CHANGED
  2026-01-02 10:00 | order O2 1.00   | TIER_CHANGED basic>silver; tier silver
  2026-01-03 10:00 | order O3 399.00 | tier silver
  2026-01-04 10:00 | order O4 1.00   | TIER_CHANGED silver>gold basis=50000 desired=50000; tier gold
  2026-01-05 10:00 | order O5 499.00 | tier gold
  2026-01-06 10:00 | order O6 1.00   | TIER_CHANGED gold>platinum; tier platinum

T093 By balance: spending demotes at once, and each change is one event
  tiers: {metric: {balance: points}, ladder: {basic: 0, silver: 100, gold: 500}}
  2026-01-01 10:00 | order O1 100.00 | EARNED 100; TIER_CHANGED basic>silver; entries 2; tier silver
  2026-01-02 10:00 | redeem R1 50    | REDEEMED -50; TIER_CHANGED silver>basic; entries 2; tier basic
  2026-01-03 10:00 | order O2 500.00 | EARNED 500; TIER_CHANGED basic>gold; entries 2; available 550; tier gold

T094 By points earned in a period: redeeming does not demote
  tiers: {metric: {points: {window: calendar_year}}, ladder: {basic: 0, silver: 100, gold: 500}}
  2026-01-01 10:00 | order O1 600.00 | tier gold
  2026-01-02 10:00 | redeem R1 500   | no TIER_CHANGED; available 100; tier gold
  2026-12-31 23:59 | -               | tier gold

T095 Qualifying points and points to spend are two wallets
  wallets: {points: {}, qualifying: {spendable: false}}
  earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, also: {qualifying: same}}}
  tiers: {metric: {qualifying: {window: 12 months}}, ladder: {basic: 0, silver: 100, gold: 500}}
  2026-01-01 10:00 | order O1 600.00 | EARNED 600 wallet=points; EARNED 600 wallet=qualifying; points available 600; qualifying available 600; tier gold
  2026-01-02 10:00 | redeem R1 500   | points available 100; qualifying available 600; tier gold

T096 Points of the last minute of March count in the first quarter, those of 1 April in the second
  tiers: {metric: {points: {window: calendar_quarter}}, ladder: {basic: 0, silver: 100, gold: 500}}
  2026-03-31 23:59 | order O1 60.00 | tier basic
  2026-04-01 00:00 | order O2 60.00 | tier basic
  2026-06-30 23:59 | order O3 40.00 | tier silver
  2026-07-01 00:00 | -              | TIER_CHANGED silver>basic at=2026-07-01 cause=timer; tier basic

programme yearly-by-balance
  tiers:
    metric: {balance: points}
    ladder: {level0: 0, level1: 10, level2: 30, level3: 100}
    downgrade: {check: calendar_year, to: metrics, reset: points}

T097 The yearly check on active points judges before it empties them: 5 left
  like yearly-by-balance
  2026-03-01 10:00 | order O1 10.00 | tier level1
  2026-03-02 10:00 | order O2 20.00 | tier level2
  2026-03-03 10:00 | redeem R1 25   | available 5; tier level2
  2026-12-31 23:59 | -              | quiet; tier level2
  2027-01-01 00:00 | -              | TIER_CHANGED level2>level0 at=2027-01-01 basis=5; EXPIRED -5 RESET; available 0; expired 5; tier level0

T097 The yearly check on active points judges before it empties them: 10 left
  like yearly-by-balance
  2026-03-01 10:00 | order O1 30.00 | tier level2
  2026-03-03 10:00 | redeem R1 20   | available 10; tier level2
  2027-01-01 00:00 | -              | TIER_CHANGED level2>level1 basis=10; EXPIRED -10 RESET; available 0; tier level1

T097 The yearly check on active points judges before it empties them: 30 left
  like yearly-by-balance
  2026-03-01 10:00 | order O1 30.00 | tier level2
  2027-01-01 00:00 | -              | no TIER_CHANGED; EXPIRED -30 RESET at=2027-01-01; available 0; expired 30; tier level2

T098 Points since the last change of tier: a promotion restarts the count and the year
  tiers:
    metric: {points: {window: {since: tier_change}}}
    ladder: {base: 0, silver: 100, gold: 300}
    downgrade: {check: tier_anniversary, keep_for: 365 days}
  # day 0 is 2026-01-01, day 100 is 04-11, day 200 is 07-20, day 300 is 10-28, day 465 is 2027-04-11, day 565 is 2027-07-20
  2026-04-11 00:00           | order O1 100.00 | TIER_CHANGED base>silver; tier silver
  2026-06-01 00:00           | order O2 150.00 | tier silver
  2026-07-20 00:00           | order O3 150.00 | TIER_CHANGED silver>gold basis=300; tier gold
  2026-10-28 00:00           | order O4 250.00 | tier gold
  2027-07-19 23:59:59.999999 | -               | quiet; tier gold
  2027-07-20 00:00           | -               | TIER_CHANGED gold>silver at=2027-07-20 basis=250; tier silver

T099 At the end of the tier one step down
  tiers:
    metric: {balance: points}
    ladder: {basic: 0, silver: 100, gold: 500, platinum: 1000}
    downgrade: {check: tier_anniversary, keep_for: 1 year, to: one_down}
  2026-01-01 10:00           | order O1 1000.00 | tier platinum
  2026-02-01 10:00           | redeem R1 880    | available 120; tier platinum
  2027-01-01 09:59:59.999999 | -                | tier platinum
  2027-01-01 10:00           | -                | TIER_CHANGED platinum>gold; tier gold
  2028-01-01 10:00           | -                | TIER_CHANGED gold>silver; tier silver
  2030-01-01 10:00           | -                | no TIER_CHANGED; tier silver

T099 At the end of the tier to what the balance gives
  tiers:
    metric: {balance: points}
    ladder: {basic: 0, silver: 100, gold: 500, platinum: 1000}
    downgrade: {check: tier_anniversary, keep_for: 1 year, to: metrics}
  2026-01-01 10:00 | order O1 1000.00 | tier platinum
  2026-02-01 10:00 | redeem R1 880    | available 120
  2027-01-01 10:00 | -                | TIER_CHANGED platinum>silver; tier silver

T103 At the end of the tier to the base
  tiers:
    metric: {balance: points}
    ladder: {basic: 0, silver: 100, gold: 500, platinum: 1000}
    downgrade: {check: tier_anniversary, keep_for: 1 year, to: base}
  2026-01-01 10:00 | order O1 1000.00 | tier platinum
  2026-02-01 10:00 | redeem R1 880    | available 120
  2027-01-01 10:00 | -                | TIER_CHANGED platinum>basic; tier basic

T103 A member whose metrics still give the tier keeps it for another year, whatever the target of a fall
  tiers:
    metric: {balance: points}
    ladder: {basic: 0, silver: 100, gold: 500, platinum: 1000}
    downgrade: {check: tier_anniversary, keep_for: 1 year, to: base}
  2026-01-01 10:00 | order O1 1000.00 | tier platinum
  2027-06-01 10:00 | redeem R1 880    | no TIER_CHANGED; tier platinum
  2028-01-01 09:59 | -                | tier platinum
  2028-01-01 10:00 | -                | TIER_CHANGED platinum>basic; tier basic

T103 A check that fails is made once more after the grace
  tiers:
    metric: {balance: points}
    ladder: {basic: 0, silver: 100, gold: 500, platinum: 1000}
    downgrade: {check: tier_anniversary, keep_for: 1 year, to: metrics, grace: 30 days}
  2026-01-01 10:00           | order O1 1000.00 | tier platinum
  2026-02-01 10:00           | redeem R1 880    | available 120
  2027-01-31 09:59:59.999999 | -                | no TIER_CHANGED; tier platinum
  2027-01-31 10:00           | -                | TIER_CHANGED platinum>silver; tier silver

# Joined 2025-03-10, Gold since 2025-09-20, and nothing in the window at the check.
T100 The tier ends a year after it began
  tiers:
    metric: {spend: {window: calendar_month}}
    ladder: {basic: 0, silver: 100.00, gold: 1000.00}
    downgrade: {check: tier_anniversary, keep_for: 1 year}
  2025-03-10 00:00           | profile enrolled | tier basic
  2025-09-20 00:00           | order O1 1000.00 | tier gold
  2026-09-19 23:59:59.999999 | -                | quiet; tier gold
  2026-09-20 00:00           | -                | TIER_CHANGED gold>basic at=2026-09-20 cause=timer; tier basic

T100 The tier ends on the day of joining
  tiers:
    metric: {spend: {window: calendar_month}}
    ladder: {basic: 0, silver: 100.00, gold: 1000.00}
    downgrade: {check: join_anniversary}
  2025-03-10 00:00           | profile enrolled | tier basic
  2025-09-20 00:00           | order O1 1000.00 | tier gold
  2026-03-09 23:59:59.999999 | -                | quiet; tier gold
  2026-03-10 00:00           | -                | TIER_CHANGED gold>basic at=2026-03-10; tier basic

T100 The tier ends with the calendar year
  tiers:
    metric: {spend: {window: calendar_month}}
    ladder: {basic: 0, silver: 100.00, gold: 1000.00}
    downgrade: {check: calendar_year}
  2025-03-10 00:00           | profile enrolled | tier basic
  2025-09-20 00:00           | order O1 1000.00 | tier gold
  2025-12-31 23:59:59.999999 | -                | quiet; tier gold
  2026-01-01 00:00           | -                | TIER_CHANGED gold>basic at=2026-01-01; tier basic

T100 The tier ends on the anniversary of a date that the member carries
  tiers:
    metric: {spend: {window: calendar_month}}
    ladder: {basic: 0, silver: 100.00, gold: 1000.00}
    downgrade: {check: {attribute: contract_date}}
  2025-03-10 00:00           | profile enrolled contract_date=2020-11-05 | tier basic
  2025-09-20 00:00           | order O1 1000.00                          | tier gold
  2025-11-04 23:59:59.999999 | -                                         | quiet; tier gold
  2025-11-05 00:00           | -                                         | TIER_CHANGED gold>basic at=2025-11-05; tier basic

T101 An upgrade moves the next check
  tiers:
    metric: {spend: {window: calendar_month}}
    ladder: {basic: 0, silver: 100.00, gold: 1000.00}
    downgrade: {check: tier_anniversary, keep_for: 12 months}
  2024-04-15 10:00           | order O1 100.00  | tier silver
  2024-10-25 10:00           | order O2 1000.00 | tier gold
  2025-04-15 12:00           | -                | quiet; tier gold
  2025-10-25 09:59:59.999999 | -                | quiet; tier gold
  2025-10-25 10:00           | -                | TIER_CHANGED gold>basic at=2025-10-25T10:00; tier basic

T102 The anniversary of joining comes even when the tier is ten days old
  tiers:
    metric: {spend: {window: {since: tier_change}}}
    ladder: {basic: 0, silver: 100.00, gold: 1000.00}
    downgrade: {check: join_anniversary}
  2024-10-25 00:00           | profile enrolled | tier basic
  2025-10-15 00:00           | order O1 1000.00 | tier gold
  2025-10-24 23:59:59.999999 | -                | quiet; tier gold
  2025-10-25 00:00           | -                | TIER_CHANGED gold>basic at=2025-10-25; tier basic

T102 With a minimum stay the anniversary after the next counts
  tiers:
    metric: {spend: {window: {since: tier_change}}}
    ladder: {basic: 0, silver: 100.00, gold: 1000.00}
    downgrade: {check: join_anniversary, minimum_stay: 90 days}
  2024-10-25 00:00           | profile enrolled | tier basic
  2025-10-15 00:00           | order O1 1000.00 | tier gold
  2025-10-25 12:00           | -                | quiet; tier gold
  2026-10-24 23:59:59.999999 | -                | quiet; tier gold
  2026-10-25 00:00           | -                | TIER_CHANGED gold>basic at=2026-10-25; tier basic

T105 Gift cards do not count for the tier
  tiers:
    metric: {spend: {window: 12 months}}
    exclude: [{kind: gift_card}]
    ladder: {basic: 0, silver: 60.00, gold: 60.01}
  2026-01-01 10:00 | order O1: tea 60.00, card 40.00 kind=gift_card | EARNED 100 base; TIER_CHANGED basic>silver basis=6000; tier silver
  2026-01-02 10:00 | return T1 of O1: 2 x1                          | CLAWED_BACK -40; no TIER_CHANGED; tier silver
  2026-01-03 10:00 | order O2: tea 0.01                             | tier gold

programme gifts-at-each-tier
  earn:
    silver-gift: {on: {tier: silver}, points: {fixed: 10}}
    gold-gift: {on: {tier: gold}, points: {fixed: 20}}
    platinum-gift: {on: {tier: platinum}, points: {fixed: 30}}

T106 A jump over tiers is one event, and only the tier reached pays its gift
  like gifts-at-each-tier
  tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, gold: 500.00, platinum: 1000.00}}
  2026-01-01 10:00 | order O1 1200.00 | TIER_CHANGED basic>platinum; EARNED 30 platinum-gift; entries 2; tier platinum; available 30

T106 A jump over tiers can pay the gifts of those passed, the lowest first
  like gifts-at-each-tier
  tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, gold: 500.00, platinum: 1000.00}, gifts: all_passed}
  2026-01-01 10:00 | order O1 1200.00 | TIER_CHANGED basic>platinum; EARNED 10 silver-gift; EARNED 20 gold-gift; EARNED 30 platinum-gift; entries 4; available 60

programme monthly-gold
  tiers: {metric: {spend: {window: calendar_month}}, ladder: {basic: 0, silver: 100.00, gold: 1000.00}}

T107 The gift of a tier is paid the first time only, and stays on the way down
  like monthly-gold
  earn: {gold-gift: {on: {tier: gold}, points: {fixed: 50}}}
  2026-01-10 10:00 | order O1 1000.00 | TIER_CHANGED basic>gold; EARNED 50 gold-gift; available 50
  2026-02-01 00:00 | -                | TIER_CHANGED gold>basic; entries 1; available 50
  2026-02-10 10:00 | order O2 1000.00 | TIER_CHANGED basic>gold; no EARNED; available 50; tier gold
  2027-02-10 10:00 | order O3 1000.00 | TIER_CHANGED basic>gold; no EARNED; available 50

T107 The gift of a tier can be paid once a year
  like monthly-gold
  earn: {gold-gift: {on: {tier: gold}, points: {fixed: 50}, once: year}}
  2026-01-10 10:00 | order O1 1000.00 | EARNED 50 gold-gift
  2026-02-10 10:00 | order O2 1000.00 | TIER_CHANGED basic>gold; no EARNED; available 50
  2027-02-10 10:00 | order O3 1000.00 | TIER_CHANGED basic>gold; EARNED 50 gold-gift; available 100

programme noticed
  tiers:
    metric: {spend: {window: calendar_month}}
    ladder: {basic: 0, silver: 100.00, gold: 1000.00}
    downgrade: {check: tier_anniversary, keep_for: 1 year}
    notice_before: 30 days

T108 A coming downgrade is noticed ahead with the metric and the need, and each change is one event
  like noticed
  2025-09-20 00:00           | order O1 1000.00 | EARNED 1000; TIER_CHANGED basic>gold; entries 2
  2026-08-20 23:59:59.999999 | -                | quiet
  2026-08-21 00:00           | -                | TIER_NOTICED at=2026-08-21 basis=0 desired=100000; entries 1; tier gold
  2026-09-19 23:59           | -                | quiet
  2026-09-20 00:00           | -                | TIER_CHANGED gold>basic; entries 1; tier basic

T108 A member who keeps the tier is not noticed
  tiers:
    metric: {spend: {window: 12 months}}
    ladder: {basic: 0, silver: 100.00, gold: 1000.00}
    downgrade: {check: tier_anniversary, keep_for: 1 year}
    notice_before: 30 days
  2025-09-20 00:00 | order O1 1000.00 | tier gold
  2026-05-01 00:00 | order O2 1000.00 | tier gold
  2026-09-20 00:00 | -                | no TIER_NOTICED; no TIER_CHANGED; tier gold
  2027-08-21 00:00 | -                | TIER_NOTICED at=2027-08-21 basis=0 desired=100000; entries 1
  2027-09-20 00:00 | -                | TIER_CHANGED gold>basic

# Active 1,100, of which 200 expire before the check: 900, which is Gold and 100 short of Platinum.
T109 The projected tier is what the member would have at the check if nothing more happened
  tiers:
    metric: {balance: points}
    ladder: {basic: 0, silver: 100, gold: 500, platinum: 1000}
    downgrade: {check: tier_anniversary, keep_for: 1 year}
  2026-01-01 10:00 | adjust L1 900                      | available 900; tier gold
  2026-01-01 11:00 | adjust L2 200 expires=2026-12-01   | available 1100; tier platinum
  2027-01-01 11:00 | quote -                            | EXPIRED -200; TIER_CHANGED platinum>gold basis=900; available 900; tier gold
  2026-02-01 11:00 | -                                  | quiet; available 1100; tier platinum

T110 An order leaves the rolling year by timer, and the tier with it
  tiers: {metric: {orders: {window: 12 months}}, ladder: {basic: 0, silver: 6, gold: 12}}
  2025-07-31 23:59:59.999999 | order O1 1.00  | tier basic
  2025-08-01 10:00           | order O2 1.00  | tier basic
  2025-08-02 10:00           | order O3 1.00  | tier basic
  2025-08-03 10:00           | order O4 1.00  | tier basic
  2025-08-04 10:00           | order O5 1.00  | tier basic
  2025-08-05 10:00           | order O6 1.00  | tier silver
  2025-08-06 10:00           | order O7 1.00  | tier silver
  2025-08-07 10:00           | order O8 1.00  | tier silver
  2025-08-08 10:00           | order O9 1.00  | tier silver
  2025-08-09 10:00           | order O10 1.00 | tier silver
  2025-08-10 10:00           | order O11 1.00 | tier silver
  2025-08-11 10:00           | order O12 1.00 | tier gold
  2026-07-31 23:59:59.999999 | -              | quiet; tier gold
  2026-08-01 00:00           | -              | TIER_CHANGED gold>silver at=2026-08-01 cause=timer basis=11; entries 1; tier silver

programme gold-at-1000
  tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, gold: 1000.00}}

T112 Where a new threshold waits for the member, nothing happens until the next fact
  like gold-at-1000
  ---
  effective_from: 2026-03-01
  tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, gold: 1200.00}, on_rule_change: lazy}
  2026-01-10 10:00 | order O1 1100.00 | tier gold
  2026-03-15 10:00 | -                | quiet; tier gold
  2026-04-01 10:00 | did visit I1     | TIER_CHANGED gold>silver; tier silver

T112 Where a new threshold only raises tiers, the member keeps his
  like gold-at-1000
  ---
  effective_from: 2026-03-01
  tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, gold: 1200.00}, on_rule_change: upgrade_only}
  2026-01-10 10:00 | order O1 1100.00 | tier gold
  2026-03-01 00:00 | -                | quiet; tier gold
  2026-03-15 10:00 | -                | quiet; tier gold

T112 Where only tiers rise at the start of a version, a lower threshold raises
  like gold-at-1000
  ---
  effective_from: 2026-03-01
  tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, gold: 800.00}, on_rule_change: upgrade_only}
  2026-01-10 10:00 | order O1 900.00 | tier silver
  2026-03-01 00:00 | -               | TIER_CHANGED silver>gold RULE_CHANGE at=2026-03-01 cause=timer; tier gold

T112 Where a new threshold judges everyone at its start, the member falls by timer
  like gold-at-1000
  ---
  effective_from: 2026-03-01
  tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, gold: 1200.00}, on_rule_change: full}
  2026-01-10 10:00           | order O1 1100.00 | tier gold
  2026-02-28 23:59:59.999999 | -                | quiet; tier gold
  2026-03-01 00:00           | -                | TIER_CHANGED gold>silver RULE_CHANGE at=2026-03-01 cause=timer; tier silver

T112 A tier can be put between two others
  like gold-at-1000
  ---
  effective_from: 2026-03-01
  tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, ruby: 500.00, gold: 1000.00}, on_rule_change: full}
  2026-01-10 10:00 | M1: order O1 1100.00 | tier gold
  2026-01-10 11:00 | M2: order O2 600.00  | tier silver
  2026-01-10 12:00 | M3: order O3 200.00  | tier silver
  2026-03-01 00:00 | M1: -                | quiet; tier gold
  2026-03-01 00:00 | M2: -                | TIER_CHANGED silver>ruby; tier ruby
  2026-03-01 00:00 | M3: -                | quiet; tier silver
  2026-03-02 00:00 | M3: order O4 300.00  | TIER_CHANGED silver>ruby; tier ruby

T112 A tier that the new ladder lacks is judged at once in every mode
  like gold-at-1000
  ---
  effective_from: 2026-03-01
  tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, ruby: 5000.00}, on_rule_change: lazy}
  2026-01-10 10:00 | order O1 1100.00 | tier gold
  2026-03-01 00:00 | -                | TIER_CHANGED gold>silver at=2026-03-01; tier silver

T113 A manual tier is locked until its date, while purchases count on
  tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, gold: 1000.00, platinum: 5000.00}}
  2026-01-01 10:00           | set-tier A1 gold until=2026-06-01 | TIER_CHANGED basic>gold MANUAL; tier gold
  2026-02-01 10:00           | order O1 150.00                   | no TIER_CHANGED; tier gold
  2026-03-01 10:00           | order O2 6000.00                  | no TIER_CHANGED; tier gold
  2026-04-01 10:00           | return T1 of O2                   | no TIER_CHANGED; tier gold
  2026-05-31 23:59:59.999999 | -                                 | quiet
  2026-06-01 00:00           | -                                 | TIER_CHANGED gold>silver at=2026-06-01 cause=timer basis=15000; tier silver

T113 On the date of a manual tier the normal assessment can also raise
  tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, gold: 1000.00, platinum: 5000.00}}
  2026-01-01 10:00 | set-tier A1 gold until=2026-06-01 | tier gold
  2026-03-01 10:00 | order O2 6000.00                  | tier gold
  2026-06-01 00:00 | -                                 | TIER_CHANGED gold>platinum at=2026-06-01; tier platinum

T114 A company is judged by the ladder of companies alone
  tiers:
    metric: {spend: {window: 12 months}}
    ladder: {member: 0, silver: 100.00, gold: 1000.00}
    ladders: [{when: {customer_type: company}, ladder: {member: 0, partner: 50000.00}}]
  2026-01-01 10:00 | M1: profile enrolled customer_type=company | tier member
  2026-01-02 10:00 | M1: order O1 10000.00                      | tier member
  2026-01-03 10:00 | M1: order O2 40000.00                      | TIER_CHANGED member>partner; tier partner
  2026-01-04 10:00 | M2: profile enrolled customer_type=person  | tier member
  2026-01-05 10:00 | M2: order O3 60000.00                      | tier gold

T114 A region has a ladder of its own
  tiers:
    metric: {spend: {window: 12 months}}
    ladder: {member: 0, silver: 100.00, gold: 1000.00}
    ladders: [{when: {region: south, customer_type: company}, ladder: {member: 0, partner: 50000.00}}, {when: {region: south}, ladder: {guest: 0, southern: 200.00}}]
  2026-01-01 10:00 | M1: profile enrolled region=south                       | tier guest
  2026-01-02 10:00 | M1: order O1 150.00                                     | tier guest
  2026-01-03 10:00 | M1: order O2 50.00                                      | tier southern
  2026-01-04 10:00 | M2: profile enrolled region=south customer_type=company | tier member
  2026-01-05 10:00 | M2: order O3 500.00                                     | tier member
  2026-01-06 10:00 | M3: profile enrolled region=north                       | tier member
  2026-01-07 10:00 | M3: order O4 150.00                                     | tier silver

T116 An imported tier ends a year after it began, not after its import
  tiers:
    metric: {spend: {window: calendar_month}}
    ladder: {basic: 0, silver: 100.00, gold: 1000.00}
    downgrade: {check: tier_anniversary, keep_for: 1 year}
  2026-01-10 10:00           | profile tier=gold tier_since=2025-06-01 | TIER_CHANGED basic>gold IMPORTED; tier gold
  2026-05-31 23:59:59.999999 | -                                       | quiet; tier gold
  2026-06-01 00:00           | -                                       | TIER_CHANGED gold>basic at=2026-06-01; tier basic

T116 An imported tier may name its end
  tiers:
    metric: {spend: {window: calendar_month}}
    ladder: {basic: 0, silver: 100.00, gold: 1000.00}
    downgrade: {check: tier_anniversary, keep_for: 1 year}
  2026-01-10 10:00           | profile tier=gold tier_since=2025-06-01 tier_until=2026-09-01 | tier gold
  2026-08-31 23:59:59.999999 | -                                                             | quiet; tier gold
  2026-09-01 00:00           | -                                                             | TIER_CHANGED gold>basic at=2026-09-01; tier basic
