"""Every table that the kernel reads or writes, as numpy records with named fields.

State, facts and programme hold int64 words, so the same memory has two views: records for code that names fields
(`lot.remaining -= part`), and a run of words for code that tables drive (conditions, packing).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from loyalty_streams.core.entries import Entry


def words(names: str) -> np.dtype[Any]:
    """A record of int64 fields."""
    clash = set(names.split()) & set(dir(np.void))
    if clash:
        raise ValueError(f"np.record has attributes of these names, which would win when interpreted: {sorted(clash)}")
    return np.dtype((np.record, np.dtype([(n, np.int64) for n in names.split()], align=True)))


def nest(**fields: Any) -> np.dtype[Any]:
    """A record of records and bounded arrays, with a second name, `words`, for all of its memory.

    Offsets are staggered by cache lines, since sections at equal offsets within a page would fight for the same cache sets.
    """
    names, offsets, at = list(fields), [], 0
    for k, field in enumerate(fields.values()):
        offsets.append(at)
        at += (np.dtype(field).itemsize + 63) // 64 * 64 + 64 * (5 * k + 3)
    formats = [*fields.values(), (np.int64, (at // 8,))]
    layout: Any = {"names": [*names, "words"], "formats": formats, "offsets": [*offsets, 0], "itemsize": at}
    return np.dtype((np.record, np.dtype(layout)))


# ---- the fact in hand ------------------------------------------------------------------------------------------------
# `attr` rows of the workspace hold the attributes that the programme's conditions name.
Fact = words(
    "kind at arrived ref about amount points channel store type outcome refuse line_lo lines attr_lo attr_hi row "
    "day month month_day clock birthday_distance enrolled_days units eligible tax tender rate_total lots_made source"
)
Line = words("no sku category qty amount kind net mask below")  # below: the part of net under the threshold of a tier reached (S18)
WHOLE, BELOW, ABOVE = range(3)  # parts of an order that reaches a tier
LINE_BITS = 62  # of a line's mask: 0 counts in the order amount, then the filters of rules, then what a choice by line has won
REWARD_BIT = 62  # a reward line, which counts for no points a unit

# ---- a member's state --------------------------------------------------------------------------------------------------
Head = words(
    "clock due seq version enrolled enrolled_at birthday birthday_due birthday_year status ended customer_type region attribute_date "
    "orders first_at last_at lifetime_spend "
    "tier tier_since tier_at tier_seq tier_kept tier_until tier_dated tier_grace tier_locked tier_noticed lazy reassess_at "
    "stage stage_since stage_due "
    "lapse_due refunded rise spared_to spared_rung spare "
    "activation_due hold_due window_due notice_due remind_due pending_lo"
)
# ended: the `Move` by which the account was given up or ended; then nothing is due, and facts are refused.
Wallet = words(
    "available pending reserved debt issued opening adjusted transferred_in transferred_out redeemed expired clawed_back "
    "forfeited written_off idle_since lapse_at"
)
Lot = words("source n wallet earned_at activates_at expires_at granted remaining pending about")
Mark = words("at leaves_at amount")  # one row an instant of a metric's window
Gauge = words("total since")  # the sum inside the window; the sum since the last tier change
Hold = words("ref source n wallet points earned_at expires_at until granted")  # one row a lot that a reservation took from
Counter = words("limit store period used")
# One row a once rule that was paid, and one an order that would be next. `moved`: paid for the order only after another came back, so that
# no card of an order holds it. `back`: what returns have taken of it. Rows of rule MATURED_LOT say when an action made the points of a source
# available in a wallet.
Once = words("rule ref at source points granted year n wallet also also_n moved back")
MATURED_LOT = -2
Tag = words("tag")
Dead = words("source n wallet earned_at expired_at points granted")  # lots that may be reinstated
Pool = words("about share")  # one row a pool that the member is in, in order of joining; share: hundredths of a percent

# Rows of their own, read for the facts that name them: an order for its returns, a redemption for its cancellation.
Order = words(
    "ref at seq version store amount counted about points_used points_back money_back counted_back by_money done stands dirty lines parts "
    "lines_lo parts_lo"
)
# stands: where the order stands among facts: its own instant, or its arrival (S51); seq is -1 then.
# outside: does not count for tiers; by_money: some of it came back as money alone.
OrderLine = words("no qty amount net mask outside qty_back amount_back by_money")
Part = words("rule form wallet n points back mask active_at also also_wallet also_n also_back")  # what one rule gave to one order
Redemption = words("ref at points restored done dirty rows rows_lo wallet")
Taken = words("ref source n wallet points earned_at expires_at back granted")  # one row a lot that a redemption took from

MAX_WALLETS, MAX_METRICS = 8, 4
Span = words("lo hi")
SECTIONS = ("lots", "marks0", "marks1", "marks2", "marks3", "holds", "counters", "once", "tags", "dead", "pools",
            "orders", "lines", "parts", "redemptions", "taken")
(LOTS, MARKS0, MARKS1, MARKS2, MARKS3, HOLDS, COUNTERS, ONCE, TAGS, DEAD, POOLS, ORDERS, LINES, PARTS, REDEMPTIONS, TAKEN) = range(16)
STATE_SECTIONS = 11  # sections before this number are packed with the head
BOUNDS = {
    "lots": 16_384, "marks": 16_384, "holds": 4_096, "counters": 1_024, "once": 256, "tags": 128, "dead": 4_096, "pools": 4,
    "orders": 8_192, "lines": 131_072, "parts": 32_768, "redemptions": 8_192, "taken": 16_384,
}

# ---- programme tables ----------------------------------------------------------------------------------------------------
# Indices called id are numbers of the registry, which only grows; other indices are positions in this version's tables.
AMOUNT, STEP, MULTIPLY, FIXED, PER_UNIT = range(5)  # form of a rule
ON_ORDER, ON_BIRTHDAY, ON_ENROLMENT, ON_TIER, ON_INTERACTION = range(5)  # trigger of a rule
Rule = words(
    "id trigger match form rate step num den fixed lines_mask condition valid_from valid_until priority group wallet also "
    "limits_lo limits_hi once reads_tier reads_orders reads_units rank"
)
# match: code of the interaction type, or id of the tier, for ON_INTERACTION and ON_TIER. rate: numerator over settings.rate_den a
# minor unit (AMOUNT) or a step (STEP: points a full step x rate_den). num/den: of MULTIPLY. lines_mask: 1, or 1 | 1 << filter.
# condition: first row of `conditions`, PASS for none. also: wallet id, -1 for none. group: position in `groups`, -1 for none.
# rank: position of the rule's id among all ids of this version, sorted as text. limits_lo..hi: rows of limit_refs.
# once: 0, 1 a member, 2 a calendar year.
PASS = -1  # then/orelse of a condition row; a row's failing orelse is -2 - row: it names itself
RANGE, NOT_RANGE, IN, NOT_IN, TAGGED, NOT_TAGGED = range(6)  # operators; eq, lt, gte, between, exists are ranges
Condition = words("at stride op lo hi then orelse")
# at: word of the workspace; with stride > 0 the word of line 0 of the basket. IN: sets[lo:hi]. exists: RANGE [ABSENT + 1, max].
# A line field in a condition that is not a line filter holds when it holds on any line.
NO_EXPIRY, FROM_EARNING, FROM_ACTIVATION, FROM_ACTIVITY = range(4)
NO_ROUND, ROUND_UP, ROUND_DOWN = range(3)
PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_QUARTER, PERIOD_HALF, PERIOD_YEAR, PERIOD_EVER = range(7)
SOONEST_EXPIRY, OLDEST_EARNED = range(2)
Terms = words(
    "used code spendable oldest_first max_balance unit_value_num unit_value_den "
    "pending pending_months pending_days pending_micros pending_round pending_period until_action "
    "expires months days micros round_period arrival_base floor_days extend_lo extend_hi suspended matures_into expires_into "
    "activities reinstate_within reminders remind0 remind1 remind2 remind3 lots plain"
)
# One row a wallet, at its registry id. pending: 0 none, 1 for a duration, 2 until an action (until_action: interaction code).
# expires: NO_EXPIRY.. ; round_period: -1 none. suspended: bit set of tier ids. matures_into/expires_into: wallet id, -1.
# activities: bit set over FactKind. remindK: days. lots: 1 when the wallet keeps lots (spendable), else only balances.
# plain: lots die so long after the instant of earning or activation, without rounding, extension or arrival.
Extension = words("condition months days micros")
SCOPE_MEMBER, SCOPE_ORDER, SCOPE_STORE = range(3)
Limit = words("id times points period partial scope stores_lo stores_hi budget for_all")
# times, points: -1 for none. stores_lo..hi: sets rows, empty for all stores. budget: reason BUDGET instead of LIMIT_REACHED.
# for_all: a limit of the whole programme (top level) for all rules; else rules and groups refer to it through limit_refs.
STACKABLE, HIGHEST, LOWEST, BY_PRIORITY = range(4)
Group = words("pick by_line limits_lo limits_hi")
M_SPEND, M_ORDERS, M_WALLET, M_LIFETIME, M_BALANCE = range(5)
W_ROLLING, W_CALENDAR, W_SINCE_TIER, W_NONE = range(4)
Metric = words("kind wallet window months period judged")  # one slot for every metric of any version in force; judged: by this one
Rung = words("tier need0 need1 need2 need3")
Ladder = words("condition lo hi")  # rows of rungs, rising; the first ladder whose condition holds; the last one has PASS
Stage = words("id idle_from idle_until orders_at_least first_within")
ADDITIVE, MULTIPLICATIVE, MAX = range(3)
OVERRIDE, STACK = range(2)
CHECK_WINDOW, CHECK_TIER, CHECK_JOIN, CHECK_YEAR, CHECK_ATTRIBUTE = range(5)
TO_METRICS, TO_ONE_DOWN, TO_BASE = range(3)
EFFECT_NEVER, EFFECT_IMMEDIATE, EFFECT_END_OF_DAY, EFFECT_PERIOD_END = range(4)
POLICY_DEBT, POLICY_WITHIN, POLICY_PENDING = range(3)
LINE_EXACT, PROPORTIONAL = range(2)
LAZY, UPGRADE_ONLY, FULL = range(3)
Settings = words(
    "effective_from effective_until lateness dedupe rate_den multipliers tier_and_base "
    "tax_excluded net_tender order_minimum exclude tier_split main_wallet earn_statuses redeem_statuses "
    "redeem_wallet redeem_unit redeem_minimum redeem_maximum redeem_share_num redeem_share_den redeem_lifetime reserve_for "
    "restore_grace_months restore_grace_days restore_grace_micros "
    "clawback policy tier_effect within_months within_days within_micros later_unlinked "
    "metrics at_least tier_exclude check keep_months keep_days keep_micros to grace_months grace_days grace_micros "
    "stay_months stay_days stay_micros reset_wallet notice_months notice_days notice_micros on_rule_change all_passed "
    "check_attribute uses_birthday uses_enrolled has_birthday_rule has_tier_rule has_stages has_tiers uses_lines balance_metric shown_metric "
    "has_limits has_idle"
)
# lateness: microseconds from an occurrence to its arrival beyond which a fact stands at its arrival (S51). dedupe: a bonus that both sides of a
# merge were paid is taken back (T141).
# uses_lines: a rule, exclusion or tier exclusion looks at single lines. balance_metric: a judged metric is a balance.
# shown_metric: the slot of the metric that entries about tiers show. has_limits: any limit, budget or maximum balance.
# uses_birthday, uses_enrolled: a condition asks for the days to a birthday, or since enrolment.
# has_idle: points of some wallet live as long as the member is active.
# exclude, tier_exclude: first condition row that marks a line left out of the order amount / of the tier metric; -3 for none.
# earn_statuses, redeem_statuses: bit sets over Status. redeem_share: num/den of the order, den 0 for none. Durations are months, then
# calendar days, then microseconds. keep/grace/stay/notice all zero: none. reset_wallet: -1 for none.
NO_FILTER = -3
Count = words("rules filters limits global_limits groups rungs ladders stages zone attributes wallets metrics tiers")
Programme = nest(
    settings=Settings, n=Count, rules=(Rule, (256,)), first_rule=(np.int64, (8,)), conditions=(Condition, (1024,)),
    sets=(np.int64, (4096,)), filters=(np.int64, (62,)), terms=(Terms, (MAX_WALLETS,)), extensions=(Extension, (64,)),
    limit_refs=(np.int64, (512,)), limits=(Limit, (256,)), groups=(Group, (32,)), metrics=(Metric, (MAX_METRICS,)),
    rungs=(Rung, (128,)), ladders=(Ladder, (16,)), stages=(Stage, (32,)), attributes=(np.int64, (16,)), tier_codes=(np.int64, (64,)),
    zone_at=(np.int64, (512,)), zone_offset=(np.int64, (512,)), month_start=(np.int64, (2400,)),
)
# rules: sorted by (trigger, match, form, priority, id text). first_rule[t]: first rule of trigger t; ON_INTERACTION, ON_TIER: scan `match`.
# filters[i]: first condition row of line filter i, i from 1 (bit 1 << i of a line's mask; bit 0: counts in the order amount).
# global_limits: positions limits[0:global_limits] are those of the top level. attributes: name codes behind w.attr rows.
# tier_codes[i]: code_of the name of tier i of the registry, for i < n.tiers. reinstate_within: microseconds.
# zone_at/zone_offset: transitions (first one at -NEVER). month_start[k]: day number of month k since 1970.

# ---- workspace -------------------------------------------------------------------------------------------------------------
Candidate = words("points basis num den desired reason failed actual capped part won won_basis")
Given = words("at source n earned activates expires state")  # the lot that the fact in hand has opened in a wallet; earned -1: not yet
Control = words("cards lines entries full member explain booked cards_out tier_before called born_from born_to")
Ended = words("value judged")  # of a metric whose calendar period ends at this instant: what it came to; judged: the check goes by it
Number = words("value")
Card = words("member kind ref at lo hi")  # a row of its own in the output: 1 order, 2 redemption
CARD_ORDER, CARD_REDEMPTION = 1, 2
SENT = 5  # `done` of the card of a transfer
CARD_STATE = 3  # a state handed over to a merge (S53), never an output; where other cards have the layout it has its kind: no layout is 3
ENTRY_MARK, ENTRY_BOUND = 1 << 16, 1 << 19
BASKET = 131_072
Work = nest(
    head=Head, fact=Fact, ctl=Control, wallets=(Wallet, (MAX_WALLETS,)), gauges=(Gauge, (MAX_METRICS,)), span=(Span, (len(SECTIONS),)),
    ended=(Ended, (MAX_METRICS,)), given=(Given, (MAX_WALLETS,)), attr=(Number, (16,)), tentative=(np.int64, (256,)),
    payers=(np.int64, (256,)), offered=(np.int64, (256,)), called=(np.int64, (256,)),
    candidates=(Candidate, (256,)), basket=(Line, (BASKET,)), weight=(np.int64, (BASKET,)),
    factor=(np.int64, (BASKET,)), factor_above=(np.int64, (BASKET,)), lots=(Lot, (BOUNDS["lots"],)), marks=(Mark, (MAX_METRICS, BOUNDS["marks"])),
    holds=(Hold, (BOUNDS["holds"],)), counters=(Counter, (BOUNDS["counters"],)), once=(Once, (BOUNDS["once"],)),
    tags=(Tag, (BOUNDS["tags"],)), dead=(Dead, (BOUNDS["dead"],)), orders=(Order, (BOUNDS["orders"],)),
    lines=(OrderLine, (BOUNDS["lines"],)), parts=(Part, (BOUNDS["parts"],)), redemptions=(Redemption, (BOUNDS["redemptions"],)),
    taken=(Taken, (BOUNDS["taken"],)), entries=(Entry, (ENTRY_BOUND,)), pools=(Pool, (BOUNDS["pools"],)),
)


FIELDS: Any = Work.fields


def record_of(field: str) -> Any:
    """The record that a field of the workspace is, or has rows of."""
    dtype = FIELDS[field][0]
    return dtype.subdtype[0] if dtype.subdtype else dtype


def word_of(field: str, inner: str | None = None) -> int:
    """Where a field of the workspace lies, counted in words: what a condition row names."""
    at = FIELDS[field][1]
    if inner is not None:
        at += record_of(field).fields[inner][1]
    return int(at) // 8


def width_of(field: str) -> int:
    """The width of one row of a section, in words."""
    return int(record_of(field).itemsize) // 8
