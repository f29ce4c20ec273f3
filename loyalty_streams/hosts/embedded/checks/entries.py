"""The log against itself: sequence, holds, returns, parts, expiry, ladders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from loyalty_streams.core.codes import Bucket, EntryKind, Reason
from loyalty_streams.core.entries import Entries, postings
from loyalty_streams.core.state import Hold
from loyalty_streams.hosts.embedded.checks.account import Account, Found, Ground

EARNED, EXPIRED, WRITTEN_OFF = int(EntryKind.EARNED), int(EntryKind.EXPIRED), int(EntryKind.WRITTEN_OFF)
BACK = {int(kind) for kind in (EntryKind.RELEASED, EntryKind.RESTORED, EntryKind.REINSTATED)}
"""What puts points of a lot back."""
FLOORED = ("proportional", "step", "fixed", "per_unit")
"""Forms whose parts give the points by themselves; a multiplier's basis is that of the rates it multiplies."""


AVAILABLE = np.array([
    [postings(kind, bucket, 1).get("available", 0) if kind in set(EntryKind) else 0 for bucket in Bucket] for kind in range(max(EntryKind) + 1)
])  # fmt: skip
"""What a point of an entry, by kind and bucket, does to what can be spent."""


def numbered_without_gaps(account: Account, ground: Ground) -> Found:
    """1, 2, 3, ... up to as many as the head counts (I10)."""
    seq = account.numbers
    wrong = np.flatnonzero(seq != np.arange(1, len(seq) + 1))
    faults = [f"entry {wrong[0] + 1} has number {seq[wrong[0]]}"] if len(wrong) else []
    if account.counted != len(seq):
        faults.append(f"the head counts {account.counted} entries, the log has {len(seq)}")
    return len(seq), faults


def holds_end_once(account: Account, ground: Ground) -> Found:
    """What was reserved was confirmed, or released, or is still held; and what can be spent never fell below nothing (I12)."""
    looked_at, faults = (0, []) if account.kin else holds_ended(account.entries, account.state.holds)
    checked, overdrawn = _never_below_nothing(account, ground)
    return looked_at + checked, faults + overdrawn


def holds_ended(e: Entries, holds: Sequence[Hold]) -> Found:
    """The first half of it, of one account or of all that have become one another."""
    held: dict[int, int] = {}
    ends: dict[int, set[int]] = {}
    rows = e[np.isin(e["kind"], (EntryKind.RESERVED, EntryKind.CONFIRMED, EntryKind.RELEASED))]
    for kind, ref, points in zip(rows["kind"].tolist(), rows["ref"].tolist(), rows["points"].tolist(), strict=True):
        held[ref] = held.get(ref, 0) - (points if kind == EntryKind.RESERVED else abs(points))
        if kind != EntryKind.RESERVED:
            ends.setdefault(ref, set()).add(kind)
    for hold in holds:
        held[hold.ref] = held.get(hold.ref, 0) - hold.points
    faults = [f"{points} reserved points have no end" for points in held.values() if points]
    faults += ["a hold ended twice" for kinds in ends.values() if len(kinds) > 1]
    return len(held), faults


def _never_below_nothing(account: Account, ground: Ground) -> Found:
    """The running balance of each wallet that keeps lots."""
    e, faults, checked = account.entries, [], 0
    for wallet in np.unique(e["wallet"]).tolist():
        if not ground.keeps_lots(wallet):
            continue
        own = e[e["wallet"] == wallet]
        checked += len(own)
        running = np.cumsum(AVAILABLE[own["kind"], own["bucket"]] * own["points"])
        if len(running) and int(running.min()) < 0:
            faults.append(f"what can be spent fell to {running.min()}")
    return checked, faults


def returns_take_no_more(account: Account, ground: Ground) -> Found:
    """Of each order, rule and wallet: taken back and let go together are at most what was given (I13)."""
    return (0, []) if account.kin else taken_back(account.entries)


def taken_back(e: Entries) -> Found:
    """The same, of one account or of all that have become one another. What a merge takes back names no order: there each rule as a whole counts.

    A refund that names no order takes back what the rules give on its amount, under its own key.
    """
    rows = e[np.isin(e["kind"], (EntryKind.EARNED, EntryKind.CLAWED_BACK, EntryKind.WRITTEN_OFF)) & (e["rule"] >= 0)]
    merged = rows["reason"] == Reason.MERGE_DUPLICATE
    known = merged | np.isin(rows["ref"], rows["ref"][rows["kind"] == EntryKind.EARNED])
    rows, merged = rows[known], merged[known]
    if (rows["kind"] == EntryKind.EARNED).all():
        return 0, []
    places, faults = _taken_back(rows[~merged], "an order", "ref", "rule", "wallet")
    if not merged.any():
        return places, faults
    rules, more = _taken_back(rows, "a rule", "rule", "wallet")
    return places + rules, faults + more


def _taken_back(rows: Entries, what: str, *by: str) -> Found:
    left: dict[tuple[int, ...], int] = {}
    back = set()
    for kind, points, basis, *key in _columns(rows, "kind", "points", "basis", *by):
        place = tuple(key)
        left[place] = left.get(place, 0) + (points if kind == EARNED else -basis if kind == WRITTEN_OFF else -abs(points))
        if kind != EARNED:
            back.add(place)
    return len(back), [f"{-left[key]} points too many were taken back of {what}" for key in sorted(back) if left[key] < 0]


def _columns(rows: Entries, *names: str) -> Iterator[tuple[int, ...]]:
    """The fields of each row as plain integers."""
    return zip(*(rows[name].tolist() for name in names), strict=True)


def parts_give_the_points(account: Account, ground: Ground) -> Found:
    """Basis and rate of an EARNED entry, floored once, are the points before caps; what is paid is not above them (I14, T185)."""
    e = account.entries
    rows = e[(e["kind"] == EntryKind.EARNED) & (e["reason"] != Reason.RETURNED)]
    faults = []
    parts = _columns(rows, "seq", "version", "rule", "points", "desired", "basis", "num", "den")
    for seq, version, rule, points, desired, basis, num, den in parts:
        if points > desired:
            faults.append(f"entry {seq} pays {points} of {desired} points")
        terms = ground.because.terms(version, rule)
        if terms is not None and terms.form in FLOORED and _reckoned(terms.form, terms.step, basis, num, den) != desired:
            faults.append(f"the parts of entry {seq} do not give its points")
    return len(rows), faults


def _reckoned(form: str, step: int, basis: int, num: int, den: int) -> int:
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
    for wallet, source, n, kind, at, seq in _columns(rows, "wallet", "lot", "lot_n", "kind", "at", "seq"):
        key = wallet, source, n
        born.setdefault(key, at)
        if kind in BACK:
            gone[key] = False
        if kind == EXPIRED:
            checked += 1
            if gone.get(key):
                faults.append(f"a lot expired again in entry {seq}")
            if at < born[key]:
                faults.append(f"a lot expired in entry {seq} before it was given")
            gone[key] = True
    return checked, faults


def tiers_follow(account: Account, ground: Ground) -> Found:
    """Each change leaves the tier that the one before entered, up only at the threshold, and the last is the tier held (I16).

    Where several metrics lead to a tier, an entry tells of one of them, which need not be one that was reached.
    """
    e = account.entries
    rows = e[e["kind"] == EntryKind.TIER_CHANGED]
    one = np.array([int(t.settings.metrics) == 1 for t in ground.compiled.tables])
    metric = rows[(rows["reason"] == Reason.METRIC) & (rows["desired"] > 0) & (rows["num"] < rows["den"])]
    faults = _chain(account.lives(rows), account.state.tier, account.tier)
    faults += ["a tier was reached below its threshold"] * int(((metric["basis"] < metric["desired"]) & one[metric["version"]]).sum())
    return len(rows) + 1, faults


def stages_follow(account: Account, ground: Ground) -> Found:
    """Each change leaves the stage that the one before entered, for another one, and the last is the stage held (I17)."""
    e = account.entries
    rows = e[e["kind"] == EntryKind.STAGE_CHANGED]
    faults = _chain(account.lives(rows), account.state.stage, account.stage)
    faults += ["the first stage did not follow none"] * sum(len(life) > 0 and int(life["num"][0]) >= 0 for life in account.lives(rows))
    faults += ["a stage changed into itself"] * int((rows["num"] == rows["den"]).sum())
    return len(rows) + 1, faults


def _chain(lives: Sequence[Entries], held: int, head: int) -> list[str]:
    faults = []
    for rows in lives:
        left, entered = rows["num"].tolist(), rows["den"].tolist()
        faults += [f"{a} was left, {b} was held" for a, b in zip(left[1:], entered[:-1], strict=True) if a != b]
    if len(lives[-1]) and int(lives[-1]["den"][-1]) != held:
        faults.append(f"{lives[-1]['den'][-1]} was entered last, {held} is held")
    if head != held:
        faults.append(f"the head says {head}, the state {held}")
    return faults
