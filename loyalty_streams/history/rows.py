"""Sheets of one table each to batches of facts. Orders and their lines are in `orders.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.core.codes import Action, AttrKind, FactKind, Outcome, Reason, Status, code_of
from loyalty_streams.core.facts import DTYPES, WHOLE, Array, Columns
from loyalty_streams.history.attributes import Attributes, fit_name
from loyalty_streams.history.batch import NO_INSTANT, FactBatch, no_texts
from loyalty_streams.history.batch import joined as joined_batches
from loyalty_streams.history.content import attribute_digest
from loyalty_streams.history.identifiers import accounts, empty, linked_accounts, members_of, own, same
from loyalty_streams.history.keys import joined, order_keys, parts
from loyalty_streams.history.sheet import Sheet
from loyalty_streams.history.strings import TEXT, checked, hashes, texts
from loyalty_streams.history.tables import TABLES
from loyalty_streams.history.times import day_number

_STATUS = {s.name.lower(): int(s) for s in Status}
_ACTIONS = {a.name.lower(): int(a) for a in Action}
_ASKED = {
    "redeem": FactKind.REDEEM, "redeemed": FactKind.REDEEMED, "reserve": FactKind.RESERVE, "confirm": FactKind.CONFIRM,
    "release": FactKind.RELEASE, "cancel": FactKind.CANCEL,
}  # fmt: skip
_TAKES_POINTS = (FactKind.REDEEM, FactKind.REDEEMED, FactKind.RESERVE)
_OUTCOMES = {"granted": int(Outcome.GRANTED), "refused": int(Outcome.REFUSED)}
_REASONS = {r.name: int(r) for r in Reason}
_REASON_CODES = {code_of(name): value for name, value in _REASONS.items() if value}
_IDENTITY = {name: i for i, name in enumerate(("link", "unlink", "merge", "unmerge", "claim", "erase", "pool", "unpool"))}
_LINK = code_of("link")
_BOOLS = {"true": 1, "false": 0, "1": 1, "0": 0}


def build(  # noqa: PLR0913 - one argument a part of a fact
    sheet: Sheet, kind: Array | FactKind, at: Array, arrived: Array, members: Any, keys: Any, *, abouts: Any = None,
    attributes: Attributes | None = None, revisions: Array | None = None, **fields: Array,
) -> FactBatch:  # fmt: skip
    """The rows of a sheet as a batch without lines, refused rows left out. The content hash is taken later, with the lines."""
    n = sheet.n
    out: dict[str, Array] = {name: np.zeros(n, dtype) for name, dtype in DTYPES.items()}
    out.update({name: np.zeros(0, DTYPES[name]) for name in DTYPES if name.startswith(("line_", "attr_"))})
    out["line_at"] = np.zeros(n + 1, np.int64)
    out.update((attributes or Attributes(sheet)).columns())
    abouts = no_texts(n) if abouts is None else abouts
    given = {"kind": np.full(n, kind) if isinstance(kind, FactKind) else kind, "at": at, "arrived": arrived, "ref": hashes(keys), **fields}
    given["about"] = hashes(abouts)
    out.update({name: values.astype(DTYPES[name]) for name, values in given.items()})
    none = np.zeros(n, np.int32)
    batch = FactBatch(
        Columns(**out), members, keys, abouts, hashes(members), none if revisions is None else revisions.astype(np.int32),
        np.zeros(n, np.uint64), np.full(n, sheet.chunk.file, np.int32), sheet.chunk.rows,
    )  # fmt: skip
    return batch.take(np.flatnonzero(~sheet.refused)) if sheet.refused.any() else batch


def _digits(values: Array) -> Any:
    return pa.array(values).cast(pa.string()).cast(TEXT)


def _hex(values: Array) -> Any:
    return pa.array([f"{v:016x}" for v in values.tolist()], TEXT)


def numbered(keys: Any) -> Any:
    """Keys of rows without an id of their own, with room for the number of the row among its equals (see `order.number`)."""
    return joined(keys, "")


def _digest(attributes: Attributes, n: int) -> Array:
    """The digest of the attributes collected so far."""
    zero = {name: np.zeros(n if not name.startswith(("line", "attr")) else 0, dtype) for name, dtype in DTYPES.items()}
    zero["line_at"] = np.zeros(n + 1, np.int64)
    return attribute_digest(Columns(**{**zero, **attributes.columns()}))


def _unknown(sheet: Sheet, leave: tuple[str, ...] = ()) -> list[str]:
    known = TABLES[sheet.chunk.table].known
    return sorted(n for n in sheet.chunk.columns if (n not in known or n in leave) and fit_name(n))


def interactions(sheet: Sheet) -> FactBatch:
    member, (at, _) = members_of(sheet), sheet.instant("occurred_at")
    kind = sheet.code("type", required=True)
    attributes = Attributes(sheet)
    for name in _unknown(sheet):
        attributes.open(name)
    about = order_keys(sheet.ident("order_id", required=False)) if sheet.has("order_id") else no_texts(sheet.n)
    ids = sheet.ident("interaction_id", required=False)
    plain = joined("interaction", parts(ids))
    unnamed = pc.equal(ids, "")
    if pc.any(unnamed).as_py():
        words, _ = checked(sheet.raw("type"))
        digest = _hex(_digest(attributes, sheet.n) + hashes(about).view(np.uint64))
        plain = pc.if_else(unnamed, numbered(joined("interaction", parts(member), _digits(at), parts(words), digest)), plain)
    return build(
        sheet, FactKind.INTERACTION, at, sheet.arrived(at), member, plain, abouts=about, attributes=attributes, type=kind,
        channel=sheet.code("channel"), store=sheet.code("store"),
    )  # fmt: skip


def members(sheet: Sheet) -> FactBatch:
    """Profiles, and the links of the card, phone and open id of a row, at its instant or, as it, without one."""
    member = own(sheet, "member_id")
    linked = linked_accounts(sheet)
    at, undated = sheet.instant("occurred_at", required=False)
    enrolled, unknown = sheet.instant("enrolled_at", required=False)
    at, undated = np.where(undated, enrolled, at), undated & unknown
    attributes = Attributes(sheet)
    attributes.instant("@enrolled_at", "enrolled_at")
    _birthday(sheet, attributes)
    attributes.tags("tags")
    for name in ("region", "customer_type", "tier"):
        attributes.text(f"@{name}", name)
    for name in ("tier_since", "tier_until"):
        attributes.instant(f"@{name}", name)
    status = sheet.choice("status", _STATUS, default=-1)
    attributes.flag("@status", status, (status >= 0) & sheet.has("status"))
    stored, missing = sheet.money("stored_value_minor", "stored_value", default=0)
    rows = np.flatnonzero(~missing)
    attributes.put("stored_value_minor", AttrKind.NUMBER, (stored.clip(-(10**12), 10**12) * 1_000_000)[rows], rows)
    sheet.fail(~missing & (np.abs(stored) > 10**12), "AMOUNT_RANGE", "stored_value_minor: at most 1000000000000")
    attributes.text("source_system", "source_system")
    for name in _unknown(sheet):
        attributes.open(name)
    keys = joined("profile", parts(member), pc.if_else(pa.array(undated), "new", _digits(at)))
    arrived = sheet.arrived(at)
    if sheet.has("arrived_at") and sheet.options.arrival in ("auto", "column"):
        given, absent = sheet.instant("arrived_at", required=False)
        arrived = np.where(undated, np.where(absent, NO_INSTANT, given), arrived)
    else:
        arrived = np.where(undated, NO_INSTANT, arrived)
    at = np.where(undated, NO_INSTANT, at)
    profiles = build(sheet, FactKind.PROFILE, at, arrived, member, keys, attributes=attributes)
    return joined_batches([profiles, *_links(sheet, linked, member, at, arrived)])


def _links(sheet: Sheet, linked: Sequence[Any], member: Any, at: Array, arrived: Array) -> Iterator[FactBatch]:
    """A fact a row and identifier, of the account that is given up; none where that is the member's own."""
    when = pc.if_else(pa.array(at < 0), "new", _digits(at))
    for account in linked:
        given = ~(empty(account) | same(account, member))[~sheet.refused]
        if given.any():
            keys = joined("identity", parts(member), when, "link", parts(account))
            sheet.book[_LINK] = "link"
            links = build(sheet, FactKind.IDENTITY, at, arrived, account, keys, abouts=member, type=np.full(sheet.n, _LINK))
            yield links.take(np.flatnonzero(given))


def _birthday(sheet: Sheet, attributes: Attributes) -> None:
    """`@birthday` as yyyymmdd, of a date column or of `YYYY-MM-DD`."""
    if not sheet.has("birthday"):
        return
    array = sheet.chunk.columns["birthday"]
    dated = pa.types.is_date(array.type)
    words = (texts(array.cast(pa.date32())) if dated else sheet.raw("birthday", "BAD_TIME")).to_pylist()
    right = np.array([w == "" or (day_number(w) is not None and w >= "1800") for w in words], bool)
    sheet.fail(~right, "BAD_TIME", "birthday: a date such as 1990-02-28")
    there = right & np.array([w != "" for w in words], bool)
    values = np.array([int(w.replace("-", "")) if t else 0 for w, t in zip(words, there.tolist(), strict=True)], np.int64)
    attributes.flag("@birthday", values, there)


def redemptions(sheet: Sheet) -> FactBatch:
    ids, member, (at, _) = sheet.ident("redemption_id"), members_of(sheet), sheet.instant("occurred_at")
    kind = sheet.choice("action", _ASKED, default=int(FactKind.REDEEM)) if sheet.has("action") else np.full(sheet.n, int(FactKind.REDEEM))
    takes = np.isin(kind, _TAKES_POINTS)
    points = sheet.integer("points", default=-(10**15) - 1)
    absent = points < -(10**15)
    sheet.fail(takes & absent, "MISSING", "points: a value")
    amount, _ = sheet.money("order_amount_minor", "order_amount", default=0)
    sheet.fail(amount < 0, "BAD_SIGN", "order_amount_minor: not negative")
    outcome = sheet.choice("decision", _OUTCOMES, default=0)
    refuse, named = _refusal(sheet, outcome)
    attributes = Attributes(sheet)
    attributes.text("order_id", "order_id")
    attributes.text("reason", "reason", leave=named)
    attributes.text("@wallet", "wallet")
    about = joined("redemption", parts(ids))
    words = {int(k): name for name, k in _ASKED.items()}
    action = pa.array([words.get(k, "redeem") for k in kind.tolist()], TEXT)
    return build(
        sheet, kind, at, sheet.arrived(at), member, joined(about, action), abouts=about, attributes=attributes,
        points=np.where(absent, 0, points), amount=amount, outcome=outcome, refuse=refuse,
        channel=sheet.code("channel"), store=sheet.code("store"),
    )  # fmt: skip


def _refusal(sheet: Sheet, outcome: Array) -> tuple[Array, Array]:
    """Why each redemption was refused (a `Reason`, 0 for none), and the rows whose `reason` says that and nothing else.

    The column `refused` says it where `reason` is already taken by what the member or the shop gave as a reason.
    """
    told = sheet.choice("refused", _REASONS, default=-1) if sheet.has("refused") else np.full(sheet.n, -1)
    given = sheet.code("reason")
    codes = np.array(sorted(_REASON_CODES), np.int64)
    at = np.searchsorted(codes, given).clip(max=len(codes) - 1)
    named = (codes[at] == given) & (outcome == Outcome.REFUSED) & (told < 0)
    values = np.array([_REASON_CODES[c] for c in codes.tolist()], np.int64)
    return np.where(told >= 0, told, np.where(named, values[at], 0)), named


def adjustments(sheet: Sheet) -> FactBatch:
    ids, member, (at, _) = sheet.ident("adjustment_id"), members_of(sheet), sheet.instant("occurred_at")
    action = sheet.choice("action", _ACTIONS, default=-1) if sheet.has("action") else np.full(sheet.n, -1)
    sets_tier = np.isin(action, (Action.SET_TIER, Action.EXTEND))
    points = sheet.integer("points", default=-(10**15) - 1)
    absent = points < -(10**15)
    sheet.fail(absent & ~sets_tier, "MISSING", "points: a value")
    points = np.where(absent, 0, points)
    action = np.where(action >= 0, action, np.where(points < 0, Action.DEDUCT, Action.ADD))
    unsigned = sheet.code("action") == 0
    sheet.fail((points < 0) & ~unsigned, "BAD_SIGN", "points: not negative where an action says what is done with them")
    attributes = Attributes(sheet)
    attributes.flag("@action", action, np.ones(sheet.n, bool))
    for name in ("wallet", "tier"):
        attributes.text(f"@{name}", name)
    for name in ("expires_at", "available_at", "until"):
        attributes.instant(f"@{name}", name)
    allowed = sheet.choice("allow_negative", _BOOLS, default=-1) if sheet.has("allow_negative") else np.full(sheet.n, -1)
    attributes.flag("@allow_negative", allowed, allowed >= 0)
    for name in ("reason", "operator"):
        attributes.text(name, name)
        sheet.fail(sheet.code(name) == 0, "MISSING", f"{name}: a value")
    sheet.fail((action == Action.SET_TIER) & (sheet.code("tier") == 0), "MISSING", "tier: the tier to set")
    keys = joined("adjustment", parts(ids))
    return build(
        sheet, FactKind.ADJUSTMENT, at, sheet.arrived(at), member, keys, attributes=attributes, points=np.abs(points),
    )  # fmt: skip


def transfers(sheet: Sheet) -> FactBatch:
    ids, (at, _) = sheet.ident("transfer_id"), sheet.instant("occurred_at")
    giver, taker = own(sheet, "from"), own(sheet, "to")
    sheet.fail(pc.equal(giver, taker).to_numpy(zero_copy_only=False), "SELF", "to: another member than from")
    points = sheet.integer("points")
    sheet.fail(points <= 0, "BAD_SIGN", "points: above zero")
    outcome = sheet.choice("decision", _OUTCOMES, default=0)
    refuse, named = _refusal(sheet, outcome)
    attributes = Attributes(sheet)
    attributes.text("reason", "reason", leave=named)
    attributes.text("@wallet", "wallet")
    keys = joined("transfer", parts(ids))
    return build(
        sheet, FactKind.TRANSFER, at, sheet.arrived(at), giver, keys, abouts=taker, attributes=attributes, points=points, outcome=outcome,
        refuse=refuse,
    )  # fmt: skip


def openings(sheet: Sheet) -> FactBatch:
    member, (at, _) = members_of(sheet), sheet.instant("earned_at")
    points = sheet.integer("points")
    attributes = Attributes(sheet)
    for name in ("expires_at", "available_at"):
        attributes.instant(f"@{name}", name)
    attributes.text("@wallet", "wallet")
    for name in ("reason", "source_system"):
        attributes.text(name, name)
    source, row = sheet.ident("source_system", required=False), sheet.ident("row_id", required=False)
    digest = _hex(_digest(attributes, sheet.n) + points.astype(np.uint64))
    plain = joined("opening", parts(source), parts(row))
    unnamed = numbered(joined("opening", parts(source), parts(member), _digits(at), digest))
    keys = pc.if_else(pc.equal(row, ""), unnamed, plain)
    return build(sheet, FactKind.OPENING, at, sheet.arrived(at), member, keys, attributes=attributes, points=points)


def identities(sheet: Sheet) -> FactBatch:
    """Links, merges, claims and pools, each a fact of the account that is given up, claimed or gives, about the one that it goes to; and erasures."""
    member, (at, _) = own(sheet, "member_id"), sheet.instant("occurred_at")
    action = sheet.choice("action", _IDENTITY)
    kind = sheet.code("action", required=True)
    into, receipt = own(sheet, "into", required=False), sheet.ident("receipt", required=False)
    kinds = (("link", "unlink"), ("merge", "unmerge"), ("claim",), ("pool", "unpool"))
    links, merges, claims, pools = (np.isin(action, [_IDENTITY[word] for word in words]) for words in kinds)
    account, claimed = accounts(sheet, "identifier", links), accounts(sheet, "receipt", claims)
    sheet.fail(links & empty(account), "MISSING", "identifier: what is linked")
    sheet.fail(links & same(account, member), "SELF", "identifier: another than the member's own")
    sheet.fail(merges & empty(into), "MISSING", "into: the member merged into")
    sheet.fail(pools & empty(into), "MISSING", "into: the pool")
    sheet.fail(same(into, member), "SELF", "into: another member")
    sheet.fail(claims & empty(receipt), "MISSING", "receipt: what is claimed")
    attributes = Attributes(sheet)
    attributes.text("receipt", "receipt", leave=~claims)
    attributes.flag("@share", _share(sheet, action == _IDENTITY["pool"]), action == _IDENTITY["pool"])
    words, _ = checked(sheet.raw("action"))
    of_links, of_others, of_claims = pa.array(links), pa.array(merges | pools), pa.array(claims)
    what = pc.if_else(of_links, account, pc.if_else(of_others, into, pc.if_else(of_claims, receipt, "")))
    about = pc.if_else(of_links, member, pc.if_else(of_others, into, pc.if_else(of_claims, member, "")))
    keys = joined("identity", parts(member), _digits(at), words, parts(what))
    of = pc.if_else(of_links, account, pc.if_else(of_claims, claimed, member))
    return build(sheet, FactKind.IDENTITY, at, sheet.arrived(at), of, keys, abouts=about, attributes=attributes, type=kind)


def _share(sheet: Sheet, asked: Array) -> Array:
    """What is given to a pool, in hundredths of a percent, of the rows that have to say it."""
    share, missing = sheet.percent("share")
    sheet.fail(asked & missing, "MISSING", "share: the percentage that the pool is given")
    sheet.fail(asked & (share <= 0), "BAD_SIGN", "share: above zero")
    sheet.fail(asked & (share > WHOLE), "AMOUNT_RANGE", "share: at most 100")
    return share


READERS: dict[str, Callable[[Sheet], FactBatch]] = {
    "interactions": interactions, "members": members, "redemptions": redemptions, "adjustments": adjustments,
    "transfers": transfers, "openings": openings, "identities": identities,
}  # fmt: skip
