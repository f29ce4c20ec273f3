# Earning: statements T001 to T022. One yuan gives one point, floored once an order, unless a story says otherwise.

T001 One yuan gives one point, rounded down once an order
  2026-01-01 10:00 | order O1 128.60 | EARNED 128 base; entries 1; available 128
  2026-01-02 10:00 | order O2 0.99   | no EARNED; available 128
  2026-01-03 10:00 | order O3: dairy 0.60, fruit 0.60 | EARNED 1 base; available 129

T002 Ten points for each full hundred yuan: a step
  earn: {base: {on: order, points: {rate: 10, per: 100.00, mode: step}}}
  2026-01-01 10:00 | order O1 250.00 | EARNED 20 base
  2026-01-02 10:00 | order O2 99.99  | no EARNED

T002 Ten points for a hundred yuan: in proportion
  earn: {base: {on: order, points: {rate: 10, per: 100.00, mode: proportional}}}
  2026-01-01 10:00 | order O1 250.00 | EARNED 25 base
  2026-01-02 10:00 | order O2 99.99  | EARNED 9 base

T003 Spending, then multipliers, then fixed points of products, whatever the order in the file
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    double-a: {on: order, lines: {sku: A}, multiply: 2}
    five-for-b: {on: order, lines: {sku: B}, points: {fixed: 5, per: unit}}
  2026-01-01 10:00 | order O1: _ 10.00 sku=A, _ 10.00 sku=B, _ 20.00 sku=C | EARNED 40 base; EARNED 10 double-a; EARNED 5 five-for-b; earned 55

T003 The same rules listed the other way round
  earn:
    five-for-b: {on: order, lines: {sku: B}, points: {fixed: 5, per: unit}}
    double-a: {on: order, lines: {sku: A}, multiply: 2}
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
  2026-01-01 10:00 | order O1: _ 10.00 sku=A, _ 10.00 sku=B, _ 20.00 sku=C | EARNED 40 base; EARNED 10 double-a; EARNED 5 five-for-b; earned 55

T004 The same article on two lines is doubled once
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    double-a: {on: order, lines: {sku: A}, multiply: 2}
  2026-01-01 10:00 | order O1: _ 10.00 sku=A, _ 10.00 sku=A | EARNED 20 base; EARNED 20 double-a; earned 40

T005 Delivery and gift cards earn nothing, by kind of line
  order_amount: {exclude: [{kind: delivery}, {kind: gift_card}]}
  2026-01-01 10:00 | order O1: fruit 70.00, card 30.00 kind=gift_card, van 20.00 kind=delivery | EARNED 70 base; entries 1

T005 Delivery and gift cards earn nothing, by article and category
  order_amount: {exclude: [{sku: [GC-30, GC-50]}, {category: van}]}
  2026-01-01 10:00 | order O1: fruit 70.00, _ 30.00 sku=GC-30, van 20.00 | EARNED 70 base; entries 1

T006 An order below the minimum earns nothing, one at the minimum earns
  order_amount: {minimum: 50.00}
  2026-01-01 10:00 | order O1 49.99          | no EARNED; available 0
  2026-01-02 10:00 | order O2 50.00 tax=5.75 | EARNED 50 base

T006 Without tax the same order is below the minimum
  order_amount: {minimum: 50.00, tax: excluded}
  2026-01-01 10:00 | order O1 50.00 tax=5.75                       | no EARNED; available 0
  2026-01-02 10:00 | order O2: fruit 30.00 tax=3.45, tea 20.00 tax=2.30 | no EARNED; available 0
  2026-01-03 10:00 | order O3 56.50 tax=6.50                       | EARNED 50 base

T007 A minimum quantity that is not met gives exactly nothing, and a free reward is no unit
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    five-pack: {on: order, when: {qty: {gte: 5}}, points: {fixed: 50}}
    unit: {on: order, points: {fixed: 2, per: unit}}
  2026-01-01 10:00 | order O1: tea 40.00 x4, gift 0.00 x1 kind=reward | EARNED 40 base; EARNED 8 unit; no EARNED five-pack; available 48
  2026-01-02 10:00 | order O2: tea 40.00 x5                           | EARNED 40 base; EARNED 10 unit; EARNED 50 five-pack
  2026-01-03 10:00 | order O3: gift 0.00 x6 kind=reward               | quiet; available 148

T008 An edited description does not change which rule wins
  earn:
    a: {on: order, points: {fixed: 50}, priority: 10}
    b: {on: order, points: {fixed: 80}, priority: 20}
  combine: {groups: {one: {members: [a, b], choose: by_priority}}}
  ---
  effective_from: 2026-02-01
  earn:
    b: {on: order, points: {fixed: 80}, priority: 20, description: edited last}
    a: {on: order, points: {fixed: 50}, priority: 10}
  2026-01-10 10:00 | order O1 10.00 | EARNED 50 a; REFUSED b EXCLUSIVE_GROUP; available 50
  2026-02-10 10:00 | order O2 10.00 | EARNED 50 a version=2; REFUSED b EXCLUSIVE_GROUP; available 100

programme two-events
  earn:
    a: {on: {interaction: visit}, points: {fixed: 50}, priority: 20}
    b: {on: {interaction: visit}, points: {fixed: 80}, priority: 10}

T009 Two rules match one event: the highest pays
  like two-events
  combine: {groups: {one: {members: [a, b], choose: highest}}}
  2026-01-01 10:00 | did visit I1 | EARNED 80 b; no EARNED a; available 80

T009 Two rules match one event: both pay
  like two-events
  combine: {groups: {one: {members: [a, b], choose: stackable}}}
  2026-01-01 10:00 | did visit I1 | EARNED 50 a; EARNED 80 b; available 130

T009 Two rules match one event: the first by priority pays
  like two-events
  combine: {groups: {one: {members: [a, b], choose: by_priority}}}
  2026-01-01 10:00 | did visit I1 | EARNED 80 b; no EARNED a; available 80

T009 Two rules match one event: the first by priority is the smaller one
  earn:
    a: {on: {interaction: visit}, points: {fixed: 50}, priority: 5}
    b: {on: {interaction: visit}, points: {fixed: 80}, priority: 10}
  combine: {groups: {one: {members: [a, b], choose: by_priority}}}
  2026-01-01 10:00 | did visit I1 | EARNED 50 a; no EARNED b; available 50

programme gold-rate
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    gold-rate: {on: order, when: {tier: gold}, points: {rate: 2, per: 1.00, mode: proportional}}
  tiers: {metric: {spend: {window: 12 months}}, ladder: {member: 0, silver: 5000.00, gold: 10000.00}}

T010 A rate for gold members overrides the base rate unless told otherwise
  like gold-rate
  2026-01-01 09:00 | set-tier A1 gold until=2027-01-01 | tier gold
  2026-01-01 10:00 | order O1 50.00 | EARNED 100 gold-rate; REFUSED base OVERRIDDEN; available 100

T010 A rate for gold members and the base rate can both pay
  like gold-rate
  combine: {tier_and_base: stack}
  2026-01-01 09:00 | set-tier A1 gold until=2027-01-01 | tier gold
  2026-01-01 10:00 | order O1 50.00 | EARNED 50 base; EARNED 100 gold-rate; available 150

T010 A multiplier posts what it adds in an entry of its own, floored on its own
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    double: {on: order, multiply: 2}
  2026-01-01 10:00 | order O1 42.50 | EARNED 42 base; EARNED 42 double; entries 2

T010 A multiplier and a half of fractions of points
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    half-more: {on: order, multiply: 1.5}
  # 42.50 x 0.5 = 21.25; from the rounded 42 it would be 21 as well, from 43.90 21.95 against 21.5
  2026-01-01 10:00 | order O1 42.50 | EARNED 42 base; EARNED 21 half-more
  2026-01-02 10:00 | order O2 44.90 | EARNED 44 base; EARNED 22 half-more

T011 What was paid with points earns nothing
  wallets: {points: {unit_value: 0.01}}
  2026-01-01 10:00 | order O1 100.00 points_used=2000 | EARNED 80 base

T011 What was paid with points earns where the programme says gross
  wallets: {points: {unit_value: 0.01}}
  order_amount: {points_tender: gross}
  2026-01-01 10:00 | order O1 100.00 points_used=2000 | EARNED 100 base

T012 A rule is valid by the time of purchase, not of arrival
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    week: {on: order, multiply: 2, valid: {from: 2026-06-12, until: 2026-06-19T00:00:00+08:00}}
  2026-06-11 23:59:59 | order O0 10.00                                | EARNED 10 base; no EARNED week
  2026-06-12 00:00    | order O1 10.00                                | EARNED 10 base; EARNED 10 week
  2026-06-18 23:59:30 | order O2 100.00 arrived=2026-06-20T08:00      | EARNED 100 base; EARNED 100 week
  2026-06-19 00:00    | order O3 100.00 arrived=2026-06-20T08:00      | EARNED 100 base; no EARNED week

programme crossing
  tiers: {metric: {spend: {window: 12 months}}, ladder: {silver: 0, gold: 1000.00}}
  earn:
    silver-rate: {on: order, when: {tier: silver}, points: {rate: 1, per: 1.00, mode: proportional}}
    gold-rate: {on: order, when: {tier: gold}, points: {rate: 2, per: 1.00, mode: proportional}}

T013 The tier before the order judges the order
  like crossing
  2026-01-01 10:00 | order O1 950.00 | tier silver
  2026-01-02 10:00 | order O2 100.00 | EARNED 100 silver-rate; no EARNED gold-rate; TIER_CHANGED silver>gold; tier gold
  2026-01-03 10:00 | order O3 10.00  | EARNED 20 gold-rate; no EARNED silver-rate

T013 An order that crosses a threshold can be split there
  like crossing
  order_amount: {tier_split: split}
  2026-01-01 10:00 | order O1 950.00 | tier silver
  2026-01-02 10:00 | order O2 100.00 | EARNED 50 silver-rate; EARNED 100 gold-rate; earned 150; tier gold

T013 A multiplier of the new tier gets the part above the threshold
  like crossing
  order_amount: {tier_split: split}
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    gold-double: {on: order, when: {tier: gold}, multiply: 2}
  2026-01-01 10:00 | order O1 950.00 | EARNED 950 base; entries 1
  2026-01-02 10:00 | order O2 100.00 | EARNED 100 base; EARNED 50 gold-double; earned 150; tier gold

T014 The birthday window counts calendar days, both ends included
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    birthday-orders: {on: order, when: {birthday_window: [-3 days, 3 days]}, multiply: 2}
  2026-01-01 10:00    | profile birthday=1990-05-20 | available 0
  2026-05-16 23:59:59 | order O1 10.00 | EARNED 10 base; no EARNED birthday-orders
  2026-05-17 00:00    | order O2 10.00 | EARNED 10 birthday-orders
  2026-05-23 23:59    | order O3 10.00 | EARNED 10 birthday-orders
  2026-05-24 00:00    | order O4 10.00 | EARNED 10 base; no EARNED birthday-orders

T014 A birthday window goes over the end of the year
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    birthday-orders: {on: order, when: {birthday_window: [-3 days, 3 days]}, multiply: 2}
  2026-06-01 10:00 | profile birthday=1990-01-02 | available 0
  2026-12-29 12:00 | order O1 10.00 | no EARNED birthday-orders
  2026-12-30 00:00 | order O2 10.00 | EARNED 10 birthday-orders
  2027-01-05 23:00 | order O3 10.00 | EARNED 10 birthday-orders
  2027-01-06 00:00 | order O4 10.00 | no EARNED birthday-orders

T014 Someone born on 29 February has the birthday on the 28th in other years
  earn:
    gift: {on: birthday, points: {fixed: 200}}
    birthday-orders: {on: order, when: {birthday_window: [0 days, 0 days]}, points: {fixed: 7}}
  2026-01-01 10:00           | profile birthday=2000-02-29 | available 0
  2026-02-27 23:59:59.999999 | -              | quiet
  2026-02-28 00:00           | -              | EARNED 200 gift at=2026-02-28 cause=timer; entries 1
  2026-02-28 12:00           | order O1 10.00 | EARNED 7 birthday-orders
  2026-03-01 12:00           | order O2 10.00 | no EARNED
  2028-02-28 23:59           | -              | EARNED 200 gift at=2027-02-28; entries 1
  2028-02-29 00:00           | -              | EARNED 200 gift at=2028-02-29; entries 1

T014 One birthday gift a calendar year, even when the birth date is edited
  earn: {gift: {on: birthday, points: {fixed: 200}}}
  2026-01-01 10:00 | profile birthday=1990-05-20 | available 0
  2026-05-20 00:00 | -                           | EARNED 200 gift at=2026-05-20; available 200
  2026-05-21 10:00 | profile birthday=1990-06-10 | quiet
  2026-12-31 23:59 | -                           | quiet
  2027-06-09 23:59 | -                           | quiet; available 200
  2027-06-10 00:00 | -                           | EARNED 200 gift; available 400

T014 A birthday that is told too late waits for the next year
  earn: {gift: {on: birthday, points: {fixed: 200}}}
  2026-05-20 10:00 | profile birthday=1990-05-20 | quiet
  2027-05-19 23:59 | -                           | quiet
  2027-05-20 00:00 | -                           | EARNED 200 gift

programme daily-check-in
  earn: {check-in: {on: {interaction: check-in}, points: {fixed: 5}, limits: {times: 1, per: day}}}

T015 A check-in before and one after midnight are two, two on one day are one
  like daily-check-in
  2026-03-01T23:59:59+08:00 | did check-in I1 | EARNED 5 check-in
  2026-03-02T00:00:01+08:00 | did check-in I2 | EARNED 5 check-in; available 10
  2026-03-03T08:00:00+08:00 | did check-in I3 | EARNED 5 check-in
  2026-03-03T20:00:00+08:00 | did check-in I4 | REFUSED 0 check-in LIMIT_REACHED; available 15

T015 The same instants are one day in a programme of another zone
  like daily-check-in
  time_zone: UTC
  2026-03-01T23:59:59+08:00 | did check-in I1 | EARNED 5 check-in
  2026-03-02T00:00:01+08:00 | did check-in I2 | REFUSED 0 check-in LIMIT_REACHED; available 5

T016 Three shares and a survey on one day: the second and third share are refused
  earn:
    survey: {on: {interaction: survey}, points: {fixed: 50}}
    share: {on: {interaction: share}, points: {fixed: 20}, limits: {times: 1, per: day}}
  2026-03-01 09:00 | did share I1  | EARNED 20 share
  2026-03-01 10:00 | did share I2  | REFUSED 0 share LIMIT_REACHED desired=20; entries 1
  2026-03-01 11:00 | did share I3  | REFUSED 0 share LIMIT_REACHED desired=20; entries 1
  2026-03-01 12:00 | did survey I4 | EARNED 50 survey; available 70

T017 Three times a month: the fourth is refused, the first of the next month is paid
  earn: {review: {on: {interaction: review}, points: {fixed: 20}, limits: {times: 3, per: month}}}
  2026-03-01 00:00    | did review I1 | EARNED 20 review
  2026-03-15 09:00    | did review I2 | EARNED 20 review
  2026-03-31 09:00    | did review I3 | EARNED 20 review
  2026-03-31 23:59:59 | did review I4 | REFUSED 0 review LIMIT_REACHED; available 60
  2026-04-01 00:00    | did review I5 | EARNED 20 review; available 80

T019 A point an order, whatever the amount
  earn: {visit: {on: order, points: {fixed: 1}}}
  2026-01-01 10:00 | order O1 0.99   | EARNED 1 visit; entries 1
  2026-01-02 10:00 | order O2 500.00 | EARNED 1 visit; entries 1

T019 A point an order and points by the amount
  earn:
    visit: {on: order, points: {fixed: 1}}
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
  2026-01-01 10:00 | order O1 0.99   | EARNED 1 visit; entries 1
  2026-01-02 10:00 | order O2 500.00 | EARNED 1 visit; EARNED 500 base; earned 501

programme first-purchase
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    first: {on: order, when: {orders_before: 0}, points: {fixed: 100}, once: member}

T020 The first purchase comes back, and the second becomes the first
  like first-purchase
  2026-01-01 10:00 | order O1 50.00  | EARNED 50 base; EARNED 100 first; available 150
  2026-01-02 10:00 | return T1 of O1 | CLAWED_BACK -50 base; CLAWED_BACK -100 first; available 0; debt 0
  2026-01-03 10:00 | order O2 30.00  | EARNED 30 base; EARNED 100 first; available 130
  2026-01-04 10:00 | order O3 30.00  | EARNED 30 base; no EARNED first; available 160

T020 The first purchase comes back after the second: its bonus moves at the instant of the return
  like first-purchase
  2026-01-01 10:00 | order O1 50.00  | available 150
  2026-01-02 10:00 | order O2 30.00  | EARNED 30 base; no EARNED first; available 180
  2026-01-03 10:00 | return T1 of O1 | CLAWED_BACK -100 first; CLAWED_BACK -50 base
                   |                 | EARNED 100 first at=2026-01-03T10:00 about=O2; available 130
  2026-01-04 10:00 | return T2 of O2 | CLAWED_BACK -30 base; CLAWED_BACK -100 first; available 0

T021 The mini-programme earns double and the till once, and entries know their channel
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    mini: {on: order, when: {channel: mini-programme}, multiply: 2}
  2026-01-01 10:00 | order O1 100.00 channel=mini-programme | EARNED 100 base channel=mini-programme; EARNED 100 mini channel=mini-programme
  2026-01-02 10:00 | order O2 100.00 channel=pos            | EARNED 100 base channel=pos; no EARNED; available 300
  2026-01-03 10:00 | order O3 1.00                          | EARNED 1 base

T022 A blocked member's order is kept and earns nothing
  statuses: {earn: [active]}
  2026-01-01 10:00 | profile status=blocked | STATUS_CHANGED
  2026-01-02 10:00 | order O1 100.00        | refused STATUS_BLOCKED; entries 1; available 0
  2026-01-03 10:00 | profile status=active  | STATUS_CHANGED
  2026-01-04 10:00 | order O2 10.00         | EARNED 10 base
  2026-01-05 10:00 | return T1 of O1        | no REFUSED; available 10

T022 Which statuses earn is a setting
  statuses: {earn: [active, suspended]}
  2026-01-01 10:00 | profile status=suspended | STATUS_CHANGED
  2026-01-02 10:00 | order O1 100.00          | EARNED 100 base

Before the first version an order is kept, earns nothing and counts as an order
  effective_from: 2026-02-01
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    first: {on: order, when: {orders_before: 0}, points: {fixed: 100}}
  tiers: {metric: {spend: {window: 12 months}}, ladder: {base: 0, silver: 100.00, gold: 1000.00}}
  lifecycle: {new: {orders_at_least: 1}, regular: {orders_at_least: 2}, precedence: [regular, new]}
  2026-01-15 10:00           | order O1 150.00 | quiet; available 0; tier none; stage none
  2026-01-31 23:59:59.999999 | -               | quiet; tier none
  2026-02-01 00:00           | -               | no EARNED; tier base
  2026-02-02 10:00           | order O2 20.00  | EARNED 20 base; no EARNED first; available 20; tier silver; stage regular

Points given by hand before the first version have the terms of their wallet
  effective_from: 2026-02-01
  wallets: {points: {expires: {after: 1 month}}}
  2026-01-15 10:00 | adjust A1 30  | available 30; lots 30@2026-02-15T10:00
  2026-02-01 00:00 | order O1 5.00 | EARNED 5 base; available 35
  2026-02-15 10:00 | -             | EXPIRED -30; available 5
