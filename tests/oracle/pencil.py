"""Facts and programmes in short, for tests whose expected values come from a pencil."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from loyalty_streams.core.codes import Action, AttrKind, EntryKind, FactKind, LineKind, Reason
from loyalty_streams.core.facts import Attribute, Fact, Line
from tests.oracle.calendar import instant, wall
from tests.oracle.family import Event, Family, Merge, Pool, Unlink, Unmerge, Unpool, fold_family
from tests.oracle.oracle import Result, fold
from tests.oracle.programme import Timeline

SHANGHAI = ZoneInfo("Asia/Shanghai")
HEAD = "programme: pencil\nversion: 1\ntime_zone: Asia/Shanghai\ncurrency: CNY\n"
PLAIN = "wallets: {points: {}}\nearn:\n  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}\n"
RATE = "  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}\n"


def at(text: str) -> int:
    """An instant of the programme's wall clock: `2026-01-01`, `2026-01-01 10:00`, with seconds and microseconds
    where needed."""
    return instant(datetime.fromisoformat(text), SHANGHAI)


def order(key: str, when: str, yuan: float, *lines: Line, channel: str = "", store: str = "", about: str = "", points: int = 0) -> Fact:
    return Fact(
        FactKind.ORDER,
        "M",
        f"order/{key}",
        at(when),
        amount=round(yuan * 100),
        lines=lines,
        channel=channel,
        store=store,
        about=about,
        points=points,
    )


def line(
    no: int,
    yuan: float,
    sku: str = "",
    category: str = "",
    qty: int = 1,
    kind: LineKind = LineKind.GOODS,
    tax: float = 0,
) -> Line:
    return Line(no, round(yuan * 100), sku, category, qty, kind, round(tax * 100))


def back(key: str, when: str, of: str, yuan: float, *lines: Line) -> Fact:
    return Fact(
        FactKind.RETURN,
        "M",
        f"return/{key}",
        at(when),
        about=f"order/{of}" if of else "",
        amount=round(yuan * 100),
        lines=lines,
    )


def did(key: str, when: str, what: str, about: str = "", *attributes: Attribute) -> Fact:
    return Fact(FactKind.INTERACTION, "M", f"interaction/{key}", at(when), type=what, about=about, attributes=attributes)


def spend(kind: FactKind, key: str, when: str, points: int = 0, yuan: float = 0) -> Fact:
    return Fact(
        kind,
        "M",
        f"{kind.name.lower()}/{key}/{when}",
        at(when),
        about=f"redemption/{key}",
        points=points,
        amount=round(yuan * 100),
    )


def person(when: str, **what: int | str) -> Fact:
    kinds = {str: AttrKind.TEXT}
    values = tuple(
        Attribute(
            f"@{k}",
            kinds.get(type(x), AttrKind.INSTANT if k.endswith(("_at", "_since", "_until")) else AttrKind.FLAG),
            x,
        )
        for k, x in what.items()
    )
    return Fact(FactKind.PROFILE, "M", f"profile/{when}", at(when), attributes=values)


def adjust(when: str, points: int, action: Action = Action.ADD, **what: int | str) -> Fact:
    values = [Attribute("@action", AttrKind.FLAG, int(action))]
    values += [Attribute(f"@{k}", AttrKind.TEXT if isinstance(x, str) else AttrKind.INSTANT, x) for k, x in what.items()]
    return Fact(FactKind.ADJUSTMENT, "M", f"adjustment/{when}", at(when), points=points, attributes=tuple(values))


def run(body: str, *facts: Fact, until: str = "", versions: tuple[str, ...] = ()) -> Result:
    return fold([HEAD + body, *versions], facts, at(until) if until else max(f.at for f in facts))


def points(result: Result, account: str = "available", wallet: str = "points") -> int:
    return result.standing.totals[wallet][account]


def earned(result: Result) -> int:
    return points(result, "issued")


def refusals(result: Result) -> Counter[Reason]:
    return Counter(e.reason for e in result.entries if e.kind == EntryKind.REFUSED)


def tiers(result: Result) -> list[tuple[str, str, str]]:
    return [(wall(e.at, SHANGHAI).isoformat(sep=" "), e.left, e.entered) for e in result.entries if e.kind == EntryKind.TIER_CHANGED]


def expiries(result: Result) -> list[tuple[str, int]]:
    return [(wall(e.at, SHANGHAI).isoformat(sep=" "), -e.points) for e in result.entries if e.kind == EntryKind.EXPIRED]


def by(member: str, fact: Fact) -> Fact:
    """The fact under another identifier than M; its key is the member's own."""
    about = f"{fact.about}/{member}" if fact.about else ""
    return replace(fact, member=member, key=f"{fact.key}/{member}", about=about)


def late(fact: Fact, arrived: str) -> Fact:
    """The fact as it arrives at another time."""
    return replace(fact, arrived=at(arrived))


def opened(when: str, points: int, **what: int | str) -> Fact:
    values = tuple(Attribute(f"@{k}", AttrKind.TEXT if isinstance(x, str) else AttrKind.INSTANT, x) for k, x in what.items())
    return Fact(FactKind.OPENING, "M", f"opening/{when}/{points}", at(when), points=points, attributes=values)


def merged(gives_up: str, into: str, when: str) -> Merge:
    return Merge(at(when), f"identity/{gives_up}>{into}/{when}", gives_up, into)


def unmerged(gives_up: str, into: str, when: str) -> Unmerge:
    return Unmerge(at(when), f"identity/{gives_up}<{into}/{when}", gives_up, into)


def unlinked(identifier: str, member: str, when: str) -> Unlink:
    return Unlink(at(when), f"identity/{identifier}-{member}/{when}", identifier, member)


def pooled(member: str, pool: str, share: int, when: str) -> Pool:
    """`share` in hundredths of a percent."""
    return Pool(at(when), f"identity/{member}+{pool}/{when}", member, pool, share)


def unpooled(member: str, pool: str, when: str) -> Unpool:
    return Unpool(at(when), f"identity/{member}-{pool}/{when}", member, pool)


def together(body: str, *events: Event, until: str = "2026-12-01", versions: tuple[str, ...] = ()) -> Family:
    """Several identifiers under one programme."""
    return fold_family(Timeline([HEAD + body, *versions]), events, at(until))


def said(result: Result, *kinds: EntryKind) -> list[tuple[str, int]]:
    """The entries of some kinds, by name and points."""
    return [(e.kind.name.lower(), e.points) for e in result.entries if e.kind in kinds]
