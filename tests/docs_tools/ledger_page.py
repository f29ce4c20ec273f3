"""The generated parts of docs/guide/ledger.md: kinds of entries with what each moves, accounts, reasons, ends of facts, from the code."""

from __future__ import annotations

from typing import NamedTuple

from loyalty_streams.core.codes import Bucket, Disposition, EntryKind, FactKind, Reason
from loyalty_streams.core.entries import SOURCES, USES, postings
from loyalty_streams.reports.words import WORDS
from tests.docs_tools.parts import replace_part, table


class Told(NamedTuple):
    """A kind in a sentence, with an entry of it: the balance that it changes, and by how many points."""

    meaning: str
    bucket: Bucket = Bucket.AVAILABLE
    points: int = 0


A, P, R, D = Bucket.AVAILABLE, Bucket.PENDING, Bucket.RESERVED, Bucket.DEBT
KINDS: dict[EntryKind, Told] = {
    EntryKind.EARNED: Told("a rule gave points, at once or pending", A, 40),
    EntryKind.ACTIVATED: Told("pending points became available", A, 40),
    EntryKind.DEBT_PAID: Told("new points paid what was owed", A, -15),
    EntryKind.EXPIRED: Told("a lot reached its end, or the balance lapsed", A, -40),
    EntryKind.REDEEMED: Told("points were spent at once; in debt where another system had granted more than there was", A, -40),
    EntryKind.RESERVED: Told("points were set aside for a redemption", A, -40),
    EntryKind.CONFIRMED: Told("what was set aside is spent", R, -40),
    EntryKind.RELEASED: Told("what was set aside is free again, by word or by time-out", A, 40),
    EntryKind.RESTORED: Told("a redemption was undone, and a lot has its points back", A, 40),
    EntryKind.CLAWED_BACK: Told("a return took back what an order had earned; what is spent becomes debt", A, -40),
    EntryKind.WRITTEN_OFF: Told("what a return should have taken back and the programme lets go"),
    EntryKind.ADJUSTED: Told("staff added or deducted", A, 25),
    EntryKind.OPENED: Told("a balance brought from another system (a later release)", A, 500),
    EntryKind.TRANSFERRED_IN: Told("points came from another wallet, or from an account that became this one", A, 40),
    EntryKind.TRANSFERRED_OUT: Told("points went into another wallet, or to the account that this one became", P, -40),
    EntryKind.FORFEITED: Told("points lost when an account is closed (a later release)", A, -40),
    EntryKind.REINSTATED: Told("an expired lot came back", A, 40),
    EntryKind.EXTENDED: Told("a lot lives longer"),
    EntryKind.TIER_CHANGED: Told("a tier was left and another entered; `basis` is the metric, `desired` the need"),
    EntryKind.TIER_NOTICED: Told("the tier will be lost at the next check unless more comes"),
    EntryKind.STAGE_CHANGED: Told("a stage of life was left and another entered"),
    EntryKind.REACTIVATED: Told("an order of a member who had been idle"),
    EntryKind.REMINDED: Told("points will expire on a day; `basis` says how many"),
    EntryKind.STATUS_CHANGED: Told("the member was suspended, closed or made active"),
    EntryKind.REFUSED: Told("what was asked for, or what a rule would have paid, was refused; the reason says why"),
    EntryKind.SIGNALLED: Told("somebody should look at this; the reason says what was seen"),
}
ENDS: dict[Disposition, str] = {
    Disposition.APPLIED: "folded: its decisions stand in the ledger",
    Disposition.FORWARDED: "passed on to another member's log (a later release)",
    Disposition.WAITING: "a return or cancellation whose order has not come: kept until it does, and counted again then",
    Disposition.DUPLICATE: "known already, with the same content; nothing happens",
    Disposition.SUPERSEDED: "an older revision of what is known, or replaced by a newer one while it waited; counted and not applied",
    Disposition.CONFLICT: "known already with another content, and the first stands; set aside as a dead letter `CONFLICT`",
    Disposition.DEAD_LETTERED: "set aside with file, row, code and what was expected",
    Disposition.FILTERED: "of somebody who was [erased](identity.md#erasure): left out on purpose, and kept nowhere",
}


def page(text: str) -> str:
    for name, body in {"kinds": kinds(), "accounts": accounts(), "reasons": reasons(), "ends": ends(), "order": order()}.items():
        text = replace_part(text, name, body)
    return text


def kinds() -> str:
    return table(("kind", "what happened", "for example", "moves"), [_kind(kind, KINDS[kind]) for kind in EntryKind])


def _kind(kind: EntryKind, told: Told) -> tuple[str, ...]:
    if not told.points:
        return f"`{kind.name}`", told.meaning, "", "nothing"
    moved = ", ".join(f"{account.replace('_', ' ')} {_signed(n)}" for account, n in postings(kind, told.bucket, told.points).items())
    return f"`{kind.name}`", told.meaning, f"`{told.bucket.name}` {_signed(told.points)}", moved


def _signed(number: int) -> str:
    return f"+{number}" if number > 0 else f"−{-number}"


def accounts() -> str:
    """The identity of T035, from the accounts by their side."""
    balances = [b.name.lower() for b in Bucket if b != Bucket.DEBT]
    left, right = " + ".join(SOURCES), " + ".join([*balances, *USES])
    return f"```text\n{left}\n    = {right} − debt\n```".replace("_", " ")


def reasons() -> str:
    rows = [(f"`{r.name}`", *WORDS[f"reason.{r.name}"]) for r in Reason if r != Reason.NONE]
    return table(("reason", "in words", "中文"), rows)


def ends() -> str:
    return table(("disposition", "what became of the fact"), [(f"`{d.name.lower()}`", ENDS[d]) for d in Disposition])


def order() -> str:
    return " → ".join(f"`{kind.name.lower()}`" for kind in FactKind if kind != FactKind.TICK)
