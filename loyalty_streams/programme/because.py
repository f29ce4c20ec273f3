"""Why a rule or a redemption paid nothing, in one form everywhere: `FIELD ACTUAL, needs OP EXPECTED` (T186)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from loyalty_streams.core.codes import ABSENT, NEVER, LineKind, Reason, Status
from loyalty_streams.core.programme import Compiled, ConditionText

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FORMS = ("proportional", "step", "multiply", "fixed", "per_unit")
"""The form of a rule by its number in the tables."""


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """What the tables of one version say of a rule. `valid_from`, `valid_until` are instants, -NEVER and NEVER where open."""

    form: str
    step: int
    valid_from: int
    valid_until: int


@dataclass(slots=True)
class Because:
    """Reads the explanations that entries carry. `strings` gives the text of codes; those of the programme are known already."""

    compiled: Compiled
    strings: Mapping[int, str]
    zone: ZoneInfo = field(init=False)
    _rules: dict[int, dict[int, RuleTerms]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.compiled.time_zone)

    def terms(self, version: int, rule: int) -> RuleTerms | None:
        """The terms of a rule under a version; None where that version does not have it."""
        if version not in self._rules:
            table = self.compiled.tables[version]
            rows = [table.rules[k] for k in range(int(table.n.rules))]
            self._rules[version] = {int(r.id): RuleTerms(FORMS[int(r.form)], int(r.step), int(r.valid_from), int(r.valid_until)) for r in rows}
        return self._rules[version].get(rule)

    def refusal(self, entry: Any) -> str:
        """Why a REFUSED entry is one."""
        reason = Reason(int(entry["reason"]))
        version, basis, desired = int(entry["version"]), int(entry["basis"]), int(entry["desired"])
        if reason == Reason.CONDITION:
            return self.condition(version, desired, basis)
        if reason == Reason.NOT_VALID_NOW:
            return self._validity(version, int(entry["rule"]), int(entry["at"]))
        if reason == Reason.NOTHING:
            return "points 0, needs gte 1"
        if reason == Reason.ONCE:
            return "times_paid 1, needs eq 0"
        if int(entry["rule"]) < 0:
            return self._command(version, reason, int(entry["wallet"]), basis, desired)
        return reason.name

    def condition(self, version: int, row: int, actual: int) -> str:
        """The condition row that failed, with the value that failed it."""
        text = self.compiled.versions[version].conditions[row]
        return f"{text.field} {self.value(text, actual)}, needs {text.op} {text.expected}"

    def value(self, text: ConditionText, actual: int) -> str:
        """An actual value as its condition's unit says."""
        names = self.compiled.names
        if actual == ABSENT:
            return "absent"
        match text.unit:
            case "money":
                return self.money(actual)
            case "scaled":
                return scaled(actual)
            case "code":
                return self.word(actual) or "absent"
            case "tier":
                return names.tiers[actual] if 0 <= actual < len(names.tiers) else "none"
            case "stage":
                return names.stages[actual] if 0 <= actual < len(names.stages) else "none"
            case "status":
                return Status(actual).name.lower()
            case "line_kind":
                return LineKind(actual).name.lower()
            case "flag":
                return "true" if actual else "false"
        return str(actual)

    def money(self, minor: int) -> str:
        return money(minor, self.compiled.minor_digits)

    def word(self, code: int) -> str:
        """The text of a code; empty for none, the code itself where its text is not known."""
        if not code:
            return ""
        return self.strings.get(code) or self.compiled.literals.get(code) or f"#{code & (1 << 64) - 1:016x}"

    def instant(self, at: int) -> str:
        """In the programme's zone, to the second where it has one."""
        moment = (EPOCH + timedelta(microseconds=at)).astimezone(self.zone)
        return moment.isoformat(timespec="auto" if at % 60_000_000 else "minutes")

    def _validity(self, version: int, rule: int, at: int) -> str:
        terms = self.terms(version, rule)
        if terms is None:
            return Reason.NOT_VALID_NOW.name
        if at < terms.valid_from < NEVER:
            return f"occurred_at {self.instant(at)}, needs gte {self.instant(terms.valid_from)}"
        return f"occurred_at {self.instant(at)}, needs lt {self.instant(terms.valid_until)}"

    def _command(self, version: int, reason: Reason, wallet: int, basis: int, desired: int) -> str:
        """A refused redemption: `basis` is what was available, `desired` what was asked for."""
        g = self.compiled.tables[version].settings
        match reason:
            case Reason.BELOW_MINIMUM:
                return f"points {desired}, needs gte {max(1, int(g.redeem_minimum))}"
            case Reason.NOT_A_MULTIPLE:
                return f"points {desired}, needs multiple_of {int(g.redeem_unit)}"
            case Reason.ABOVE_MAXIMUM if 0 < int(g.redeem_maximum) < desired:
                return f"points {desired}, needs lte {int(g.redeem_maximum)}"
            case Reason.INSUFFICIENT:
                return f"points {desired}, needs lte {basis}"
            case Reason.OVER_RETURN:
                return f"quantity {desired} above what is left of line {basis}"
        return reason.name


def money(minor: int, digits: int) -> str:
    """Minor units as an exact decimal of major units."""
    sign, minor = "-" if minor < 0 else "", abs(minor)
    whole, rest = divmod(minor, 10**digits)
    return f"{sign}{whole}.{rest:0{digits}}" if digits else f"{sign}{whole}"


def scaled(value: int) -> str:
    """A number times 10^6 as an exact decimal without trailing zeros."""
    return money(value, 6).rstrip("0").rstrip(".")


def fields_of(entry: Any) -> dict[str, int]:
    """An entry row as plain integers by field."""
    return {name: int(entry[name]) for name in np.asarray(entry).dtype.names or ()}
