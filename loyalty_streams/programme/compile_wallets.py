"""Wallets as terms: one row a wallet at its registry number."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from loyalty_streams.core.codes import DAY
from loyalty_streams.core.kernel.records import (
    FROM_ACTIVATION,
    FROM_ACTIVITY,
    FROM_EARNING,
    NO_EXPIRY,
    NO_ROUND,
    ROUND_DOWN,
    ROUND_UP,
)
from loyalty_streams.programme.compile_conditions import condition
from loyalty_streams.programme.compile_tables import PERIOD_NUMBERS, Tables, fill, span
from loyalty_streams.programme.wallets import ACTIVITIES, Pending, Wallet, life_of

ORIGINS = {"earning": FROM_EARNING, "activation": FROM_ACTIVATION, "last_activity": FROM_ACTIVITY}


def compile_wallets(t: Tables) -> None:
    """The terms of every wallet of this version; those of wallets that only other versions have stay as they are."""
    extensions = 0
    for name, wallet in t.programme.wallets.items():
        number = t.number("wallets", name)
        terms = t.row("terms", number)
        _balance(t, terms, name, wallet)
        _pending(t, terms, name, wallet.pending)
        extensions = _expiry(t, terms, wallet, extensions)
        into = wallet.matures.into if wallet.matures else None
        fill(terms, matures_into=t.wallet(into), reinstate_within=wallet.reinstate.within * DAY if wallet.reinstate else 0)
        fill(terms, reminders=len(wallet.remind), **{f"remind{k}": days for k, days in enumerate(wallet.remind)})


def no_terms(record: Any) -> None:
    """Terms of wallets that no version has: what a number of 0 would mean otherwise is switched off."""
    terms = record["terms"]
    terms["unit_value_den"], terms["round_period"], terms["matures_into"], terms["expires_into"] = 1, -1, -1, -1


def carry_terms(before: Any, record: Any) -> None:
    """Wallets that this version has dropped keep their terms, for the lots that are still there; no rule pays into them."""
    dropped = (record["terms"]["used"] == 0) & (before["terms"]["code"] != 0)
    for number in np.flatnonzero(dropped):
        record["terms"][number] = before["terms"][number]
        fill(record["terms"][number], used=0, extend_lo=0, extend_hi=0)


def idle_terms(record: Any) -> None:
    """Terms before the first version: nothing is earned, and inactivity does not count yet (T047)."""
    terms = record["terms"]
    terms["expires"][terms["expires"] == FROM_ACTIVITY] = NO_EXPIRY
    terms["extend_lo"], terms["extend_hi"], terms["suspended"] = 0, 0, 0


def _balance(t: Tables, terms: Any, name: str, wallet: Wallet) -> None:
    worth = wallet.unit_value or Fraction(0)
    fill(
        terms, used=1, code=t.code(name), spendable=int(wallet.spendable), lots=int(wallet.spendable), max_balance=wallet.max_balance or 0,
        oldest_first=int(wallet.consume == "oldest_earned"), unit_value_num=worth.numerator, unit_value_den=worth.denominator,
    )  # fmt: skip


def _pending(t: Tables, terms: Any, name: str, pending: Pending | None) -> None:
    if pending is None:
        return
    if pending.interaction:
        place = t.loaded.document.value_place(("wallets", name, "pending", "interaction"))
        fill(terms, pending=2, until_action=t.code(pending.interaction, place))
        return
    period = pending.round_up_to or pending.round_down_to
    turn = ROUND_UP if pending.round_up_to else ROUND_DOWN if pending.round_down_to else NO_ROUND
    fill(terms, pending=1, pending_round=turn, pending_period=PERIOD_NUMBERS[period] if period else 0, **span("pending_", pending.for_))


def _expiry(t: Tables, terms: Any, wallet: Wallet, extensions: int) -> int:
    """Life of lots; -> how many rows of extensions are taken now."""
    expiry = wallet.expires
    if expiry is None:
        return extensions
    life = life_of(expiry)
    kinds = {kind for name in expiry.activities for kind in ACTIVITIES[name]} if expiry.from_ == "last_activity" else set()
    shifted = life.round_up_to or expiry.extend or expiry.base == "processed_at" or expiry.not_before_arrival
    fill(
        terms, expires=ORIGINS[expiry.from_], round_period=PERIOD_NUMBERS[life.round_up_to] if life.round_up_to else -1, **span("", life),
        arrival_base=int(expiry.base == "processed_at"), floor_days=expiry.not_before_arrival, expires_into=t.wallet(expiry.into),
        suspended=sum(1 << t.number("tiers", tier) for tier in set(expiry.suspend_in)), activities=sum(1 << kind for kind in kinds),
        extend_lo=extensions, extend_hi=extensions + len(expiry.extend),
        plain=int(wallet.spendable and expiry.from_ != "last_activity" and not shifted),
    )  # fmt: skip
    for number, extension in enumerate(expiry.extend, extensions):
        fill(t.row("extensions", number), condition=condition(t, extension.when), **span("", extension.by))
    return extensions + len(expiry.extend)
