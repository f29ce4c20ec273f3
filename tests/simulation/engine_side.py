"""The kernel's side: one member's facts through packed states and cards, in batches cut anywhere; its entries in names and keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from loyalty_streams.core.codes import EntryKind, Reason, code_of
from loyalty_streams.core.engine import Engine, Folded
from loyalty_streams.core.entries import Entries, postings
from loyalty_streams.core.facts import Columns, Fact, to_columns
from loyalty_streams.core.kernel.records import CARD_ORDER, CARD_REDEMPTION, HOLDS, LOTS
from tests.simulation.said import SILENT, Decision, End, KeyBook, Numbers, OpenLot

NO_ACCOUNT = ("words", "idle_since", "lapse_at")
COMPUTED = (Reason.CONDITION, Reason.NOT_VALID_NOW, Reason.NOTHING, Reason.ONCE)
"""Refusals that are not stored but written by `explain`."""
SHOWS_LEFT = (EntryKind.TIER_CHANGED, EntryKind.TIER_NOTICED)


@dataclass
class Store:
    """What a host keeps of one member: its packed state, the newest bytes of each card, the entries."""

    state: bytes = b""
    cards: dict[tuple[int, int], bytes] = field(default_factory=dict)
    entries: list[Entries] = field(default_factory=list)

    def all_entries(self) -> Entries:
        return np.concatenate(self.entries)


def fold_whole(engine: Engine, histories: Sequence[tuple[Sequence[Fact], int]], explain: bool = False) -> list[Entries]:
    """Several members in one call, nothing kept: the entries of each, `cause` counted from its own first fact."""
    columns = to_columns([f for facts, _ in histories for f in facts])
    groups = np.cumsum([0, *(len(facts) for facts, _ in histories)]).astype(np.int64)
    until = np.array([t for _, t in histories], np.int64)
    folded = engine.fold(columns, groups, until_of=until, keep_states=False, keep_cards=False, explain=explain)
    out = []
    for g in range(len(histories)):
        entries = folded.entries[folded.entries["member"] == g].copy()
        entries["cause"] -= np.where(entries["cause"] >= 0, groups[g], 0).astype(np.int32)
        entries["member"] = 0
        out.append(entries)
    return out


def fold_split(engine: Engine, facts: Sequence[Fact], until: int, cuts: Sequence[int]) -> Store:
    """One member's facts in batches that end before the rows `cuts`, each from the bytes that the one before left; then on to `until`."""
    store, columns = Store(), to_columns(facts)
    ends = [*sorted({c for c in cuts if 0 < c < len(facts)}), len(facts)]
    start = 0
    for end in ends:
        step(engine, store, columns, facts, start, end, until if end == len(facts) else 0)
        start = end
    return store


def step(engine: Engine, store: Store, columns: Columns, facts: Sequence[Fact], start: int, end: int, until: int) -> None:
    """The rows start..end of a member's facts over what the store keeps of it."""
    old = np.frombuffer(store.state, np.uint8)
    folded = engine.fold(
        columns,
        np.array([0, end - start], np.int64),
        rows=np.arange(start, end),
        states=old,
        state_at=np.array([0, old.size], np.int64),
        cards=[(0, card) for card in named_cards(store, facts, start, end)],
        until=until,
    )
    keep(store, folded)


def keep(store: Store, folded: Folded) -> None:
    store.state = folded.states.tobytes()
    for card in folded.card_rows:
        store.cards[int(card["kind"]), int(card["ref"])] = folded.cards[int(card["lo"]) : int(card["hi"])].tobytes()
    store.entries.append(folded.entries)


def named_cards(store: Store, facts: Sequence[Fact], start: int, end: int, all_facts: Sequence[Fact] = ()) -> list[bytes]:
    """The cards that some facts name: the order of a return, what paid for that order, the redemption of a decision."""
    paid_by = {f.key: f.about for f in all_facts or facts}
    names = {(kind, code_of(f.about)) for f in facts[start:end] if f.about for kind in (CARD_ORDER, CARD_REDEMPTION)}
    names |= {(CARD_REDEMPTION, code_of(paid_by[f.about])) for f in facts[start:end] if paid_by.get(f.about)}
    return [store.cards[name] for name in sorted(names) if name in store.cards]


# ---- entries in names ----


def book_of(facts: Sequence[Fact]) -> KeyBook:
    keys = sorted({f.key for f in facts} | {f.about for f in facts if f.about})
    return KeyBook(keys, [code_of(k) for k in keys])


def decisions(entries: Entries, facts: Sequence[Fact], numbers: Numbers) -> list[Decision]:
    book = book_of(facts)
    return [decision(e, facts, book, numbers) for e in entries]


def decision(e: Any, facts: Sequence[Fact], book: KeyBook, numbers: Numbers) -> Decision:
    kind, reason = EntryKind(int(e["kind"])), Reason(int(e["reason"]))
    cause, num, den = int(e["cause"]), int(e["num"]), int(e["den"])
    left = entered = ""
    if kind in SHOWS_LEFT:
        left, entered = numbers.tier(num), numbers.tier(den) if kind == EntryKind.TIER_CHANGED else ""
    elif kind in (EntryKind.STAGE_CHANGED, EntryKind.REACTIVATED):
        left, entered = numbers.stage(num), numbers.stage(den)
    ref = str(int(e["ref"])) if kind in (EntryKind.TIER_NOTICED, EntryKind.REMINDED) else book.key(int(e["ref"]))
    return Decision(
        at=int(e["at"]),
        booked=int(e["booked"]),
        cause=facts[cause].key if cause >= 0 else f"timer/{int(e['at'])}",
        kind=kind,
        wallet=None if kind in SILENT else numbers.wallet(int(e["wallet"])),
        bucket=int(e["bucket"]),
        points=int(e["points"]),
        rule=numbers.rule(int(e["rule"])),
        reason=reason,
        lot=(book.key(int(e["lot"])), int(e["lot_n"])) if int(e["lot"]) else None,
        ref=ref,
        basis=int(e["basis"]),
        desired=int(e["desired"]),
        factor=Fraction(num, den) if kind == EntryKind.EARNED and den else None,
        left=left,
        entered=entered,
        tier=numbers.tier(int(e["tier"])),
        version=int(e["version"]),
    )


# ---- where the member stands ----


def end_of_member(engine: Engine, facts: Sequence[Fact], numbers: Numbers) -> End:
    """Where the one member stands that an engine has just folded, read from its workspace."""
    w = engine._work[0]
    head, span, book = w["head"], w["span"], book_of(facts)
    terms = engine.compiled.tables[max(int(head["version"]), 0)]["terms"]
    accounts = {
        name: {str(k): int(w["wallets"][n][k]) for k in w["wallets"].dtype.names if k not in NO_ACCOUNT}
        for n, name in enumerate(numbers.names.wallets)
    }
    lots = [open_lot(w["lots"][i], terms, book, numbers) for i in range(int(span[LOTS]["lo"]), int(span[LOTS]["hi"])) if w["lots"][i]["remaining"]]
    holds = {book.key(int(w["holds"][i]["ref"])) for i in range(int(span[HOLDS]["lo"]), int(span[HOLDS]["hi"]))}
    said = {
        "tier": numbers.tier(int(head["tier"])),
        "tier_since": int(head["tier_since"]),
        "stage": numbers.stage(int(head["stage"])),
        "orders": int(head["orders"]),
        "lifetime_spend": int(head["lifetime_spend"]),
        "first_at": int(head["first_at"]),
        "last_at": int(head["last_at"]),
        "holds": sorted(holds),
    }
    return End(accounts, tuple(lot for _, lot in sorted((x for x in lots if x), key=lambda x: x[0])), said)


def open_lot(lot: Any, terms: Any, book: KeyBook, numbers: Numbers) -> tuple[tuple[Any, ...], OpenLot] | None:
    """A lot with its place in order of wallet, state and consumption; None for points of a wallet without lots."""
    wallet, source, n = int(lot["wallet"]), int(lot["source"]), int(lot["n"])
    if not terms[wallet]["lots"]:
        return None
    earned, expires, pending = int(lot["earned_at"]), int(lot["expires_at"]), bool(lot["pending"])
    dates = (earned, expires) if terms[wallet]["oldest_first"] else (expires, earned)
    name = numbers.wallet(wallet)
    return (name, pending, *dates, source, n), OpenLot(name, (book.key(source), n), int(lot["remaining"]), earned, expires, pending)


def misbooked(entries: Entries, end: End, numbers: Numbers) -> list[str]:
    """Accounts of the state that are not what the entries add up to (I1)."""
    sums: dict[tuple[str, str], int] = {}
    for e in entries:
        wallet = numbers.wallet(int(e["wallet"]))
        for name, points in postings(int(e["kind"]), int(e["bucket"]), int(e["points"])).items():
            sums[wallet, name] = sums.get((wallet, name), 0) + points
        if int(e["kind"]) == EntryKind.WRITTEN_OFF:
            sums[wallet, "written_off"] = sums.get((wallet, "written_off"), 0) + int(e["basis"])
    return [
        f"{wallet}.{name}: state {value}, entries {sums.get((wallet, name), 0)}"
        for wallet, account in end.accounts.items()
        for name, value in account.items()
        if value != sums.get((wallet, name), 0)
    ]
