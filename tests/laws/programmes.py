"""The programmes that laws are tried on: between them pending, expiry, limits, debt, redemption, checks, windows, stages, inactivity."""

from __future__ import annotations

from functools import lru_cache

from loyalty_streams.core.engine import Engine
from loyalty_streams.programme import Registry, compile_versions
from loyalty_streams.programme.load import load
from tests.simulation.said import Numbers

HEAD = "programme: laws\nversion: 1\ntime_zone: America/New_York\ncurrency: USD\n"

SMALL = """
wallets: {points: {expires: {after: 12 months}}}
earn: {base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}}
tiers: {metric: {spend: {window: 12 months}}, ladder: {base: 0, silver: 200.00, gold: 500.00}}
lifecycle:
  new: {first_order_within: 30 days}
  active: {last_order_within: 60 days}
  at_risk: {idle: 60 days}
  churned: {idle: 180 days}
  precedence: [churned, at_risk, new, active]
"""

RICH = """
wallets:
  points: {pending: {for: 14 days}, expires: {after: 3 months, round_up_to: day}, max_balance: 5000, unit_value: 0.01, remind: [30 days, 7 days]}
  growth: {spendable: false}
earn:
  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}, also: {growth: same}}
  fruit: {on: order, lines: {category: fruit}, multiply: 2, limits: {points: 200, per: month}}
  each: {on: order, lines: {sku: A}, points: {fixed: 3, per: unit}}
  first: {on: order, when: {orders_before: 0}, points: {fixed: 100}, once: member}
  visit: {on: {interaction: check-in}, points: {fixed: 5}, limits: {times: 1, per: day}}
  birthday: {on: birthday, points: {fixed: 20}}
  silver-gift: {on: {tier: silver}, points: {fixed: 10}}
combine: {multipliers: additive}
limits: [{points: 400, per: day, scope: member}]
redeem: {unit: 5, minimum: 5}
tiers:
  metric: {growth: {window: 6 months}}
  ladder: {base: 0, silver: 100, gold: 300, top: 900}
  downgrade: {check: tier_anniversary, keep_for: 3 months, to: one_down}
  notice_before: 10 days
lifecycle:
  new: {first_order_within: 10 days}
  mature: {last_order_within: 60 days, orders_at_least: 3}
  active: {last_order_within: 60 days}
  idle: {idle: 60 days}
  precedence: [idle, mature, new, active]
"""

IDLE = """
wallets:
  points: {expires: {after: 3 months, from: last_activity}, reinstate: {within: 60 days}}
  escrow: {pending: {for: 1 month}, matures: {into: points}}
earn:
  base: {on: order, points: {rate: 3, per: 2.00, mode: proportional}}
  held: {on: order, points: {rate: 1, per: 10.00, mode: step}, into: escrow}
returns: {policy: within_balance, clawback: proportional}
tiers: {metric: {balance: points}, ladder: {base: 0, silver: 100, gold: 300}}
"""

OLDEST = """
wallets: {points: {expires: {after: 1 month}, consume: oldest_earned}}
earn:
  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
  long: {on: {interaction: check-in}, points: {fixed: 40}}
redeem: {restore: {grace: 30 days}}
"""

PROGRAMMES = {"small": SMALL, "rich": RICH, "idle": IDLE, "oldest": OLDEST}
SPENDABLE = {"small": ("points",), "rich": ("points",), "idle": ("points", "escrow"), "oldest": ("points",)}


@lru_cache(maxsize=32)
def engine(*bodies: str) -> Engine:
    """An engine for a programme of this body, or for its versions: later ones give their `version` and `effective_from`."""
    texts = [HEAD + bodies[0], *(HEAD.replace("version: 1\n", "") + body for body in bodies[1:])]
    return Engine(compile_versions(tuple(load(text) for text in texts), Registry()))


def named(name: str) -> Engine:
    return engine(PROGRAMMES[name])


def numbers(of: Engine) -> Numbers:
    return Numbers(of.compiled.names)
