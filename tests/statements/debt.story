# Negative balance: statements T087 to T091.

T087 A return of what is spent makes debt
  2026-01-01 10:00 | order O1 100.00 | available 100
  2026-01-02 10:00 | redeem R1 60    | available 40
  2026-01-03 10:00 | return T1 of O1 | available 0; debt 60

T087 A redemption that another system granted stands, and what it lacks is debt
  2026-01-01 10:00 | order O1 100.00  | available 100
  2026-01-02 10:00 | redeemed R1 150  | REDEEMED -100 AVAILABLE; REDEEMED 50 DEBT; available 0; debt 50; redeemed 150

T087 A redemption that is asked for never makes debt
  2026-01-01 10:00 | order O1 100.00 | available 100
  2026-01-02 10:00 | redeem R1 101   | refused INSUFFICIENT; available 100; debt 0
  2026-01-02 10:01 | reserve R2 101  | refused INSUFFICIENT; available 100; debt 0; reserved 0
  2026-01-02 10:02 | redeem R3 100   | available 0; debt 0

T087 A manual deduction that may pass zero makes debt
  2026-01-01 10:00 | order O1 100.00               | available 100
  2026-01-02 10:00 | deduct A1 130 allow_negative  | available 0; debt 30; adjusted -130

T088 New points pay debt first
  2026-01-01 10:00 | deduct A1 20 allow_negative | debt 20
  2026-01-02 10:00 | order O1 50.00              | EARNED 50 base; DEBT_PAID -20; entries 2; available 30; debt 0; lots 30@never

T088 Debt larger than what is earned is paid in part
  2026-01-01 10:00 | deduct A1 80 allow_negative | debt 80
  2026-01-02 10:00 | order O1 50.00              | EARNED 50 base; DEBT_PAID -50; available 0; debt 30; lots none
  2026-01-03 10:00 | adjust A2 40                | ADJUSTED 40; DEBT_PAID -30; available 10; debt 0

T089 Debt holds at once and does not expire
  wallets: {points: {expires: {after: 1 month}}}
  2026-01-01 10:00 | order O1 50.00   | available 50
  2026-01-02 10:00 | redeem R1 50     | available 0
  2026-01-03 10:00 | return T1 of O1  | debt 50
  2036-01-03 10:00 | -                | quiet; debt 50; expired 0

T090 A member in debt cannot redeem, and pending points pay the debt when they mature
  wallets: {points: {pending: {for: 14 days}}}
  2026-01-01 10:00 | deduct A1 20 allow_negative | debt 20
  2026-01-02 10:00 | order O1 50.00              | pending 50; debt 20
  2026-01-10 10:00 | redeem R1 10                | refused IN_DEBT; debt 20
  2026-01-16 10:00 | -                           | ACTIVATED 50 at=2026-01-16T10:00; DEBT_PAID -20 at=2026-01-16T10:00; available 30; debt 0
  2026-01-17 10:00 | redeem R2 10                | REDEEMED -10; available 20

T091 A manual deduction beyond the balance is refused unless it may pass zero
  2026-01-01 10:00 | order O1 50.00               | available 50
  2026-01-02 10:00 | deduct A1 80                 | refused INSUFFICIENT; available 50; debt 0; adjusted 0
  2026-01-03 10:00 | deduct A2 50                 | ADJUSTED -50; available 0; debt 0
  2026-01-04 10:00 | deduct A3 80 allow_negative  | available 0; debt 80
