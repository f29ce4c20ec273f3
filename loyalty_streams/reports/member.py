"""A member's account as values: balances, lots, tier, stage and ledger at one instant; what `member --json` and the Python API give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, overload

from loyalty_streams.core.codes import NEVER
from loyalty_streams.core.programme import Compiled, Names
from loyalty_streams.core.state import Lot as StateLot
from loyalty_streams.core.state import MemberState
from loyalty_streams.reports.instants import iso
from loyalty_streams.reports.ladder import Standing, standing


@dataclass(frozen=True, slots=True)
class Points:
    """Balances: what can be spent, what is not yet available, what is held for a redemption, what is owed."""

    available: int = 0
    pending: int = 0
    reserved: int = 0
    debt: int = 0


@dataclass(frozen=True, slots=True)
class Lot:
    """What one fact gave under one activation and expiry. Instants are ISO 8601 UTC; None for one that does not come."""

    lot_id: str
    earned_at: str | None
    available_at: str | None
    expires_at: str | None
    points: int
    remaining: int
    wallet: str


class Lots(Sequence[Lot]):
    """Lots of a state, each put into words when it is looked at. `keys` gives the business keys of codes."""

    def __init__(self, rows: Sequence[StateLot], names: Names, keys: Mapping[int, str]) -> None:
        self._rows, self._names, self._keys = rows, names, keys

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Lot: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Lot]: ...
    def __getitem__(self, index: int | slice) -> Lot | Sequence[Lot]:
        if isinstance(index, slice):
            return Lots(self._rows[index], self._names, self._keys)
        x = self._rows[index]
        return Lot(
            lot_id(x.source, x.n, self._keys), iso(x.earned_at), iso(x.activates_at), iso(x.expires_at), x.granted, x.remaining,
            self._names.wallets[x.wallet],
        )  # fmt: skip

    def expiring(self, after: int, until: int) -> list[tuple[int, int]]:
        """(instant, points that remain) of the lots that expire after one instant and up to another, soonest first."""
        return sorted((x.expires_at, x.remaining) for x in self._rows if after < x.expires_at <= until)


@dataclass(frozen=True, slots=True)
class Metric:
    """What the tier is judged by; spend is in minor units."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class NextTier:
    """The next tier, what it needs of the first metric, and what is missing."""

    name: str
    need: int
    missing: int


@dataclass(frozen=True, slots=True)
class Projected:
    """The tier at the next check, or at the next instant that costs it, if nothing more happens (T109)."""

    at: str | None
    name: str
    stay_in_tier_points: int


@dataclass(frozen=True, slots=True)
class Tier:
    """`until` is the next periodic check, None where the tier is judged all the time; `metric` the value of the first metric."""

    name: str | None
    since: str | None
    until: str | None
    metric: int
    metrics: tuple[Metric, ...] = ()
    next: NextTier | None = None
    projected: Projected | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    since: str | None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry: what it did (`kind`, `points` of `bucket`), by which rule, from what (`basis`, `multiplier`), cut by what, caused by which fact.

    `basis` is in minor units, units or points, as the rule counts; `desired` are the points before limits; `because` says why, where the
    entry is a refusal (T185, T186). Names are those of the ledger's record (schemas/LedgerEntry.avsc) where it has the same.
    """

    entry_id: str
    seq: int
    effective_at: str | None
    booked_at: str | None
    kind: str
    points: int
    wallet: str
    bucket: str
    rule: str | None
    programme_version: int
    basis: int
    multiplier: str | None
    desired: int
    reason: str | None
    because: str | None
    lot_id: str | None
    about: str | None
    cause: str | None
    tier: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member's account at `as_of`. `points` and `lots` are of the spendable wallets; `wallets` has each one's where there are several.

    Lots and entries are made when they are looked at: a member may have thousands.
    """

    member_id: str
    as_of: str | None
    points: Points
    lots: Lots
    tier: Tier
    stage: Stage
    wallets: Mapping[str, Points]
    entries: Sequence[LedgerEntry]
    orders: int
    lifetime_spend_minor: int

    def to_json(self) -> dict[str, Any]:
        """Plain values in the form of `member --json`."""
        body: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        body |= {"points": asdict(self.points), "tier": asdict(self.tier), "stage": asdict(self.stage)}
        body["lots"], body["entries"] = tuple(map(_flat, self.lots)), tuple(map(_flat, self.entries))
        wallets = {name: asdict(points) for name, points in body.pop("wallets").items()}
        for lot in body["lots"] if len(wallets) <= 1 else ():
            lot.pop("wallet")
        if len(wallets) > 1:
            lots = body["lots"]
            body["wallets"] = {
                n: {"points": b, "lots": [x for x in lots if x["wallet"] == n]} for n, b in wallets.items()
            }
        return body


def _flat(value: Lot | LedgerEntry) -> dict[str, Any]:
    """The fields of a value that holds plain ones alone: `asdict` would look into each."""
    return {name: getattr(value, name) for name in value.__slots__}


def spendable_wallets(compiled: Compiled) -> list[int]:
    """Numbers of the wallets that can be spent from, by the newest version that has them."""
    terms = compiled.tables[-1].terms
    return [k for k in range(len(compiled.names.wallets)) if int(terms[k].used) and int(terms[k].spendable)]


def points_of(state: MemberState, wallets: Sequence[int]) -> Points:
    """The balances of some wallets together."""
    held = [state.wallets[k] for k in wallets if k in state.wallets]
    return Points(*(sum(getattr(w, f) for w in held) for f in ("available", "pending", "reserved", "debt")))


def view(
    member_id: str, as_of: int, state: MemberState, compiled: Compiled, version: int, keys: Mapping[int, str]
) -> Member:
    """A member's account without its ledger. `keys` gives the business key of a fact's code; `version` is the one in force at `as_of`."""
    spendable = spendable_wallets(compiled)
    names = compiled.names
    balances = {
        names.wallets[k]: Points(w.available, w.pending, w.reserved, w.debt)
        for k, w in sorted(state.wallets.items())
        if k < len(names.wallets)
    }
    points = points_of(state, spendable)
    lots = Lots([x for x in state.lots if x.remaining > 0 and x.wallet in spendable], names, keys)
    stage = names.stages[state.stage] if 0 <= state.stage < len(names.stages) else "none"
    return Member(
        member_id,
        iso(as_of),
        points,
        lots,
        tier_view(state, compiled, standing(state, compiled, version, as_of)),
        Stage(stage, iso(state.stage_since) if stage != "none" else None),
        balances,
        (),
        int(state.orders),
        int(state.lifetime_spend),
    )


def tier_view(state: MemberState, compiled: Compiled, at: Standing | None) -> Tier:
    names = compiled.names.tiers
    if at is None or not 0 <= state.tier < len(names):
        return Tier(None, None, None, 0)
    following = NextTier(names[at.next_rung.tier], at.next_rung.needs[0], at.missing) if at.next_rung else None
    p = at.projection
    projected = Projected(iso(p.at), names[p.tier], p.missing) if p else None
    metrics = tuple(Metric(m.kind, m.value) for m in at.measures)
    until = iso(state.tier_until) if state.tier_until < NEVER else None
    return Tier(
        names[state.tier],
        iso(state.tier_since),
        until,
        metrics[0].value if metrics else 0,
        metrics,
        following,
        projected,
    )


def lot_id(source: int, n: int, keys: Mapping[int, str]) -> str:
    """`{fact key}/{n}`; a lot that a timer gave has the instant of the timer for a key."""
    if source < 0 and source not in keys:
        return f"timer/{-source}/{n}"
    return f"{keys.get(source, f'#{source & (1 << 64) - 1:016x}')}/{n}"
