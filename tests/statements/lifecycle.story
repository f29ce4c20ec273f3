# Stages of life: statements T196 and T197.

programme stages
  lifecycle:
    new: {first_order_within: 30 days}
    active: {last_order_within: 60 days, orders_at_least: 1}
    mature: {last_order_within: 60 days, orders_at_least: 3}
    at_risk: {idle: 60 days}
    dormant: {idle: 90 days}
    churned: {idle: 180 days}
    precedence: [churned, dormant, at_risk, mature, new, active]

T196 Stages follow the days since the last order by timer, one event each
  like stages
  2025-12-01 00:00           | order O0 10.00 | STAGE_CHANGED none>new; stage new
  2026-01-01 00:00           | order O1 10.00 | STAGE_CHANGED new>active; stage active
  2026-03-01 23:59:59.999999 | -              | quiet; stage active
  2026-03-02 00:00           | -              | STAGE_CHANGED active>at_risk at=2026-03-02 cause=timer; entries 1; stage at_risk
  2026-04-01 00:00           | -              | STAGE_CHANGED at_risk>dormant at=2026-04-01; entries 1; stage dormant
  2026-06-30 00:00           | -              | STAGE_CHANGED dormant>churned at=2026-06-30; entries 1; stage churned
  2030-01-01 00:00           | -              | quiet; stage churned
  2030-01-02 00:00           | order O2 10.00 | EARNED 10; STAGE_CHANGED churned>mature; REACTIVATED; entries 3; stage mature

T196 An order of a member at risk reactivates
  like stages
  2026-01-01 00:00 | order O1 10.00 | stage new
  2026-03-05 00:00 | order O2 10.00 | STAGE_CHANGED at_risk>active; REACTIVATED; stage active
  2026-03-06 00:00 | order O3 10.00 | STAGE_CHANGED active>mature; no REACTIVATED; stage mature

T196 A long silence ends in the last stage through each stage in its time
  like stages
  2026-01-01 00:00 | order O1 10.00 | stage new
  2027-01-01 00:00 | -              | STAGE_CHANGED new>active at=2026-01-31; STAGE_CHANGED active>at_risk at=2026-03-02; STAGE_CHANGED at_risk>dormant at=2026-04-01
                   |                | STAGE_CHANGED dormant>churned at=2026-06-30; entries 4; stage churned

T197 New is less than 30 days from the first order, mature three orders, and one stage at a time
  like stages
  2026-01-01 10:00           | did visit I1   | stage none
  2026-01-02 10:00           | order O1 10.00 | STAGE_CHANGED none>new; stage new
  2026-01-31 09:59:59.999999 | order O2 10.00 | no STAGE_CHANGED; stage new
  2026-02-01 10:00           | -              | STAGE_CHANGED new>active at=2026-02-01T10:00; stage active
  2026-02-02 10:00           | order O3 10.00 | STAGE_CHANGED active>mature; stage mature
  2026-04-03 10:00           | -              | STAGE_CHANGED mature>at_risk at=2026-04-03T10:00; stage at_risk

T197 A stage that goes before another wins it
  like stages
  2026-01-02 10:00 | order O1 10.00 | stage new
  2026-01-03 10:00 | order O2 10.00 | stage new
  2026-01-04 10:00 | order O3 10.00 | STAGE_CHANGED new>mature; stage mature

T197 The precedence decides, not the order of the stages
  lifecycle:
    mature: {last_order_within: 60 days, orders_at_least: 3}
    new: {first_order_within: 30 days}
    active: {last_order_within: 60 days, orders_at_least: 1}
    precedence: [new, mature, active]
  2026-01-02 10:00 | order O1 10.00 | stage new
  2026-01-03 10:00 | order O2 10.00 | stage new
  2026-01-04 10:00 | order O3 10.00 | no STAGE_CHANGED; stage new
  2026-02-01 10:00 | -              | STAGE_CHANGED new>mature at=2026-02-01T10:00; stage mature

T197 A full return is no order any more
  like stages
  2026-01-02 10:00 | order O1 10.00  | stage new
  2026-01-03 10:00 | order O2 10.00  | stage new
  2026-01-04 10:00 | order O3 10.00  | stage mature
  2026-01-05 10:00 | return T1 of O2 | STAGE_CHANGED mature>new; stage new
