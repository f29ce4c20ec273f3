"""The broken programmes, a code at a time. Texts are what a person should read, written before they were run."""

from __future__ import annotations

from tests.programme.broken import Broken

BASE = "base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}"
TIERS = "tiers: {metric: {spend: {window: 12 months}}, ladder: {basic: 0, silver: 100.00, gold: 500.00}}"
SPANS = "a whole number and a unit, such as `14 days`, `12 months`, `end of month`"
WALLET_FIELDS = "`label`, `spendable`, `pending`, `expires`, `matures`, `consume`, `max_balance`, `unit_value`, `remind`, `reinstate`"
FIELDS = (
    "one of `channel`, `store`, `type`, `tender`, `amount`, `category`, `sku`, `qty`, `kind`, `tier`, `stage`, `tags`, `customer_type`, "
    "`region`, `birthday_window`, `orders_before`, `enrolled_days`, `all`, `any`, `not`, or `attributes.NAME`"
)
SECTIONS = (
    "`programme`, `version`, `label`, `description`, `effective_from`, `change`, `time_zone`, `currency`, `wallets`, `order_amount`, `earn`, "
    "`combine`, `limits`, `redeem`, `returns`, `tiers`, `lifecycle`, `facts`, `identity`, `statuses`"
)
TRIGGERS = "`order`, `birthday`, `enrolment`, `{interaction: TYPE}` or `{tier: NAME}`"
SHARED = "limits and budgets shared between members come with a later release; count a member with `scope: member`"


def two_multipliers(one: str, other: str, more: str = "") -> str:
    return f"earn:\n  {BASE}\n  twice: {{on: order, multiply: 2{one}}}\n  thrice: {{on: order, ▸multiply: 3{other}}}{more}"


WELL_FORMED = (
    Broken("E-YAML", "earn: {base: {on: order}\n▸facts: {}", hint=""),
    Broken("E-YAML", "redeem:\n▸\tunit: 100", hint="indent with blanks; tabs are not allowed in YAML"),
    Broken("E-DUPLICATE-KEY", "redeem:\n  unit: 1\n  ▸unit: 2", "`unit`, first at line 7", "", "keep one of them"),
    Broken("E-ALIAS", "redeem: {maximum: ▸&most {points: 100}}", "&most", "", "write the value out where it is needed"),
    Broken("E-ALIAS", "redeem: {maximum: ▸*most}", "*most", "", "write the value out"),
    Broken("E-ALIAS", "redeem: {▸<<: {unit: 1}}", "<<", "", "write the fields out"),
    Broken("E-TAG", "redeem: {unit: ▸!!int 100}", "tag:yaml.org,2002:int", "", "leave the tag out: every value is read as text"),
)

SHAPE = (
    Broken("E-UNKNOWN-FIELD", "wallets: {points: {▸expire: {after: 12 months}}}", "`expire`", f"one of {WALLET_FIELDS}", "did you mean `expires`?"),
    Broken(
        "E-UNKNOWN-FIELD",
        "earn: {base: {on: order, when: {▸chanel: app}, points: {fixed: 1}}}",
        "`chanel`",
        FIELDS,
        "did you mean `channel`?",
    ),
    Broken(
        "E-UNKNOWN-FIELD",
        "earn: {base: {on: {interaction: review}, when: {▸stars: 5}, points: {fixed: 1}}}",
        "`stars`",
        FIELDS,
        "did you mean `tags`?",
    ),
    Broken("E-MISSING", "earn: {▸base: {points: {fixed: 1}}}", "", "`on: …`"),
    Broken("E-MISSING", "earn: {base: {on: order, points: ▸{rate: 1, mode: step}}}", "", "`per: 1.00`"),
    Broken("E-MISSING", "limits: [▸{points: 5000}]", "", "`per: day`, …, `per: ever`"),
    Broken(
        "E-TYPE",
        "redeem: ▸100",
        "`100`",
        "a mapping with one of `unit`, `minimum`, `maximum`, `reserve_for`, `restore`, `wallet`, `lifetime_at_least`",
    ),
    Broken("E-TYPE", "redeem: {unit: ▸[100]}", "a list", "a whole number from 1 to 1000000000000"),
    Broken("E-TYPE", "redeem:\n  unit:▸\n", "nothing", "a whole number from 1 to 1000000000000"),
    Broken("E-TYPE", "combine: {groups: {one: {members: ▸base, choose: highest}}}", "`base`", "a list"),
    Broken("E-CHOICE", "returns: {policy: ▸debts}", "`debts`", "one of `debt`, `within_balance`, `only_pending`", "did you mean `debt`?"),
    Broken("E-CHOICE", "wallets: {points: {spendable: ▸yes}}", "`yes`", "`true` or `false`"),
    Broken(
        "E-CHOICE",
        "earn: {base: {on: ▸birthdays, points: {fixed: 1}}}",
        "`birthdays`",
        TRIGGERS,
        "did you mean `birthday`?",
    ),
    Broken("E-CONFLICT", "earn: {base: {on: order, points: {fixed: 1}, ▸multiply: 2}}", "", "one of `points`, `multiply`"),
    Broken("E-CONFLICT", "earn: {gift: {on: birthday, points: ▸{rate: 1, per: 1.00, mode: step}}}", "", "`points: {fixed: N}`"),
    Broken(
        "E-CONFLICT",
        "wallets: {points: {}, growth: {spendable: false, ▸expires: {after: 1 year}}}",
        "",
        "",
        "leave it out, or make the wallet spendable",
    ),
    Broken("E-CONFLICT", f"earn: {{{BASE[:-1]}, ▸also: {{points: same}}}}}}", "", "", "leave it out, or name another wallet"),
    Broken("E-NEEDS", "wallets: {points: {▸remind: [30 days]}}", "", "`expires` beside it"),
    Broken("E-NEEDS", "redeem: {maximum: {▸share_of_order: 50 %}}", "", "`unit_value: 0.01` in the wallet `points`"),
    Broken("E-NEEDS", "order_amount: {▸tier_split: split}", "no tiers", "`tiers: {metric: {spend: …}}`"),
    Broken("E-NAME", "programme: ▸two words", "`two words`", "letters, digits, `-`, `_` and `.`, beginning with a letter or digit, at most 64"),
)

VALUES = (
    Broken("E-NUMBER", "redeem: {unit: ▸1_000}", "`1_000`", "a whole number from 1 to 1000000000000"),
    Broken("E-NUMBER", "redeem: {unit: ▸1e3}", "`1e3`", "a whole number from 1 to 1000000000000"),
    Broken("E-NUMBER", "redeem: {unit: ▸٣}", "`٣`", "a whole number from 1 to 1000000000000"),
    Broken("E-NUMBER", "redeem: {unit: ▸-5}", "`-5`", "a whole number from 1 to 1000000000000"),
    Broken(
        "E-RATE",
        "earn: {base: {on: order, points: {rate: ▸0, per: 1.00, mode: step}}}",
        "`0`",
        "above 0 and up to 1000000",
        "a rule that pays nothing is left out",
    ),
    Broken(
        "E-RATE", "earn: {base: {on: order, points: {rate: ▸NaN, per: 1.00, mode: proportional}}}", "`NaN`", "points, such as `1`, `1.2` or `1/3`"
    ),
    Broken("E-RATE", "earn: {base: {on: order, points: {rate: ▸1.5, per: 1.00, mode: step}}}", "`1.5`", "a whole number"),
    Broken("E-MULTIPLIER", f"earn: {{{BASE}, half: {{on: order, multiply: ▸0.5}}}}", "`0.5`", "at least 1", "to pay less, lower the rate instead"),
    Broken("E-MULTIPLIER", f"earn: {{{BASE}, half: {{on: order, multiply: ▸-2}}}}", "`-2`", "`2`, `1.5` or `3/2`"),
    Broken("E-MONEY", "order_amount: {minimum: ▸5.001}", "`5.001`", "at most 2 digits after the point"),
    Broken("E-MONEY", "currency: JPY\norder_amount: {minimum: ▸5.0001}", "`5.0001`", "at most 0 digits after the point"),
    Broken("E-MONEY", "currency: KWD\norder_amount: {minimum: ▸5.0001}", "`5.0001`", "at most 3 digits after the point"),
    Broken(
        "E-MONEY",
        "order_amount: {minimum: ▸¥5}",
        "`¥5`",
        "digits with an optional point, such as `50.00`",
        "write money without signs, commas or currency: `1000.00`",
    ),
    Broken(
        "E-MONEY",
        'order_amount: {minimum: ▸"1,000.00"}',
        "`1,000.00`",
        "digits with an optional point, such as `50.00`",
        "write money without signs, commas or currency: `1000.00`",
    ),
    Broken("E-PERCENT", "redeem: {maximum: {share_of_order: ▸50}}", "`50`", "above `0 %` and up to `100 %`", "did you mean `50 %`?"),
    Broken("E-PERCENT", "redeem: {maximum: {share_of_order: ▸150 %}}", "`150 %`", "above `0 %` and up to `100 %`"),
    Broken("E-DURATION", "wallets: {points: {pending: {for: ▸14}}}", "`14`", SPANS, "name the unit: `14 days`"),
    Broken("E-DURATION", "wallets: {points: {pending: {for: ▸-1 days}}}", "`-1 days`", SPANS, "a duration is never negative"),
    Broken("E-DURATION", "wallets: {points: {expires: {after: ▸P12M}}}", "`P12M`", SPANS, "durations are written in words: `12 months`, not `P12M`"),
    Broken("E-DURATION", "wallets: {points: {expires: {after: ▸12 moons}}}", "`12 moons`", SPANS, "did you mean `month`?"),
    Broken("E-DURATION", "redeem: {reserve_for: ▸1 month}", "`1 month`", "seconds, minutes, hours, days or weeks", "write days, such as `30 days`"),
    Broken("E-INSTANT", "effective_from: ▸2026-02-30", "`2026-02-30`", "`2026-06-19T00:00:00+08:00`, or a date such as `2026-06-19`"),
    Broken(
        "E-INSTANT",
        "effective_from: ▸2026-06-19T09:00",
        "`2026-06-19T09:00`",
        "`2026-06-19T00:00:00+08:00`, or a date such as `2026-06-19`",
        "write the offset: `2026-06-19T09:00+08:00`",
    ),
    Broken(
        "E-ZONE",
        "time_zone: ▸Asia/Shangai",
        "`Asia/Shangai`",
        "a name of the IANA database, such as `Asia/Shanghai` or `UTC`",
        "did you mean `Asia/Shanghai`?",
    ),
    Broken("E-CURRENCY", "currency: ▸cny", "`cny`", "a code of ISO 4217, such as `CNY`", "did you mean `CNY`?"),
    Broken("E-CURRENCY", "currency: ▸DEM", "`DEM`", "a code of ISO 4217, such as `CNY`"),
    Broken("E-LABEL", "label: {▸Chinese: 积分}", "`Chinese`", "a code such as `zh` or `en`"),
    Broken("E-TOO-MANY", "wallets: {points: {expires: {after: 1 year}, remind: ▸[1 day, 2 days, 3 days, 4 days, 5 days]}}", "5", "at most 4"),
)

CONDITIONS = (
    Broken("E-CONDITION", "earn: {base: {on: order, when: ▸app, points: {fixed: 1}}}", "`app`", "`field: value`, `all`, `any` or `not`"),
    Broken("E-CONDITION", "earn: {base: {on: order, when: ▸{}, points: {fixed: 1}}}", "nothing", "`field: value`", "leave it out to mean always"),
    Broken(
        "E-CONDITION",
        "earn: {base: {on: order, when: {amount: {between: ▸[5.00]}}, points: {fixed: 1}}}",
        "1",
        "the lowest and the highest value that hold",
    ),
    Broken(
        "E-CONDITION",
        'earn: {base: {on: order, when: {channel: ▸""}, points: {fixed: 1}}}',
        '`""`',
        "a value",
        "`{exists: false}` holds where there is none",
    ),
    Broken(
        "E-OPERATOR",
        "earn: {base: {on: order, when: {amount: {▸gt_or_eq: 5.00}}, points: {fixed: 1}}}",
        "`gt_or_eq`",
        "one of `eq`, `ne`, `in`, `not_in`, `lt`, `lte`, `gt`, `gte`, `between`",
    ),
    Broken(
        "E-OPERATOR",
        "earn: {base: {on: order, when: {channel: {▸gte: app}}, points: {fixed: 1}}}",
        "`gte`",
        "one of `eq`, `ne`, `in`, `not_in`, `exists`",
    ),
    Broken("E-FIELD-NOT-HERE", "order_amount: {exclude: {▸tier: gold}}", "`tier`", "one of `category`, `sku`, `qty`, `kind`, `amount`"),
    Broken(
        "E-FIELD-NOT-HERE",
        f"{TIERS[:-1]}, ladders: [{{when: {{▸channel: app}}, ladder: {{basic: 0, silver: 1, gold: 2}}}}]}}",
        "`channel`",
        "one of `tier`, `stage`, `tags`, `customer_type`, `region`, `birthday_window`, `orders_before`, `enrolled_days`",
    ),
    Broken("E-EMPTY-WINDOW", "earn: {base: {on: order, when: {channel: ▸[]}, points: {fixed: 1}}}", "[]", "at least one value"),
    Broken(
        "E-EMPTY-WINDOW",
        "earn: {base: {on: order, when: {birthday_window: ▸[3 days, -3 days]}, points: {fixed: 1}}}",
        "3 days to -3 days",
        "the earlier end first",
    ),
    Broken(
        "E-EMPTY-WINDOW",
        "earn: {base: {on: order, when: {amount: {between: ▸[9.00, 5.00]}}, points: {fixed: 1}}}",
        "9.00 to 5.00",
        "the lower value first",
    ),
)

NAMES = (
    Broken("E-UNKNOWN-NAME", f"earn: {{{BASE[:-1]}, also: {{▸growth: same}}}}}}", "`growth`", "`points`"),
    Broken("E-UNKNOWN-NAME", f"earn: {{{BASE[:-1]}, into: ▸pionts}}}}", "`pionts`", "`points`", "did you mean `points`?"),
    Broken(
        "E-UNKNOWN-NAME",
        f"{TIERS}\nearn: {{{BASE}, gift: {{on: order, when: {{tier: {{in: [silver, ▸golden]}}}}, points: {{fixed: 5}}}}}}",
        "`golden`",
        "one of `basic`, `silver`, `gold`",
        "did you mean `gold`?",
    ),
    Broken("E-UNKNOWN-NAME", "earn: {gift: {on: order, when: {tier: ▸gold}, points: {fixed: 5}}}", "`gold`", "no tier: the programme has none"),
    Broken(
        "E-UNKNOWN-NAME",
        f"{TIERS}\nearn: {{gift: {{on: {{tier: ▸platinum}}, points: {{fixed: 5}}}}}}",
        "`platinum`",
        "one of `basic`, `silver`, `gold`",
    ),
    Broken(
        "E-UNKNOWN-NAME",
        "tiers: {metric: {▸spent: {window: 12 months}}, ladder: {a: 0, b: 1, c: 2}}",
        "`spent`",
        "one of `spend`, `orders`, `lifetime_spend`, `balance`, `points`",
        "did you mean `spend`?",
    ),
    Broken(
        "E-UNKNOWN-NAME",
        f"{TIERS}\nwallets: {{points: {{expires: {{after: 1 year, suspend_in: [▸platin]}}}}}}",
        "`platin`",
        "one of `basic`, `silver`, `gold`",
    ),
    Broken("E-UNKNOWN-NAME", f"earn: {{{BASE}}}\nlimits: {{points: 5, per: day, rules: [base, ▸bse]}}", "`bse`", "`base`", "did you mean `base`?"),
    Broken("E-UNKNOWN-NAME", f"earn: {{{BASE}}}\ncombine: {{groups: {{one: {{members: [base, ▸fruit], choose: highest}}}}}}", "`fruit`", "`base`"),
    Broken(
        "E-UNKNOWN-NAME",
        "lifecycle: {new: {first_order_within: 30 days}, old: {idle: 60 days}, precedence: [new, old, ▸lost]}",
        "`lost`",
        "one of `new`, `old`",
    ),
    Broken(
        "E-MAIN-WALLET",
        "▸wallets: {miles: {}, stars: {}}",
        "one of `miles`, `stars`",
        "one main wallet",
        "name one of them `points`, or say `redeem: {wallet: …}`",
    ),
    Broken("E-MAIN-WALLET", "▸wallets: {points: {spendable: false}}", "", "at least one spendable wallet"),
    Broken(
        "E-ROLL",
        "wallets: {points: {}, a: {expires: {after: 1 year, into: ▸b}}, b: {expires: {after: 1 year, into: a}}}",
        "`a` → `b` → `a`",
        "a last wallet",
    ),
    Broken("E-ROLL", "wallets: {points: {expires: {after: 1 year, into: ▸growth}}, growth: {spendable: false}}", "`growth`", "`points`"),
)

TOGETHER = (
    Broken(
        "E-NO-MODE",
        "earn: {base: {on: order, points: ▸{rate: 10, per: 100.00}}}",
        "",
        "`mode: proportional` or `mode: step`",
        "10 per full 100.00 pays 20 for 250.00 with `mode: step`, 25 with `mode: proportional`",
    ),
    Broken(
        "E-MULTIPLIERS-MEET",
        two_multipliers("", ""),
        "`twice` with `thrice`",
        "`combine: {multipliers: additive}`, `multiplicative` or `max`",
        "2 × and 3 × make 4 × (additive), 6 × (multiplicative) or 3 × (max)",
    ),
    Broken(
        "E-TIER-RATES-MEET",
        f"{TIERS}\nearn:\n  {BASE}\n  high: {{on: order, when: {{tier: {{gte: silver}}}}, points: {{rate: 2, per: 1.00, mode: proportional}}}}\n"
        "  top: {on: order, when: {tier: gold}, ▸points: {rate: 3, per: 1.00, mode: proportional}}",
        "`high` with `top`",
        "one rate for each tier",
        "let their conditions exclude each other, put them into a group, or say `combine: {tier_and_base: stack}` to pay both",
    ),
    Broken(
        "E-EMPTY-WINDOW",
        "earn: {base: {on: order, points: {fixed: 1}, valid: {from: 2026-06-19, until: ▸2026-06-19}}}",
        "`2026-06-19`",
        "later than `2026-06-19`",
        "`until` is the first instant no longer inside",
    ),
    Broken(
        "E-EMPTY-WINDOW",
        "lifecycle: {odd: {last_order_within: 30 days, ▸idle: 60 days}}",
        "`60 days` idle",
        "less than the time since an order",
        "use two stages",
    ),
    Broken(
        "E-EMPTY-WINDOW",
        "redeem: {unit: 100, minimum: 150, maximum: {points: ▸199}}",
        "`199`",
        "at least 200",
        "the fewest points are 200, in steps of 100",
    ),
    Broken(
        "E-EMPTY-WINDOW",
        "tiers: {any_of: {at_least: ▸3, metrics: {spend: {window: 1 year}, orders: {window: 1 year}}}, ladder: {a: 0, b: {spend: 1, orders: 1}, "
        "c: {spend: 2, orders: 2}}}",
        "3 of 2",
        "at most 2",
    ),
    Broken(
        "E-NO-PRIORITY",
        "earn:\n  a: {on: order, points: {fixed: 5}}\n  ▸b: {on: order, points: {fixed: 9}}\n"
        "combine: {groups: {one: {members: [a, b], choose: by_priority}}}",
        "1000 and 1000",
        "a `priority` for each",
        "the lower number goes first",
    ),
    Broken(
        "E-TWO-GROUPS",
        "earn: {a: {on: order, points: {fixed: 5}}, b: {on: order, points: {fixed: 9}}}\n"
        "combine: {groups: {one: {members: [a, b], choose: highest}, two: {members: [▸b], choose: stackable}}}",
        "`b`, also in `one`",
        "one group a rule",
    ),
    Broken(
        "E-LADDER",
        "tiers: {metric: {orders: {window: 1 year}}, ladder: {a: ▸1, b: 5, c: 9}}",
        "`1`",
        "0",
        "the first tier is the one of every new member",
    ),
    Broken(
        "E-LADDER",
        "tiers: {metric: {orders: {window: 1 year}}, ladder: {a: 0, b: 9, c: ▸9}}",
        "`9`",
        "more than b needs",
        "tiers stand from the lowest to the highest",
    ),
    Broken(
        "E-LADDER",
        "tiers: {any_of: {at_least: 2, metrics: {spend: {window: 1 year}, orders: {window: 1 year}}}, ladder: {a: 0, ▸b: {spend: 1}, "
        "c: {spend: 2, orders: 2}}}",
        "1",
        "at least 2",
    ),
    Broken(
        "NOT_YET",
        "▸challenges: {}",
        "`challenges`",
        f"one of {SECTIONS}",
        "the section `challenges` comes with a later release; leave it out until then",
    ),
    Broken(
        "NOT_YET",
        "earn: {friend: {on: ▸referral, points: {fixed: 50}}}",
        "`referral`",
        TRIGGERS,
        "rules that wait for a referral come with a later release",
    ),
    Broken("NOT_YET", f"earn: {{{BASE[:-1]}, budget: {{points: 500, scope: ▸shared}}}}}}", "`shared`", "`scope: member`", SHARED),
    Broken("NOT_YET", "limits: {points: 5, per: day, scope: ▸store}", "`store`", "`member`, `order` or `member_and_store`", SHARED),
)

WARNINGS = (
    Broken(
        "W-LADDER-SIZE",
        "tiers: {metric: {orders: {window: 1 year}}, ladder: ▸{a: 0, b: 5}}",
        "2",
        "3 to 5",
        "fewer give no goal, more are not remembered",
    ),
    Broken(
        "W-ARRIVAL",
        "wallets: {points: {expires: {after: 15 days, ▸base: processed_at}}}",
        "",
        "",
        "with `base: purchased_at` and no `not_before_arrival` the same facts give the same balances in any order",
    ),
    Broken(
        "W-GROUP",
        "earn: {a: {on: order, when: {channel: app}, points: {fixed: 5}}, b: {on: order, when: {channel: pos}, points: {fixed: 9}}}\n"
        "combine: {groups: {▸one: {members: [a, b], choose: highest}}}",
        "",
        "",
        "the group never has a choice to make; leave it out",
    ),
    Broken(
        "W-NOTHING-TO-MULTIPLY",
        "earn: {a: {on: order, points: {fixed: 5}}, twice: {on: order, ▸multiply: 2}}",
        "",
        "a rule with `points: {rate: …}` for the same orders and lines",
    ),
)

CASES = (*WELL_FORMED, *SHAPE, *VALUES, *CONDITIONS, *NAMES, *TOGETHER, *WARNINGS)
