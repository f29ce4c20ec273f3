# Returns and clawback: statements T069 to T086.

programme seventy-points
  # 40.00, 70 points: A 10 + 10, B 10 + 20, C 20
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    double-a: {on: order, lines: {sku: A}, multiply: 2}
    twenty-for-b: {on: order, lines: {sku: B}, points: {fixed: 20, per: unit}}

T069 In proportion, half of the money takes back half of the points
  like seventy-points
  returns: {clawback: proportional}
  2026-01-01 10:00 | order O1: _ 10.00 sku=A, _ 10.00 sku=B, _ 20.00 sku=C | earned 70; available 70
  2026-01-02 10:00 | return T1 of O1: 3 x1                                 | CLAWED_BACK -20 base; CLAWED_BACK -5 double-a; CLAWED_BACK -10 twenty-for-b; available 35; clawed_back 35
  2026-01-03 10:00 | return T2 of O1: 1 x1, 2 x1                           | available 0; clawed_back 70

T070 Line by line, each line takes back what it earned
  like seventy-points
  2026-01-01 10:00 | order O1: _ 10.00 sku=A, _ 10.00 sku=B, _ 20.00 sku=C | available 70
  2026-01-02 10:00 | return T1 of O1: 3 x1 | CLAWED_BACK -20 base; entries 1; available 50
  2026-01-03 10:00 | return T2 of O1: 2 x1 | CLAWED_BACK -10 base; CLAWED_BACK -20 twenty-for-b; entries 2; available 20
  2026-01-04 10:00 | return T3 of O1: 1 x1 | CLAWED_BACK -10 base; CLAWED_BACK -10 double-a; entries 2; available 0; clawed_back 70

T071 A return takes back what was earned, although the rate has changed since
  ---
  effective_from: 2026-02-01
  earn: {base: {on: order, points: {rate: 2, per: 1.00, mode: proportional}}}
  2026-01-15 10:00 | order O1 50.00  | EARNED 50 base version=1
  2026-02-15 10:00 | return T1 of O1 | CLAWED_BACK -50 base; available 0

T071 A return takes back what was earned, although the rule is gone
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    double: {on: order, multiply: 2}
  ---
  effective_from: 2026-02-01
  earn: {check-in: {on: {interaction: check-in}, points: {fixed: 5}}}
  2026-01-15 10:00 | order O1 25.00  | earned 50
  2026-02-15 10:00 | return T1 of O1 | CLAWED_BACK -25 base; CLAWED_BACK -25 double; available 0

T072 Parts of an order take back all that it earned and never more
  2026-01-01 10:00 | order O1: tea 33.33, milk 33.33, rice 33.34 | EARNED 100 base
  2026-01-02 10:00 | return T1 of O1: 1 x1 | CLAWED_BACK -33
  2026-01-03 10:00 | return T2 of O1: 2 x1 | CLAWED_BACK -33
  2026-01-04 10:00 | return T3 of O1: 3 x1 | CLAWED_BACK -34; available 0; clawed_back 100

T072 The same in another order of the returns
  2026-01-01 10:00 | order O1: tea 33.33, milk 33.33, rice 33.34 | EARNED 100 base
  2026-01-02 10:00 | return T1 of O1: 3 x1 | CLAWED_BACK -34
  2026-01-03 10:00 | return T2 of O1: 2 x1 | CLAWED_BACK -33
  2026-01-04 10:00 | return T3 of O1: 1 x1 | CLAWED_BACK -33; available 0; clawed_back 100

T072 Ties of the largest remainder go to the first line
  2026-01-01 10:00 | order O1: tea 33.50, milk 33.50, rice 33.00 | EARNED 100 base
  2026-01-02 10:00 | return T1 of O1: 2 x1 | CLAWED_BACK -33
  2026-01-03 10:00 | return T2 of O1: 1 x1 | CLAWED_BACK -34
  2026-01-04 10:00 | return T3 of O1: 3 x1 | CLAWED_BACK -33; available 0

T072 Part of a quantity takes back its share so far, rounded down, and all at the last
  2026-01-01 10:00 | order O1: tea 10.00 x3  | EARNED 10 base
  2026-01-02 10:00 | return T1 of O1: 1 x1   | CLAWED_BACK -3
  2026-01-03 10:00 | return T2 of O1: 1 x1   | CLAWED_BACK -3
  2026-01-04 10:00 | return T3 of O1: 1 x1   | CLAWED_BACK -4; available 0

programme sixty-and-forty
  # of the 100 points of an order 40 wait in a wallet of their own
  wallets: {points: {}, later: {pending: {for: 30 days}}}
  earn:
    now: {on: order, points: {fixed: 60}}
    wait: {on: order, points: {fixed: 40}, into: later}

T073 A return takes only what is pending, and writes off the rest
  like sixty-and-forty
  returns: {policy: only_pending}
  2026-01-01 10:00 | order O1 100.00 | points available 60; later pending 40
  2026-01-02 10:00 | redeem R1 30    | points available 30
  2026-01-03 10:00 | return T1 of O1 | CLAWED_BACK -40 wait PENDING; points available 30; later pending 0; points written_off 60; points debt 0; points clawed_back 0

T073 A return takes what the member still has, and writes off the rest
  like sixty-and-forty
  returns: {policy: within_balance}
  2026-01-01 10:00 | order O1 100.00 | points available 60; later pending 40
  2026-01-02 10:00 | redeem R1 30    | points available 30
  2026-01-03 10:00 | return T1 of O1 | CLAWED_BACK -40 wait PENDING; CLAWED_BACK -30 now AVAILABLE; points available 0; later pending 0; points written_off 30; points debt 0

T073 A return takes everything, and what is spent becomes debt
  like sixty-and-forty
  returns: {policy: debt}
  2026-01-01 10:00 | order O1 100.00 | points available 60; later pending 40
  2026-01-02 10:00 | redeem R1 30    | points available 30
  2026-01-03 10:00 | return T1 of O1 | CLAWED_BACK -40 wait PENDING; CLAWED_BACK -30 now AVAILABLE; CLAWED_BACK 30 now DEBT; points debt 30; points written_off 0; later pending 0

T074 A clawback beyond the balance is two entries of one return
  2026-01-01 10:00 | order O1 70.00  | available 70
  2026-01-02 10:00 | redeem R1 20    | available 50
  2026-01-03 10:00 | return T1 of O1 | CLAWED_BACK -50 AVAILABLE cause=fact; CLAWED_BACK 20 DEBT cause=fact; entries 2; available 0; debt 20; clawed_back 70

T075 A clawback takes the order's own lots, then others, then debt
  2026-01-01 10:00 | order O1 100.00 | available 100
  2026-01-02 10:00 | redeem R1 60    | available 40
  2026-01-03 10:00 | adjust L2 25    | available 65
  2026-01-04 10:00 | return T1 of O1 | CLAWED_BACK -40 lot=O1; CLAWED_BACK -25 lot=L2; CLAWED_BACK 35 DEBT; entries 3; available 0; debt 35

T075 The order's own lot goes first although another expires sooner
  2026-01-01 10:00 | order O1 100.00                     | available 100
  2026-01-02 10:00 | adjust L2 25 expires=2026-02-01     | available 125
  2026-01-03 10:00 | return T1 of O1 100.00              | CLAWED_BACK -100 lot=O1; entries 1; lots 25@2026-02-01

programme paid-with-points
  wallets: {points: {unit_value: 0.01}}

T076 Half of an order that points paid in part gives half of them back, and takes back by the cash
  like paid-with-points
  2026-01-01 10:00 | adjust L1 1500 expires=2026-06-30                 | available 1500
  2026-01-02 10:00 | adjust L2 1500 expires=2026-12-31                 | available 3000
  2026-01-03 10:00 | redeem R1 2000                                    | REDEEMED -1500 lot=L1; REDEEMED -500 lot=L2; available 1000
  2026-01-03 10:01 | order O1 paid_with=R1 points_used=2000: tea 100.00 x2 | EARNED 80 base; available 1080; redeemed 2000
  2026-01-10 10:00 | return T1 of O1: 1 x1                             | RESTORED 500 lot=L2; RESTORED 500 lot=L1; CLAWED_BACK -40 base; entries 3; available 2040; redeemed 1000
  2026-01-11 10:00 | return T2 of O1: 1 x1                             | RESTORED 1000 lot=L1; CLAWED_BACK -40 base; available 3000; redeemed 0
                   |                                                   | lots 1500@2026-06-30 + 1500@2026-12-31

T076 Points that only inform of a tender are not given back
  like paid-with-points
  2026-01-03 10:00 | order O1 100.00 points_used=2000 | EARNED 80 base; available 80
  2026-01-10 10:00 | return T1 of O1 50.00            | no RESTORED; CLAWED_BACK -40; available 40

T077 A refund never takes the redeemed points a second time
  like paid-with-points
  2026-01-01 10:00 | adjust A1 1000                                      | available 1000
  2026-01-02 10:00 | redeem R1 500                                       | available 500
  2026-01-03 10:00 | order O1: tea 100.00, gift 0.00 kind=reward         | EARNED 100 base; available 600
  2026-01-04 10:00 | return T1 of O1: 1 x1                               | CLAWED_BACK -100; available 500; redeemed 500; debt 0

T080 More pieces back than were sold: the excess is refused, the rest is applied
  2026-01-01 10:00 | order O1: tea 20.00 x2, milk 30.00 | EARNED 50 base
  2026-01-02 10:00 | return T1 of O1: 1 x3 30.00, 2 x1  | CLAWED_BACK -50; REFUSED OVER_RETURN desired=1 basis=1; available 0; clawed_back 50

T080 A line that was never sold is refused, the rest is applied
  2026-01-01 10:00 | order O1: tea 20.00 x2, milk 30.00 | EARNED 50 base
  2026-01-02 10:00 | return T1 of O1: 7 x1 5.00, 2 x1   | CLAWED_BACK -30; REFUSED OVER_RETURN basis=7; available 20

T080 What came back before cannot come back again
  2026-01-01 10:00 | order O1: tea 20.00 x2, milk 30.00 | EARNED 50 base
  2026-01-02 10:00 | return T1 of O1: 1 x2              | CLAWED_BACK -20; available 30
  2026-01-03 10:00 | return T2 of O1: 1 x2              | REFUSED OVER_RETURN desired=2 basis=1; no CLAWED_BACK; available 30

T081 Three quarters of the money back leave a quarter of the points
  2026-01-01 10:00 | order O1 100.00       | available 100
  2026-01-02 10:00 | return T1 of O1 75.00 | CLAWED_BACK -75; available 25
  2026-01-03 10:00 | return T2 of O1 25.00 | CLAWED_BACK -25; available 0

programme growth-ladder
  wallets: {points: {}, growth: {spendable: false}}
  earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, also: {growth: same}}}
  tiers:
    metric: {growth: {window: 12 months}}
    ladder: {member: 0, silver: 500, gold: 2000}
    downgrade: {check: tier_anniversary, keep_for: 1 year}

T082 A return lowers the tier at once
  like growth-ladder
  returns: {tier_effect: immediate}
  2026-01-10 10:00 | order O1 1960.00 | tier silver
  2026-01-11 10:00 | order O2 50.00   | tier gold; growth available 2010
  2026-01-12 10:00 | return T1 of O2  | growth available 1960; TIER_CHANGED gold>silver at=2026-01-12T10:00; tier silver; no REFUSED

T082 A return lowers the tier at the end of the day
  like growth-ladder
  returns: {tier_effect: end_of_day}
  2026-01-10 10:00           | order O1 1960.00 | tier silver
  2026-01-11 10:00           | order O2 50.00   | tier gold
  2026-01-12 10:00           | return T1 of O2  | growth available 1960; tier gold; no TIER_CHANGED
  2026-01-12 23:59:59.999999 | -                | quiet
  2026-01-13 00:00           | -                | TIER_CHANGED gold>silver at=2026-01-13; tier silver

T082 What was bought again before the end of the day keeps the tier
  like growth-ladder
  returns: {tier_effect: end_of_day}
  2026-01-10 10:00 | order O1 1960.00 | tier silver
  2026-01-11 10:00 | order O2 50.00   | tier gold
  2026-01-12 10:00 | return T1 of O2  | tier gold
  2026-01-12 18:00 | order O3 40.00   | tier gold
  2026-01-13 00:00 | -                | no TIER_CHANGED; tier gold

T082 A return lowers the tier at the end of the month where the window rolls
  like growth-ladder
  returns: {tier_effect: period_end}
  2026-01-10 10:00           | order O1 1960.00 | tier silver
  2026-01-11 10:00           | order O2 50.00   | tier gold
  2026-01-12 10:00           | return T1 of O2  | tier gold
  2026-01-31 23:59:59.999999 | -                | quiet; tier gold
  2026-02-01 00:00           | -                | TIER_CHANGED gold>silver at=2026-02-01; tier silver

T082 A return leaves the tier to the next check
  like growth-ladder
  returns: {tier_effect: never}
  2026-01-10 10:00           | order O1 1960.00 | tier silver
  2026-01-11 10:00           | order O2 50.00   | tier gold
  2026-01-12 10:00           | return T1 of O2  | tier gold; growth available 1960
  2027-01-11 09:59:59.999999 | -                | tier gold
  # at the check the purchases of 2026-01-10 have left the window
  2027-01-11 10:00           | -                | TIER_CHANGED gold>member CHECK; tier member

T083 A return gives back what the daily limit had used
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, limits: {points: 200, per: day}}
  2026-01-01 10:00 | order O1 180.00 | EARNED 180 base
  2026-01-01 11:00 | return T1 of O1 | available 0
  2026-01-01 12:00 | order O2 200.00 | EARNED 200 base
  2026-01-01 13:00 | order O3 10.00  | REFUSED base LIMIT_REACHED; available 200

T083 A return on a later day gives that day nothing
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, limits: {points: 200, per: day}}
  2026-01-01 10:00 | order O1 180.00 | EARNED 180 base
  2026-01-02 10:00 | order O2 190.00 | EARNED 190 base
  2026-01-02 11:00 | return T1 of O1 | CLAWED_BACK -180
  2026-01-02 12:00 | order O3 50.00  | EARNED 10 base desired=50 LIMIT_REACHED

T083 A return gives back a budget, and a use of a limit by times
  earn:
    gift: {on: order, points: {fixed: 300}, budget: {points: 500, scope: member}}
    visit: {on: order, points: {fixed: 5}, limits: {times: 1, per: day}}
  2026-01-01 10:00 | order O1 10.00  | EARNED 300 gift; EARNED 5 visit
  2026-01-01 11:00 | return T1 of O1 | CLAWED_BACK -300; CLAWED_BACK -5
  2026-01-01 12:00 | order O2 10.00  | EARNED 300 gift; EARNED 5 visit
  2026-01-01 13:00 | order O3 10.00  | EARNED 200 gift desired=300 BUDGET; REFUSED visit LIMIT_REACHED

T086 An even exchange changes nothing
  2026-01-01 10:00 | order O1: tea 60.00, milk 40.00               | available 100
  2026-01-05 10:00 | exchange-return T1 of O1 exchange=X1: 1 x1    | CLAWED_BACK -60; available 40
  2026-01-05 10:00 | order O2 exchange=X1: rice 60.00              | EARNED 60 base; available 100; debt 0

T086 An exchange for something dearer earns the difference
  2026-01-01 10:00 | order O1: tea 60.00, milk 40.00               | available 100
  2026-01-05 10:00 | exchange-return T1 of O1 exchange=X1: 1 x1    | available 40
  2026-01-05 10:00 | order O2 exchange=X1: rice 80.00              | available 120; clawed_back 60; issued 180

T086 The return of an exchange comes before the order at its instant, so its points do not become debt
  2026-01-01 10:00 | order O1 60.00                                | available 60
  2026-01-02 10:00 | redeem R1 60                                  | available 0
  2026-01-05 10:00 | exchange-return T1 of O1 60.00 exchange=X1    | debt 60
  2026-01-05 10:00 | order O2 60.00 exchange=X1                    | EARNED 60 base; DEBT_PAID -60; available 0; debt 0
