"""What is behind a member's change: the entries that differ, side by side, and a sentence of the largest parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loyalty_streams.backtest.figures import COEFFICIENTS, HELD
from loyalty_streams.backtest.folding import Decided
from loyalty_streams.backtest.running import Run
from loyalty_streams.core.codes import Bucket, EntryKind, FactKind
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Array
from loyalty_streams.programme.because import Because
from loyalty_streams.reports.instants import day_text, iso
from loyalty_streams.reports.member import spendable_wallets
from loyalty_streams.reports.points import ACCOUNTS
from loyalty_streams.reports.sentences import Sentences
from loyalty_streams.reports.words import Language, say

PARTS = 3
"""Parts that a sentence names."""
TO_HELD = COEFFICIENTS[:, :, [ACCOUNTS.index(name) for name in HELD]] @ np.array([*HELD.values()], np.int64)
"""By kind and bucket: how a point of an entry moves what a member has."""
Key = tuple[int, int]
"""A part of what a member has: kind of entry and, of points earned, the rule; else -1."""


@dataclass(frozen=True, slots=True)
class Side:
    """A member's history under one programme: its entries (those of accounts that became it too), and what each is to be told with."""

    entries: Entries
    refs: Array
    kinds: Array
    sentences: Sentences
    spendable: Sequence[int]

    def parts(self) -> dict[Key, dict[int, int]]:
        """What came of each rule and kind, by the fact that caused it (0: none)."""
        out: dict[Key, dict[int, int]] = {}
        e = self.entries[np.isin(self.entries["wallet"], list(self.spendable))]
        moved = TO_HELD[e["kind"], e["bucket"]] * e["points"]
        kinds = np.where(e["kind"] == EntryKind.TRANSFERRED_OUT, EntryKind.TRANSFERRED_IN, e["kind"])  # of accounts that became one they cancel
        for kind, rule, cause, points in zip(kinds.tolist(), e["rule"].tolist(), e["cause"].tolist(), moved.tolist(), strict=True):
            if points:
                facts = out.setdefault((kind, rule if kind == EntryKind.EARNED else -1), {})
                ref = int(self.refs[cause]) if cause >= 0 else 0
                facts[ref] = facts.get(ref, 0) + points
        return out

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

    def kind_of(self) -> dict[int, int]:
        return dict(zip(self.refs.tolist(), self.kinds.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Behind:
    """One member under two programmes."""

    before: Side
    after: Side
    keys: Mapping[int, str]

    def why(self) -> str:
        """The parts that make most of the change, the tiers that move, and what a redemption lacks."""
        lang = self.after.sentences.lang
        said = [*self._parts(lang), *self._tiers(lang)]
        short = self.after.short() - self.before.short()
        if short > 0:
            said.append(say("plan.short", lang, points=f"{short:,}"))
        return ("；" if lang == "zh" else "; ").join(said) or say("plan.dates", lang)

    def _parts(self, lang: Language) -> Iterator[str]:
        before, after = self.before.parts(), self.after.parts()
        rows = []
        for key in before.keys() | after.keys():
            old, new = before.get(key, {}), after.get(key, {})
            facts = [ref for ref in old.keys() | new.keys() if old.get(ref, 0) != new.get(ref, 0)]
            change = sum(new.values()) - sum(old.values())
            if change:
                rows.append((-abs(change), self._label(key), change, facts))
        kinds = {**self.before.kind_of(), **self.after.kind_of()}
        for _, label, change, facts in sorted(rows)[:PARTS]:
            causes = [kinds.get(ref, 0) for ref in facts if ref]
            what = "orders" if causes and set(causes) == {FactKind.ORDER} else "facts"
            word = f"plan.on_{what}" if len(causes) != 1 else f"plan.on_one_{what[:-1]}"
            yield say(word if causes else "plan.part", lang, label=label, points=f"{change:+,}", n=len(causes))

    def _label(self, key: Key) -> str:
        kind, rule = key
        side = self.after
        return side.sentences.rule(rule) if kind == EntryKind.EARNED else say(EntryKind(kind).name, side.sentences.lang)

    def _tiers(self, lang: Language) -> Iterator[str]:
        old, new = self.before.reached(), self.after.reached()
        zone = self.after.sentences.because.zone
        for tier in sorted(old.keys() | new.keys()):
            was, now = old.get(tier), new.get(tier)
            words = {"tier": self.after.sentences.tier(tier)}
            if was is None and now is not None:
                yield say("plan.tier_new", lang, date=day_text(now, zone), **words)
            elif now is None and was is not None:
                yield say("plan.tier_gone", lang, date=day_text(was, zone), **words)
            elif was is not None and now is not None and day_text(was, zone) != day_text(now, zone):
                yield say("plan.tier_moved", lang, before=day_text(was, zone), date=day_text(now, zone), **words)

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
            "cause": self.keys.get(int(side.refs[cause])) if cause >= 0 else None, "text": side.sentences.entry(e) + owed,
        }  # fmt: skip


def behind(run: Run, pair: tuple[int, int], members: Iterable[str], texts: Mapping[int, str], lang: Language = "en") -> dict[str, Behind]:
    """What is behind the change of some members, between two programmes of a run (their places)."""
    wanted = list(members)
    sentences = [Sentences(run.contenders[k].compiled, Because(run.contenders[k].compiled, texts), lang) for k in pair]
    out: dict[str, Behind] = {}
    for block in run.decided(wanted):
        sides = [block[k] for k in pair]
        keys = {code: text for found in sides for code, text in found.rows.key_of().items()}
        place = {name.decode(): k for k, name in enumerate(sides[0].names)}
        for name in wanted:
            if name in place:
                before, after = (_side(found, place[name], s) for found, s in zip(sides, sentences, strict=True))
                out[name] = Behind(before, after, keys)
    return out


def _side(found: Decided, k: int, sentences: Sentences) -> Side:
    own = found.entries[found.home[found.entries["member"]] == k]
    return Side(own, found.columns.ref, found.columns.kind, sentences, spendable_wallets(sentences.compiled))
