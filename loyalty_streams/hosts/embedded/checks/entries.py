"""The log against itself: sequence, holds, returns, parts, expiry, ladders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from loyalty_streams.core.codes import Bucket, EntryKind, Reason
from loyalty_streams.core.entries import postings
from loyalty_streams.hosts.embedded.checks.account import Account, Found, Ground

BACK = (EntryKind.RELEASED, EntryKind.RESTORED, EntryKind.REINSTATED)
"""What puts points of a lot back."""
FLOORED = ("proportional", "step", "fixed", "per_unit")
"""Forms whose parts give the points by themselves; a multiplier's basis is that of the rates it multiplies."""


def numbered_without_gaps(account: Account, ground: Ground) -> Found:
    """1, 2, 3, ... up to as many as the head counts (I10)."""
    seq = account.entries["seq"].astype(np.int64)
    wrong = np.flatnonzero(seq != np.arange(1, len(seq) + 1))
    faults = [f"entry {wrong[0] + 1} has number {seq[wrong[0]]}"] if len(wrong) else []
    if account.counted != len(seq):
        faults.append(f"the head counts {account.counted} entries, the log has {len(seq)}")
    return len(seq), faults


def holds_end_once(account: Account, ground: Ground) -> Found:
    """What was reserved was confirmed, or released, or is still held; and what can be spent never fell below nothing (I12)."""
    held: dict[int, int] = {}
    ends: dict[int, set[int]] = {}
    e = account.entries
    rows = e[np.isin(e["kind"], (EntryKind.RESERVED, EntryKind.CONFIRMED, EntryKind.RELEASED))]
    for kind, ref, points in zip(rows["kind"].tolist(), rows["ref"].tolist(), rows["points"].tolist(), strict=True):
        held[ref] = held.get(ref, 0) - (points if kind == EntryKind.RESERVED else abs(points))
        if kind != EntryKind.RESERVED:
            ends.setdefault(ref, set()).add(kind)
    for hold in account.state.holds:
        held[hold.ref] = held.get(hold.ref, 0) - hold.points
    faults = [f"{points} reserved points have no end" for points in held.values() if points]
    faults += ["a hold ended twice" for kinds in ends.values() if len(kinds) > 1]
    checked, overdrawn = _never_below_nothing(account, ground)
    return len(held) + checked, faults + overdrawn


def _never_below_nothing(account: Account, ground: Ground) -> Found:
    """The running balance of each wallet that keeps lots."""
    e, faults, checked = account.entries, [], 0
    for wallet in np.unique(e["wallet"]).tolist():
        if not ground.keeps_lots(wallet):
            continue
        own = e[e["wallet"] == wallet]
        checked += len(own)
        running = np.cumsum([_available(*row) for row in zip(own["kind"].tolist(), own["bucket"].tolist(), own["points"].tolist(), strict=True)])
        if len(running) and int(running.min()) < 0:
            faults.append(f"what can be spent fell to {running.min()}")
    return checked, faults


def _available(kind: int, bucket: int, points: int) -> int:
    return postings(kind, bucket, points).get("available", 0)


def returns_take_no_more(account: Account, ground: Ground) -> Found:
    """Of each order, rule and wallet: taken back and let go together are at most what was given (I13)."""
    e = account.entries
    rows = e[np.isin(e["kind"], (EntryKind.EARNED, EntryKind.CLAWED_BACK, EntryKind.WRITTEN_OFF)) & (e["rule"] >= 0)]
    left: dict[tuple[int, int, int], int] = {}
    back = set()
    for row in rows:
        key = int(row["ref"]), int(row["rule"]), int(row["wallet"])
        left[key] = left.get(key, 0) + _given(row)
        if row["kind"] != EntryKind.EARNED:
            back.add(key)
    return len(back), [f"{-left[key]} points too many were taken back of an order" for key in sorted(back) if left[key] < 0]


def _given(row: Any) -> int:
    if row["kind"] == EntryKind.EARNED:
        return int(row["points"])
    return -int(row["basis"]) if row["kind"] == EntryKind.WRITTEN_OFF else -abs(int(row["points"]))


def parts_give_the_points(account: Account, ground: Ground) -> Found:
    """Basis and rate of an EARNED entry, floored once, are the points before caps; what is paid is not above them (I14, T185)."""
    e = account.entries
    rows = e[(e["kind"] == EntryKind.EARNED) & (e["reason"] != Reason.RETURNED)]
    faults = []
    for row in rows:
        if int(row["points"]) > int(row["desired"]):
            faults.append(f"entry {int(row['seq'])} pays {int(row['points'])} of {int(row['desired'])} points")
        terms = ground.because.terms(int(row["version"]), int(row["rule"]))
        if terms is not None and terms.form in FLOORED and _reckoned(row, terms.form, terms.step) != int(row["desired"]):
            faults.append(f"the parts of entry {int(row['seq'])} do not give its points")
    return len(rows), faults


def _reckoned(row: Any, form: str, step: int) -> int:
    basis, num, den = int(row["basis"]), int(row["num"]), int(row["den"])
    match form:
        case "fixed":
            return num
        case "per_unit":
            return basis * num
        case "step":
            return basis // step * num // den
    return basis * num // den


def lots_expire_once(account: Account, ground: Ground) -> Found:
    """A lot that has expired expires again only after points came back to it; never before it was given (I15)."""
    e = account.entries
    gone: dict[tuple[int, int, int], bool] = {}
    born: dict[tuple[int, int, int], int] = {}
    checked, faults = 0, []
    rows = e[(e["lot"] != 0) & (e["bucket"] != Bucket.DEBT)]
    for row in rows:
        key = int(row["wallet"]), int(row["lot"]), int(row["lot_n"])
        kind, at = EntryKind(int(row["kind"])), int(row["at"])
        born.setdefault(key, at)
        if kind in BACK:
            gone[key] = False
        if kind == EntryKind.EXPIRED:
            checked += 1
            if gone.get(key):
                faults.append(f"a lot expired again in entry {int(row['seq'])}")
            if at < born[key]:
                faults.append(f"a lot expired in entry {int(row['seq'])} before it was given")
            gone[key] = True
    return checked, faults


def tiers_follow(account: Account, ground: Ground) -> Found:
    """Each change leaves the tier that the one before entered, up only at the threshold, and the last is the tier held (I16)."""
    e = account.entries
    rows = e[e["kind"] == EntryKind.TIER_CHANGED]
    metric = rows[(rows["reason"] == Reason.METRIC) & (rows["desired"] > 0) & (rows["num"] < rows["den"])]
    faults = _chain(rows["num"].tolist(), rows["den"].tolist(), account.state.tier, account.tier)
    faults += ["a tier was reached below its threshold"] * int((metric["basis"] < metric["desired"]).sum())
    return len(rows) + 1, faults


def stages_follow(account: Account, ground: Ground) -> Found:
    """Each change leaves the stage that the one before entered, for another one, and the last is the stage held (I17)."""
    e = account.entries
    rows = e[e["kind"] == EntryKind.STAGE_CHANGED]
    faults = _chain(rows["num"].tolist(), rows["den"].tolist(), account.state.stage, account.stage)
    faults += ["the first stage did not follow none"] * int(len(rows) > 0 and int(rows["num"][0]) >= 0)
    faults += ["a stage changed into itself"] * int((rows["num"] == rows["den"]).sum())
    return len(rows) + 1, faults


def _chain(left: Sequence[int], entered: Sequence[int], held: int, head: int) -> list[str]:
    faults = [f"{a} was left, {b} was held" for a, b in zip(left[1:], entered[:-1], strict=True) if a != b]
    if left and entered[-1] != held:
        faults.append(f"{entered[-1]} was entered last, {held} is held")
    if head != held:
        faults.append(f"the head says {head}, the state {held}")
    return faults
