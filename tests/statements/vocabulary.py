"""What members do in stories: one cell, one fact.

    order O1 100.00 channel=app store=S1 tax=5.75 points_used=2000 paid_with=R1 exchange=X1
    order O1: fruit 30.00 x2 sku=J-100, _ 20.00 kind=delivery tax=1.00       (a line: category, amount, quantity)
    return T1 of O1                    everything, line by line where the order has lines
    return T1 of O1 75.00              by money
    return T1 of O1: 2 x1, 3 x1 5.00   line 2, quantity 1, its share of the line's amount; line 3, quantity 1, 5.00
    exchange-return T1 of O1 exchange=X1        refund F1 50.00        cancel-order C1 of O1
    did review I1 about=O1 stars=5
    profile birthday=1990-05-20 tags=vip,new region=south customer_type=company status=blocked enrolled tier=gold tier_since=2025-06-01
    redeem R1 600 order=200.00 decision=granted      redeemed R1 600
    reserve R1 500        confirm R1        release R1        cancel R1
    adjust A1 100 wallet=points expires=2026-03-31 available=2026-02-01
    deduct A1 50 allow_negative        reinstate A1 expires=2026-03-01        set-tier A1 gold until=2026-06-01        extend A1 expires=2027-01-01
    opening A1 300 wallet=points expires=2026-06-30 available=2026-02-01
    give-up G1         the account is absorbed by another one, which does `take-over G1`;        end E1
    send T1 50         to the member who does `receive T1`; `take-back T1` where that was refused
    join G1 P 30%      a share of what the member earns is for pool P;        leave G1 P
    pooled C1          the account is given the oldest of what a pool was given and has not got yet

Every fact takes `arrived=`, or `happened=` where the row is its arrival, and `refuse=REASON` (what the road before the fold found wrong).
`M2: order …` is done by another member.
`quote` before a fact folds it and keeps nothing; `quote -` looks ahead to the row's instant and keeps nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from loyalty_streams.core.codes import Action, AttrKind, Direction, FactKind, LineKind, Move, Outcome, Reason, Status
from loyalty_streams.core.facts import Attribute, Fact, Line

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REDEMPTIONS = {
    "redeem": FactKind.REDEEM, "redeemed": FactKind.REDEEMED, "reserve": FactKind.RESERVE,
    "confirm": FactKind.CONFIRM, "release": FactKind.RELEASE, "cancel": FactKind.CANCEL,
}  # fmt: skip
ADJUSTMENTS = {
    "adjust": Action.ADD, "deduct": Action.DEDUCT, "reinstate": Action.REINSTATE, "set-tier": Action.SET_TIER, "extend": Action.EXTEND,
}  # fmt: skip
MOVES = {"give-up": Move.ABSORBED, "take-over": Move.ABSORBS, "end": Move.ENDS, "join": Move.JOINS, "leave": Move.LEAVES}
DIRECTIONS = {"send": Direction.OUT, "receive": Direction.IN, "take-back": Direction.BACK, "pooled": Direction.POOLS}


def instant(text: str, zone: ZoneInfo) -> int:
    """`2026-01-01`, `2026-01-01 10:00`, `2026-01-01T10:00:00.001+08:00` in microseconds; program time where it has no offset."""
    moment = datetime.fromisoformat(text.strip().replace(" ", "T"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return (moment - EPOCH) // timedelta(microseconds=1)


def minor(text: str, digits: int = 2) -> int:
    """An amount in major units as minor units; ValueError where it is finer than the currency."""
    value = Decimal(text).scaleb(digits)
    if value != value.to_integral_value():
        raise ValueError(f"{text!r} is finer than {digits} digits")
    return int(value)


@dataclass(frozen=True, slots=True)
class Deed:
    """A cell as read: the fact, or none for `-`; `quoted` deeds leave nothing behind."""

    member: str
    fact: Fact | None
    quoted: bool


@dataclass(slots=True)
class Scribe:
    """Writes facts from cells. It remembers orders, so that a return can take a share of a line."""

    zone: ZoneInfo
    digits: int = 2
    orders: dict[str, Fact] = field(default_factory=dict)

    def read(self, cell: str, at: int) -> Deed:
        member = "M1"
        if match := re.match(r"(M\d+): ", cell):
            member, cell = match[1], cell[match.end() :]
        quoted = cell.startswith("quote ")
        cell = cell.removeprefix("quote ").strip()
        if cell == "-":
            return Deed(member, None, quoted)
        head, _, tail = cell.partition(": ")
        words = [w for w in head.split() if "=" not in w]
        options = dict(w.split("=", 1) for w in head.split() if "=" in w)
        return Deed(member, self.fact(member, at, words, options, [x.split() for x in tail.split(",") if x.strip()]), quoted)

    def fact(self, member: str, at: int, words: list[str], options: dict[str, str], lines: list[list[str]]) -> Fact:
        verb = words[0]
        at, arrived = self.instant(options, "happened", at), self.instant(options, "arrived", at)
        common = _Common(member, at, arrived, Reason[options.pop("refuse", "NONE")])
        if verb == "order":
            fact = self.order(common, words, options, lines)
            self.orders[words[1]] = fact
        elif verb in ("return", "exchange-return", "cancel-order"):
            fact = self.giving_back(common, words, options, lines)
        elif verb == "refund":
            fact = common.fact(FactKind.RETURN, f"order/{words[1]}", amount=minor(words[2], self.digits), **self.places(options))
        elif verb == "did":
            about = options.pop("about", "")
            fact = common.fact(
                FactKind.INTERACTION, f"interaction/{words[2]}", type=words[1], about=f"order/{about}" if about else "",
                **self.places(options), attributes=tuple(_plain(k, v) for k, v in options.items()),
            )  # fmt: skip
            options = {}
        elif verb == "profile":
            fact = self.profile(common, words, options)
        elif verb in REDEMPTIONS:
            fact = self.redemption(common, words, options)
        elif verb in ADJUSTMENTS:
            fact = self.adjustment(common, words, options)
        elif verb == "opening":
            fact = common.fact(FactKind.OPENING, f"opening/{words[1]}", points=int(words[2]), attributes=tuple(self.terms(options)))
        elif verb in MOVES:
            fact = self.identity(common, words)
        elif verb in DIRECTIONS:
            fact = self.transfer(common, words)
        else:
            raise ValueError(f"nobody can {verb!r}")
        if options:
            raise ValueError(f"{verb} has no {sorted(options)}")
        return fact

    def instant(self, options: dict[str, str], name: str, default: int = -1) -> int:
        return instant(options.pop(name), self.zone) if name in options else default

    def places(self, options: dict[str, str]) -> dict[str, str]:
        return {name: options.pop(name) for name in ("channel", "store") if name in options}

    def order(self, common: _Common, words: list[str], options: dict[str, str], lines: list[list[str]]) -> Fact:
        sold = tuple(self.line(no, line) for no, line in enumerate(lines, 1))
        amount = minor(words[2], self.digits) if len(words) > 2 else sum(x.amount for x in sold)
        attributes = [Attribute("@exchange_id", AttrKind.TEXT, options.pop("exchange"))] if "exchange" in options else []
        if "tax" in options:
            attributes.append(Attribute("@tax_minor", AttrKind.FLAG, minor(options.pop("tax"), self.digits)))
        paid_with, points = options.pop("paid_with", ""), int(options.pop("points_used", 0))
        places = self.places(options)
        attributes += [_plain(k, options.pop(k)) for k in list(options)]
        return common.fact(
            FactKind.ORDER, f"order/{words[1]}", about=f"redemption/{paid_with}" if paid_with else "", amount=amount, points=points,
            lines=sold, attributes=tuple(attributes), **places,
        )  # fmt: skip

    def line(self, no: int, words: list[str]) -> Line:
        options = dict(w.split("=", 1) for w in words if "=" in w)
        category, amount, *rest = [w for w in words if "=" not in w]
        qty = int(rest[0].removeprefix("x")) if rest else 1
        return Line(
            no, minor(amount, self.digits), options.get("sku", ""), "" if category == "_" else category, qty,
            LineKind[options.get("kind", "goods").upper()], minor(options.get("tax", "0"), self.digits),
        )  # fmt: skip

    def giving_back(self, common: _Common, words: list[str], options: dict[str, str], lines: list[list[str]]) -> Fact:
        verb, own, of, name, *rest = words
        if of != "of":
            raise ValueError(f"{verb} T1 of O1, not {' '.join(words)}")
        kind = {"return": FactKind.RETURN, "exchange-return": FactKind.EXCHANGE_RETURN, "cancel-order": FactKind.CANCELLATION}[verb]
        order = self.orders.get(name)
        back = tuple(self.share(order, line) for line in lines)
        if rest:
            amount = minor(rest[0], self.digits)
        elif back or order is None:
            amount = sum(x.amount for x in back)
        else:
            back, amount = (order.lines if kind != FactKind.CANCELLATION else ()), order.amount
        attributes = (Attribute("@exchange_id", AttrKind.TEXT, options.pop("exchange")),) if "exchange" in options else ()
        return common.fact(kind, f"order/{own}", about=f"order/{name}", amount=amount, lines=back, attributes=attributes, **self.places(options))

    def share(self, order: Fact | None, words: list[str]) -> Line:
        """A line of a return: its number, `x` quantity, and the money, by default the quantity's share of the line."""
        no, qty = int(words[0]), int(words[1].removeprefix("x"))
        sold = next((x for x in order.lines if x.no == no), None) if order else None
        share = sold.amount * min(qty, sold.qty) // sold.qty if sold else 0
        amount = minor(words[2], self.digits) if len(words) > 2 else share
        return Line(no, amount, sold.sku if sold else "", sold.category if sold else "", qty, sold.kind if sold else LineKind.GOODS)

    def profile(self, common: _Common, words: list[str], options: dict[str, str]) -> Fact:
        attributes = []
        if "enrolled" in words or "enrolled" in options:
            attributes.append(Attribute("@enrolled_at", AttrKind.INSTANT, self.instant(options, "enrolled", common.at)))
        for name in list(options):
            text = options.pop(name)
            if name == "birthday":
                attributes.append(Attribute("@birthday", AttrKind.FLAG, int(text.replace("-", ""))))
            elif name == "tags":
                attributes += [Attribute("@tag", AttrKind.TEXT, tag) for tag in text.split(",")]
            elif name == "status":
                attributes.append(Attribute("@status", AttrKind.FLAG, Status[text.upper()]))
            elif name in ("region", "customer_type", "tier"):
                attributes.append(Attribute("@" + name, AttrKind.TEXT, text))
            elif name in ("tier_since", "tier_until"):
                attributes.append(Attribute("@" + name, AttrKind.INSTANT, instant(text, self.zone)))
            else:
                attributes.append(_plain(name, text))
        return common.fact(FactKind.PROFILE, f"profile/{common.member}/{common.at}", attributes=tuple(attributes))

    def identity(self, common: _Common, words: list[str]) -> Fact:
        """What befalls an account, or the pool that a member joins, with which share, or leaves."""
        verb, name, *rest = words
        flags = [Attribute("@move", AttrKind.FLAG, MOVES[verb])]
        flags += [Attribute("@share", AttrKind.FLAG, minor(share.removesuffix("%"))) for share in rest[1:]]
        return common.fact(FactKind.IDENTITY, f"identity/{name}", about=rest[0] if rest else "", attributes=tuple(flags))

    def transfer(self, common: _Common, words: list[str]) -> Fact:
        """One side of a transfer; what a pool is given has a key of its own."""
        verb, name, *rest = words
        key, way = f"transfer/{name}", (Attribute("@direction", AttrKind.FLAG, DIRECTIONS[verb]),)
        own = key if verb == "pooled" else f"{key}/{verb}"
        return common.fact(FactKind.TRANSFER, own, about=key, points=int(rest[0]) if rest else 0, attributes=way)

    def redemption(self, common: _Common, words: list[str], options: dict[str, str]) -> Fact:
        verb, name, *rest = words
        decision = options.pop("decision", "none")
        amount = minor(options.pop("order"), self.digits) if "order" in options else 0
        return common.fact(
            REDEMPTIONS[verb], f"redemption/{name}/{verb}", about=f"redemption/{name}", amount=amount, points=int(rest[0]) if rest else 0,
            outcome=Outcome[decision.upper()],
        )  # fmt: skip

    def adjustment(self, common: _Common, words: list[str], options: dict[str, str]) -> Fact:
        verb, name, *rest = words
        attributes = [Attribute("@action", AttrKind.FLAG, ADJUSTMENTS[verb])]
        if verb == "set-tier":
            attributes.append(Attribute("@tier", AttrKind.TEXT, rest.pop(0)))
        if "allow_negative" in rest:
            rest.remove("allow_negative")
            attributes.append(Attribute("@allow_negative", AttrKind.FLAG, 1))
        attributes += self.terms(options)
        return common.fact(FactKind.ADJUSTMENT, f"adjustment/{name}", points=int(rest[0]) if rest else 0, attributes=tuple(attributes))

    def terms(self, options: dict[str, str]) -> list[Attribute]:
        """The wallet and the dates that points by hand are given."""
        wallet = [Attribute("@wallet", AttrKind.TEXT, options.pop("wallet"))] if "wallet" in options else []
        dates = (("expires", "@expires_at"), ("available", "@available_at"), ("until", "@until"))
        return wallet + [Attribute(name, AttrKind.INSTANT, self.instant(options, word)) for word, name in dates if word in options]


@dataclass(frozen=True, slots=True)
class _Common:
    member: str
    at: int
    arrived: int
    refuse: Reason

    def fact(self, kind: FactKind, key: str, **fields: object) -> Fact:
        return Fact(kind, self.member, key, self.at, self.arrived, refuse=self.refuse, **fields)  # type: ignore[arg-type]


def _plain(name: str, text: str) -> Attribute:
    """An attribute of the retailer's own: a number, a date or a text by its form."""
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return Attribute(name, AttrKind.NUMBER, int(Decimal(text) * 1_000_000))
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return Attribute(name, AttrKind.DATE, (date.fromisoformat(text) - date(1970, 1, 1)).days)
    return Attribute(name, AttrKind.TEXT, text)
