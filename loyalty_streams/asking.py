"""A till's questions: a command becomes a fact like every other, is judged by the fold, and its decision is read back from the log.

A command goes through the same reading as a row of a file, so that nothing is accepted here that a file would have set aside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loyalty_streams.agents.families import given
from loyalty_streams.agents.long_fold import fold_from_the_first
from loyalty_streams.agents.rows import Head, KeyRow, Segments, join_segments
from loyalty_streams.answers import Answer, AskError, Quote
from loyalty_streams.core.codes import Disposition, EntryKind, LineKind, code_of
from loyalty_streams.core.facts import Line, take_rows
from loyalty_streams.core.state import MemberState, unpack
from loyalty_streams.history import FactBatch, ReadOptions, read_rows
from loyalty_streams.history.keys import adjustment_key, redemption_key
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.identifiers import home, homes
from loyalty_streams.hosts.embedded.past import state_at
from loyalty_streams.programme.because import Because
from loyalty_streams.reports.explain import part_of
from loyalty_streams.reports.instants import iso
from loyalty_streams.reports.ledger import Ledger
from loyalty_streams.reports.member import Points, points_of, spendable_wallets
from loyalty_streams.reports.sentences import Sentences
from loyalty_streams.reports.texts import Texts
from loyalty_streams.reports.words import Language

OPEN_BASKET = "(open basket)"
"""The id of an order that is not one yet."""
_MONEY = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,6}))?", re.ASCII)


def minor_units(text: str, digits: int) -> int:
    """The exact minor units of a decimal amount. Raises AskError BAD_MONEY."""
    found = _MONEY.fullmatch(text)
    if found is None or len(found[3] or "") > digits:
        raise AskError("BAD_MONEY", f"`{text}` is no amount here: ASCII digits, with at most {digits} after the point")
    value = int(found[2] + (found[3] or "").ljust(digits, "0"))
    return -value if found[1] else value


@dataclass(frozen=True, slots=True)
class Command:
    """A command before it is a fact: its table, its own id, who, when (None: now), and the other columns of its row."""

    table: str
    action: str
    id: str | None
    member_id: str
    at: int | None
    row: Mapping[str, Any]

    def named(self, at: int) -> str:
        return self.id or f"{self.member_id}-{iso(at)}"

    def key(self, name: str) -> str:
        return redemption_key(name, self.action) if self.table == "redemptions" else adjustment_key(name)


def decide(store: Store, command: Command, lang: Language = "en") -> Answer:
    """Judges a command and keeps the decision; the same command again gives the stored one. Raises AskError."""
    at = _instant(store, command)
    name = command.named(at)
    batch = _read(store, command.table, {**command.row, **_own_columns(command, name, at)})
    writes = store.ask(batch)
    (end,) = writes.dispositions
    if end == Disposition.FILTERED:
        raise AskError("FILTERED", f"nothing is taken under `{command.member_id}` until somebody enrols under it")
    if end not in (Disposition.APPLIED, Disposition.DUPLICATE):
        raise AskError(writes.letters[0].code if writes.letters else end.name, writes.letters[0].expected if writes.letters else name)
    return _answer(store, command, name, end, lang)


def _own_columns(command: Command, name: str, at: int) -> dict[str, Any]:
    own = {"redemption_id": name, "action": command.action} if command.table == "redemptions" else {"adjustment_id": name}
    return {**own, "member_id": command.member_id, "occurred_at": iso(at)}


def _instant(store: Store, command: Command) -> int:
    """The instant of the command; a command asked again without one is the one that was asked before, whenever that was."""
    if command.at is not None:
        return command.at
    if command.id is not None:
        key = command.key(command.id).encode()
        (found,) = store.keys([key])
        if found is not None:
            log = join_segments([list(store.segments(KeyRow.read(found).member))])
            row = _row_of(log, key.decode())
            if row is not None:
                return int(log.columns.at[row])
    return store.clock()


def _read(store: Store, table: str, row: Mapping[str, Any]) -> FactBatch:
    compiled = store.compiled
    wallet = row.get("wallet")
    if wallet and wallet not in compiled.names.wallets:
        raise AskError("UNKNOWN_WALLET", f"`{wallet}` is none of {', '.join(compiled.names.wallets)}")
    options = ReadOptions(compiled.currency, compiled.minor_digits, newest_arrived=store.clocks.newest_arrived)
    batch, letters = read_rows(table, [{k: v for k, v in row.items() if v is not None}], options)
    if letters:
        raise AskError(letters[0].code, letters[0].expected)
    return batch


def _log(store: Store, member: bytes) -> Segments:
    return store.log([list(store.segments(member))])


def _row_of(log: Segments, key: str) -> int | None:
    found = np.flatnonzero(log.columns.ref == code_of(key))
    return int(found[0]) if len(found) else None


def _where(store: Store, member_id: str, key: str) -> tuple[Segments, int]:
    """A fact in the log of the account that has folded it: the member's own, or one that it has become."""
    for account in homes(store, member_id):
        log = _log(store, account.encode())
        row = _row_of(log, key)
        if row is not None:
            return log, row
    raise LookupError(f"the fact {key} is not in the log of its member")


def _answer(store: Store, command: Command, name: str, end: Disposition, lang: Language) -> Answer:
    """The decision as the log has it, with the balances right after it, however much has happened since."""
    log, row = _where(store, command.member_id, command.key(name))
    before = take_rows(log.columns, np.arange(row + 1))
    groups = np.array([0, row + 1], np.int64)
    folded = fold_from_the_first(store.engine, before, groups, np.zeros(1, np.int64), given=given(log, np.arange(row + 1), groups))
    state = unpack(folded.states.tobytes())
    entries = log.entries[log.entries["cause"] == row]
    sentences = _sentences(store, lang)
    refused = entries[(entries["kind"] == EntryKind.REFUSED) & (entries["rule"] < 0)]
    ledger = Ledger(log.entries, log.columns, log.key_of(), sentences).where(log.entries["cause"] == row)
    first = next((e for e in ledger if e.kind == "REFUSED" and e.rule is None), None)
    return Answer(
        name, command.member_id, iso(int(log.columns.at[row])), command.action, end.name.lower(), not len(refused),
        first.reason if first else None, first.because if first else None, _balances(store, state), ledger,
    )  # fmt: skip


def _sentences(store: Store, lang: Language) -> Sentences:
    return Sentences(store.compiled, Because(store.compiled, Texts(store)), lang)


def _balances(store: Store, state: MemberState) -> Points:
    return points_of(state, spendable_wallets(store.compiled))


@dataclass(frozen=True, slots=True)
class Basket:
    """An open basket: its lines, or its amount alone; money in minor units."""

    member_id: str
    amount: int | None
    lines: Sequence[Line]
    channel: str
    store: str

    def row(self, at: int) -> dict[str, Any]:
        """As a row of orders. Raises AskError NO_LINES."""
        if self.amount is None and not self.lines:
            raise AskError("NO_LINES", "a basket needs an amount or lines")
        amount = self.amount if self.amount is not None else sum(line.amount for line in self.lines)
        items = [
            {"line_no": n, "line_amount_minor": x.amount, "sku": x.sku, "category": x.category, "qty": x.qty, "tax_minor": x.tax,
             "kind": LineKind(x.kind).name.lower()}
            for n, x in enumerate(self.lines, 1)
        ]  # fmt: skip
        return {"order_id": OPEN_BASKET, "member_id": self.member_id, "occurred_at": iso(at), "amount_minor": amount, "channel": self.channel,
                "store": self.store, "items": items}  # fmt: skip


def _state_for(store: Store, member_id: str, at: int) -> bytes:
    """The member's state that a basket of an instant finds: the head's, or in the past the one of then."""
    (found,) = store.heads([member_id.encode()])
    head = Head.read(found) if found is not None else Head()
    return state_at(store, member_id, at) if at < max(head.last_at, store.clocks.tick) else head.state


def quote(store: Store, basket: Basket, at: int | None, lang: Language = "en") -> Quote:
    """What a basket would earn at an instant, by the same fold that will judge the order; nothing is kept (T030, T068). Raises AskError."""
    at = store.clock() if at is None else at
    batch = _read(store, "orders", basket.row(at))
    state = np.frombuffer(_state_for(store, home(store, basket.member_id, at), at), np.uint8)
    folded = store.engine.fold(
        batch.columns, np.array([0, 1], np.int64), states=state, state_at=np.array([0, state.size], np.int64), keep_cards=False, explain=True
    )
    spendable = spendable_wallets(store.compiled)
    sentences = Sentences(store.compiled, Because(store.compiled, Texts(store, batch.book)), lang)
    own = folded.entries[(folded.entries["cause"] == 0) & (folded.entries["rule"] >= 0)]
    paid = [e for e in own if e["kind"] == EntryKind.EARNED]
    not_paid = [e for e in own if e["kind"] == EntryKind.REFUSED]
    return Quote(
        basket.member_id, iso(at), sum(int(e["points"]) for e in paid if int(e["wallet"]) in spendable),
        _balances(store, unpack(folded.states.tobytes())), tuple(part_of(e, sentences) for e in paid), tuple(part_of(e, sentences) for e in not_paid),
    )  # fmt: skip
