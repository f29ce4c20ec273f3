# Redemption: statements T057 to T066.

programme hundreds
  wallets: {points: {unit_value: 0.01}}
  redeem: {unit: 100, minimum: 100}

T057 Steps of a hundred points: of 1,250 at most 1,200 can be redeemed
  like hundreds
  2026-01-01 10:00 | adjust A1 1250              | available 1250
  2026-01-02 10:00 | redeem R1 1250 order=200.00 | refused NOT_A_MULTIPLE; available 1250
  2026-01-02 10:01 | redeem R2 1300 order=200.00 | refused INSUFFICIENT; available 1250
  2026-01-02 10:02 | redeem R3 1200 order=200.00 | REDEEMED -1200; available 50; redeemed 1200

T058 Points pay half of an order at most
  wallets: {points: {unit_value: 0.01}}
  redeem: {unit: 100, minimum: 100, maximum: {share_of_order: 50 %}}
  2026-01-01 10:00 | adjust A1 5000             | available 5000
  2026-01-02 10:00 | redeem R1 1100 order=20.00 | refused ABOVE_MAXIMUM
  2026-01-02 10:01 | redeem R2 1000 order=20.00 | REDEEMED -1000; available 4000

T058 Of the share of the order and the absolute maximum the lower wins
  wallets: {points: {unit_value: 0.01}}
  redeem: {unit: 100, minimum: 100, maximum: {share_of_order: 50 %, points: 800}}
  2026-01-01 10:00 | adjust A1 5000            | available 5000
  2026-01-02 10:00 | redeem R1 900 order=20.00 | refused ABOVE_MAXIMUM
  2026-01-02 10:01 | redeem R2 800 order=20.00 | REDEEMED -800; available 4200
  2026-01-02 10:02 | redeem R3 600 order=10.00 | refused ABOVE_MAXIMUM
  2026-01-02 10:03 | redeem R4 500 order=10.00 | REDEEMED -500; available 3700
  2026-01-02 10:04 | redeem R5 900             | refused ABOVE_MAXIMUM

programme all-guards
  wallets: {points: {unit_value: 0.01}}
  redeem: {unit: 100, minimum: 200, maximum: {points: 800}, lifetime_at_least: 300}

T059 Every refusal of a redemption has a code of its own
  like all-guards
  2026-01-01 10:00 | order O1 250.00               | available 250
  2026-01-02 10:00 | redeem R1 100                 | refused BELOW_MINIMUM
  2026-01-02 10:01 | redeem R2 250                 | refused NOT_A_MULTIPLE
  2026-01-02 10:02 | redeem R3 900                 | refused ABOVE_MAXIMUM
  2026-01-02 10:03 | redeem R4 200                 | refused INSUFFICIENT_LIFETIME
  2026-01-02 10:04 | order O2 50.00                | available 300
  2026-01-02 10:05 | redeem R5 400                 | refused INSUFFICIENT
  2026-01-02 10:06 | redeem R6 200 refuse=FRAUD    | refused FRAUD; available 300
  2026-01-02 10:07 | redeem R7 200                 | REDEEMED -200; available 100
  2026-01-02 10:08 | cancel R7                     | RESTORED 200
  2026-01-02 10:09 | cancel R7                     | refused ALREADY_REVERSED
  2026-01-02 11:00 | reserve R8 200                | reserved 200
  2026-01-02 12:00 | confirm R8                    | RELEASED 200 TIMED_OUT; refused RESERVATION_EXPIRED
  2026-01-02 13:00 | profile status=blocked        | STATUS_CHANGED
  2026-01-02 13:01 | redeem R9 200                 | refused STATUS_BLOCKED
  2026-01-02 13:02 | profile status=active         | STATUS_CHANGED
  2026-01-02 14:00 | deduct A1 400 allow_negative  | debt 100
  2026-01-02 14:01 | redeem R10 200                | refused IN_DEBT; debt 100

T059 The guards stand in their order, the first that refuses names the reason
  like all-guards
  2026-01-01 10:00 | redeem R1 0                   | refused BELOW_MINIMUM
  2026-01-01 10:01 | redeem R2 950                 | refused NOT_A_MULTIPLE
  2026-01-01 10:02 | deduct A1 10 allow_negative   | debt 10
  2026-01-01 10:03 | redeem R3 50                  | refused IN_DEBT
  2026-01-01 10:04 | profile status=suspended      | STATUS_CHANGED
  2026-01-01 10:05 | redeem R4 50                  | refused STATUS_BLOCKED

T059 Which statuses redeem is a setting
  statuses: {redeem: [active, suspended]}
  2026-01-01 10:00 | adjust A1 100            | available 100
  2026-01-01 10:04 | profile status=suspended | STATUS_CHANGED
  2026-01-01 10:05 | redeem R1 50             | REDEEMED -50

T060 Of two requests of 600 on a balance of 1,000 exactly one is accepted
  2026-01-01 10:00 | adjust A1 1000 | available 1000
  2026-01-02 10:00 | redeem R1 600  | REDEEMED -600
  2026-01-02 10:00 | redeem R2 600  | refused INSUFFICIENT; available 400

T060 A request and a reservation at one instant do not both take the points
  2026-01-01 10:00 | adjust A1 1000 | available 1000
  2026-01-02 10:00 | reserve R1 600 | reserved 600
  2026-01-02 10:00 | redeem R2 600  | refused INSUFFICIENT; available 400; reserved 600

T060 A decision already given stands, and a refused one stays refused
  2026-01-01 10:00 | adjust A1 1000                  | available 1000
  2026-01-02 10:00 | redeem R1 600 decision=granted  | REDEEMED -600; available 400
  2026-01-02 10:01 | redeem R2 300 decision=refused  | refused NOT_ALLOWED; available 400

T061 Points reserved are neither available nor spent until they are confirmed
  2026-01-01 10:00 | adjust A1 800  | available 800
  2026-01-02 10:00 | reserve R1 500 | RESERVED -500; available 300; reserved 500; redeemed 0
  2026-01-02 10:10 | confirm R1     | CONFIRMED -500; available 300; reserved 0; redeemed 500
  2026-01-02 10:15 | -              | quiet; available 300
  2026-01-02 10:20 | confirm R1     | refused ALREADY_CONFIRMED; redeemed 500

T061 Points reserved and released are available again
  2026-01-01 10:00 | adjust A1 800  | available 800
  2026-01-02 10:00 | reserve R1 500 | available 300; reserved 500
  2026-01-02 10:10 | release R1     | RELEASED 500; available 800; reserved 0
  2026-01-02 10:20 | -              | quiet

T061 A reservation times out after 15 minutes, and a confirm after that is refused
  2026-01-01 10:00           | adjust A1 800  | available 800
  2026-01-02 10:00           | reserve R1 500 | available 300; reserved 500
  2026-01-02 10:14:59.999999 | -              | quiet; reserved 500
  2026-01-02 10:15           | -              | RELEASED 500 TIMED_OUT at=2026-01-02T10:15; available 800; reserved 0
  2026-01-02 10:16           | confirm R1     | refused RESERVATION_EXPIRED; available 800; redeemed 0

T061 A confirm at the instant of the time-out is refused
  2026-01-01 10:00 | adjust A1 800  | available 800
  2026-01-02 10:00 | reserve R1 500 | reserved 500
  2026-01-02 10:15 | confirm R1     | RELEASED 500 TIMED_OUT; refused RESERVATION_EXPIRED; available 800

T061 How long a reservation holds is a setting
  redeem: {reserve_for: 2 hours}
  2026-01-01 10:00 | adjust A1 800  | available 800
  2026-01-02 10:00 | reserve R1 500 | reserved 500
  2026-01-02 11:59 | confirm R1     | CONFIRMED -500; redeemed 500

T061 What was never reserved cannot be confirmed
  2026-01-01 10:00 | adjust A1 800  | available 800
  2026-01-02 10:00 | confirm R1     | refused UNKNOWN_REDEMPTION

programme lot-at-month-end
  wallets: {points: {expires: {after: 1 month}}}

T062 A lot that expires while it is reserved can still be confirmed in time
  like lot-at-month-end
  2026-01-01 00:00 | order O1 100.00 | lots 100@2026-02-01
  2026-01-31 23:55 | reserve R1 60   | available 40; reserved 60
  2026-02-01 00:05 | confirm R1      | EXPIRED -40 at=2026-02-01; CONFIRMED -60; available 0; redeemed 60; expired 40

T062 A lot that expired while it was reserved goes to expired when it is released
  like lot-at-month-end
  2026-01-01 00:00 | order O1 100.00 | lots 100@2026-02-01
  2026-01-31 23:55 | reserve R1 60   | reserved 60
  2026-02-01 00:05 | release R1      | RELEASED 60; EXPIRED -60 at=2026-02-01T00:05; available 0; reserved 0; expired 100

T062 A lot that expired while it was reserved goes to expired when the reservation times out
  like lot-at-month-end
  2026-01-01 00:00 | order O1 100.00 | lots 100@2026-02-01
  2026-01-31 23:55 | reserve R1 60   | reserved 60
  2026-02-01 00:09 | -               | reserved 60; expired 40
  2026-02-01 00:10 | -               | RELEASED 60 TIMED_OUT; EXPIRED -60 at=2026-02-01T00:10; available 0; expired 100

programme two-expiries
  redeem: {restore: original_expiry}

T065 A cancelled redemption gives points back to their lots with their expiry
  like two-expiries
  2026-01-01 10:00 | adjust L1 60 expires=2026-02-01 | available 60
  2026-01-02 10:00 | adjust L2 40 expires=2026-12-31 | available 100
  2026-01-10 10:00 | redeem R1 100                   | REDEEMED -60 lot=L1; REDEEMED -40 lot=L2; available 0
  2026-02-10 00:00 | cancel R1                       | RESTORED 60 lot=L1; RESTORED 40 lot=L2; EXPIRED -60 lot=L1; entries 3
                   |                                 | available 40; expired 60; redeemed 0; lots 40@2026-12-31

T065 A cancelled redemption can give points some grace
  redeem: {restore: {grace: 30 days}}
  2026-01-01 10:00 | adjust L1 60 expires=2026-02-01 | available 60
  2026-01-02 10:00 | adjust L2 40 expires=2026-12-31 | available 100
  2026-01-10 10:00 | redeem R1 100                   | available 0
  2026-02-10 00:00 | cancel R1                       | RESTORED 60; RESTORED 40; no EXPIRED; lots 60@2026-03-12 + 40@2026-12-31; available 100
  2026-03-12 00:00 | -                               | EXPIRED -60; available 40

T065 A cancelled confirmed reservation gives its points back as well
  like two-expiries
  2026-01-01 10:00 | adjust L1 100  | available 100
  2026-01-10 10:00 | reserve R1 60  | reserved 60
  2026-01-10 10:05 | confirm R1     | redeemed 60
  2026-01-11 10:00 | cancel R1      | RESTORED 60; available 100; redeemed 0; lots 100@never

T065 Cancelling an open reservation releases it
  like two-expiries
  2026-01-01 10:00 | adjust L1 100  | available 100
  2026-01-10 10:00 | reserve R1 60  | reserved 60
  2026-01-10 10:05 | cancel R1      | RELEASED 60; available 100; reserved 0; redeemed 0

T066 The second cancel of a redemption changes nothing
  2026-01-01 10:00 | adjust A1 100 | available 100
  2026-01-02 10:00 | redeem R1 60  | available 40
  2026-01-03 10:00 | cancel R1     | RESTORED 60; available 100; redeemed 0
  2026-01-04 10:00 | cancel R1     | refused ALREADY_REVERSED; available 100; redeemed 0
