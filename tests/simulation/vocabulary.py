"""The words of random programmes and histories, how a programme is written out, and how its parts are drawn."""

from __future__ import annotations

from random import Random
from typing import Any

Tree = dict[str, Any]

ZONES = (
    "Asia/Shanghai",
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Pacific/Auckland",
    "America/Havana",
    "Asia/Beirut",
    "Australia/Lord_Howe",
)
CURRENCIES = {"CNY": 2, "USD": 2, "JPY": 0, "KWD": 3}
CHANNELS, STORES, CATEGORIES, SKUS = ("app", "pos", "mini-programme"), ("S1", "S2", "S3"), ("fruit", "dairy", "gift-card"), ("A", "B", "C", "D")
INTERACTIONS, REGIONS, TYPES, TAGS = ("check-in", "review", "delivered"), ("north", "south"), ("person", "company"), ("vip", "staff")
STATUSES = ("active", "suspended", "blocked", "closed", "imported")
TIERS = ("base", "silver", "gold", "top")
PERIODS = ("day", "week", "month", "quarter", "half_year", "year")
SPANS = ("1 day", "3 days", "14 days", "5 calendar days", "2 weeks", "1 month", "3 months", "6 months", "1 year", "36 hours")
LIVES = ("30 days", "1 month", "3 months", "12 months", "1 year", "45 calendar days", "end of month", "end of quarter")


def write(tree: Tree) -> str:
    """One line a top-level field, everything inside in flow style."""
    return "".join(f"{key}: {flow(value)}\n" for key, value in tree.items())


def flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    return str(value)


class Draws:
    """What every part of a random programme is drawn with."""

    growth = bonus = escrow = tiered = staged = False

    def __init__(self, random: Random) -> None:
        self.r = random
        self.currency = random.choice(tuple(CURRENCIES))

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def pick(self, *values: Any) -> Any:
        return self.r.choice(values)

    def money(self, *minor: int) -> str:
        """An amount of about so many hundredths, as text of the currency."""
        digits, hundredths = CURRENCIES[self.currency], self.r.choice(minor)
        return f"{hundredths / 100:.{digits}f}" if digits else str(max(hundredths // 100, 1))
