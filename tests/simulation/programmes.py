"""Random programmes: every form of the language, from a seed. A programme is a tree of dictionaries and texts, written out as YAML."""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

from tests.simulation.ladders import Ladders
from tests.simulation.vocabulary import CHANNELS, INTERACTIONS, LIVES, PERIODS, SPANS, STATUSES, STORES, TIERS, ZONES, Tree, write


class Maker(Ladders):
    """Draws one programme."""

    # ---- the whole ----

    def programme(self) -> Tree:
        self.growth = self.chance(0.55)
        self.bonus = self.chance(0.25)
        self.escrow = self.chance(0.15)
        self.tiered = self.chance(0.75)
        self.staged = self.chance(0.5)
        head: Tree = {"programme": "random", "version": "1", "time_zone": self.pick(*ZONES), "currency": self.currency}
        return {**head, **self.sections()}

    def sections(self) -> Tree:
        """All sections, drawn for the wallets and tiers that this programme has."""
        tree: Tree = {}
        tree["wallets"] = self.wallets()
        if self.chance(0.5):
            tree["order_amount"] = self.order_amount()
        tree["earn"] = {name: rule for name, rule in (self.rule(i) for i in range(self.r.randint(1, 8)))}
        tree["combine"] = self.combine(tree["earn"])
        if self.chance(0.4):
            tree["limits"] = [self.limit(tree["earn"]) for _ in range(self.r.randint(1, 2))]
        if self.chance(0.6):
            tree["redeem"] = self.redeem()
        if self.chance(0.7):
            tree["returns"] = self.returns()
        if self.tiered:
            tree["tiers"] = self.tiers()
        if self.staged:
            tree["lifecycle"] = self.lifecycle()
        if self.chance(0.25):
            tree["statuses"] = {self.pick("earn", "redeem"): self.r.sample(STATUSES, self.r.randint(1, 4))}
        return mended(tree)

    # ---- wallets ----

    def wallets(self) -> Tree:
        out: Tree = {"points": self.wallet("points")}
        if self.growth:
            out["growth"] = {"spendable": "false"}
        if self.bonus:
            out["bonus"] = self.wallet("bonus")
        if self.escrow:
            out["escrow"] = {"pending": {"for": self.pick("1 day", "14 days", "1 month")}, "matures": {"into": "points"}}
        return out

    def wallet(self, name: str) -> Tree:
        out: Tree = {}
        if self.chance(0.5):
            out["pending"] = self.pending()
        if self.chance(0.85):
            out["expires"] = self.expires(name)
            if self.chance(0.4):
                out["remind"] = self.r.sample(["30 days", "10 days", "7 days", "1 day", "90 days"], self.r.randint(1, 3))
            if self.chance(0.4):
                out["reinstate"] = {"within": self.pick("10 days", "60 days")}
        if self.chance(0.4):
            out["consume"] = self.pick("soonest_expiry", "oldest_earned")
        if self.chance(0.3):
            out["max_balance"] = str(self.pick(60, 300, 1000))
        if self.chance(0.6):
            out["unit_value"] = self.pick("0.01", "0.1", "1", "1/3", "0.005")
        return out

    def pending(self) -> Tree:
        if self.chance(0.2):
            return {"until": "action", "interaction": "delivered"}
        out: Tree = {"for": self.pick(*SPANS)}
        if self.chance(0.3):
            out[self.pick("round_up_to", "round_up_to", "round_down_to")] = "day"
        elif self.chance(0.15):
            out["round_up_to"] = self.pick(*PERIODS)
        return out

    def expires(self, name: str) -> Tree:
        if self.chance(0.2):
            out: Tree = {"after": self.pick("30 days", "3 months", "12 months"), "from": "last_activity"}
            if self.chance(0.7):
                out["activities"] = self.r.sample(["order", "redemption", "interaction", "return"], self.r.randint(1, 3))
            return out
        out = {"after": self.pick(*LIVES)}
        if self.chance(0.4):
            out["from"] = self.pick("earning", "activation")
        if not out["after"].startswith("end") and self.chance(0.35):
            out["round_up_to"] = self.pick(*PERIODS)
        if self.chance(0.15):
            out["base"] = self.pick("purchased_at", "processed_at")
        if self.chance(0.15):
            out["not_before_arrival"] = self.pick("5 days", "40 days")
        if self.chance(0.25):
            out["extend"] = [self.extension() for _ in range(self.r.randint(1, 2))]
        if self.tiered and self.chance(0.2):
            out["suspend_in"] = self.r.sample(TIERS[1:3], self.r.randint(1, 2))
        if name == "points" and self.bonus and self.chance(0.25):
            out["into"] = "bonus"
        return out

    def extension(self) -> Tree:
        out: Tree = {"by": self.pick("1 month", "31 days", "6 months", "10 calendar days")}
        if self.chance(0.7):
            conditions = [{"region": "north"}, {"customer_type": {"ne": "company"}}]
            out["when"] = self.r.choice(conditions + ([{"tier": "gold"}, {"tier": {"gte": "silver"}}] if self.tiered else []))
        return out

    def order_amount(self) -> Tree:
        out: Tree = {}
        if self.chance(0.4):
            out["tax"] = self.pick("included", "excluded")
        if self.chance(0.5):
            out["points_tender"] = self.pick("net", "gross")
        if self.chance(0.5):
            out["exclude"] = self.r.sample([{"category": "gift-card"}, {"kind": "delivery"}, {"sku": ["D"]}], self.r.randint(1, 2))
        if self.chance(0.4):
            out["minimum"] = self.money(500, 2000, 5000)
        if self.tiered and self.chance(0.4):
            out["tier_split"] = self.pick("split", "split", "before")
        return out

    # ---- rules ----

    def rule(self, i: int) -> tuple[str, Tree]:
        name = self.pick("base", "a", "Z", "k9", "b", "m", "c") + str(i)
        draw = self.r.random()
        if i == 0 or draw < 0.15:
            rule = self.rate()
        elif draw < 0.45:
            rule = {"on": "order", "multiply": self.pick("2", "1.5", "3/2", "3", "1.1", "4/3", "1")}
        elif draw < 0.6:
            rule = {"on": "order", "points": {"fixed": str(self.pick(1, 5, 30)), "per": "unit"}}
        elif draw < 0.72:
            rule = {"on": "order", "points": {"fixed": str(self.pick(1, 10, 50))}}
            self.once(rule)
        else:
            rule = self.event()
        if rule["on"] == "order":
            self.dress_order_rule(rule)
        self.dress(rule)
        return name, rule

    def rate(self) -> Tree:
        if self.chance(0.3):
            return {"on": "order", "points": {"rate": str(self.pick(1, 5, 10)), "per": self.money(100, 1000, 10000), "mode": "step"}}
        rate = self.pick("1", "1", "2", "1.2", "1/3", "0.5")
        return {"on": "order", "points": {"rate": rate, "per": self.money(100, 100, 1000), "mode": "proportional"}}

    def once(self, rule: Tree) -> None:
        draw = self.r.random()
        if draw < 0.4:
            rule["when"], rule["once"] = {"orders_before": "0"}, "member"
        elif draw < 0.5:
            rule["when"], rule["once"] = {"orders_before": {"lte": "1"}, "channel": ["app", "pos"]}, "member"
        elif draw < 0.6:
            rule["once"] = "year"

    def event(self) -> Tree:
        on: Any = self.pick("birthday", "enrolment", {"interaction": self.pick(*INTERACTIONS)}, {"interaction": "check-in"})
        if self.tiered and self.chance(0.35):
            on = {"tier": self.pick(*TIERS[1:])}
        rule: Tree = {"on": on, "points": {"fixed": str(self.pick(5, 20, 100))}}
        if on == {"interaction": "review"} or (self.chance(0.1) and isinstance(on, dict) and "interaction" in on):
            rule["when"] = self.pick(
                {"attributes.stars": {"gte": "4"}}, {"attributes.stars": {"ne": "3"}}, {"attributes.verified": "true"},
                {"attributes.mood": ["good", "fine"]}, {"attributes.day": {"lt": "2025-06-01"}}, {"attributes.mood": {"exists": "false"}},
            )  # fmt: skip
        elif self.chance(0.2):
            rule["when"] = self.member_condition()
        if isinstance(on, dict) and "tier" in on and self.chance(0.3):
            rule["once"] = self.pick("member", "year")
        elif on == "enrolment" and self.chance(0.3):
            rule["once"] = "member"
        return rule

    def dress_order_rule(self, rule: Tree) -> None:
        if "once" in rule:
            return
        if self.chance(0.35):
            rule["lines"] = self.line_condition()
        if self.tiered and "rate" in rule.get("points", {}) and self.chance(0.25):
            rule["when"] = {"tier": self.pick({"gte": "silver"}, "silver", ["gold", "top"])}
        elif self.chance(0.4):
            rule["when"] = self.condition()

    def dress(self, rule: Tree) -> None:
        if self.chance(0.2):
            rule["valid"] = self.pick({"from": "2024-06-01"}, {"until": "2025-03-15T12:00:00+08:00"}, {"from": "2024-02-01", "until": "2025-09-01"})
        if self.chance(0.3):
            rule["priority"] = str(self.pick(1, 5, 2000))
        if self.chance(0.2):
            rule["limits"] = [self.rule_limit() for _ in range(self.pick(1, 1, 2))]
        if self.chance(0.1):
            rule["budget"] = {"points": str(self.pick(20, 150)), "scope": "member", **self.short()}
        if self.growth and "multiply" not in rule and self.chance(0.35):
            rule["also"] = {"growth": "same"}
        elif self.bonus and "multiply" not in rule and self.chance(0.1):
            rule["also"] = {"bonus": "same"}
        others = [w for w, there in (("growth", self.growth), ("bonus", self.bonus), ("escrow", self.escrow)) if there]
        if others and "also" not in rule and self.chance(0.3):
            rule["into"] = self.r.choice(others)

    def short(self) -> Tree:
        return {"when_short": self.pick("partial", "all_or_nothing")} if self.chance(0.5) else {}

    def rule_limit(self) -> Tree:
        what = {"times": str(self.pick(1, 2, 3))} if self.chance(0.5) else {"points": str(self.pick(10, 60, 200))}
        return {**what, "per": self.pick(*PERIODS, "ever"), **self.short()}

    def limit(self, rules: Tree) -> Tree:
        out = self.rule_limit()
        scope = self.pick("member", "member", "order", "member_and_store")
        out["scope"] = scope
        if scope == "order":
            del out["per"]
        if self.chance(0.3):
            out["stores"] = self.r.sample(STORES, self.r.randint(1, 2))
        if self.chance(0.3):
            out["rules"] = self.r.sample(sorted(rules), min(len(rules), self.r.randint(1, 3)))
        return out

    def line_condition(self) -> Tree:
        return self.pick(  # type: ignore[no-any-return]
            {"category": "fruit"}, {"sku": ["A", "B"]}, {"category": {"ne": "dairy"}}, {"qty": {"gte": "2"}}, {"kind": "goods"},
            {"any": [{"sku": "C"}, {"amount": {"gte": self.money(2000)}}]}, {"not": {"category": ["fruit", "dairy"]}},
        )  # fmt: skip

    def condition(self) -> Tree:
        choices = [
            {"channel": self.pick(*CHANNELS)}, {"store": self.r.sample(STORES, 2)}, {"amount": {"gte": self.money(3000, 10000)}},
            {"qty": {"gte": "3"}}, {"category": "fruit"}, {"sku": {"in": ["A", "D"]}}, {"channel": {"ne": "pos"}},
            {"all": [{"channel": "app"}, {"store": {"exists": "true"}}]}, {"any": [{"channel": "pos"}, {"qty": {"between": ["2", "4"]}}]},
            {"tender": {"ne": "cash"}}, {"orders_before": {"gte": "2"}}, {"kind": "reward"}, {"qty": {"lt": "4"}},
        ]  # fmt: skip
        return self.r.choice(choices) if self.chance(0.6) else self.member_condition()

    def member_condition(self) -> Tree:
        choices: list[Tree] = [
            {"tags": "vip"}, {"tags": {"not_in": ["staff"]}}, {"customer_type": "company"}, {"region": {"ne": "south"}},
            {"birthday_window": ["-3 days", "3 days"]}, {"birthday_window": ["0 days", "2 weeks"]}, {"enrolled_days": {"gte": "100"}},
            {"not": {"all": [{"tags": "vip"}, {"region": "north"}]}},
        ]  # fmt: skip
        if self.tiered:
            choices += [{"tier": "gold"}, {"tier": {"gte": "silver"}}, {"tier": ["silver", "top"]}, {"tier": {"ne": "base"}}] * 2
        if self.staged:
            choices += [{"stage": self.pick("new", "active", "at_risk", "none")}, {"stage": {"ne": "churned"}}]
        return self.r.choice(choices)

    def combine(self, rules: Tree) -> Tree:
        out: Tree = {"multipliers": self.pick("additive", "additive", "multiplicative", "max"), "tier_and_base": self.pick("override", "stack")}
        if any(r.get("points", {}).get("mode") == "step" for r in rules.values()) and out["multipliers"] == "multiplicative":
            out["multipliers"] = "additive"
        if len(rules) >= 3 and self.chance(0.45):
            names = self.r.sample(sorted(rules), len(rules))
            out["groups"] = {f"g{i}": self.group(names[4 * i : 4 * i + 4]) for i in range(self.pick(1, 1, 2)) if len(names) >= 4 * i + 2}
        return out

    def group(self, names: list[str]) -> Tree:
        choose = self.pick("stackable", "highest", "lowest", "by_priority")
        out: Tree = {"members": names[: self.r.randint(2, len(names))], "choose": choose}
        if out["choose"] != "stackable" and self.chance(0.35):
            out["scope"] = "line"
        if self.chance(0.4):
            out["limits"] = [self.rule_limit()]
        return out

    # ---- spending and returning ----

    def redeem(self) -> Tree:
        out: Tree = {}
        if self.chance(0.4):
            out["unit"] = str(self.pick(5, 10))
        if self.chance(0.4):
            out["minimum"] = str(self.pick(10, 20))
        if self.chance(0.4):
            out["maximum"] = self.pick({"points": "80"}, {"share_of_order": "50 %"}, {"points": "100", "share_of_order": "33.3 %"})
        if self.chance(0.6):
            out["reserve_for"] = self.pick("15 minutes", "1 hour", "2 days")
        if self.chance(0.5):
            out["restore"] = self.pick("original_expiry", {"grace": "30 days"}, {"grace": "1 month"})
        if self.chance(0.3):
            out["lifetime_at_least"] = str(self.pick(50, 200))
        if self.bonus and self.chance(0.3):
            out["wallet"] = "bonus"
        return out

    def returns(self) -> Tree:
        out: Tree = {}
        choices = {
            "clawback": ("line_exact", "proportional"), "policy": ("debt", "debt", "within_balance", "only_pending"),
            "tier_effect": ("never", "immediate", "end_of_day", "period_end"), "within": ("90 days", "14 days", "1 month", "1 year"),
            "later": ("refuse", "unlinked"),
        }  # fmt: skip
        for name, values in choices.items():
            if self.chance(0.6):
                out[name] = self.r.choice(values)
        return out


def versions(seed: int) -> list[Tree]:
    """The versions of one random programme: mostly one, sometimes two or three, sometimes none in force at first."""
    random = Random(f"programme {seed}")
    maker = Maker(random)
    out = [maker.programme()]
    while random.random() < 0.35 and len(out) < 3:
        out.append(next_version(maker, out[-1], len(out) + 1))
    if random.random() < 0.1:
        out[0]["effective_from"] = "2024-02-10"
    return out


def next_version(maker: Maker, before: Tree, number: int) -> Tree:
    """A later version: some sections drawn anew, some rules dropped, others added; wallets stay."""
    tree = deepcopy(before)
    tree["version"] = str(number)
    start = {2: ("2024-06-01", "2024-11-15T09:30:00+08:00", "2025-01-01"), 3: ("2025-06-01", "2025-03-09")}[number]
    tree["effective_from"] = maker.r.choice(start)
    fresh = maker.sections()
    for name in ("tiers", "lifecycle", "redeem", "returns", "order_amount"):
        if name in tree and name in fresh and maker.chance(0.4):
            tree[name] = fresh[name]
    if maker.chance(0.4):
        for name in tree["wallets"]:
            if name in fresh["wallets"] and name not in ("growth", "escrow"):
                tree["wallets"][name] = fresh["wallets"][name]
    for name in [n for n in tree["earn"] if maker.chance(0.2) and len(tree["earn"]) > 1]:
        if len(tree["earn"]) > 1:
            del tree["earn"][name]
    for name, rule in fresh["earn"].items():
        if maker.chance(0.3):
            tree["earn"][name] = rule
    tree["combine"] = maker.combine(tree["earn"])
    for limit in tree.get("limits", []):
        limit.pop("rules", None)
    return mended(tree)


def mended(tree: Tree) -> Tree:
    """The sections drawn one by one, made to go together: what a check refuses is drawn right."""
    maximum = tree.get("redeem", {}).get("maximum", {})
    if "share_of_order" in maximum:
        tree["wallets"][tree["redeem"].get("wallet", "points")].setdefault("unit_value", "0.01")
    if tree.get("order_amount", {}).get("tier_split") == "split" and set(tree.get("tiers", {}).get("metric", {})) != {"spend"}:
        del tree["order_amount"]["tier_split"]
    for group in tree["combine"].get("groups", {}).values():
        if group["choose"] == "by_priority":
            for priority, name in enumerate(group["members"], start=1):
                tree["earn"][name]["priority"] = str(priority)
    by_tier = [r for r in tree["earn"].values() if "rate" in r.get("points", {}) and reads(r.get("when"), "tier")]
    if len(by_tier) > 1:
        tree["combine"]["tier_and_base"] = "stack"
    if "lifecycle" not in tree:
        for rule in tree["earn"].values():
            if reads(rule.get("when"), "stage"):
                del rule["when"]
    for rule in tree["earn"].values():
        if reads(rule.get("when"), "stage"):
            known(rule["when"], sorted(n for n in tree["lifecycle"] if n != "precedence"))
    return tree


def reads(condition: Any, field: str) -> bool:
    """Whether a condition names a field, at any depth."""
    if isinstance(condition, dict):
        return field in condition or any(reads(v, field) for v in condition.values())
    return isinstance(condition, list) and any(reads(v, field) for v in condition)


def known(condition: Any, stages: list[str]) -> None:
    """Stages that the lifecycle lacks become its first one."""
    value = condition.get("stage")
    if isinstance(value, str) and value not in (*stages, "none"):
        condition["stage"] = stages[0]
    elif isinstance(value, dict) and value["ne"] not in stages:
        condition["stage"] = {"ne": stages[0]}


def texts(trees: list[Tree]) -> list[str]:
    return [write(t) for t in trees]
