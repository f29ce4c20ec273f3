"""Tells a story to the engine: fact by fact through packed state, timers up to each row, and the books checked after each (T035, I1, I2, I10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from loyalty_streams.core.codes import NEVER, Direction, EntryKind, FactKind, Move, Reason, code_of
from loyalty_streams.core.engine import Engine, Folded
from loyalty_streams.core.entries import SOURCES, USES, Entries, postings
from loyalty_streams.core.facts import Fact, empty_columns, to_columns
from loyalty_streams.core.packed import parcel_card, state_card
from loyalty_streams.core.programme import Compiled
from loyalty_streams.core.state import MemberState, unpack
from loyalty_streams.programme import Registry, compile_versions
from loyalty_streams.programme.because import Because
from loyalty_streams.programme.load import load
from tests.statements.expectations import BALANCES, Lot, Outcome, Standing
from tests.statements.story import Row, Story
from tests.statements.vocabulary import Deed, Scribe, instant

Card = tuple[int, int]  # kind, reference
ORDER_CARD, REDEMPTION_CARD = 1, 2
NEED_AN_ORDER = {FactKind.RETURN, FactKind.EXCHANGE_RETURN, FactKind.CANCELLATION}
NEED_A_REDEMPTION = {FactKind.CONFIRM, FactKind.RELEASE, FactKind.CANCEL, FactKind.ORDER, FactKind.TRANSFER}


@dataclass(slots=True)
class Account:
    """What a host would keep of one member."""

    state: bytes = b""
    cards: dict[Card, bytes] = field(default_factory=dict)
    seq: int = 0
    books: dict[tuple[int, str], int] = field(default_factory=dict)


@lru_cache(maxsize=32)
def engine_of(programmes: tuple[str, ...]) -> tuple[Compiled, Engine]:
    compiled = compile_versions([load(text) for text in programmes], registry=Registry())
    return compiled, Engine(compiled)


class Telling:
    """One story being told."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.compiled, self.engine = engine_of(story.programmes)
        self.zone = ZoneInfo(self.compiled.time_zone)
        self.scribe = Scribe(self.zone, self.compiled.minor_digits)
        self.accounts: dict[str, Account] = {}
        self.redemption_of: dict[str, str] = {}
        self.given_up: dict[str, tuple[bytes, dict[Card, bytes]]] = {}
        self.given: list[Any] = []
        self.parcels: dict[str, bytes] = {}
        self.now = -1

    def outcomes(self) -> Iterator[tuple[Row, Outcome]]:
        for row in self.story.rows:
            yield row, self.act(row.when, row.does)

    def act(self, when: str, does: str) -> Outcome:
        """Does one cell and brings the member to its instant."""
        at = instant(when, self.zone)
        deed = self.scribe.read(does, at)
        if not deed.quoted:
            if at < self.now:
                raise ValueError(f"{when} is before the row above: a story goes forward")
            self.now = at
        account = self.accounts.setdefault(deed.member, Account())
        before = replace(account, cards=dict(account.cards), books=dict(account.books))
        folded = self.fold(account, deed, at)
        self.keep(account, folded)
        self.given += [e for e in folded.entries if e["kind"] == EntryKind.TRANSFERRED_OUT and e["reason"] == Reason.POOLED]
        state = unpack(account.state)
        check_books(account, folded.entries, state)
        if deed.quoted:
            self.accounts[deed.member] = before
        channel = deed.fact.channel if deed.fact else ""
        return Outcome(self.compiled, folded.entries, standing(state, self.compiled), channel, lambda: self.why(before, deed, at))

    def fold(self, account: Account, deed: Deed, at: int, explain: bool = False) -> Folded:
        fact = deed.fact
        columns = to_columns([fact]) if fact else empty_columns()
        cards = [(0, card) for card in (*self.cards_of(account, fact), *self.handed_over(account, fact, at), *self.given_to(fact))]
        if fact and fact.kind == FactKind.ORDER and fact.about:
            self.redemption_of[fact.key] = fact.about
        return self.engine.fold(
            columns,
            np.array([0, 1 if fact else 0], np.int64),
            states=np.frombuffer(account.state, np.uint8),
            state_at=np.array([0, len(account.state)], np.int64),
            cards=cards,
            until=at,
            explain=explain,
        )

    def cards_of(self, account: Account, fact: Fact | None) -> list[bytes]:
        """The cards that the fact names: the account's own; of a transfer, the sender's."""
        kept = {c: b for a in self.accounts.values() for c, b in a.cards.items()} if fact and fact.kind == FactKind.TRANSFER else account.cards
        return [kept[card] for card in sorted(self.named_by(fact)) if card in kept]

    def handed_over(self, account: Account, fact: Fact | None, at: int) -> list[bytes]:
        """What stands beside the fact of a merge: the state of the account that was given up, which is noted when it is."""
        move = next((a.value for a in fact.attributes if a.name == "@move"), 0) if fact and fact.kind == FactKind.IDENTITY else 0
        if fact and move == Move.ABSORBED:
            self.given_up[fact.key] = self.advanced(account, at), account.cards
        if not fact or move != Move.ABSORBS:
            return []
        state, cards = self.given_up[fact.key]
        account.cards.update(cards)
        return [state_card(code_of(fact.key), state)]

    def given_to(self, fact: Fact | None) -> list[bytes]:
        """What stands beside the fact by which points come to a pool: what the oldest entry says that no fact has brought yet."""
        way = next((a.value for a in fact.attributes if a.name == "@direction"), 0) if fact else 0
        if not fact or way != Direction.POOLS:
            return []
        if fact.key not in self.parcels:
            e = self.given.pop(0)
            wallet, points, lot, n = int(e["wallet"]), -int(e["points"]), int(e["lot"]), int(e["lot_n"])
            self.parcels[fact.key] = parcel_card(code_of(fact.about), wallet, points, lot, n, int(e["basis"]), int(e["desired"]))
        return [self.parcels[fact.key]]

    def advanced(self, account: Account, at: int) -> bytes:
        state = np.frombuffer(account.state, np.uint8)
        return self.engine.fold(empty_columns(), np.zeros(2, np.int64), states=state, state_at=np.array([0, state.size]), until=at).states.tobytes()

    def named_by(self, fact: Fact | None) -> set[Card]:
        """The cards that a fold of the fact needs."""
        if fact is None or not fact.about:
            return set()
        named = {(REDEMPTION_CARD, code_of(fact.about))} if fact.kind in NEED_A_REDEMPTION else set()
        if fact.kind in NEED_AN_ORDER:
            named = {(ORDER_CARD, code_of(fact.about))}
            if fact.about in self.redemption_of:
                named.add((REDEMPTION_CARD, code_of(self.redemption_of[fact.about])))
        return named

    def keep(self, account: Account, folded: Folded) -> None:
        account.state = folded.states[folded.state_at[0] : folded.state_at[1]].tobytes()
        for card in folded.card_rows:
            account.cards[int(card["kind"]), int(card["ref"])] = folded.cards[int(card["lo"]) : int(card["hi"])].tobytes()

    def why(self, before: Account, deed: Deed, at: int) -> Mapping[str, str]:
        """What `explain` says of each rule that did not pay."""
        entries = self.fold(before, deed, at, explain=True).entries
        because = Because(self.compiled, words_of(deed.fact) if deed.fact else {})
        refused = [e for e in entries if e["kind"] == EntryKind.REFUSED and e["rule"] >= 0]
        return {self.compiled.names.rules[int(e["rule"])]: because.refusal(e) for e in refused}


def words_of(fact: Fact) -> dict[int, str]:
    """The texts behind the codes of a fact."""
    texts = [fact.channel, fact.store, fact.type, *(t for line in fact.lines for t in (line.sku, line.category))]
    texts += [a.value for a in fact.attributes if isinstance(a.value, str)]
    return {code_of(text): text for text in texts if text}


def standing(state: MemberState, compiled: Compiled) -> Standing:
    names = compiled.names
    accounts = {
        name: {b: getattr(state.wallets[number], b) if number in state.wallets else 0 for b in BALANCES}
        for number, name in enumerate(names.wallets)
    }
    lots = tuple(Lot(x.remaining, bool(x.pending), min(x.expires_at, NEVER)) for x in state.lots if x.remaining)
    tier = names.tiers[state.tier] if 0 <= state.tier < len(names.tiers) else "none"
    return Standing(accounts, lots, tier, names.stages[state.stage] if 0 <= state.stage < len(names.stages) else "none")


def check_books(account: Account, entries: Entries, state: MemberState) -> None:
    """The identity of T035 from the entries and from the state, which must be the same; lots and holds as the balances say; no gap in seq."""
    for entry in entries:
        account.seq += 1
        if int(entry["seq"]) != account.seq:
            raise AssertionError(f"I10: entry {account.seq} has the number {entry['seq']}")
        for name, change in postings(int(entry["kind"]), int(entry["bucket"]), int(entry["points"])).items():
            key = int(entry["wallet"]), name
            account.books[key] = account.books.get(key, 0) + change
    for number, wallet in state.wallets.items():
        told = {name: account.books.get((number, name), 0) for name in BALANCES if name != "written_off"}
        held = {name: getattr(wallet, name) for name in told}
        if told != held:
            raise AssertionError(f"entries say {told}, state says {held}")
        left = sum(told[n] for n in SOURCES)
        right = sum(told[n] for n in ("available", "pending", "reserved", *USES)) - told["debt"]
        if left != right:
            raise AssertionError(f"T035: {left} came in, {right} can be found: {told}")
        check_lots(number, state)


def check_lots(number: int, state: MemberState) -> None:
    wallet = state.wallets[number]
    lots = [x for x in state.lots if x.wallet == number]
    if not lots and not wallet.reserved:
        return
    found = (
        sum(x.remaining for x in lots if not x.pending),
        sum(x.remaining for x in lots if x.pending),
        sum(x.points for x in state.holds if x.wallet == number),
    )
    if found != (wallet.available, wallet.pending, wallet.reserved) or any(not 0 <= x.remaining <= x.granted for x in lots):
        raise AssertionError(f"I2: lots and holds {found}, balances {wallet}: {lots}")
