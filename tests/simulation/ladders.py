"""Random tiers and stages: every metric, window, check and way down."""

from __future__ import annotations

from typing import Any

from tests.simulation.vocabulary import CURRENCIES, TIERS, Draws, Tree


class Ladders(Draws):
    """Draws the sections `tiers` and `lifecycle`."""

    def tiers(self) -> Tree:
        out: Tree = {}
        if self.chance(0.2):
            out["any_of"] = {"at_least": str(self.pick(1, 2)), "metrics": {"spend": self.window(), "orders": self.window(), "lifetime_spend": {}}}
            out["ladder"] = {"base": "0"}
            for k, tier in enumerate(TIERS[1:], start=1):
                out["ladder"][tier] = {"spend": self.need(k), "orders": str(3 * k), "lifetime_spend": self.need(k + 1)}
            if self.chance(0.3):
                del out["ladder"]["top"]["lifetime_spend"]
        else:
            name, metric, money = self.metric()
            out["metric"] = {name: metric}
            step = self.pick(1, 2)
            out["ladder"] = {
                t: (self.need(k * step) if money else str({"orders": 2, "growth": 60}.get(name, 40) * k * step)) for k, t in enumerate(TIERS)
            }
            if money and self.chance(0.2):
                ladder = {"base": "0", "partner": self.need(2)}
                out["ladders"] = [{"when": self.pick({"customer_type": "company"}, {"region": "south"}, {"tags": "vip"}), "ladder": ladder}]
        if self.chance(0.25):
            out["exclude"] = [{"category": "gift-card"}]
        if self.chance(0.6):
            out["downgrade"] = self.downgrade()
            if out["downgrade"]["check"] != "window" and self.chance(0.5):
                out["notice_before"] = self.pick("30 days", "1 month", "7 days")
        if self.chance(0.5):
            out["on_rule_change"] = self.pick("lazy", "upgrade_only", "full")
        if self.chance(0.4):
            out["gifts"] = self.pick("target_only", "all_passed")
        return out

    def metric(self) -> tuple[str, Any, bool]:
        draw = self.r.random()
        if draw < 0.45:
            return "spend", self.window(), True
        if draw < 0.6:
            return "orders", self.window(), False
        if draw < 0.7:
            return "lifetime_spend", {}, True
        if draw < 0.8:
            return "balance", "points", False
        return ("growth" if self.growth else "points"), self.window(), False

    def need(self, k: int) -> str:
        digits = CURRENCIES[self.currency]
        return f"{100 * k:.{digits}f}"

    def window(self) -> Tree:
        periods = ["calendar_month", "calendar_quarter", "calendar_half_year", "calendar_year", {"since": "tier_change"}]
        return {"window": self.r.choice(["12 months", "6 months", "1 month", "1 year", "3 months", *periods])}

    def downgrade(self) -> Tree:
        check = self.pick(
            "window", "tier_anniversary", "tier_anniversary", "join_anniversary", "calendar_year", {"attribute": "joined"}, {"attribute": "joined"}
        )
        out: Tree = {"check": check}
        if check == "window":
            return out
        if check == "tier_anniversary" and self.chance(0.7):
            out["keep_for"] = self.pick("1 year", "6 months", "1 month", "100 days")
        if self.chance(0.6):
            out["to"] = self.pick("metrics", "one_down", "base")
        if self.chance(0.3):
            out["grace"] = self.pick("30 days", "1 month")
        if self.chance(0.3):
            out["minimum_stay"] = self.pick("90 days", "2 months")
        if self.chance(0.25):
            out["reset"] = self.pick("points", "growth") if self.growth else "points"
        return out

    def lifecycle(self) -> Tree:
        stages: Tree = {
            "new": {"first_order_within": self.pick("30 days", "10 days")},
            "active": {"last_order_within": "60 days", "orders_at_least": "1"},
            "mature": {"last_order_within": "60 days", "orders_at_least": "3"},
            "at_risk": {"idle": "60 days"},
            "dormant": {"idle": "90 days"},
            "churned": {"idle": "180 days"},
        }
        names = self.r.sample(sorted(stages), self.r.randint(2, 6))
        return {
            **{n: stages[n] for n in names},
            "precedence": [n for n in ("churned", "dormant", "at_risk", "mature", "new", "active") if n in names],
        }
