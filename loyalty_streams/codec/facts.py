"""Facts to records and back. What is encoded and what is decoded has passed `valid.check`: both sides of the wire are guarded."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from loyalty_streams.codec.forms import BY_KIND, BY_NAME, LINE_FIELDS, Form, How
from loyalty_streams.codec.valid import check, refuse, unreserved
from loyalty_streams.core.codes import Action, AttrKind, FactKind, LineKind, Outcome, Reason, Status
from loyalty_streams.core.facts import RECEIPT, Attribute, Fact, Line

EPOCH = date(1970, 1, 1).toordinal()
TAG = "@tag"


@dataclass(frozen=True, slots=True)
class Message:
    """A fact as it travels. Beside the fact, of an order: the number of its revision, and the currency of its amounts.

    An empty currency is the programme's, and stands only between agents that have checked it.
    """

    fact: Fact
    revision: int = 0
    currency: str = ""


def in_order(fact: Fact) -> Fact:
    """The fact in the one form that it has on the wire: texts in NFC, lines by number, attributes by name, kind and value."""
    lines = sorted((replace(x, sku=nfc(x.sku), category=nfc(x.category)) for x in fact.lines), key=lambda x: x.no)
    named = (Attribute(nfc(a.name), a.kind, nfc(a.value) if isinstance(a.value, str) else a.value) for a in fact.attributes)
    return replace(
        fact, member=nfc(fact.member), key=nfc(fact.key), about=nfc(fact.about), channel=nfc(fact.channel), store=nfc(fact.store),
        type=nfc(fact.type), lines=tuple(lines), attributes=tuple(sorted(named, key=_by_name)),
    )  # fmt: skip


def nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _by_name(a: Attribute) -> tuple[str, int, int, str]:
    return (a.name, a.kind, 0, a.value) if isinstance(a.value, str) else (a.name, a.kind, a.value, "")


# ---- facts to records ----


def to_record(message: Message) -> tuple[str, dict[str, Any]]:
    """(full name, record) of a message. Raises WireError where the fact is not valid, or has what its record cannot carry."""
    fact = in_order(message.fact)
    check(fact, message.revision, message.currency)
    form, value = BY_KIND[fact.kind]
    _check_carried(form, message, fact)
    fact = _as_said(fact)
    record = {wire: WRITE[how](getattr(fact, column)) for wire, (column, how) in form.columns.items()}
    if form.chosen_by:
        record[form.chosen_by] = value
    if form.order:
        record |= {"revision": message.revision, "currency": message.currency}
    return form.full_name, record | _attributes(form, fact)


def _check_carried(form: Form, message: Message, fact: Fact) -> None:
    """A value that the record has no field for is refused rather than lost."""
    carried = {column for column, _ in form.columns.values()} | {"kind", "attributes"}
    empty = Fact(fact.kind, "", "", 0)
    for column in Fact.__slots__:
        if column not in carried and getattr(fact, column) != getattr(empty, column):
            refuse("NOT_CARRIED", f"{column}: nothing, {form.name} has no field for it")
    if fact.attributes and not form.open:
        refuse("NOT_CARRIED", f"attributes: none, {form.name} has no field for them")
    if not form.order and (message.revision or message.currency):
        refuse("NOT_CARRIED", f"revision, currency: only of orders, not of {form.name}")


def _attributes(form: Form, fact: Fact) -> dict[str, Any]:
    """The fields of the attributes that have one, tags, and the rest as records."""
    if not form.open:
        return {}
    own = {(a.name, a.kind): a.value for a in fact.attributes}
    out = {wire: WRITE[n.how](own.get((n.name, n.kind))) for wire, n in form.attributes.items()}
    placed = {(n.name, n.kind) for n in form.attributes.values()}
    if form.tags:
        placed.add((TAG, AttrKind.TEXT))
        out["tags"] = [a.value for a in fact.attributes if (a.name, a.kind) == (TAG, AttrKind.TEXT)]
    rest = (a for a in fact.attributes if (a.name, a.kind) not in placed)
    out["attributes"] = [{"name": a.name, "kind": a.kind.name, "value": a.value} for a in rest]
    return out


# ---- records to facts ----


def to_message(name: str, record: Mapping[str, Any]) -> Message:
    """The message that a record of this name is, its fact in order. Raises WireError where it is no valid fact."""
    form = BY_NAME[name]
    kind = form.kinds[record[form.chosen_by] if form.chosen_by else ""]
    columns = {column: READ[how](record[wire], wire) for wire, (column, how) in form.columns.items()}
    unreserved("member_id", columns.get("member", ""))
    whole = Fact(kind, columns.pop("member", ""), columns.pop("key"), columns.pop("at"), attributes=tuple(_given(form, record)), **columns)
    message = Message(_as_kept(in_order(whole)), record.get("revision", 0), record.get("currency", ""))
    check(message.fact, message.revision, message.currency)
    return message


def _given(form: Form, record: Mapping[str, Any]) -> Iterable[Attribute]:
    if not form.open:
        return
    for wire, named in form.attributes.items():
        value = READ[named.how](record[wire], wire)
        if value is not None:
            yield Attribute(named.name, named.kind, value)
    for tag in record["tags"] if form.tags else ():
        yield Attribute(TAG, AttrKind.TEXT, tag)
    fields = {(n.name, n.kind): wire for wire, n in form.attributes.items()} | ({(TAG, AttrKind.TEXT): "tags"} if form.tags else {})
    for row in record["attributes"]:
        kind = AttrKind[row["kind"]]
        if (row["name"], kind) in fields:
            refuse("BAD_CHOICE", f"attributes: {row['name']} in its own field, {fields[row['name'], kind]}")
        yield Attribute(row["name"], kind, row["value"])


# ---- receipts: a sender knows members, and no accounts of ours ----


def _as_said(fact: Fact) -> Fact:
    """A fact of a receipt's account as its sender tells it: an order of nobody, a claim by a member."""
    if not fact.member.startswith(RECEIPT):
        return fact
    return replace(fact, member=fact.about, about="") if fact.kind == FactKind.IDENTITY else replace(fact, member="")


def _as_kept(fact: Fact) -> Fact:
    """The fact that was told so: of the account of its receipt, and a claim about the member."""
    receipt = next((str(a.value) for a in fact.attributes if (a.name, a.kind) == ("receipt", AttrKind.TEXT)), "")
    if fact.kind == FactKind.IDENTITY and fact.type == "claim":
        if fact.about:
            refuse("BAD_CHOICE", "into: empty in a claim, whose member is member_id")
        return replace(fact, member=RECEIPT + receipt, about=fact.member)
    return replace(fact, member=RECEIPT + receipt) if receipt and not fact.member and BY_KIND[fact.kind][0].order else fact


# ---- one value each way ----


def _reason(text: str, wire: str) -> Reason:
    if text and text not in Reason.__members__:
        refuse("BAD_CHOICE", f"{wire}: the code of a reason")
    return Reason[text] if text else Reason.NONE


def _day(yyyymmdd: int | None) -> int | None:
    """Days since 1970-01-01 of a date; its number has been checked."""
    return None if yyyymmdd is None else date(yyyymmdd // 10_000, yyyymmdd // 100 % 100, yyyymmdd % 100).toordinal() - EPOCH


def _yyyymmdd(days: int | None, wire: str) -> int | None:
    if days is None:
        return None
    if not 1 <= days + EPOCH <= date.max.toordinal():
        refuse("BAD_TIME", f"{wire}: a date")
    found = date.fromordinal(days + EPOCH)
    return found.year * 10_000 + found.month * 100 + found.day


def _line_record(line: Line) -> dict[str, Any]:
    return {wire: getattr(line, column) for wire, column in LINE_FIELDS.items()} | {"kind": line.kind.name}


def _line(record: Mapping[str, Any]) -> Line:
    return Line(**{column: record[wire] for wire, column in LINE_FIELDS.items()} | {"kind": LineKind[record["kind"]]})


WRITE: dict[How, Callable[[Any], Any]] = {
    How.PLAIN: lambda x: x,
    How.ARRIVAL: lambda x: None if x < 0 else x,
    How.REASON: lambda x: "" if x == Reason.NONE else Reason(x).name,
    How.OUTCOME: lambda x: Outcome(x).name,
    How.ACTION: str.upper,
    How.LINES: lambda lines: [_line_record(x) for x in lines],
    How.TEXT: lambda x: "" if x is None else x,
    How.MAYBE: lambda x: x,
    How.TRUTH: lambda x: None if x is None else bool(x),
    How.DATE: _day,
    How.STATUS: lambda x: None if x is None else Status(x).name,
    How.ADJUSTMENT: lambda x: None if x is None else Action(x).name,
}
READ: dict[How, Callable[[Any, str], Any]] = {
    How.PLAIN: lambda x, _: x,
    How.ARRIVAL: lambda x, wire: -1 if x is None else x if x >= 0 else refuse("BAD_TIME", f"{wire}: from 1970, or null"),
    How.REASON: _reason,
    How.OUTCOME: lambda x, _: Outcome[x],
    How.ACTION: lambda x, _: x.lower(),
    How.LINES: lambda rows, _: tuple(_line(x) for x in rows),
    How.TEXT: lambda x, _: x or None,
    How.MAYBE: lambda x, _: x,
    How.TRUTH: lambda x, _: None if x is None else int(x),
    How.DATE: _yyyymmdd,
    How.STATUS: lambda x, _: None if x is None else int(Status[x]),
    How.ADJUSTMENT: lambda x, _: None if x is None else int(Action[x]),
}

NAMES = frozenset(BY_NAME)
"""Full names of the records of facts."""
KINDS: dict[FactKind, str] = {kind: form.full_name for kind, (form, _) in BY_KIND.items()}
"""The record of each kind of fact."""
