"""Identifiers are accounts: what the account of a member number, a card, a phone or an open id is called.

A member number is the name itself; the others are `kind:value`: `card:4711`, `open_id:…`, `phone:` and a keyed hash (see `phones`). A plain phone
is turned into that here, wherever it stands, and goes no further. What was bought without a member is kept under `receipt:` and its receipt.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.core.facts import ERASED, RECEIPT, Array
from loyalty_streams.history.letters import PHONE, WITHHELD
from loyalty_streams.history.sheet import Sheet
from loyalty_streams.history.strings import LONGEST, TEXT, checked, hashes

COLUMNS = ("card", "phone", "open_id", "identifier")
"""In order of priority, behind `member_id`."""


def own(sheet: Sheet, name: str, required: bool = True) -> Any:
    """A column of members by name: member numbers, or `kind:value`."""
    values = sheet.ident(name, required)
    _kept(sheet, name, values)
    _free(sheet, name, values)
    return _unphoned(sheet, name, values, np.ones(sheet.n, bool))


def members_of(sheet: Sheet, required: bool = True) -> Any:
    """The account of each row: that of the first given of member_id, card, phone, open_id, identifier (T136). The others are not looked at."""
    found = own(sheet, "member_id", required=False)
    for name in COLUMNS:
        if sheet.has(name) and (open_rows := empty(found)).any():
            found = pc.if_else(pa.array(open_rows), accounts(sheet, name, open_rows), found)
    if required:
        sheet.fail(empty(found), "MISSING", "member_id: a value")
    return found


def accounts(sheet: Sheet, name: str, where: Array | None = None) -> Any:
    """The accounts that a column of identifiers names in the rows `where`; empty where it names none, and in all other rows."""
    rows = np.ones(sheet.n, bool) if where is None else where
    values, bad = checked(pc.if_else(pa.array(rows), sheet.raw(name), ""))
    sheet.fail(bad, "BAD_ID", f"{name}: 1 to {LONGEST} bytes, no blanks at the ends, no control or invisible characters")
    _kept(sheet, name, values)
    if name == "phone":
        return _phones(sheet, name, values, ~empty(values))
    if name == "identifier":
        unnamed = _true(pc.match_substring_regex(values, "^:|^[^:]+:$"))
        sheet.fail(unnamed, "BAD_ID", "identifier: a kind and a value, such as card:4711")
        _free(sheet, name, values)
        return _unphoned(sheet, name, values, rows)
    named = pc.if_else(pc.equal(values, ""), "", pc.binary_join_element_wise(pa.scalar(f"{name}:", TEXT), values, pa.scalar("", TEXT)))
    sheet.fail(pc.binary_length(named).to_numpy(zero_copy_only=False) > LONGEST, "BAD_ID", f"{name}: at most {LONGEST} bytes with its kind")
    return named


def linked_accounts(sheet: Sheet) -> list[Any]:
    """The accounts of the identifiers beside each member. One that the file gives to two members is a guess in either row (T146)."""
    found = [accounts(sheet, name) for name in COLUMNS if sheet.has(name)]
    for account in found if len(sheet.contested) else ():
        sheet.fail(np.isin(hashes(account), sheet.contested), "AMBIGUOUS", "card, phone, open_id, identifier: of one member_id in the whole file")
    return found


class Claimed:
    """Which member each identifier of a file stands beside, chunk by chunk. Two words an identifier."""

    def __init__(self) -> None:
        self._pairs: list[Array] = []

    def add(self, sheet: Sheet) -> None:
        member = hashes(own(sheet, "member_id"))
        for name in COLUMNS:
            if sheet.has(name):
                account = hashes(accounts(sheet, name))
                rows = np.flatnonzero((account != 0) & (member != 0))
                self._pairs.append(np.stack([account[rows], member[rows]]))

    def contested(self) -> Array:
        """The codes, in order, of the accounts that stand beside two members."""
        if not self._pairs:
            return np.zeros(0, np.int64)
        account, member = np.concatenate(self._pairs, axis=1)
        order = np.lexsort((member, account))
        account, member = account[order], member[order]
        return np.unique(account[1:][(account[1:] == account[:-1]) & (member[1:] != member[:-1])])


def same(one: Any, other: Any) -> Array:
    """Which rows hold the same name twice."""
    return _true(pc.equal(one, other)) & ~empty(one)


def empty(texts: Any) -> Array:
    """Which rows hold nothing."""
    return _true(pc.equal(texts, ""))


def _kept(sheet: Sheet, name: str, values: Any) -> None:
    """What a dead letter withholds is no name."""
    sheet.fail(_true(pc.equal(values, WITHHELD)), "MISSING", f"{name}: a value: it is withheld from a dead letter and must be given again")


def _free(sheet: Sheet, name: str, values: Any) -> None:
    """Kinds that the engine keeps for itself are nobody's name."""
    taken = _true(pc.or_(pc.starts_with(values, RECEIPT), pc.starts_with(values, ERASED)))
    sheet.fail(taken, "BAD_ID", f"{name}: no name with {RECEIPT} or {ERASED}, which are the engine's own; a receipt stands in the column `receipt`")


def _true(found: Any) -> Array:
    out: Array = found.to_numpy(zero_copy_only=False)
    return out


def _unphoned(sheet: Sheet, name: str, values: Any, rows: Array) -> Any:
    """The same names, with those of phones in their hashed form."""
    named = rows & _true(pc.starts_with(values, PHONE, ignore_case=True))
    return _phones(sheet, name, values, named) if named.any() else values


def _phones(sheet: Sheet, name: str, values: Any, rows: Array) -> Any:
    """The values, with the accounts of phones in the given rows; each distinct phone is worked out once."""
    some = values.filter(pa.array(rows)).dictionary_encode()
    words = some.dictionary.to_pylist()
    found = [sheet.phones.account(w) for w in words]
    at = some.indices.to_numpy(zero_copy_only=False)
    none = np.zeros(sheet.n, bool)
    none[rows] = np.array([f == "" for f in found], bool)[at]
    if sheet.phones.key:
        sheet.fail(none, "BAD_PHONE", f"{name}: a phone number of {sheet.options.phone_region}, or one with + and the country's code")
    else:
        sheet.fail(none, "NO_PHONE_KEY", f"{name}: a key in `phone_key` or LOYALTY_PHONE_KEY, without which no phone is taken")
    accounts = pa.array(found, TEXT).take(some.indices)
    return pc.replace_with_mask(values, pa.array(rows), accounts)
