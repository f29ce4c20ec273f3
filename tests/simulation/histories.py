"""Random histories of one member: facts of all kinds, many of them at instants where something changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from loyalty_streams.core.codes import DAY, Action, AttrKind, FactKind, LineKind, Outcome, Status
from loyalty_streams.core.facts import Attribute, Fact, Line
from tests.oracle.calendar import Span, add_months, end_of, instant, local_date, midnight, shift, span
from tests.oracle.oracle import fact_order
from tests.simulation.vocabulary import (
    CATEGORIES,
    CHANNELS,
    CURRENCIES,
    INTERACTIONS,
    PERIODS,
    REGIONS,
    SKUS,
    STORES,
    TAGS,
    TIERS,
    TYPES,
    Tree,
)

KINDS = {"order": 40, "return": 16, "interaction": 12, "profile": 7, "redemption": 17, "adjustment": 8}
MINUTE = 60_000_000


class Teller:
    """Tells one history for the versions of one programme."""

    def __init__(self, random: Random, trees: list[Tree]) -> None:
        self.r, self.trees = random, trees
        self.zone = ZoneInfo(trees[0]["time_zone"])
        self.digits = CURRENCIES[trees[0]["currency"]]
        self.facts: list[Fact] = []
        self.now = instant(datetime(2024, 1, 1) + timedelta(days=random.randint(0, 60), minutes=random.randint(0, 1439)), self.zone)
        self.orders: list[Fact] = []
        self.held: list[tuple[str, int, int]] = []
        self.spans = sorted({*self.spans_of(trees), *(Span(months=m) for m in (1, 12))}, key=str)

    def spans_of(self, node: Any) -> set[Span]:
        """Every length of time that the programme names: edges lie there."""
        if isinstance(node, dict):
            return {s for v in node.values() for s in self.spans_of(v)}
        if isinstance(node, list):
            return {s for v in node for s in self.spans_of(v)}
        try:
            return {span(str(node))}
        except (ValueError, KeyError):
            return set()

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def pick(self, *values: Any) -> Any:
        return self.r.choice(values)

    # ---- when ----

    def step(self) -> None:
        """The next instant: the same one, soon, some days on, or an edge."""
        draw = self.r.random()
        if draw < 0.08:
            return
        if draw < 0.42:
            edge = self.edge()
            if self.now <= edge < self.now + 500 * DAY:
                self.now = edge
                return
        minutes = self.pick(1, 7, 15, 60, 600, 1440, 3 * 1440, 10 * 1440, 33 * 1440, 70 * 1440)
        self.now += self.r.randint(1, minutes) * MINUTE + (self.r.randint(0, 999_999) if self.chance(0.1) else 0)

    def edge(self) -> int:
        """An instant at which something may change, or one microsecond beside it."""
        origin = self.r.choice(self.facts).at if self.facts else self.now
        draw = self.r.random()
        if draw < 0.55:
            by = self.r.choice(self.spans)
            t = shift(origin, by, self.zone)
            if self.chance(0.2):
                t = shift(t, self.r.choice(self.spans), self.zone)
            if self.chance(0.25):
                t = end_of(self.pick(*PERIODS), t, self.zone)
        elif draw < 0.75:
            t = end_of(self.pick(*PERIODS), self.now, self.zone)
        elif draw < 0.9:
            today = local_date(self.now, self.zone)
            last = add_months(today.replace(day=1), 1) - timedelta(days=self.r.randint(0, 3))
            t = instant(datetime(last.year, last.month, last.day, self.pick(0, 1, 2, 10, 23), self.pick(0, 30, 59)), self.zone)
        else:
            starts = [v["effective_from"] for v in self.trees if "effective_from" in v]
            t = midnight(datetime.fromisoformat(self.r.choice(starts)).date(), self.zone) if starts else self.now + DAY
        return t + self.pick(0, 0, 0, 0, 1, -1)

    # ---- what ----

    def tell(self, n: int) -> list[Fact]:
        if self.chance(0.6):
            self.add(self.profile(first=True))
        while len(self.facts) < n:
            self.step()
            kind = self.r.choices(list(KINDS), list(KINDS.values()))[0]
            for fact in getattr(self, kind if kind != "return" else "returned")():
                self.add(fact)
        return sorted(self.facts, key=fact_order)

    def add(self, fact: Any) -> None:
        for one in fact if isinstance(fact, list) else [fact]:
            late = self.r.randint(1, 60) * 1440 * MINUTE if self.chance(0.05) else self.r.randint(0, 120) * MINUTE if self.chance(0.1) else 0
            self.facts.append(replace(one, arrived=one.at + late) if late else one)

    def fact(self, kind: FactKind, key: str, **what: Any) -> Fact:
        return Fact(kind, "M", key, self.now, **what)

    def money(self) -> int:
        """Minor units: small, round, or just beside a threshold."""
        unit = 10**self.digits
        whole = self.pick(1, 3, 9, 20, 33, 50, 99, 100, 101, 120, 200, 250) * unit
        return int(max(whole + (self.pick(-1, 0, 1, 33, 99) if self.digits else 0), 1))

    # ---- orders and returns ----

    def lines(self) -> tuple[Line, ...]:
        out = []
        for no in self.r.sample(range(1, 7), self.r.randint(1, 4)):
            kind = self.r.choices(list(LineKind), [80, 8, 6, 6])[0]
            amount = 0 if kind == LineKind.REWARD else max(self.money() // self.pick(1, 2, 3), 1)
            tax = amount * 13 // 113 if self.chance(0.3) else 0
            out.append(Line(no, amount, self.pick(*SKUS, ""), self.pick(*CATEGORIES, ""), self.pick(1, 1, 2, 3, 7), kind, tax))
        return tuple(out)

    def order(self) -> list[Fact]:
        lines = self.lines() if self.chance(0.7) else ()
        amount = sum(x.amount for x in lines) if lines else self.money()
        attributes = []
        if self.chance(0.15):
            attributes.append(Attribute("@tax_minor", AttrKind.FLAG, amount * 13 // 113))
        if self.chance(0.3):
            attributes.append(Attribute("tender", AttrKind.TEXT, self.pick("cash", "card")))
        paid: dict[str, Any] = {}
        if self.held and self.chance(0.3):
            key, points, _ = self.r.choice(self.held)
            paid = {"about": key, "points": points if self.chance(0.85) else self.pick(0, 5)}
        elif self.chance(0.1):
            paid = {"points": self.pick(5, 50, 1000)}
        fact = self.fact(
            FactKind.ORDER, f"order/{len(self.facts)}", amount=amount, lines=lines, attributes=tuple(attributes),
            channel=self.pick(*CHANNELS, ""), store=self.pick(*STORES, ""), **paid,
        )  # fmt: skip
        self.orders.append(fact)
        return [fact]

    def returned(self) -> list[Fact]:
        key, draw = f"return/{len(self.facts)}", self.r.random()
        if not self.orders or draw < 0.08:
            lines = self.lines() if self.chance(0.4) else ()
            amount = sum(x.amount for x in lines) if lines else self.money()
            return [self.fact(FactKind.RETURN, key, amount=amount, lines=lines, channel=self.pick(*CHANNELS))]
        if draw < 0.12:
            return [self.fact(FactKind.RETURN, key, amount=100, about="order/unknown")]
        of = self.r.choice(self.orders[-4:] if self.chance(0.8) else self.orders)
        if draw < 0.2:
            return [self.fact(FactKind.CANCELLATION, key, about=of.key, amount=of.amount)]
        if draw < 0.5 or not of.lines:
            amount = self.pick(of.amount, of.amount // 2, of.amount // 3, of.amount + 1, 1)
            return [self.fact(FactKind.RETURN, key, about=of.key, amount=max(amount, 1), lines=self.whole_line(of, amount))]
        lines = tuple(self.line_back(x) for x in self.r.sample(of.lines, self.r.randint(1, len(of.lines))))
        if self.chance(0.05):
            lines += (Line(9, 50, qty=1),)
        fact = self.fact(FactKind.RETURN, key, about=of.key, amount=sum(x.amount for x in lines), lines=lines)
        if self.chance(0.15) and of.at < self.now:
            return [replace(fact, kind=FactKind.EXCHANGE_RETURN), *self.order()]
        return [fact]

    def whole_line(self, of: Fact, amount: int) -> tuple[Line, ...]:
        """An order without lines is one line; its return may name it."""
        return (Line(1, min(amount, of.amount), qty=self.pick(0, 1)),) if not of.lines and self.chance(0.3) else ()

    def line_back(self, line: Line) -> Line:
        qty = self.pick(line.qty, line.qty, 1, self.r.randint(1, line.qty), 0, line.qty + 1)
        amount = line.amount * qty // line.qty if qty else line.amount // self.pick(2, 3)
        return replace(line, qty=qty, amount=amount, tax=0)

    # ---- interactions and profiles ----

    def interaction(self) -> list[Fact]:
        values = []
        if self.chance(0.6):
            values.append(Attribute("stars", AttrKind.NUMBER, self.pick(2, 3, 4, 5) * 1_000_000))
        if self.chance(0.3):
            values.append(Attribute("verified", AttrKind.FLAG, self.pick(0, 1)))
        if self.chance(0.3):
            values.append(Attribute("mood", AttrKind.TEXT, self.pick("good", "fine", "bad")))
        if self.chance(0.2):
            values.append(Attribute("day", AttrKind.DATE, self.r.randint(19_700, 20_300)))
        about = self.r.choice(self.orders).key if self.orders and self.chance(0.5) else ""
        return [
            self.fact(FactKind.INTERACTION, f"interaction/{len(self.facts)}", type=self.pick(*INTERACTIONS), about=about, attributes=tuple(values))
        ]

    def profile(self, first: bool = False) -> list[Fact]:
        values = []
        if (first and self.chance(0.7)) or self.chance(0.1):
            values.append(Attribute("@enrolled_at", AttrKind.INSTANT, self.now))
        if self.chance(0.5):
            values.append(Attribute("@birthday", AttrKind.FLAG, self.birthday()))
        values += [Attribute("@tag", AttrKind.TEXT, t) for t in self.r.sample(TAGS, self.r.randint(0, 2))]
        if self.chance(0.4):
            values.append(Attribute("@region", AttrKind.TEXT, self.pick(*REGIONS)))
        if self.chance(0.4):
            values.append(Attribute("@customer_type", AttrKind.TEXT, self.pick(*TYPES)))
        if self.chance(0.3):
            values.append(Attribute("@status", AttrKind.FLAG, int(self.r.choices(list(Status), [70, 8, 8, 4, 10])[0])))
        if self.chance(0.45):
            values.append(Attribute("joined", AttrKind.DATE, self.r.randint(18_000, 19_900)))
        if self.chance(0.12):
            values.append(Attribute("@tier", AttrKind.TEXT, self.pick(*TIERS)))
            if self.chance(0.5):
                values.append(Attribute("@tier_since", AttrKind.INSTANT, self.now - self.r.randint(0, 20) * DAY))
            if self.chance(0.3):
                values.append(Attribute("@tier_until", AttrKind.INSTANT, self.now + self.r.randint(1, 200) * DAY))
        return [self.fact(FactKind.PROFILE, f"profile/{len(self.facts)}", attributes=tuple(values))]

    def birthday(self) -> int:
        if self.chance(0.15):
            return 19960229
        near = local_date(self.now + self.r.randint(-5, 40) * DAY, self.zone)
        return 19900000 + near.month * 100 + min(near.day, 28)

    # ---- redemptions and adjustments ----

    def redemption(self) -> list[Fact]:
        if self.held and self.chance(0.55):
            return [self.decision()]
        n, points = len(self.facts), self.pick(1, 5, 10, 20, 50, 100, 15, 0)
        kind = self.r.choices([FactKind.REDEEM, FactKind.RESERVE, FactKind.REDEEMED], [40, 45, 15])[0]
        if kind == FactKind.REDEEMED:
            points = max(points, 1)
        outcome = Outcome.NONE
        if self.chance(0.12):
            outcome = self.pick(Outcome.GRANTED, Outcome.REFUSED)
            points = max(points, 1)
        amount = self.money() if self.chance(0.5) else 0
        self.held.append((f"redemption/{n}", points, self.now))
        asked = self.fact(kind, f"{kind.name.lower()}/{n}", about=f"redemption/{n}", points=points, amount=amount, outcome=outcome)
        if kind == FactKind.RESERVE and self.chance(0.4):
            return [asked, self.soon(f"redemption/{n}")]
        return [asked]

    def soon(self, key: str) -> Fact:
        """A reservation ended before its time is up."""
        self.now += self.pick(0, 1, MINUTE, 5 * MINUTE)
        kind = self.pick(FactKind.CONFIRM, FactKind.CONFIRM, FactKind.CONFIRM, FactKind.RELEASE, FactKind.CANCEL)
        return self.fact(kind, f"{kind.name.lower()}/{len(self.facts)}/soon", about=key)

    def decision(self) -> Fact:
        """Confirmed, released or cancelled, often near the time-out."""
        key, _, at = self.r.choice(self.held[-3:])
        if self.chance(0.5):
            limits = [span(v.get("redeem", {}).get("reserve_for", "15 minutes")).exact for v in self.trees]
            self.now = max(self.now, at + self.r.choice(limits) + self.pick(-1, 0, 1))
        kind = self.pick(FactKind.CONFIRM, FactKind.CONFIRM, FactKind.RELEASE, FactKind.CANCEL, FactKind.CANCEL)
        about = key if self.chance(0.95) else "redemption/unknown"
        return self.fact(kind, f"{kind.name.lower()}/{len(self.facts)}", about=about)

    def adjustment(self) -> list[Fact]:
        action = self.r.choices([Action.ADD, Action.DEDUCT, Action.REINSTATE, Action.SET_TIER, Action.EXTEND], [35, 25, 15, 15, 10])[0]
        values = [Attribute("@action", AttrKind.FLAG, int(action))]
        wallets = [w for w in self.trees[0]["wallets"]]
        if self.chance(0.3):
            values.append(Attribute("@wallet", AttrKind.TEXT, self.pick(*wallets)))
        later = self.now + self.r.randint(1, 200) * DAY
        if action in (Action.REINSTATE, Action.EXTEND) or (action == Action.ADD and self.chance(0.4)):
            values.append(Attribute("@expires_at", AttrKind.INSTANT, later))
        if action == Action.ADD and self.chance(0.3):
            values.append(Attribute("@available_at", AttrKind.INSTANT, self.now + self.r.randint(0, 20) * DAY))
        if action == Action.DEDUCT and self.chance(0.5):
            values.append(Attribute("@allow_negative", AttrKind.FLAG, 1))
        if action == Action.SET_TIER:
            values.append(Attribute("@tier", AttrKind.TEXT, self.pick(*TIERS)))
            if self.chance(0.6):
                values.append(Attribute("@until", AttrKind.INSTANT, later))
        points = self.pick(1, 10, 30, 100) if action in (Action.ADD, Action.DEDUCT) else 0
        return [self.fact(FactKind.ADJUSTMENT, f"adjustment/{len(self.facts)}", points=points, attributes=tuple(values))]


def history(seed: int, trees: list[Tree]) -> tuple[list[Fact], int]:
    """The facts of one member in order, and the instant to which the member is advanced."""
    random = Random(f"history {seed}")
    teller = Teller(random, trees)
    facts = teller.tell(random.choice((4, 8, 12, 20, 30)))
    teller.step()
    until = max(f.at for f in facts) + random.choice((0, 30, 200, 800)) * DAY
    return facts, random.choice((until, max(teller.now, facts[-1].at)))
