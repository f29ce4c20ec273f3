# Limits, budgets, stacking: statements T117 to T124.

T117 What is left of a budget is paid in part
  earn: {survey: {on: {interaction: survey}, points: {fixed: 50}, budget: {points: 80, scope: member}}}
  2026-01-01 10:00 | did survey I1 | EARNED 50 survey
  2026-01-02 10:00 | did survey I2 | EARNED 30 survey desired=50 BUDGET; available 80
  2027-01-03 10:00 | did survey I3 | REFUSED 0 survey BUDGET; available 80

T117 What is left of a budget is too little, and nothing is paid
  earn: {survey: {on: {interaction: survey}, points: {fixed: 50}, budget: {points: 80, scope: member, when_short: all_or_nothing}}}
  2026-01-01 10:00 | did survey I1 | EARNED 50 survey
  2026-01-02 10:00 | did survey I2 | REFUSED 0 survey desired=50 BUDGET; available 50

T118 A weekly limit begins anew on Monday
  limits: {points: 100, per: week}
  2026-01-03 10:00    | order O1 80.00 | EARNED 80 base
  2026-01-04 23:59:59 | order O2 80.00 | EARNED 20 base desired=80 LIMIT_REACHED
  2026-01-05 00:00    | order O3 80.00 | EARNED 80 base; available 180

T118 A limit overall never begins anew
  limits: {points: 100, per: ever}
  2026-01-01 10:00 | order O1 80.00 | EARNED 80 base
  2036-01-01 10:00 | order O2 80.00 | EARNED 20 base; available 100
  2046-01-01 10:00 | order O3 80.00 | REFUSED base LIMIT_REACHED; available 100

T118 A limit an order
  limits: {points: 100, scope: order}
  2026-01-01 10:00 | order O1 180.00 | EARNED 100 base desired=180 LIMIT_REACHED
  2026-01-01 10:01 | order O2 180.00 | EARNED 100 base; available 200

T118 A limit a member and store, of one store
  limits: {points: 100, per: day, scope: member_and_store, stores: [S1]}
  2026-01-01 10:00 | order O1 80.00 store=S1 | EARNED 80 base
  2026-01-01 11:00 | order O2 80.00 store=S2 | EARNED 80 base
  2026-01-01 12:00 | order O3 80.00 store=S1 | EARNED 20 base desired=80 LIMIT_REACHED
  2026-01-01 13:00 | order O4 80.00 store=S2 | EARNED 80 base
  2026-01-02 00:00 | order O5 80.00 store=S1 | EARNED 80 base; available 340

T118 A limit a member and store counts each store by itself
  limits: {points: 100, per: day, scope: member_and_store}
  2026-01-01 10:00 | order O1 80.00 store=S1 | EARNED 80 base
  2026-01-01 11:00 | order O2 80.00 store=S2 | EARNED 80 base
  2026-01-01 12:00 | order O3 80.00 store=S1 | EARNED 20 base
  2026-01-01 13:00 | order O4 80.00 store=S2 | EARNED 20 base; available 200

T118 A limit counts a member by himself
  limits: {points: 100, per: day}
  2026-01-01 10:00 | M1: order O1 80.00 | EARNED 80 base; available 80
  2026-01-01 11:00 | M2: order O2 80.00 | EARNED 80 base; available 80
  2026-01-01 12:00 | M1: order O3 80.00 | EARNED 20 base; available 100

T118 A limit of some rules leaves the others alone
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    gift: {on: order, points: {fixed: 30}}
  limits: {points: 40, per: day, rules: [gift]}
  2026-01-01 10:00 | order O1 80.00 | EARNED 80 base; EARNED 30 gift
  2026-01-01 11:00 | order O2 80.00 | EARNED 80 base; EARNED 10 gift desired=30 LIMIT_REACHED

T119 A daily cap pays what is left, and what is lost is not paid the next day
  limits: {points: 200, per: day}
  2026-01-01 10:00    | order O1 180.00            | EARNED 180 base
  2026-01-01 11:00    | order O2: a 30.00, b 20.00 | EARNED 20 base desired=50 LIMIT_REACHED; available 200
  2026-01-01 23:59:59 | order O3 10.00             | REFUSED 0 base LIMIT_REACHED desired=10
  2026-01-02 00:00    | order O4 10.00             | EARNED 10 base; available 210
  2026-01-02 10:00    | return T1 of O2            | CLAWED_BACK -20; available 190

T119 A capped entry is spread over the lines of its order
  limits: {points: 200, per: day}
  2026-01-01 10:00 | order O1 180.00            | EARNED 180 base
  2026-01-01 11:00 | order O2: a 30.00, b 20.00 | EARNED 20 base
  2026-01-02 10:00 | return T1 of O2: 2 x1      | CLAWED_BACK -8
  2026-01-02 11:00 | return T2 of O2: 1 x1      | CLAWED_BACK -12; available 180

T119 Cuts fall on fixed points first, then on multipliers, then on the rate
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    double: {on: order, multiply: 2}
    a-gift: {on: order, points: {fixed: 50}}
  limits: {points: 220, per: day}
  2026-01-01 10:00 | order O1 100.00 | EARNED 100 base; EARNED 100 double; EARNED 20 a-gift desired=50 LIMIT_REACHED
  2026-01-02 10:00 | order O2 150.00 | EARNED 150 base; EARNED 70 double desired=150 LIMIT_REACHED; REFUSED a-gift LIMIT_REACHED
  2026-01-03 10:00 | order O3 230.00 | EARNED 220 base desired=230 LIMIT_REACHED; REFUSED double LIMIT_REACHED; REFUSED a-gift LIMIT_REACHED

T119 Among equals cuts fall on the one whose priority, then whose id, is last
  earn:
    z-first: {on: order, points: {fixed: 50}, priority: 1}
    b-last: {on: order, points: {fixed: 50}, priority: 2}
    a-second: {on: order, points: {fixed: 50}, priority: 2}
  limits: {points: 120, per: day}
  2026-01-01 10:00 | order O1 1.00 | EARNED 50 z-first; EARNED 50 a-second; EARNED 20 b-last desired=50 LIMIT_REACHED

T119 Caps apply in the order rule, group, member, budget, maximum balance, and the last that cuts is the reason
  wallets: {points: {max_balance: 20}}
  earn: {gift: {on: order, points: {fixed: 100}, limits: {points: 90, per: day}, budget: {points: 40, scope: member}}, other: {on: {interaction: visit}, points: {fixed: 1}}}
  combine: {groups: {one: {members: [gift, other], choose: stackable, limits: {points: 80, per: day}}}}
  limits: {points: 60, per: day}
  2026-01-01 10:00 | order O1 1.00 | EARNED 20 gift desired=100 MAX_BALANCE; available 20
  2026-01-02 09:00 | redeem R1 20  | available 0
  # of the budget 20 are used: only points finally paid are
  2026-01-02 10:00 | order O2 1.00 | EARNED 20 gift desired=100 BUDGET; available 20
  2026-01-03 09:00 | redeem R2 20  | available 0
  2026-01-03 10:00 | order O3 1.00 | REFUSED gift desired=100 BUDGET; available 0

T119 A group shares its limit
  earn:
    a: {on: order, points: {fixed: 50}}
    b: {on: order, points: {fixed: 60}}
  combine: {groups: {one: {members: [a, b], choose: stackable, limits: {points: 80, per: day}}}}
  2026-01-01 10:00 | order O1 1.00 | EARNED 50 a; EARNED 30 b desired=60 LIMIT_REACHED

programme a-doubles-b-gives-sixty
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    a: {on: order, multiply: 2, priority: 1}
    b: {on: order, points: {fixed: 60}, priority: 2}

T121 A group that stacks pays all its members
  like a-doubles-b-gives-sixty
  combine: {groups: {one: {members: [a, b], choose: stackable}}}
  2026-01-01 10:00 | order O1 100.00 | EARNED 100 base; EARNED 100 a; EARNED 60 b; earned 260

T121 A group that takes the highest
  like a-doubles-b-gives-sixty
  combine: {groups: {one: {members: [a, b], choose: highest}}}
  2026-01-01 10:00 | order O1 100.00 | EARNED 100 base; EARNED 100 a; REFUSED b EXCLUSIVE_GROUP; earned 200

T121 A group that takes the lowest
  like a-doubles-b-gives-sixty
  combine: {groups: {one: {members: [a, b], choose: lowest}}}
  2026-01-01 10:00 | order O1 100.00 | EARNED 100 base; EARNED 60 b; REFUSED a EXCLUSIVE_GROUP; earned 160

T121 A group that takes the first by priority
  like a-doubles-b-gives-sixty
  combine: {groups: {one: {members: [a, b], choose: by_priority}}}
  2026-01-01 10:00 | order O1 100.00 | EARNED 100 base; EARNED 100 a; REFUSED b EXCLUSIVE_GROUP; earned 200

programme a-doubles-b-gives-sixty-a-piece
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    a: {on: order, multiply: 2, priority: 1}
    b: {on: order, points: {fixed: 60, per: unit}, priority: 2}

# Line 1 of 100.00: A gives 100, B 60. Line 2 of 20.00: A gives 20, B 60. Of the order A and B give 120 both.
T121 A group chooses for each line what gives most on it
  like a-doubles-b-gives-sixty-a-piece
  combine: {groups: {one: {members: [a, b], choose: highest, scope: line}}}
  2026-01-01 10:00 | order O1: tea 100.00, salt 20.00 | EARNED 120 base; EARNED 100 a; EARNED 60 b; earned 280

T121 A group chooses for each line what gives least on it
  like a-doubles-b-gives-sixty-a-piece
  combine: {groups: {one: {members: [a, b], choose: lowest, scope: line}}}
  2026-01-01 10:00 | order O1: tea 100.00, salt 20.00 | EARNED 120 base; EARNED 20 a; EARNED 60 b; earned 200

T121 A group chooses for each line by priority
  like a-doubles-b-gives-sixty-a-piece
  combine: {groups: {one: {members: [a, b], choose: by_priority, scope: line}}}
  2026-01-01 10:00 | order O1: tea 100.00, salt 20.00 | EARNED 120 base; EARNED 120 a; REFUSED b EXCLUSIVE_GROUP; earned 240

T121 The same group chooses for the order, and equals go by priority
  like a-doubles-b-gives-sixty-a-piece
  combine: {groups: {one: {members: [a, b], choose: highest}}}
  2026-01-01 10:00 | order O1: tea 100.00, salt 20.00 | EARNED 120 base; EARNED 120 a; REFUSED b EXCLUSIVE_GROUP; earned 240

programme two-and-three
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    twice: {on: order, multiply: 2}
    thrice: {on: order, multiply: 3}

T122 Multipliers add up
  like two-and-three
  combine: {multipliers: additive}
  2026-01-01 10:00 | order O1 100.00 | EARNED 100 base; EARNED 100 twice; EARNED 200 thrice; earned 400

T122 Multipliers multiply
  like two-and-three
  combine: {multipliers: multiplicative}
  2026-01-01 10:00 | order O1 100.00 | EARNED 100 base; earned 600; EARNED 200 thrice; EARNED 300 twice

T122 Multipliers multiply in order of priority
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    twice: {on: order, multiply: 2, priority: 1}
    thrice: {on: order, multiply: 3, priority: 2}
  combine: {multipliers: multiplicative}
  2026-01-01 10:00 | order O1 100.00 | EARNED 100 base; EARNED 100 twice; EARNED 400 thrice; earned 600

T122 Only the highest multiplier pays
  like two-and-three
  combine: {multipliers: max}
  2026-01-01 10:00 | order O1 100.00 | EARNED 100 base; EARNED 200 thrice; REFUSED twice EXCLUSIVE_GROUP; earned 300

T123 Of an exclusive group only the highest pays, and the loser is told so
  earn:
    base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
    double-11: {on: order, points: {fixed: 111}}
    anniversary: {on: order, points: {fixed: 60}}
  combine: {groups: {festivals: {members: [double-11, anniversary], choose: highest}}}
  2026-11-11 10:00 | order O1 10.00 | EARNED 10 base; EARNED 111 double-11; REFUSED 0 anniversary EXCLUSIVE_GROUP desired=60; available 121

T124 Earning stops at the maximum balance
  wallets: {points: {max_balance: 10000}}
  2026-01-01 10:00 | order O1 9990.00 | available 9990
  2026-01-02 10:00 | order O2 50.00   | EARNED 10 base desired=50 MAX_BALANCE; available 10000
  2026-01-03 10:00 | order O3 50.00   | REFUSED 0 base MAX_BALANCE; available 10000
  2026-01-04 10:00 | redeem R1 100    | available 9900
  2026-01-05 10:00 | order O4 50.00   | EARNED 50 base; available 9950

T124 Pending points count towards the maximum balance
  wallets: {points: {max_balance: 10000, pending: {for: 14 days}}}
  2026-01-01 10:00 | order O1 9990.00 | pending 9990
  2026-01-02 10:00 | order O2 50.00   | EARNED 10 base desired=50 MAX_BALANCE; pending 10000
