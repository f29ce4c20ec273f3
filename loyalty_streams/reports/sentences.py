"""Entries in sentences: what moved, how it was reckoned, why nothing moved; in English and Chinese (T185 to T187)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from loyalty_streams.core.codes import EntryKind, Reason
from loyalty_streams.core.kernel.records import M_LIFETIME, M_SPEND
from loyalty_streams.core.programme import Compiled
from loyalty_streams.programme.because import Because
from loyalty_streams.reports.instants import day_text
from loyalty_streams.reports.words import Language, say

UNITS = {"CNY": {"zh": "元"}, "USD": {"zh": "美元"}, "EUR": {"zh": "欧元"}, "JPY": {"zh": "日元"}}
"""How Chinese texts name a currency; others, and English texts, use its code."""


def plain(value: Fraction) -> str:
    """A rate or multiplier as people write it: `2`, `1.5`, or `1/3` where no short decimal is exact."""
    for digits in range(7):
        shown = value * 10**digits
        if shown.denominator == 1:
            text = f"{int(shown):0{digits + 1}}"
            return f"{text[:-digits]}.{text[-digits:]}" if digits else text
    return f"{value.numerator}/{value.denominator}"


def short_money(minor: int, digits: int) -> str:
    """`100` rather than `100.00`, and `42.50` in full."""
    whole, rest = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{rest:0{digits}}" if rest else f"{sign}{whole}"


def label_of(compiled: Compiled, kind: str, name: str, lang: Language) -> str:
    """The label that the newest version gives a rule, tier or wallet; its id where it gives none."""
    labels = compiled.versions[-1].labels.get(f"{kind}.{name}", {})
    return labels.get(lang) or labels.get("en") or name


def unit_of(compiled: Compiled, lang: Language) -> str:
    """The currency as a text names it."""
    return UNITS.get(compiled.currency, {}).get(lang, compiled.currency)


def money_of(compiled: Compiled, minor: int) -> str:
    return short_money(minor, compiled.minor_digits)


@dataclass(frozen=True, slots=True)
class Sentences:
    """Writes about the entries of one programme in one language."""

    compiled: Compiled
    because: Because
    lang: Language

    def label(self, kind: str, name: str) -> str:
        return label_of(self.compiled, kind, name, self.lang)

    def rule(self, number: int) -> str:
        return self.label("earn", self.compiled.names.rules[number]) if number >= 0 else ""

    def tier(self, number: int) -> str:
        names = self.compiled.names.tiers
        return self.label("tiers", names[number]) if 0 <= number < len(names) else say("no_tier", self.lang)

    def wallet(self, number: int) -> str:
        return self.label("wallets", self.compiled.names.wallets[number])

    def stage(self, number: int) -> str:
        names = self.compiled.names.stages
        return names[number] if 0 <= number < len(names) else say("none", self.lang)

    @property
    def unit(self) -> str:
        return unit_of(self.compiled, self.lang)

    def money(self, minor: int) -> str:
        return money_of(self.compiled, minor)

    def reason_name(self, entry: Any) -> str | None:
        """The stable code of an entry's reason; None where it has none."""
        return Reason(int(entry["reason"])).name if int(entry["reason"]) else None

    def reason(self, entry: Any) -> str:
        return say(f"reason.{Reason(int(entry['reason'])).name}", self.lang)

    def entry(self, entry: Any) -> str:
        """What an entry did, without its instant and points: `earned, fruit-week: 30 USD at 2 times: 30 points more`."""
        kind = EntryKind(int(entry["kind"]))
        text = say(kind.name, self.lang, **self._values(kind, entry))
        rule = self.rule(int(entry["rule"]))
        if kind == EntryKind.REFUSED:
            return self._refused(text, rule, entry)
        if kind == EntryKind.EARNED:
            text = f"{text}, {rule}: {self.reckoning(entry)}"
        elif rule:
            text = f"{text}, {rule}"
        return text if kind == EntryKind.EARNED or not int(entry["reason"]) else f"{text} ({self.reason(entry)})"

    def _refused(self, text: str, rule: str, entry: Any) -> str:
        why, code = self.because.refusal(entry), Reason(int(entry["reason"])).name
        said = self.reason(entry) if why == code else f"{self.reason(entry)}: {why}"
        return f"{text}, {rule}: {said}" if rule else f"{text}: {said}"

    def _values(self, kind: EntryKind, entry: Any) -> dict[str, object]:
        if kind in (EntryKind.TIER_CHANGED, EntryKind.TIER_NOTICED):
            return {
                "before": self.tier(int(entry["num"])), "after": self.tier(int(entry["den"])), "date": day_text(int(entry["ref"]), self.because.zone),
                "actual": self.metric_value(int(entry["version"]), int(entry["basis"])),
                "need": self.metric_value(int(entry["version"]), int(entry["desired"])),
            }  # fmt: skip
        if kind == EntryKind.STAGE_CHANGED:
            return {"before": self.stage(int(entry["num"])), "after": self.stage(int(entry["den"]))}
        if kind == EntryKind.REMINDED:
            return {"points": int(entry["basis"]), "date": day_text(int(entry["ref"]), self.because.zone)}
        return {}

    def metric_value(self, version: int, value: int) -> str:
        """The value of the first metric that judges tiers under a version: money, or a number."""
        table = self.compiled.tables[version]
        for k in range(int(table.n.metrics)):
            if int(table.metrics[k].judged):
                return self.money(value) if int(table.metrics[k].kind) in (M_SPEND, M_LIFETIME) else str(value)
        return str(value)

    def reckoning(self, entry: Any) -> str:
        """How the points of an EARNED entry come about; a cut names what was due and what cut it."""
        terms = self.because.terms(int(entry["version"]), int(entry["rule"]))
        points, desired = int(entry["points"]), int(entry["desired"])
        if terms is None:
            return str(points)
        rate = Fraction(int(entry["num"]), int(entry["den"]) or 1)
        basis = int(entry["basis"])
        base = self.money(basis) if terms.form in ("proportional", "step", "multiply") else str(basis)
        if terms.form == "proportional":
            rate *= 10**self.compiled.minor_digits
        text = say(
            f"reckon.{terms.form}",
            self.lang,
            base=base,
            unit=self.unit,
            rate=plain(rate),
            step=self.money(terms.step),
            points=desired,
        )
        if points < desired:
            text += " (" + say("cut", self.lang, desired=desired, reason=self.reason(entry)) + f") = {points}"
        return text

    def order(self, entries: Sequence[Any]) -> str:
        """The points of one order in one sentence: `订单 100 元 × 1 分 × 金卡 2 倍 = 200 分` where it is a plain product, else the parts added up."""
        total = sum(int(e["points"]) for e in entries)
        product = self._product(entries, total)
        if product:
            return product
        parts = [f"{self.rule(int(e['rule']))}: {self.reckoning(e)}" for e in entries]
        joint = "；" if self.lang == "zh" else "; "
        return joint.join([*parts, *([say("together", self.lang, points=total)] if len(parts) > 1 else [])])

    def _product(self, entries: Sequence[Any], total: int) -> str | None:
        """One rate on the whole basis, and multipliers on that same basis whose product gives the total exactly."""
        forms = [
            terms.form if (terms := self.because.terms(int(e["version"]), int(e["rule"]))) else "" for e in entries
        ]
        if forms.count("proportional") != 1 or set(forms) - {"proportional", "multiply"}:
            return None
        base = entries[forms.index("proportional")]
        basis = int(base["basis"])
        if any(int(e["basis"]) != basis or int(e["points"]) != int(e["desired"]) for e in entries):
            return None
        rate = Fraction(int(base["num"]), int(base["den"])) * 10**self.compiled.minor_digits
        factors = [
            (self._factor_label(e), Fraction(int(e["num"]), int(e["den"])))
            for e, f in zip(entries, forms, strict=True)
            if f == "multiply"
        ]
        value = Fraction(basis, 10**self.compiled.minor_digits) * rate
        for _, factor in factors:
            value *= factor
        if len(factors) > 1 or int(value) != total:
            return None
        said = {"base": self.money(basis), "unit": self.unit, "rate": plain(rate), "points": total}
        if not factors:
            return say("reckon.one", self.lang, **said)
        named = " × ".join(say("factor", self.lang, label=label, rate=plain(rate)) for label, rate in factors)
        return say("reckon.product", self.lang, factors=named, **said)

    def _factor_label(self, entry: Any) -> str:
        """A multiplier for a tier is named by the tier, as members know it; others by their rule."""
        if int(entry["tier"]) >= 0 and self._reads_tier(entry):
            return self.tier(int(entry["tier"]))
        return self.rule(int(entry["rule"]))

    def _reads_tier(self, entry: Any) -> bool:
        table = self.compiled.tables[int(entry["version"])]
        return any(
            int(table.rules[k].id) == int(entry["rule"]) and bool(table.rules[k].reads_tier)
            for k in range(int(table.n.rules))
        )


def paid_parts(entries: Iterable[Any], wallets: Sequence[int]) -> list[Any]:
    """The EARNED entries of these wallets."""
    return [e for e in entries if int(e["kind"]) == EntryKind.EARNED and int(e["wallet"]) in wallets]
