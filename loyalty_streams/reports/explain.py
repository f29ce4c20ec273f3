"""Why this many points, and why not more: a fact folded again in the mode that writes what every rule found (T185 to T187)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from loyalty_streams.core.codes import AttrKind, EntryKind, FactKind
from loyalty_streams.core.facts import Attribute, take_rows
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.reports.account import Account, account, account_itself
from loyalty_streams.reports.instants import iso
from loyalty_streams.reports.member import LedgerEntry, spendable_wallets
from loyalty_streams.reports.sentences import Sentences, paid_parts
from loyalty_streams.reports.words import Language


class ExplainError(LookupError):
    """There is nothing of the member to be explained under this name. `code`: NO_FACT, NO_ENTRY, AMBIGUOUS."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Part:
    """One rule's part: what it paid, or 0 and why not (`text`: `FIELD ACTUAL, needs OP EXPECTED`). A refused command has no rule."""

    rule: str
    points: int
    reason: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a fact gave, or what a timer did (`fact` is None then). `summary` says the points of the fact in one sentence, `attributes`
    what the fact said of itself: who adjusted and why, how many stars.
    """

    member_id: str
    fact: str | None
    kind: str
    at: str | None
    points: int
    summary: str
    paid: tuple[Part, ...]
    not_paid: tuple[Part, ...]
    followed: tuple[LedgerEntry, ...]
    attributes: Mapping[str, str]
    entry: LedgerEntry | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values in the form of `explain --json`."""
        return asdict(self)


def part_of(entry: Any, sentences: Sentences) -> Part:
    """An EARNED or REFUSED entry of a rule, or the refusal of a command, as a part."""
    number = int(entry["rule"])
    name, label = (sentences.compiled.names.rules[number], sentences.rule(number)) if number >= 0 else ("", "")
    if int(entry["kind"]) == EntryKind.EARNED:
        return Part(name, int(entry["points"]), sentences.reason_name(entry), f"{label}: {sentences.reckoning(entry)}")
    text = sentences.because.refusal(entry)
    return Part(name, 0, sentences.reason_name(entry), f"{label}: {text}" if label else text)


def explain(store: Store, member_id: str, entry: str | None = None, fact: str | None = None, lang: Language = "en") -> Explanation | None:
    """Explains an entry (its id or running number), a fact (its key, or its id alone), or the newest fact. Raises ExplainError."""
    own = account(store, member_id, None, lang)
    if own is None:
        return None
    if entry is None:
        try:
            return _fact(store, own, row_of(own, fact), None)
        except ExplainError as error:
            before = account_itself(store, member_id, None, lang) if own.member_id != member_id else None
            if before is None or error.code != "NO_FACT":
                raise
            return _fact(store, before, row_of(before, fact), None)  # of before it became another
    place = own.ledger.find(entry)
    if place is None:
        raise ExplainError("NO_ENTRY", f"{member_id} has no entry {entry}")
    row = int(own.ledger.rows["cause"][place])
    return _timer(own, place) if row < 0 else _fact(store, own, row, own.ledger[place])


def row_of(own: Account, name: str | None) -> int:
    """The row of a fact; the newest one without a name."""
    refs = own.block.columns.ref.tolist()
    if name is None:
        return len(refs) - 1
    keys = [own.ledger.key(ref) or "" for ref in refs]
    found = [k for k, key in enumerate(keys) if key == name] or [k for k, key in enumerate(keys) if key.partition("/")[2] == name]
    found = found or [k for k, key in enumerate(keys) if name in key.split("/")]
    if not found:
        raise ExplainError("NO_FACT", f"{own.member_id} has no fact {name}")
    if len(found) > 1:
        raise ExplainError("AMBIGUOUS", f"{name} names {', '.join(keys[k] for k in found[:4])}")
    return found[0]


def _fact(store: Store, own: Account, row: int, entry: LedgerEntry | None) -> Explanation:
    """Folds the member up to and with the fact, and sorts what came of it."""
    from loyalty_streams.agents.families import given
    from loyalty_streams.agents.long_fold import fold_from_the_first

    columns, sentences = own.block.columns, own.ledger.sentences
    rows, groups = np.arange(row + 1), np.array([0, row + 1], np.int64)
    beside = given(own.block.segments, rows, groups)
    folded = fold_from_the_first(store.engine, take_rows(columns, rows), groups, np.zeros(1, np.int64), explain=True, given=beside)
    came = folded.entries[folded.entries["cause"] == row]
    spendable = spendable_wallets(sentences.compiled)
    paid = paid_parts(came, spendable)
    refused = came[came["kind"] == EntryKind.REFUSED]
    stored = own.ledger.rows
    followed = (stored["cause"] == row) & ~np.isin(stored["kind"], (EntryKind.EARNED, EntryKind.REFUSED))
    return Explanation(
        own.member_id, own.ledger.key(int(columns.ref[row])), FactKind(int(columns.kind[row])).name.lower(), iso(int(columns.at[row])),
        sum(int(e["points"]) for e in paid), sentences.order(paid) if paid else "", tuple(part_of(e, sentences) for e in paid),
        tuple(part_of(e, sentences) for e in refused), own.ledger.where(followed), _attributes(own, row), entry,
    )  # fmt: skip


def _timer(own: Account, place: int) -> Explanation:
    """What a timer did, with all that it did at that instant."""
    rows = own.ledger.rows
    entry = own.ledger[place]
    same = (rows["cause"] < 0) & (rows["at"] == rows["at"][place])
    return Explanation(own.member_id, None, "timer", entry.effective_at, 0, entry.text, (), (), own.ledger.where(same), {}, entry)


def _attributes(own: Account, row: int) -> dict[str, str]:
    """What the fact carries beside its columns, in words."""
    from loyalty_streams.history.batch import NAMES
    from loyalty_streams.history.write import value_text

    c, texts = own.block.columns, own.question.strings
    found: dict[str, str] = {}
    for k in range(int(c.attr_at[row]), int(c.attr_at[row + 1])):
        code, kind, value = int(c.attr_name[k]), AttrKind(int(c.attr_kind[k])), int(c.attr_value[k])
        name = NAMES.get(code) or texts.get(code, "")
        word = texts.get(value, "") if kind == AttrKind.TEXT else value_text(Attribute(name, kind, value))
        plain = name.removeprefix("@")
        found[plain] = f"{found[plain]}, {word}" if plain in found else word
    return dict(sorted(found.items()))
