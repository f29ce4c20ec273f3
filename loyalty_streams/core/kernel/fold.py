"""The fold: one member's packed state and next facts in order of time -> new state and entries.

This is the only place that decides. Nothing grows in here: after a member that fills the entry table to its mark, or that did
not fit, the host makes room and calls again; the old state is untouched, so a second attempt starts from the same bytes.
"""

from __future__ import annotations

from loyalty_streams.core.codes import ABSENT, ATTR, NEVER, FactKind, Move, Reason, Status
from loyalty_streams.core.kernel.basket import one_line
from loyalty_streams.core.kernel.calendar import date_of_fact
from loyalty_streams.core.kernel.ending import end, give_up
from loyalty_streams.core.kernel.exact import share
from loyalty_streams.core.kernel.jit import door, kernel, leaf
from loyalty_streams.core.kernel.joining import take_over
from loyalty_streams.core.kernel.late import go_on, judge_lazily, too_late, version_at
from loyalty_streams.core.kernel.lifetimes import activate_named
from loyalty_streams.core.kernel.marks import leave_marks, mark_order, tier_spend
from loyalty_streams.core.kernel.pack import compact, fresh_head, read_card, read_state, write_cards, write_state
from loyalty_streams.core.kernel.paying import earn, settle_tier
from loyalty_streams.core.kernel.pools import join, leave
from loyalty_streams.core.kernel.profile import adjust, attribute, opening, profile
from loyalty_streams.core.kernel.records import ENTRY_MARK, ON_INTERACTION, ON_ORDER, ORDERS, PARTS
from loyalty_streams.core.kernel.redemption import redemption
from loyalty_streams.core.kernel.returns import ALL_BACK, REFUSED_RETURN, judge_after, remember_order, return_order
from loyalty_streams.core.kernel.rows import REFUSED, refuse
from loyalty_streams.core.kernel.stages import set_stage
from loyalty_streams.core.kernel.tiers import falls_at_once
from loyalty_streams.core.kernel.timers import active, advance, begin_timer, next_due, recompute, start_version, watch_idle
from loyalty_streams.core.kernel.transfers import transfer

PROFILE, EXCHANGE_RETURN, ORDER, RETURN = int(FactKind.PROFILE), int(FactKind.EXCHANGE_RETURN), int(FactKind.ORDER), int(FactKind.RETURN)
CANCELLATION, INTERACTION, RESERVE, CANCEL = int(FactKind.CANCELLATION), int(FactKind.INTERACTION), int(FactKind.RESERVE), int(FactKind.CANCEL)
ADJUSTMENT, METRIC = int(FactKind.ADJUSTMENT), int(Reason.METRIC)
IDENTITY, OPENING, TRANSFER = int(FactKind.IDENTITY), int(FactKind.OPENING), int(FactKind.TRANSFER)
ABSORBED, ABSORBS, ENDS, BEGINS = int(Move.ABSORBED), int(Move.ABSORBS), int(Move.ENDS), int(Move.BEGINS)
JOINS, LEAVES = int(Move.JOINS), int(Move.LEAVES)
STATUS_BLOCKED, ACTIVE, IMPORTED = int(Reason.STATUS_BLOCKED), int(Status.ACTIVE), int(Status.IMPORTED)
TAX, MOVE, SHARE = ATTR["tax_minor"], ATTR["move"], ATTR["share"]
BASKET_FULL = 1 << 17


@door
def fold(facts, rows, groups, start, until, old, old_at, cards, card_at, card_of, programmes, work, new, new_at, out, out_rows, glance, flags):
    """Folds the facts of each member (`rows[groups[g]:groups[g + 1]]`) from group `start` on. -> the group to go on with, or all.

    `until`: an instant a group, to which it is advanced after its facts (0: not at all). `cards[card_at[k]:card_at[k + 1]]` for k in
    `card_of[g]:card_of[g + 1]` are the cards of group g. `glance[g]` gets what a host asks of a member without unpacking it: the next due
    instant, tier and stage. flags: write states, write cards, explain.
    """
    w = work[0]
    c = w.ctl
    for g in range(start, groups.size - 1):
        mark, cards_mark = c.entries, c.cards_out
        c.member, c.full, c.explain, w.fact.row, c.born_from, c.born_to = g, 0, flags[2], 0, 0, 0
        read_state(w, old, old_at[g], old_at[g + 1])
        for k in range(card_of[g], card_of[g + 1]):
            read_card(w, cards, card_at[k], card_at[k + 1])
        c.cards = 1 if flags[1] or w.span[ORDERS].hi or returns_something(facts, rows, groups[g], groups[g + 1]) else 0
        for i in range(programmes[0].terms.size):
            w.given[i].at, w.given[i].source = -1, 0
        if w.head.version >= 0 and w.head.ended == 0:
            recompute(w, programmes[w.head.version], w.head.clock)
        for i in range(groups[g], groups[g + 1]):
            row = rows[i]
            c.booked, stands = facts.arrived[row], facts.at[row]
            if c.booked > stands and too_late(programmes, stands, c.booked):
                stands = c.booked
            stands = max(stands, w.head.clock)  # a return stands not before its order, though that came beyond the lateness
            fresh = w.head.version < 0
            advance_to(w, programmes, stands)
            one_fact(w, programmes, facts, row, stands, fresh, work, cards, card_at, card_of[g], card_of[g + 1])
            if i & 1023 == 1023:
                compact(w)
        if until[g] > 0 and w.head.version >= 0 and w.head.ended == 0:
            c.booked = until[g]
            advance_to(w, programmes, until[g])
        if flags[0] and w.head.version >= 0 and w.head.ended == 0:
            recompute(w, programmes[w.head.version], w.head.clock)  # what is due hangs on the state alone, not on the batches it came in
        glance[g, 0], glance[g, 1], glance[g, 2] = w.head.due, w.head.tier, w.head.stage
        if flags[0]:
            leave_marks(w, programmes[max(w.head.version, 0)], w.head.clock)
            new_at[g + 1] = write_state(w, new, new_at[g])
        if flags[1]:
            new_at[groups.size + g] = write_cards(w, out, out_rows, new_at[groups.size + g - 1] if g else 0)
        if c.full:
            c.entries, c.cards_out = mark, cards_mark
            return g
        if c.entries > ENTRY_MARK:
            return g + 1
    return groups.size - 1


@leaf
def returns_something(facts, rows, lo, hi):
    """Orders are remembered for returns alone: where all facts of a member are at hand, most need not be."""
    for i in range(lo, hi):
        kind = facts.kind[rows[i]]
        if kind == RETURN or kind == CANCELLATION or kind == EXCHANGE_RETURN:
            return True
    return False


@leaf
def advance_to(w, programmes, t):
    """Timers up to and including t, each under the version in force at its instant (S4)."""
    h = w.head
    if h.version < 0:
        v = 0
        while programmes[v].settings.effective_until <= t:
            v += 1
        h.version, h.clock, h.enrolled_at = v, t, t
        begin_timer(w, t)
        start_version(w, programmes[v], t, True)
        return
    if h.ended:
        h.version = version_at(programmes, t)
        return
    while programmes[h.version].settings.effective_until <= t:
        at = programmes[h.version].settings.effective_until
        advance(w, programmes[h.version], at - 1)
        h.version += 1
        begin_timer(w, at)
        start_version(w, programmes[h.version], at, False)
    if h.due <= t:
        advance(w, programmes[h.version], t)


@leaf
def read_fact(w, p, facts, i):
    """One row of the columns as the record that conditions and steps read."""
    f = w.fact
    f.kind, f.at, f.arrived, f.ref, f.about = facts.kind[i], facts.at[i], facts.arrived[i], facts.ref[i], facts.about[i]
    f.amount, f.points, f.channel, f.store, f.type = facts.amount[i], facts.points[i], facts.channel[i], facts.store[i], facts.type[i]
    f.outcome, f.refuse, f.row, f.source, f.lots_made = facts.outcome[i], facts.refuse[i], i, facts.ref[i], 0
    f.attr_lo, f.attr_hi, f.line_lo, f.tax, f.tender, f.eligible = facts.attr_at[i], facts.attr_at[i + 1], facts.line_at[i], 0, 0, 0
    f.lines = facts.line_at[i + 1] - f.line_lo
    if f.lines > w.basket.size:
        w.ctl.full |= BASKET_FULL
        f.lines = w.basket.size
    if f.kind == ORDER and (f.lines == 0 or (w.ctl.cards == 0 and p.settings.uses_lines == 0)):
        whole_order(w, p, facts)
    else:
        for k in range(f.lines):
            line, j = w.basket[k], f.line_lo + k
            line.no, line.sku, line.category, line.qty = facts.line_no[j], facts.line_sku[j], facts.line_category[j], facts.line_qty[j]
            line.amount, line.kind, w.weight[k] = facts.line_amount[j], facts.line_kind[j], facts.line_tax[j]
            if k and line.no < w.basket[k - 1].no:
                put_in_order(w, k)
    read_attributes(w, p, facts)


@kernel
def put_in_order(w, k):
    """Moves the line just read to its place by number (S5); lines mostly come in order."""
    while k and w.basket[k].no < w.basket[k - 1].no:
        a, b = w.basket[k - 1], w.basket[k]
        a.no, b.no = b.no, a.no
        a.sku, b.sku = b.sku, a.sku
        a.category, b.category = b.category, a.category
        a.qty, b.qty = b.qty, a.qty
        a.amount, b.amount = b.amount, a.amount
        a.kind, b.kind = b.kind, a.kind
        w.weight[k - 1], w.weight[k] = w.weight[k], w.weight[k - 1]
        k -= 1


@kernel
def whole_order(w, p, facts):
    """An order as one line: it has none of its own, or nobody asks for them (S5)."""
    f = w.fact
    tax = 0
    for j in range(f.line_lo, f.line_lo + f.lines if p.settings.tax_excluded else 0):
        tax += facts.line_tax[j]
    one_line(w)
    w.weight[0] = tax


@leaf
def read_attributes(w, p, facts):
    """The attributes that conditions name, and the tax of the whole order."""
    f = w.fact
    for k in range(p.n.attributes):
        w.attr[k].value = ABSENT
    for i in range(f.attr_lo, f.attr_hi):
        name = facts.attr_name[i]
        if name == TAX:
            f.tax = facts.attr_value[i]
        for k in range(p.n.attributes):
            if p.attributes[k] == name:
                w.attr[k].value = facts.attr_value[i]


@leaf
def one_fact(w, programmes, facts, row, stands, fresh, work, cards, card_at, first_card, last_card):
    """One fact where it stands: everything due before has already happened.

    `now` is the version in force there, by which tiers, stages and clocks go on; `p` the one by which the fact is judged. They differ, as the
    instants do, only where the fact came too late (`late`).
    """
    h, f = w.head, w.fact
    now = programmes[h.version]
    g, p = now.settings, now
    h.clock = stands
    if stands != facts.at[row]:
        p = programmes[version_at(programmes, facts.at[row])]
    read_fact(w, p, facts, row)
    f.month = -1
    if h.ended:
        if f.kind != IDENTITY or f.refuse or attribute(w, facts, MOVE, 0) != BEGINS:
            turn_away(w, programmes, g.main_wallet)
            return
        fresh = True
        begin_again(w, programmes, stands)
    if fresh or h.status == IMPORTED:
        note_status(h, f.kind, fresh)
    if h.enrolled_at == 0 or (fresh and stands != f.at):
        h.enrolled_at = f.at
    if f.kind >= EXCHANGE_RETURN and f.kind <= CANCELLATION:
        date_of_fact(w, p)
    if h.lazy and (f.kind != IDENTITY or f.refuse or lives_on(attribute(w, facts, MOVE, 0))):
        judge_lazily(w, now)
    if stands != f.at:
        h.version = version_at(programmes, f.at)
        date_of_fact(w, p)
    if f.kind == ORDER:
        order(w, p, now, programmes)
    elif f.kind <= CANCELLATION and f.kind >= EXCHANGE_RETURN:
        became = return_order(w, p, programmes)
        if became != REFUSED_RETURN:
            if g.has_idle:
                active(w, now)
            go_on(w, programmes)
            judge_after(w, p.settings.tier_effect, now)
        if became == ALL_BACK and g.has_stages:
            set_stage(w, now, stands, False)
    elif f.kind == INTERACTION:
        interaction(w, p, now, programmes)
    elif f.kind >= RESERVE and f.kind <= CANCEL:
        spend(w, p, now)
    elif f.kind == PROFILE:
        profile(w, p, now, programmes, facts)
    elif f.kind == ADJUSTMENT:
        adjust(w, p, now, programmes, facts)
        if g.has_idle:
            active(w, now)
        go_on(w, programmes)
        if g.has_tiers:
            settle_tier(w, now, stands, falls_at_once(now), METRIC)
    elif f.kind == OPENING:
        opening(w, p, facts)
        go_on(w, programmes)
        if g.balance_metric:
            settle_tier(w, now, stands, falls_at_once(now), METRIC)
    elif f.kind == TRANSFER:
        transfer(w, p, facts)
    elif f.kind == IDENTITY:
        identity(w, p, programmes, facts, work, cards, card_at, first_card, last_card)
    go_on(w, programmes)
    if g.balance_metric and f.kind >= INTERACTION:
        settle_tier(w, now, stands, falls_at_once(now), METRIC)
    if g.has_idle:
        watch_idle(w, now)
    if f.kind == ORDER or f.kind == INTERACTION or f.kind == PROFILE:
        h.due = next_due(w, now)
    elif h.ended:
        h.due = NEVER
    else:  # lots may be gone of which something was due
        recompute(w, now, h.clock)


@kernel
def begin_again(w, programmes, t):
    """The account of an identifier that leads nowhere else any more: that of somebody new, in the same ledger (S56)."""
    h = w.head
    seq, version = h.seq, version_at(programmes, t)
    fresh_head(w)
    h.seq, h.version, h.clock, h.enrolled_at = seq, version, t, t
    begin_timer(w, t)
    start_version(w, programmes[version], t, True)


@kernel
def turn_away(w, programmes, wallet):
    """A fact of an account that was given up or has ended."""
    w.head.version = version_at(programmes, w.fact.at)
    refuse(w, STATUS_BLOCKED, wallet, 0, 0)
    w.head.version = version_at(programmes, w.head.clock)


@leaf
def note_status(h, kind, fresh):
    """A member who was brought from another system is active with the first order, interaction or redemption (T147)."""
    if fresh:
        h.status = IMPORTED if kind == OPENING else h.status
    elif kind == ORDER or INTERACTION <= kind <= CANCEL:
        h.status = ACTIVE


@kernel
def lives_on(move):
    """Whether an identity fact is one of an account that goes on, as other facts are."""
    return move == ABSORBS or move == JOINS or move == LEAVES


@kernel
def identity(w, p, programmes, facts, work, cards, card_at, first_card, last_card):
    """What an identity fact does to the account in whose history it stands."""
    f, move = w.fact, attribute(w, facts, MOVE, 0)
    if f.refuse:
        refuse(w, f.refuse, p.settings.main_wallet, 0, 0)
    elif move == ABSORBED:
        give_up(w)
    elif move == ABSORBS:
        take_over(w, work[1], programmes, cards, card_at, first_card, last_card)
    elif move == ENDS:
        end(w, p)
    elif move == JOINS:
        join(w, p, attribute(w, facts, SHARE, 0))
    elif move == LEAVES:
        leave(w)


@leaf
def order(w, p, now, programmes):
    """An order: the rules, what its returns will need, the metrics, the tier, the stage."""
    f, h, g, at = w.fact, w.head, now.settings, w.fact.at
    if f.refuse:
        refuse(w, f.refuse, g.main_wallet, 0, 0)
        return
    worth = p.terms[p.settings.redeem_wallet]
    f.tender = share(f.points, worth.unit_value_num, worth.unit_value_den) if f.points > 0 else 0
    first_part = w.span[PARTS].hi
    earn(w, p, ON_ORDER, 0, f.ref, f.ref)
    counted = tier_spend(w, p)
    if w.ctl.cards:
        remember_order(w, p, first_part, counted)
    h.orders += 1
    h.first_at = h.first_at if 0 < h.first_at < at else at
    h.last_at = max(h.last_at, at)
    h.lifetime_spend += f.amount
    mark_order(w, now, at, counted)
    if g.has_idle:
        active(w, now)
    go_on(w, programmes)
    if g.has_tiers:
        settle_tier(w, now, h.clock, falls_at_once(now), METRIC)
    if g.has_stages:
        set_stage(w, now, h.clock, True)


@kernel
def interaction(w, p, now, programmes):
    f, g = w.fact, now.settings
    if f.refuse:
        refuse(w, f.refuse, g.main_wallet, 0, 0)
        return
    activate_named(w, p, f.at, f.about, f.type)
    earn(w, p, ON_INTERACTION, f.type, f.ref, f.ref)
    if g.has_idle:
        active(w, now)
    go_on(w, programmes)
    if g.has_tiers:
        settle_tier(w, now, w.head.clock, falls_at_once(now), METRIC)


@kernel
def spend(w, p, now):
    """A redemption fact; one that is refused is no activity (S23)."""
    redemption(w, p)
    if now.settings.has_idle and w.entries[w.ctl.entries - 1].kind != REFUSED:
        active(w, now)
