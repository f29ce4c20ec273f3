"""Somebody to be erased: what she did, what names her, and where to look for it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from loyalty_streams.core.codes import AttrKind, EntryKind, FactKind
from loyalty_streams.core.facts import Attribute, Fact
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.past import blocks
from tests.hosts.shop import at, order
from tests.hosts.test_merges import merge
from tests.hosts.test_receipts import claim, kept
from tests.hosts.test_transfers import transfer

NOON = "2026-02-10 12:00"
PHONE = "phone:" + "5f" * 16
SECRETS = ("eva-77", "card:4711", PHONE, "receipt:88", "Gartenweg", "Tulpenfee")


def erase(name: str, when: str) -> Fact:
    return Fact(FactKind.IDENTITY, name, f"identity/{name}/{at(when)}/erase/0", at(when), type="erase")


def profile(name: str, when: str, *attributes: Attribute) -> Fact:
    return Fact(FactKind.PROFILE, name, f"profile/{name}/{at(when)}", at(when), attributes=attributes)


def linked(name: str, identifier: str, when: str) -> Fact:
    return merge(f"{name}/{at(when)}/link/{identifier}", identifier, name, when, "link")


def text(name: str, value: str) -> Attribute:
    return Attribute(name, AttrKind.TEXT, value)


def her_year() -> tuple[Fact, ...]:
    """100 with the card, 50 as herself, 20 without either, claimed; a phone without a purchase; Max has 30, and the same favourite as she."""
    return (
        order("O1", "card:4711", "2026-01-05 10:00", 10_000),
        profile("eva-77", "2026-01-06 09:00", text("street", "Gartenweg"), text("nickname", "Tulpenfee"), text("favourite", "Roses")),
        order("O2", "eva-77", "2026-01-06 10:00", 5_000), replace(kept("O3", "88", "2026-01-07 10:00", 2_000), attributes=(text("receipt", "88"),)),
        profile("max", "2026-01-07 11:00", text("favourite", "Roses")), order("O4", "max", "2026-01-07 12:00", 3_000),
        linked("eva-77", "card:4711", "2026-01-08 10:00"), linked("eva-77", PHONE, "2026-01-08 10:00"),
        replace(claim("88", "eva-77", "2026-01-09 10:00"), attributes=(text("receipt", "88"),)),
    )  # fmt: skip


GONE = "2026-01-20 10:00"


def gifts() -> tuple[Fact, ...]:
    return (
        order("O1", "eva-77", "2026-01-05 10:00", 10_000), order("O2", "max", "2026-01-05 10:00", 3_000),
        transfer("T1", "eva-77", "max", "2026-01-10 10:00", 40), transfer("T2", "max", "eva-77", "2026-01-11 10:00", 25),
    )  # fmt: skip


def sums(store: Store, when: str | None = None) -> dict[str, int]:
    """Points by kind of entry in all accounts, as they were at an instant."""
    found: dict[str, int] = {}
    for block in blocks(store, as_of=None if when is None else at(when)):
        for kind, own in zip(block.entries["kind"].tolist(), block.entries["points"].tolist(), strict=True):
            name = EntryKind(kind).name
            found[name] = found.get(name, 0) + own
    return found


def booked(store: Store) -> list[tuple[str, int, int, int]]:
    """Every entry that holds: whose it is, its kind, its instant and its points."""
    told = ("kind", "at", "points")
    return [(b.ids[e["member"]], *(e[name].item() for name in told)) for b in blocks(store) for e in b.entries]


def in_the_files(store: Store, words: Sequence[str]) -> list[str]:
    """Which words stand in any file of the store: rows, journal, list of files, the database's own diary."""
    whole = b"".join(path.read_bytes() for path in sorted(store.folder.iterdir()) if path.is_file())
    return [word for word in words if word.encode() in whole]
