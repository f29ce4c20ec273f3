"""Lines of a story as facts: what stands under `given` and `when` of a `*.spec.yaml`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from loyalty_streams.core.codes import Action, AttrKind, FactKind, LineKind, Outcome, Status
from loyalty_streams.core.facts import Attribute, Fact, Line
from loyalty_streams.programme.diagnostics import Diagnostic
from loyalty_streams.programme.nodes import Document, Mapping, Node, Sequence, Text
from loyalty_streams.programme.reading import Fault, describe, nearest, words
from loyalty_streams.programme.values import parse_instant, parse_money, parse_number

KINDS = {
    "order": FactKind.ORDER, "return": FactKind.RETURN, "cancellation": FactKind.CANCELLATION,
    "interaction": FactKind.INTERACTION, "redeem": FactKind.REDEEM, "redeemed": FactKind.REDEEMED,
    "reserve": FactKind.RESERVE, "confirm": FactKind.CONFIRM, "release": FactKind.RELEASE, "cancel": FactKind.CANCEL,
    "adjust": FactKind.ADJUSTMENT,
}  # fmt: skip
"""What can happen in a story, by the first key of its line; a line with none of these describes the member, or advances the clock."""
REDEMPTIONS = ("redeem", "redeemed", "reserve", "confirm", "release", "cancel")
MEMBER = (
    "tier",
    "tier_since",
    "tier_until",
    "tags",
    "birthday",
    "region",
    "customer_type",
    "status",
    "enrolled_at",
    "points",
)
ALLOWED: dict[str, tuple[str, ...]] = {
    "order": ("channel", "store", "amount", "tax", "lines", "points_used", "redemption", "attributes"),
    "return": ("amount", "lines", "exchange"),
    "cancellation": (),
    "interaction": ("order", "attributes"),
    **dict.fromkeys(REDEMPTIONS, ("points", "order_amount", "decision")),
    "adjust": ("allow_negative", "expires_at", "available_at", "wallet", "action", "tier", "until"),
    "": MEMBER,
}
LINE_KEYS = ("line", "amount", "sku", "category", "qty", "kind", "tax")


class Reader:
    """Reads nodes of one spec file; problems are collected and reading goes on with the next story."""

    def __init__(self, document: Document, zone: ZoneInfo, digits: int) -> None:
        self.document, self.zone, self.digits = document, zone, digits
        self.problems: list[Diagnostic] = []

    def report(self, code: str, message: str, node: Node, found: str = "", expected: str = "", hint: str = "") -> None:
        self.problems.append(self.document.diagnostic(code, message, node.mark, found, expected, hint))

    # ---- values ----

    def read(self, node: Node, parser: Callable[[str], Any], expected: str) -> Any:
        """A scalar by its parser; a problem is reported at its place, and stands as 0."""
        if not isinstance(node, Text):
            self.report("E-TYPE", "a single value is needed here", node, describe(node), expected)
            return 0
        try:
            return parser(node)
        except Fault as fault:
            self.report(fault.code, str(fault), node, fault.found, fault.expected, fault.hint)
        except (ValueError, KeyError):
            self.report("E-TYPE", "the value cannot be read", node, describe(node), expected)
        return 0

    def text(self, node: Node) -> str:
        return str(self.read(node, str, "a text") or "")

    def instant(self, node: Node) -> int:
        return int(self.read(node, lambda t: parse_instant(t, self.zone), "an instant with an offset, or a date"))

    def money(self, node: Node) -> int:
        return int(self.read(node, lambda t: parse_money(t, self.digits), "an amount such as `30.00`"))

    def number(self, node: Node) -> int:
        return int(self.read(node, parse_number, "a whole number"))

    def signed(self, node: Node) -> int:
        return int(self.read(node, lambda t: -parse_number(t[1:]) if t.startswith("-") else parse_number(t), "a whole number"))

    def date(self, node: Node) -> int:
        return int(self.read(node, lambda t: int(date.fromisoformat(t).strftime("%Y%m%d")), "a date such as `1990-05-20`"))

    def mapping(self, node: Node, known: tuple[str, ...]) -> Mapping:
        """The node as a mapping whose keys are all known."""
        if not isinstance(node, Mapping):
            self.report("E-TYPE", "a mapping is needed here", node, describe(node), "a mapping with " + words(known))
            return Mapping(node.mark)
        for key, _ in node.pairs():
            if key not in known:
                self.report("E-UNKNOWN-FIELD", f"unknown field `{key}`", key, f"`{key}`", words(known), nearest(key, known))
        return node

    def items(self, node: Node | None) -> list[Node]:
        if node is None:
            return []
        return list(node) if isinstance(node, Sequence) else [node]


class Facts:
    """Turns lines of `given` and `when` into facts; counts them, so that each has its own key."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.count = 0
        self.advances: list[int] = []

    def item(self, node: Node) -> list[Fact]:
        kind = next((str(k) for k in node if k in KINDS), "") if isinstance(node, Mapping) else ""
        if isinstance(node, Mapping) and "advance" in node:
            self.advances.append(self.reader.instant(self.reader.mapping(node, ("advance",))["advance"]))
            return []
        body = self.reader.mapping(node, (*([kind] if kind else []), "member", "at", *ALLOWED[kind]))
        if "at" not in body:
            if isinstance(node, Mapping):
                self.reader.report("E-MISSING", "nothing says when this happened", node, expected="`at: 2026-06-13T10:00+08:00`")
            return []
        self.count += 1
        at = self.reader.instant(body["at"])
        return self.profile(body, at) if not kind else [self.fact(kind, body, at)]

    def fact(self, kind: str, body: Mapping, at: int) -> Fact:
        r, name = self.reader, str(body[kind]) if isinstance(body[kind], Text) else ""
        plain = Fact(KINDS[kind], "", f"{kind}/{self.count:05}", at)
        if kind == "order":
            return self.order(plain, name, body)
        if kind == "return":
            lines = tuple(self.lines(body))
            exchange = "exchange" in body
            amount = r.money(body["amount"]) if "amount" in body else sum(x.amount for x in lines)
            return replace(
                plain,
                kind=FactKind.EXCHANGE_RETURN if exchange else FactKind.RETURN,
                about=_key("order", name),
                lines=lines,
                amount=amount,
            )
        if kind == "cancellation":
            return replace(plain, about=_key("order", name))
        if kind == "interaction":
            about = _key("order", r.text(body["order"])) if "order" in body else ""
            return replace(plain, type=name, about=about, attributes=tuple(self.attributes(body.get("attributes"))))
        if kind in REDEMPTIONS:
            decision = r.text(body["decision"]).upper() if "decision" in body else "NONE"
            outcome = Outcome[decision] if decision in Outcome.__members__ else Outcome.NONE
            return replace(
                plain, key=f"redemption/{name}/{kind}", about=_key("redemption", name), outcome=outcome,
                points=r.number(body["points"]) if "points" in body else 0,
                amount=r.money(body["order_amount"]) if "order_amount" in body else 0,
            )  # fmt: skip
        return self.points(plain, kind, body)

    def order(self, plain: Fact, name: str, body: Mapping) -> Fact:
        r = self.reader
        lines = tuple(self.lines(body))
        amount = r.money(body["amount"]) if "amount" in body else sum(x.amount for x in lines)
        if lines and amount != sum(x.amount for x in lines):
            r.report(
                "E-CONFLICT",
                "the lines do not add up to the amount",
                body["amount"],
                describe(body["amount"]),
                "the sum of the lines, or no `amount`",
            )
        attributes = list(self.attributes(body.get("attributes")))
        if "tax" in body:
            attributes.append(Attribute("@tax_minor", AttrKind.FLAG, r.money(body["tax"])))
        return replace(
            plain, key=_key("order", name), lines=lines, amount=amount, attributes=tuple(attributes),
            channel=r.text(body["channel"]) if "channel" in body else "", store=r.text(body["store"]) if "store" in body else "",
            points=r.number(body["points_used"]) if "points_used" in body else 0,
            about=_key("redemption", r.text(body["redemption"])) if "redemption" in body else "",
        )  # fmt: skip

    def lines(self, body: Mapping) -> list[Line]:
        r, out = self.reader, []
        for no, node in enumerate(r.items(body.get("lines")), 1):
            x = r.mapping(node, LINE_KEYS)
            kind = r.text(x["kind"]).upper() if "kind" in x else "GOODS"
            if kind not in LineKind.__members__:
                r.report(
                    "E-CHOICE",
                    "not a kind of line",
                    x["kind"],
                    describe(x["kind"]),
                    words(k.lower() for k in LineKind.__members__),
                )
                kind = "GOODS"
            out.append(Line(
                r.number(x["line"]) if "line" in x else no, r.money(x["amount"]) if "amount" in x else 0,
                r.text(x["sku"]) if "sku" in x else "", r.text(x["category"]) if "category" in x else "",
                r.number(x["qty"]) if "qty" in x else 1, LineKind[kind], r.money(x["tax"]) if "tax" in x else 0,
            ))  # fmt: skip
        return out

    def points(self, plain: Fact, kind: str, body: Mapping) -> Fact:
        """An adjustment; a negative one deducts."""
        r = self.reader
        points = r.signed(body[kind])
        out: list[Attribute] = []
        for name in ("expires_at", "available_at", "until"):
            if name in body:
                out.append(Attribute(f"@{name}", AttrKind.INSTANT, r.instant(body[name])))
        for name in ("wallet", "tier"):
            if name in body:
                out.append(Attribute(f"@{name}", AttrKind.TEXT, r.text(body[name])))
        action = r.text(body["action"]).upper() if "action" in body else "DEDUCT" if points < 0 else "ADD"
        if action not in Action.__members__:
            known = words(a.lower() for a in Action.__members__)
            r.report("E-CHOICE", "not an adjustment", body["action"], describe(body["action"]), known)
            action = "ADD"
        out.append(Attribute("@action", AttrKind.FLAG, int(Action[action])))
        if body.get("allow_negative") == "true":
            out.append(Attribute("@allow_negative", AttrKind.FLAG, 1))
        return replace(plain, points=abs(points), attributes=tuple(out))

    def profile(self, body: Mapping, at: int) -> list[Fact]:
        """A line about the member: a profile with what it names, and points given by hand where it names some."""
        r = self.reader
        out: list[Attribute] = []
        for name in ("tier", "region", "customer_type"):
            if name in body:
                out.append(Attribute(f"@{name}", AttrKind.TEXT, r.text(body[name])))
        out += [Attribute("@tag", AttrKind.TEXT, r.text(tag)) for tag in r.items(body.get("tags"))]
        if "birthday" in body:
            out.append(Attribute("@birthday", AttrKind.FLAG, r.date(body["birthday"])))
        if "status" in body:
            out.append(
                Attribute(
                    "@status",
                    AttrKind.FLAG,
                    int(r.read(body["status"], lambda t: Status[t.upper()], words(s.lower() for s in Status.__members__))),
                )
            )
        for name in ("tier_since", "tier_until", "enrolled_at"):
            if name in body:
                out.append(Attribute(f"@{name}", AttrKind.INSTANT, r.instant(body[name])))
        facts = [Fact(FactKind.PROFILE, "", f"profile/{self.count:05}", at, attributes=tuple(out))]
        for n, node in enumerate(r.items(body.get("points"))):
            key = f"given/{self.count:05}/{n}"
            if isinstance(node, Text):
                facts.append(Fact(FactKind.ADJUSTMENT, "", key, at, points=r.number(node)))
                continue
            lot = r.mapping(node, ("points", "earned_at", "available_at", "expires_at", "wallet"))
            given = [Attribute(f"@{k}", AttrKind.INSTANT, r.instant(lot[k])) for k in ("available_at", "expires_at") if k in lot]
            given += [Attribute("@wallet", AttrKind.TEXT, r.text(lot["wallet"]))] if "wallet" in lot else []
            earned = r.instant(lot["earned_at"]) if "earned_at" in lot else at
            facts.append(
                Fact(
                    FactKind.ADJUSTMENT,
                    "",
                    key,
                    earned,
                    points=r.number(lot["points"]) if "points" in lot else 0,
                    attributes=tuple(given),
                )
            )
        return facts

    def attributes(self, node: Node | None) -> list[Attribute]:
        if node is None:
            return []
        if not isinstance(node, Mapping):
            self.reader.report("E-TYPE", "attributes are a mapping", node, describe(node), "`{stars: 5}`")
            return []
        return [_attribute(str(key), value, self.reader) for key, value in node.pairs()]


def _attribute(name: str, node: Node, reader: Reader) -> Attribute:
    """An attribute read as conditions read their values: number, date, instant, truth value, else text."""
    text = reader.text(node)
    if isinstance(node, Text) and not node.quoted:
        if re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", text, re.ASCII):
            return Attribute(name, AttrKind.NUMBER, int(Fraction(text) * 1_000_000))
        if text in ("true", "false"):
            return Attribute(name, AttrKind.FLAG, int(text == "true"))
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            return Attribute(name, AttrKind.DATE, (date.fromisoformat(text) - date(1970, 1, 1)).days)
        if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T", text, re.ASCII):
            return Attribute(name, AttrKind.INSTANT, reader.instant(node))
    return Attribute(name, AttrKind.TEXT, text)


def _key(kind: str, name: str) -> str:
    return f"{kind}/{name}"
