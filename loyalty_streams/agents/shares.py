"""What members give to pools: a fact of the pool for each lot that a share was taken from (T148, S60)."""

from __future__ import annotations

from typing import NamedTuple

from loyalty_streams.agents.rederiving import Facts
from loyalty_streams.core.codes import EntryKind, Reason, code_of
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.packed import parcel_card
from loyalty_streams.history.keys import part


class Share(NamedTuple):
    """Points that leave a member for a pool. `pool`: the code of its name; `key`: of the fact by which they come; `card`: what stands beside it."""

    pool: int
    key: bytes
    at: int
    arrived: int
    points: int
    card: bytes


def shares(f: Facts, member: bytes, entries: Entries) -> tuple[Share, ...]:
    """The shares that a member's entries give, causes being rows of the facts. A timer's come at once, a fact's when the fact does."""
    out, numbers = [], dict[bytes, int]()
    some = entries[(entries["kind"] == EntryKind.TRANSFERRED_OUT) & (entries["reason"] == Reason.POOLED)]
    told = ("cause", "at", "ref", "wallet", "points", "lot", "lot_n", "basis", "desired")
    for cause, at, pool, wallet, points, lot, n, earned, expires in zip(*(some[name].tolist() for name in told), strict=True):
        caused = f.keys[cause] if cause >= 0 else f"timer/{at}".encode()
        number = numbers[caused] = numbers.get(caused, -1) + 1
        key = f"pooled/{part(member.decode())}/{caused.decode()}/{number}".encode()
        arrived = max(at, int(f.columns.arrived[cause])) if cause >= 0 else at
        out.append(Share(pool, key, at, arrived, -points, parcel_card(code_of(key.decode()), wallet, -points, lot, n, earned, expires)))
    return tuple(out)
