"""A programme as plain dictionaries: the YAML text with every scalar as text, and small readers of its values."""

from __future__ import annotations

import unicodedata
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from loyalty_streams.core.codes import DAY, NEVER
from tests.oracle.calendar import EPOCH, Span, instant, shift, span

DIGITS = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}
FORMS = ("proportional", "step", "multiply", "fixed", "per_unit")
Tree = dict[str, Any]


def listed(value: Any) -> list[Any]:
    """One value counts as a list of one."""
    return [] if value is None else value if isinstance(value, list) else [value]


def same_text(a: str, b: str) -> bool:
    return unicodedata.normalize("NFC", a) == unicodedata.normalize("NFC", b)


@dataclass(frozen=True)
class Rule:
    """One rule of earning."""

    id: str
    raw: Tree
    wallet: str

    @property
    def trigger(self) -> tuple[str, str]:
        """What it waits for: (`order`, ``), (`interaction`, TYPE), (`tier`, NAME), …"""
        on = self.raw["on"]
        return (on, "") if isinstance(on, str) else next(iter(on.items()))

    @property
    def form(self) -> str:
        points = self.raw.get("points")
        if points is None:
            return "multiply"
        if "rate" in points:
            return str(points["mode"])
        return "per_unit" if points.get("per") == "unit" else "fixed"

    @property
    def order(self) -> tuple[int, int, str]:
        return FORMS.index(self.form), self.priority, self.id

    @property
    def priority(self) -> int:
        return int(self.raw.get("priority", 1000))

    @property
    def is_rate(self) -> bool:
        return self.form in ("proportional", "step")

    @property
    def multiplier(self) -> Fraction:
        return Fraction(self.raw["multiply"])

    @property
    def once(self) -> str:
        default = "member" if self.trigger[0] == "tier" else ""
        return str(self.raw.get("once", default))


class Version:
    """One version of the programme. Nothing changes it, so that a copy of what refers to it is no copy of it."""

    def __deepcopy__(self, memo: object) -> Version:
        return self

    def __init__(self, text: str | Tree) -> None:
        self.raw: Tree = text if isinstance(text, dict) else YAML(typ="base", pure=True).load(text)
        self.number = int(self.raw["version"])
        self.zone = ZoneInfo(self.raw["time_zone"])
        self.digits = DIGITS.get(self.raw["currency"], 2)
        self.wallets: dict[str, Tree] = {name: w or {} for name, w in self.raw["wallets"].items()}
        given = self.raw.get("effective_from")
        self.start = -NEVER if given is None else self.instant(given)

    # ---- values ----

    def instant(self, text: str) -> int:
        if len(text) == 10:
            return instant(datetime.fromisoformat(text), self.zone)
        return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)

    def money(self, text: str) -> int:
        return int(Fraction(text) * 10**self.digits)

    def shift(self, t: int, by: Span, sign: int = 1) -> int:
        return shift(t, by, self.zone, sign)

    def section(self, *path: str) -> Tree:
        """A section, empty where it is absent."""
        node: Any = self.raw
        for name in path:
            node = node.get(name) or {}
        return node if isinstance(node, dict) else {}

    # ---- wallets ----

    def spendable(self, wallet: str) -> bool:
        return bool(self.wallets.get(wallet, {}).get("spendable", "true") == "true")

    @cached_property
    def main_wallet(self) -> str:
        spendable = [w for w in self.wallets if self.spendable(w)]
        if "points" in spendable:
            return "points"
        return spendable[0] if len(spendable) == 1 else str(self.section("redeem").get("wallet", ""))

    @property
    def redeem_wallet(self) -> str:
        return str(self.section("redeem").get("wallet", self.main_wallet))

    def unit_value(self) -> Fraction:
        """Minor units a point of the redeem wallet is worth; 0 where the programme does not say."""
        return Fraction(self.wallets.get(self.redeem_wallet, {}).get("unit_value", "0")) * 10**self.digits

    def pending(self, wallet: str) -> Tree:
        given = self.wallets[wallet].get("pending")
        return given if isinstance(given, dict) else {}

    def expires(self, wallet: str) -> Tree:
        return self.wallets.get(wallet, {}).get("expires") or {}

    # ---- rules ----

    @cached_property
    def rules(self) -> list[Rule]:
        given: Tree = self.raw.get("earn") or {}
        return [Rule(id, raw, raw.get("into", self.main_wallet)) for id, raw in sorted(given.items())]

    def rules_on(self, kind: str, name: str = "") -> list[Rule]:
        return sorted((r for r in self.rules if r.trigger == (kind, name)), key=lambda r: r.order)

    def rule(self, id: str) -> Rule | None:
        return next((r for r in self.rules if r.id == id), None)

    def statuses(self, what: str) -> list[str]:
        return listed(self.section("statuses").get(what, ["active", "imported"]))

    # ---- returns ----

    def returns(self, name: str) -> str:
        defaults = {
            "clawback": "line_exact",
            "policy": "debt",
            "tier_effect": "immediate",
            "within": "90 days",
            "later": "refuse",
        }
        return str(self.section("returns").get(name, defaults[name]))

    # ---- facts and identities ----

    def spans(self, name: str) -> int:
        """A setting of `facts` in microseconds: `lateness`, `unmerge_within`, `claim_within`."""
        defaults = {"lateness": "7 days", "unmerge_within": "90 days", "claim_within": "30 days"}
        found = span(str(self.section("facts").get(name, defaults[name])))
        return found.days * DAY + found.exact

    # ---- tiers ----

    @property
    def tiers(self) -> Tree:
        return self.section("tiers")

    def metrics(self) -> dict[str, Any]:
        if "metric" in self.tiers:
            return dict(self.tiers["metric"])
        return dict(self.tiers["any_of"]["metrics"])

    def downgrade(self) -> Tree:
        return self.section("tiers", "downgrade")

    def check(self) -> str:
        """`window`, `tier_anniversary`, `join_anniversary`, `calendar_year` or `attribute`."""
        given = self.downgrade().get("check", "window")
        return given if isinstance(given, str) else "attribute"

    def need(self, metric: str, text: str) -> int:
        return self.money(text) if metric in ("spend", "lifetime_spend") else int(text)

    def ladder(self, raw: Tree) -> list[tuple[str, dict[str, int]]]:
        """Rungs from the lowest: the tier and its need of each metric; a metric that a rung does not name is never
        met there."""
        metrics = list(self.metrics())
        out = []
        for tier, needs in raw.items():
            if isinstance(needs, dict):
                out.append((tier, {m: self.need(m, needs[m]) for m in metrics if m in needs}))
            else:
                out.append((tier, {m: self.need(m, needs) for m in metrics}))
        return out


def before_the_first(first: Version) -> Version:
    """Before the first version nothing is earned, tiers and stages do not move, inactivity does not count; wallets are there (S4)."""
    raw = {name: deepcopy(x) for name, x in first.raw.items() if name not in ("effective_from", "earn", "combine", "limits", "tiers", "lifecycle")}
    for wallet in raw["wallets"].values():
        expires = (wallet or {}).get("expires") or {}
        for name in ("extend", "suspend_in"):
            expires.pop(name, None)
        if expires.get("from") == "last_activity":
            del wallet["expires"]
    raw.get("order_amount", {}).pop("exclude", None)
    return Version({**raw, "version": "0"})


class Timeline:
    """The versions of a programme in order of their start."""

    def __init__(self, texts: list[str]) -> None:
        versions = sorted((Version(t) for t in texts), key=lambda v: v.start)
        begins = versions[0].start > -NEVER
        self.versions = [before_the_first(versions[0]), *versions] if begins else versions

    @cached_property
    def wallets(self) -> list[str]:
        """All wallets in the order in which the versions name them first."""
        return list(dict.fromkeys(w for v in self.versions for w in v.wallets))

    @cached_property
    def rules(self) -> list[str]:
        """All rules, those of an earlier version first, each version's by id."""
        return list(dict.fromkeys(r.id for v in self.versions for r in v.rules))

    def stand(self, at: int, arrived: int) -> int:
        """Where a fact stands in the order of facts: beyond the lateness at its arrival (S51)."""
        return arrived if arrived >= 0 and arrived - at > self.at(arrived).spans("lateness") else at

    def at(self, t: int) -> Version:
        return self.versions[self.position(t)]

    def position(self, t: int) -> int:
        """The place of the version in force."""
        return sum(v.start <= t for v in self.versions) - 1

    @property
    def zone(self) -> ZoneInfo:
        return self.versions[0].zone


__all__ = ["FORMS", "Rule", "Timeline", "Tree", "Version", "listed", "same_text", "span"]
