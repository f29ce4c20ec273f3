"""A small shop for the tests of the host: a programme in which everything has a date, facts by hand, and a store to bring them to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from loyalty_streams.core.codes import FactKind
from loyalty_streams.core.facts import Fact, Line
from loyalty_streams.history import FactBatch, ReadOptions
from loyalty_streams.history.batch import of_facts
from loyalty_streams.history.write import write_history
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.ingest import IngestResult, ingest

PROGRAMME = """
programme: small-shop
version: 1
time_zone: UTC
currency: USD
wallets:
  points: {pending: {for: 3 days}, expires: {after: 2 months}, remind: [10 days]}
earn:
  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
  check-in: {on: {interaction: check-in}, points: {fixed: 5}, limits: {times: 1, per: day}}
redeem: {unit: 1, minimum: 10, reserve_for: 15 minutes}
tiers:
  metric: {spend: {window: 2 months}}
  ladder: {base: 0, silver: 200.00, gold: 500.00}
lifecycle:
  active: {last_order_within: 20 days}
  dormant: {idle: 20 days}
  churned: {idle: 60 days}
  precedence: [churned, dormant, active]
"""
DAY, HOUR, MINUTE = 86_400_000_000, 3_600_000_000, 60_000_000


def at(text: str) -> int:
    """Microseconds of a UTC time such as `2026-01-05 10:00`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def order(key: str, member: str, when: str | int, cents: int, **more: object) -> Fact:
    moment = when if isinstance(when, int) else at(when)
    return replace(Fact(FactKind.ORDER, member, f"order/{key}", moment, amount=cents, lines=(Line(1, cents),)), **more)


def come_back(key: str, of: str, member: str, when: str, cents: int) -> Fact:
    return Fact(FactKind.RETURN, member, f"order/{key}", at(when), about=f"order/{of}", amount=cents, lines=(Line(1, cents),))


def ask(kind: FactKind, name: str, member: str, when: str | int, points: int = 0) -> Fact:
    moment = when if isinstance(when, int) else at(when)
    return Fact(kind, member, f"redemption/{name}/{kind.name.lower()}", moment, about=f"redemption/{name}", points=points)


def check_in(key: str, member: str, when: int) -> Fact:
    return Fact(FactKind.INTERACTION, member, f"interaction/{key}", when, type="check-in")


def programme(folder: Path, more: str = "") -> Path:
    """The programme as a file, with more sections."""
    path = folder / "small-shop.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PROGRAMME + more, "utf-8")
    return path


def open_store(folder: Path, more: str = "", clock: str | None = None) -> Store:
    """The store of a folder, made if need be, under the programme with more sections. `clock`: what the machine's clock says."""
    told = None if clock is None else lambda: at(clock)
    return Store.open(folder / "store", programme=programme(folder, more), create=True, clock=told)


def batch_of(*facts: Fact, revisions: Sequence[int] = ()) -> FactBatch:
    return of_facts(facts, revisions)


def bring(store: Store, *facts: Fact, size: int = 50_000, revisions: Sequence[int] = ()) -> dict[str, int]:
    """Facts in order of arrival, in batches of a size. -> counts by disposition"""
    ends: dict[str, int] = {}
    whole = batch_of(*facts, revisions=revisions)
    for first in range(0, len(whole), size):
        writes = store.take(whole.slice(first, min(first + size, len(whole))))
        for end, n in writes.dispositions.items():
            ends[end.name.lower()] = ends.get(end.name.lower(), 0) + n
    return ends


def codes(store: Store) -> list[str]:
    return [letter.code for _, letter in store.letters()]


def contents(store: Store) -> dict[str, list[tuple[bytes, bytes]]]:
    """What a store holds of members and keys, however its facts were batched: heads, key rows, and each member's entries and facts in order."""
    from loyalty_streams.agents.rows import join_segments

    found: dict[str, list[tuple[bytes, bytes]]] = {name: list(store.rocks.scan(name)) for name in ("heads", "keys")}
    found["ledger"], found["facts"] = [], []
    for name, _ in store.rocks.scan("heads"):
        rows = join_segments([list(store.segments(name))])
        found["ledger"].append((name, rows.entries.tobytes()))
        found["facts"].append((name, b"".join(c.tobytes() for c in rows.columns) + rows.keys.data + rows.abouts.data))
    return found


def a_year(seed: int, members: int = 12, facts: int = 400) -> list[Fact]:
    """Orders, returns, check-ins and redemptions of a few members over some months, in order of time."""
    random = Random(seed)
    now = at("2026-01-01 08:00")
    out: list[Fact] = []
    bought: list[Fact] = []
    for n in range(facts):
        now += random.randrange(1, 12 * 60) * MINUTE
        member = f"M{random.randrange(members)}"
        chosen = random.random()
        mine = [o for o in bought if o.member == member]
        if chosen < 0.6 or not mine:
            fact = order(f"O{n}", member, now, random.randrange(100, 20_000))
            bought.append(fact)
        elif chosen < 0.7:
            given = mine.pop()
            bought.remove(given)
            fact = Fact(FactKind.RETURN, member, f"order/R{n}", now, about=given.key, amount=given.amount, lines=given.lines)
        elif chosen < 0.85:
            fact = check_in(f"C{n}", member, now)
        elif chosen < 0.95:
            fact = ask(FactKind.REDEEM, f"D{n}", member, now, random.randrange(1, 120))
        else:
            fact = ask(FactKind.RESERVE, f"V{n}", member, now, random.randrange(10, 60))
            out.append(fact)
            now += random.randrange(1, 25) * MINUTE
            fact = ask(random.choice((FactKind.CONFIRM, FactKind.RELEASE)), f"V{n}", member, now)
        out.append(fact)
    return out


def history(folder: Path, facts: Sequence[Fact]) -> Path:
    write_history(folder, facts, "USD", arrivals=False)
    return folder


def read_in(store: Store, path: Path, **how: object) -> IngestResult:
    return ingest(store, [path], replace(ReadOptions("USD", 2, newest_arrived=store.clocks.newest_arrived), **how))


