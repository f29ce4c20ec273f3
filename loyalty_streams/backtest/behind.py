"""What is behind a member's change: the entries that differ, side by side, and a sentence of the largest parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from loyalty_streams.backtest.figures import COEFFICIENTS, HELD
from loyalty_streams.backtest.folding import Decided
from loyalty_streams.backtest.running import Run
from loyalty_streams.core.codes import Bucket, EntryKind, FactKind
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Array
from loyalty_streams.programme.because import Because
from loyalty_streams.reports.instants import day_text, iso
from loyalty_streams.reports.member import spendable_wallets
from loyalty_streams.reports.points import ACCOUNTS, WALLETS
from loyalty_streams.reports.sentences import Sentences
from loyalty_streams.reports.words import LANGUAGES, Language, say

PARTS = 3
"""Parts that a sentence names."""
TO_HELD = COEFFICIENTS[:, :, [ACCOUNTS.index(name) for name in HELD]] @ np.array([*HELD.values()], np.int64)
"""By kind and bucket: how a point of an entry moves what a member has."""
KEYS = 1 << 20
"""More than there are rules: a part of what a member has is its kind of entry times this and, of points earned, its rule, plus 1."""


@dataclass(frozen=True, slots=True)
class Side:
    """A member's history under one programme: its entries (those of accounts that became it too), and what each is to be told with.

    `counts[w]`: whether wallet w is spendable.
    """

    entries: Entries
    refs: Array
    kinds: Array
    sentences: Sentences
    counts: npt.NDArray[np.bool_]

    def moves(self) -> Array:
        """What moved what the member has: a row each of rule and kind (`KEYS`), the fact that caused it and its kind (0, -1: none), and points."""
        e = self.entries[self.counts[self.entries["wallet"]]]
        points, cause = TO_HELD[e["kind"], e["bucket"]] * e["points"], e["cause"].astype(np.int64)
        kind = np.where(e["kind"] == EntryKind.TRANSFERRED_OUT, EntryKind.TRANSFERRED_IN, e["kind"]).astype(np.int64)  # in one person they cancel
        key = kind * KEYS + np.where(kind == EntryKind.EARNED, e["rule"].astype(np.int64), -1) + 1
        caused = cause >= 0
        rows = np.stack([key, np.where(caused, self.refs[cause], 0), np.where(caused, self.kinds[cause], -1).astype(np.int64), points], axis=1)
        found: Array = rows[points != 0] if len(self.refs) else rows[:0]
        return found

    def reached(self) -> dict[int, int]:
        """When each tier was first reached."""
        e = self.entries[self.entries["kind"] == EntryKind.TIER_CHANGED]
        out: dict[int, int] = {}
        for tier, at in sorted(zip(e["den"].tolist(), e["at"].tolist(), strict=True), key=lambda row: row[1]):
            out.setdefault(tier, at)
        return out

    def short(self) -> int:
        """Points that no lot covered of redemptions that stand."""
        e = self.entries
        return int(e["points"][(e["kind"] == EntryKind.REDEEMED) & (e["bucket"] == Bucket.DEBT)].sum())


@dataclass(frozen=True, slots=True)
class Part:
    """Points that one kind of entry, of points earned one rule (else -1), makes more or fewer. `causes`: from how many facts they come; `orders`:
    whether all of these are orders.
    """

    kind: EntryKind
    rule: int
    change: int
    causes: int
    orders: bool


@dataclass(frozen=True, slots=True)
class Behind:
    """One member under two programmes. `keys`: the business keys of the facts by their codes, read when they are first asked for."""

    before: Side
    after: Side
    keys: Callable[[], Mapping[int, str]]

    def to_json(self) -> dict[str, Any]:
        """The sentence in the language asked for and in each, the parts of the change, and the entries that differ."""
        said = dict(zip(LANGUAGES, self.why_in(LANGUAGES), strict=True))
        names = self.after.sentences.compiled.names.rules
        return {
            "why": said[self.after.sentences.lang], **{f"why_{lang}": text for lang, text in said.items()},
            "parts": [
                {"kind": p.kind.name, "rule": names[p.rule] if p.rule >= 0 else None, "points": p.change, "facts": p.causes} for p in self.parts()
            ],
            "entries": self.entries(),
        }  # fmt: skip

    def why(self) -> str:
        """The parts that make most of the change, the tiers that move, and what a redemption lacks."""
        return self.why_in((self.after.sentences.lang,))[0]

    def why_in(self, langs: Sequence[Language]) -> list[str]:
        """The same in several languages."""
        parts, old, new = self.parts()[:PARTS], self.before.reached(), self.after.reached()
        short = self.after.short() - self.before.short()
        return [self._said(replace(self.after.sentences, lang=lang), parts, old, new, short) for lang in langs]

    def _said(self, words: Sentences, parts: Sequence[Part], old: Mapping[int, int], new: Mapping[int, int], short: int) -> str:
        said = [*(_part(words, part) for part in parts), *_tiers(words, old, new)]
        if short > 0:
            said.append(say("plan.short", words.lang, points=f"{short:,}"))
        return ("；" if words.lang == "zh" else "; ").join(said) or say("plan.dates", words.lang)

    def parts(self) -> list[Part]:
        """What each rule and kind of entry makes more or fewer, the largest change first."""
        old, new = self.before.moves(), self.after.moves()
        old[:, 3] *= -1
        rows = np.concatenate([old, new])
        if not len(rows):
            return []
        rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
        first = _begins(rows[:, :2])
        rows, net = rows[first], np.add.reduceat(rows[:, 3], first)
        out = []
        for some in np.split(np.arange(len(rows)), _begins(rows[:, :1])[1:]):
            change, by = int(net[some].sum()), rows[some][(net[some] != 0) & (rows[some, 1] != 0)]
            kind, rule = divmod(int(rows[some[0], 0]), KEYS)
            if change:
                out.append(Part(EntryKind(kind), rule - 1, change, len(by), bool(len(by)) and bool((by[:, 2] == FactKind.ORDER).all())))
        names = self.after.sentences.compiled.names.rules
        return sorted(out, key=lambda part: (-abs(part.change), part.kind, names[part.rule] if part.rule >= 0 else ""))

    def entries(self) -> list[dict[str, Any]]:
        """The entries that one side alone has, in order of instant; those that say the same on both sides cancel."""
        sides = {"before": self._told(self.before), "after": self._told(self.after)}
        counts = {name: Counter(tuple(entry.values()) for entry in told) for name, told in sides.items()}
        left = {"before": counts["before"] - counts["after"], "after": counts["after"] - counts["before"]}
        out: list[dict[str, Any]] = []
        for name, told in sides.items():
            more = []
            for entry in reversed(told):  # the last of equal ones is the one more
                words = tuple(entry.values())
                if left[name][words] > 0:
                    left[name][words] -= 1
                    more.append({"side": name, **entry})
            out += reversed(more)
        return sorted(out, key=lambda entry: str(entry["effective_at"]))

    def _told(self, side: Side) -> list[dict[str, Any]]:
        return [self._entry(side, row) for row in range(len(side.entries))]

    def _entry(self, side: Side, row: int) -> dict[str, Any]:
        e = side.entries[row]
        cause, bucket, names = int(e["cause"]), Bucket(int(e["bucket"])), side.sentences.compiled.names
        owed = f" ({say('debt', side.sentences.lang)})" if bucket == Bucket.DEBT else ""
        return {
            "effective_at": iso(int(e["at"])), "kind": EntryKind(int(e["kind"])).name, "points": int(e["points"]),
            "wallet": names.wallets[int(e["wallet"])], "bucket": bucket.name.lower(),
            "rule": names.rules[int(e["rule"])] if int(e["rule"]) >= 0 else None,
            "cause": self.keys().get(int(side.refs[cause])) if cause >= 0 else None, "text": side.sentences.entry(e) + owed,
        }  # fmt: skip


def _begins(rows: Array) -> Array:
    """Where another row begins in rows that are sorted."""
    fresh = np.ones(len(rows), bool)
    fresh[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return np.flatnonzero(fresh)


def _part(words: Sentences, part: Part) -> str:
    label = words.rule(part.rule) if part.kind == EntryKind.EARNED else say(part.kind.name, words.lang)
    what = "orders" if part.orders else "facts"
    word = f"plan.on_{what}" if part.causes != 1 else f"plan.on_one_{what[:-1]}"
    return say(word if part.causes else "plan.part", words.lang, label=label, points=f"{part.change:+,}", n=part.causes)


def _tiers(words: Sentences, old: Mapping[int, int], new: Mapping[int, int]) -> Iterator[str]:
    zone = words.because.zone
    for tier in sorted(old.keys() | new.keys()):
        was, now, name = old.get(tier), new.get(tier), words.tier(tier)
        if was is None and now is not None:
            yield say("plan.tier_new", words.lang, date=day_text(now, zone), tier=name)
        elif now is None and was is not None:
            yield say("plan.tier_gone", words.lang, date=day_text(was, zone), tier=name)
        elif was is not None and now is not None and day_text(was, zone) != day_text(now, zone):
            yield say("plan.tier_moved", words.lang, before=day_text(was, zone), date=day_text(now, zone), tier=name)


def behind(run: Run, pair: tuple[int, int], members: Iterable[str], texts: Mapping[int, str], lang: Language = "en") -> dict[str, Behind]:
    """What is behind the change of some members, between two programmes of a run (their places)."""
    return dict(behind_each(run, pair, list(members), texts, lang))


def behind_each(
    run: Run, pair: tuple[int, int], members: Sequence[str], texts: Mapping[int, str], lang: Language = "en"
) -> Iterator[tuple[str, Behind]]:
    """The same one by one, some accounts in memory at a time; in the order in which the accounts are read. An account that another has become is
    told of as that one.
    """
    sentences = [Sentences(run.contenders[k].compiled, Because(run.contenders[k].compiled, texts), lang) for k in pair]
    wanted = {name.encode() for name in members}
    for block in run.source.blocks_of([name.encode() for name in members]):
        some = block()
        sides = [run.benches[k].decide(some, run.span) for k in pair]
        keys = cache(partial(_keys, sides))
        before, after = (_Sides(found, s) for found, s in zip(sides, sentences, strict=True))
        for place, name in enumerate(sides[0].names):
            if name in wanted:
                old, new = (int(found.home[place]) for found in sides)
                yield name.decode(), Behind(before.of(old), after.of(new), keys)


def _keys(sides: Sequence[Decided]) -> dict[int, str]:
    return {code: text for found in sides for code, text in found.rows.key_of().items()}


class _Sides:
    """The entries of a block, whose they are: sorted once, cut for each."""

    def __init__(self, found: Decided, sentences: Sentences) -> None:
        owner = found.home[found.entries["member"]]
        order = np.argsort(owner, kind="stable")
        self._entries, self._bounds = found.entries[order], np.searchsorted(owner[order], np.arange(len(found.names) + 1)).tolist()
        self._columns, self._sentences, self._counts = found.columns, sentences, np.zeros(WALLETS, bool)
        self._counts[spendable_wallets(sentences.compiled)] = True

    def of(self, place: int) -> Side:
        own = self._entries[self._bounds[place] : self._bounds[place + 1]]
        return Side(own, self._columns.ref, self._columns.kind, self._sentences, self._counts)
