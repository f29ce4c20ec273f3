"""What stories expect: the cells of `then`, one expectation each, told apart by `;`.

    available 100; debt 30; growth available 600       a balance or counter of the main wallet, or of the wallet named (`BALANCES`)
    tier gold; stage at_risk                           what the member holds
    lots 30@2026-03-31 + 70~@2026-08-01 + 30@never     all lots, by expiry: remaining and expiry; `~` is pending; `lots none`
    EARNED 42 base desired=50 LIMIT_REACHED            an entry of this row: kind, points, rule, reason, bucket, `at=`, `basis=`, `desired=`,
                                                       `num=`, `den=`, `wallet=`, `lot=O1/0`, `about=O1`, `tier=`, `version=`, `channel=`,
                                                       `cause=timer`, `cause=fact`
    TIER_CHANGED base>gold                             from and to, of tiers and stages
    no EXPIRED; entries 2; quiet                       no such entry; so many entries in all; none
    earned 155                                         the points of all EARNED entries of the main wallet in this row
    refused IN_DEBT                                    the fact was refused, and moved nothing
    why vip: amount 45.00, needs gte 50.00             why a rule did not pay this fact, as `explain` says it

Each entry that is expected is another one: `EARNED 5; EARNED 5` needs two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from loyalty_streams.core.codes import NEVER, Bucket, EntryKind, Reason, code_of
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.programme import Compiled
from tests.statements.vocabulary import instant

BALANCES = (
    "available", "pending", "reserved", "debt", "issued", "opening", "adjusted", "transferred_in", "transferred_out", "redeemed",
    "expired", "clawed_back", "forfeited", "written_off",
)  # fmt: skip
NUMBERS = ("basis", "desired", "num", "den")
MOVES_NOTHING = {EntryKind.REFUSED}


@dataclass(frozen=True, slots=True)
class Lot:
    remaining: int
    pending: bool
    expires_at: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member holds after a row. `accounts`: wallet to BALANCES."""

    accounts: Mapping[str, Mapping[str, int]]
    lots: tuple[Lot, ...]
    tier: str
    stage: str


@dataclass(slots=True)
class Outcome:
    """What a row did: its entries, those of the fact in hand marked by a cause that is not negative, and where the member then stands.

    `why` maps a rule to what `explain` says of it; it is asked only where a story wants to know.
    """

    compiled: Compiled
    entries: Entries
    standing: Standing
    channel: str
    why: Callable[[], Mapping[str, str]]
    claimed: set[int] = field(default_factory=set)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.compiled.time_zone)

    @property
    def main(self) -> str:
        return self.compiled.names.wallets[self.compiled.main_wallet]

    def check(self, expectation: str) -> str | None:
        """What is wrong with an expectation; None where it holds."""
        word, _, rest = expectation.partition(" ")
        if word == "why":
            return self.explained(rest)
        if word in ("tier", "stage"):
            return _differs(expectation, f"{word} {getattr(self.standing, word)}")
        if word == "lots":
            return _differs(" ".join(expectation.split()), self.lots())
        if word == "quiet":
            return _differs("no entries", "no entries" if not len(self.entries) else "entries")
        if word == "entries":
            return _differs(expectation, f"entries {len(self.entries)}")
        if word == "earned":
            return _differs(expectation, f"earned {self.earned()}")
        if word == "refused":
            return self.refused(rest)
        if word == "no":
            found = self.find(rest)
            return f"there is {self.say(found)}" if found is not None else None
        if word in EntryKind.__members__:
            return self.claim(expectation)
        return self.balance(expectation)

    def balance(self, expectation: str) -> str | None:
        match = re.fullmatch(r"(?:([\w-]+) )?([a-z_]+) (-?\d+)", expectation)
        if not match or match[2] not in BALANCES:
            raise ValueError(f"nobody can expect {expectation!r}")
        wallet = match[1] or self.main
        return _differs(f"{match[2]} {match[3]}", f"{match[2]} {self.standing.accounts[wallet][match[2]]}")

    def lots(self) -> str:
        ordered = sorted(self.standing.lots, key=lambda x: (x.expires_at, x.pending, x.remaining))
        told = [f"{x.remaining}{'~' if x.pending else ''}@{self.time(x.expires_at)}" for x in ordered]
        return "lots " + (" + ".join(told) or "none")

    def time(self, at: int) -> str:
        if at >= NEVER:
            return "never"
        text = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(self.zone).replace(tzinfo=None).isoformat()
        return text.removesuffix("T00:00:00").removesuffix(":00") if text.endswith(":00") else text

    def earned(self) -> int:
        mine = self.entries[self.entries["wallet"] == self.compiled.main_wallet]
        return int(mine["points"][mine["kind"] == EntryKind.EARNED].sum())

    def refused(self, reason: str) -> str | None:
        moved = [e for e in self.entries if e["cause"] >= 0 and e["kind"] not in MOVES_NOTHING]
        if moved:
            return f"the fact was not refused: {'; '.join(map(self.say, moved))}"
        return self.claim(f"REFUSED {reason}")

    def explained(self, rest: str) -> str | None:
        rule, _, text = rest.partition(": ")
        said = self.why()
        return _differs(text, said.get(rule, f"nothing of {rule}, but {dict(said)}"))

    def claim(self, pattern: str) -> str | None:
        found = self.find(pattern)
        if found is None:
            return f"no entry {pattern!r} among these: " + ("".join(f"\n      {self.say(e)}" for e in self.entries) or "none")
        self.claimed.add(int(found["seq"]))
        return None

    def find(self, pattern: str) -> Any:
        tests = [self.test(word) for word in pattern.split()]
        for entry in self.entries:
            if int(entry["seq"]) not in self.claimed and all(test(entry) for test in tests):
                return entry
        return None

    def test(self, word: str) -> Callable[[Any], bool]:
        """One word of a pattern as a test of an entry."""
        names = self.compiled.names
        if re.fullmatch(r"-?\d+", word):
            return lambda e: int(e["points"]) == int(word)
        if word in EntryKind.__members__:
            return lambda e: int(e["kind"]) == EntryKind[word]
        if word in Reason.__members__:
            return lambda e: int(e["reason"]) == Reason[word]
        if word in Bucket.__members__:
            return lambda e: int(e["bucket"]) == Bucket[word]
        if match := re.fullmatch(r"([\w-]+)>([\w-]+)", word):
            return lambda e: self.change(e) == (match[1], match[2])
        name, equals, value = word.partition("=")
        if not equals:
            number = names.rules.index(word)
            return lambda e: int(e["rule"]) == number
        return self.named(name, value)

    def named(self, name: str, value: str) -> Callable[[Any], bool]:
        names = self.compiled.names
        if name in NUMBERS:
            return lambda e: int(e[name]) == int(value)
        if name == "cause":
            return lambda e: (int(e["cause"]) < 0) == (value == "timer")
        if name == "at":
            return lambda e: int(e["at"]) == instant(value, self.zone)
        if name == "wallet":
            return lambda e: int(e["wallet"]) == names.wallets.index(value)
        if name == "tier":
            return lambda e: int(e["tier"]) == names.tiers.index(value)
        if name == "version":
            return lambda e: self.compiled.versions[int(e["version"])].version == int(value)
        if name == "lot":
            source, _, number = value.partition("/")
            return lambda e: int(e["lot"]) in _codes(source) and int(e["lot_n"]) == int(number or 0)
        if name == "about":
            return lambda e: int(e["ref"]) in _codes(value)
        if name == "channel":
            return lambda e: int(e["cause"]) >= 0 and self.channel == value
        raise ValueError(f"an entry has no {name!r}")

    def change(self, entry: Any) -> tuple[str, str]:
        """From and to of a change of tier or stage."""
        names = self.compiled.names.tiers if entry["kind"] == EntryKind.TIER_CHANGED else ("none", *self.compiled.names.stages)
        shift = 0 if entry["kind"] == EntryKind.TIER_CHANGED else 1
        left, entered = (int(entry[n]) + shift for n in ("num", "den"))
        return (names[left], names[entered]) if max(left, entered) < len(names) else ("", "")

    def say(self, entry: Any) -> str:
        names = self.compiled.names
        kind = EntryKind(int(entry["kind"]))
        told = [kind.name, str(int(entry["points"]))]
        if int(entry["rule"]) >= 0:
            told.append(names.rules[int(entry["rule"])])
        if kind in (EntryKind.TIER_CHANGED, EntryKind.STAGE_CHANGED):
            told.append(">".join(self.change(entry)))
        if int(entry["reason"]):
            told.append(Reason(int(entry["reason"])).name)
        told.append(Bucket(int(entry["bucket"])).name)
        told += [f"wallet={names.wallets[int(entry['wallet'])]}"] if names.wallets else []
        told += [f"{n}={int(entry[n])}" for n in NUMBERS if int(entry[n])]
        return " ".join([*told, f"at={self.time(int(entry['at']))}", f"cause={int(entry['cause'])}"])


def _codes(name: str) -> set[int]:
    """The codes that a short name in a story may stand for."""
    keys = [f"{kind}/{name}" for kind in ("order", "adjustment", "interaction", "redemption", "opening", "identity", "transfer")]
    return {code_of(key) for key in [name, *keys, f"redemption/{name}/cancel", f"transfer/{name}/receive"]}


def _differs(expected: str, found: str) -> str | None:
    return None if expected == found else f"expected {expected}, found {found}"
