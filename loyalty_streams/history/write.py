"""Facts as rows of a history folder: for tests and generators, and for dead letters that somebody is to mend."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from loyalty_streams.core.codes import Action, AttrKind, FactKind, LineKind, Outcome, Reason, Status
from loyalty_streams.core.facts import RECEIPT, Attribute, Fact, Line
from loyalty_streams.history.batch import FactBatch
from loyalty_streams.history.keys import unpart
from loyalty_streams.history.numbers import SCALE
from loyalty_streams.history.tables import TABLES
from loyalty_streams.history.times import iso

_KIND_WORDS = {FactKind.RETURN: "refund", FactKind.EXCHANGE_RETURN: "refund", FactKind.CANCELLATION: "cancellation"}
_ORDERS = frozenset({FactKind.ORDER, *_KIND_WORDS})
_TABLES = {
    FactKind.PROFILE: "members", FactKind.IDENTITY: "identities", FactKind.OPENING: "openings", FactKind.INTERACTION: "interactions",
    FactKind.TRANSFER: "transfers", FactKind.ADJUSTMENT: "adjustments",
}  # fmt: skip


def table_of(kind: FactKind) -> str:
    """The table that a kind of fact stands in."""
    return "orders" if kind in _ORDERS else _TABLES.get(kind, "redemptions")


def value_text(attribute: Attribute) -> str:
    """An attribute as a cell."""
    if isinstance(attribute.value, str):
        return attribute.value
    value = attribute.value
    if attribute.name == "@birthday":
        return f"{value // 10_000:04}-{value // 100 % 100:02}-{value % 100:02}"
    if attribute.name == "@status":
        return Status(value).name.lower()
    if attribute.name == "@action":
        return Action(value).name.lower()
    if attribute.kind == AttrKind.NUMBER:
        whole, part = divmod(abs(value), 10**SCALE)
        return f"{'-' if value < 0 else ''}{whole}" + (f".{part:06}".rstrip("0") if part else "")
    if attribute.kind == AttrKind.INSTANT:
        return iso(value)
    if attribute.kind == AttrKind.DATE:
        return iso(value * 86_400_000_000)[:10]
    if attribute.name == "@tax_minor":
        return str(value)
    if attribute.name == "@share":
        return f"{value // 100}" + (f".{value % 100:02}".rstrip("0") if value % 100 else "")
    return "true" if value else "false"


def row_of(fact: Fact, revision: int = 0, currency: str = "") -> dict[str, Any]:
    """The fact as a row of its table, empty columns left out; the lines of an order as a list `items`."""
    out: dict[str, Any] = {} if fact.member.startswith(RECEIPT) else {"member_id": fact.member}
    if fact.at >= 0:
        out["occurred_at"] = iso(fact.at)
    if fact.arrived >= 0:
        out["arrived_at"] = iso(fact.arrived)
    for name, value in (("channel", fact.channel), ("store", fact.store)):
        if value:
            out[name] = value
    tags = [str(a.value) for a in fact.attributes if a.name == "@tag"]
    out.update({a.name.removeprefix("@"): value_text(a) for a in fact.attributes if a.name != "@tag"})
    if tags:
        out["tags"] = ",".join(tags)
    parts = [unpart(p) for p in fact.key.split("/")]
    if fact.kind in _ORDERS:
        return {**_order_row(fact, parts, revision, currency), **out}
    if fact.kind == FactKind.INTERACTION:
        named = {"interaction_id": parts[1]} if len(parts) == 2 else {}
        order = {"order_id": unpart(fact.about.partition("/")[2])} if fact.about else {}  # as it was written: the attribute may be a number
        return {**named, **out, **order, "type": fact.type}
    if fact.kind == FactKind.ADJUSTMENT:
        return {"adjustment_id": parts[-1], **out, "points": fact.points}
    if fact.kind == FactKind.TRANSFER:
        members = {"from": out.pop("member_id"), "to": fact.about}
        return {"transfer_id": parts[-1], **members, **_decision(fact, out.get("reason", "")), **out, "points": fact.points}
    if fact.kind == FactKind.OPENING:
        named = {"row_id": parts[-1]} if len(parts) == 3 else {}
        return {**named, "earned_at": out.pop("occurred_at"), **out, "points": fact.points}
    if fact.kind == FactKind.PROFILE:
        return out
    if fact.kind == FactKind.IDENTITY:
        return _identity_row(fact, out)
    return {**_redemption_row(fact, parts, out.get("reason", "")), **out}


def _order_row(fact: Fact, parts: list[str], revision: int, currency: str) -> dict[str, Any]:
    out: dict[str, Any] = {"order_id": parts[-1]}
    if len(parts) == 3:
        out["source"] = parts[1]
    if currency:
        out["currency"] = currency
    if revision:
        out["revision"] = revision
    out["amount_minor"] = fact.amount if fact.kind == FactKind.ORDER else -fact.amount
    if fact.kind == FactKind.ORDER:
        if fact.about:
            out["redemption_id"] = unpart(fact.about.partition("/")[2])
    else:
        out["kind"] = _KIND_WORDS[fact.kind]
        if fact.about:
            out["original_order_id"] = unpart(fact.about.rpartition("/")[2])
    if fact.points:
        out["points_used"] = fact.points
    if fact.lines:
        out["items"] = [_line_row(line, fact.kind) for line in fact.lines]
    return out


def _line_row(line: Line, kind: FactKind) -> dict[str, Any]:
    out: dict[str, Any] = {"line_no": line.no, "line_amount_minor": line.amount if kind == FactKind.ORDER else -line.amount}
    optional = {"sku": line.sku, "category": line.category, "tax_minor": line.tax}
    out.update({name: value for name, value in optional.items() if value})
    out["qty"] = line.qty
    if line.kind != LineKind.GOODS:
        out["kind"] = line.kind.name.lower()
    return out


def _identity_row(fact: Fact, out: dict[str, Any]) -> dict[str, Any]:
    if fact.type in ("link", "unlink"):
        return {**out, "member_id": fact.about, "action": fact.type, "identifier": fact.member}
    if fact.type == "claim":
        return {**out, "member_id": fact.about, "action": fact.type}
    into = {"into": fact.about} if fact.type in ("merge", "unmerge", "pool", "unpool") else {}
    return {**out, "action": fact.type, **into}


def _redemption_row(fact: Fact, parts: list[str], given: str) -> dict[str, Any]:
    out: dict[str, Any] = {"redemption_id": parts[1], "action": fact.kind.name.lower(), "points": fact.points}
    if fact.amount:
        out["order_amount_minor"] = fact.amount
    return {**out, **_decision(fact, given)}


def _decision(fact: Fact, given: str) -> dict[str, Any]:
    """What was decided. `given` is the reason that the fact has as an attribute; where it stands in the way, the refusal is in `refused`."""
    out: dict[str, Any] = {}
    if fact.outcome != Outcome.NONE:
        out["decision"] = fact.outcome.name.lower()
    plain = fact.outcome == Outcome.REFUSED and not given
    if fact.refuse != Reason.NONE and plain:
        out["reason"] = fact.refuse.name
    elif fact.refuse != Reason.NONE or (fact.outcome == Outcome.REFUSED and given in Reason.__members__):
        out["refused"] = fact.refuse.name
    return out


def undated_rows(batch: FactBatch) -> list[dict[str, Any]]:
    """Facts without an instant as the rows of `members` that they came from: each profile, with the identifiers that its row linked."""
    out: dict[tuple[int, int, str], dict[str, Any]] = {}
    for i in range(len(batch)):
        fact = batch.fact(i)
        linked = fact.kind == FactKind.IDENTITY
        row = out.setdefault((int(batch.files[i]), int(batch.rows[i]), fact.about if linked else fact.member), {})
        row.update({"member_id": fact.about, **_column_of(fact.member)} if linked else row_of(fact))
    return list(out.values())


def _column_of(account: str) -> dict[str, str]:
    """An account as the cell that names it."""
    kind, _, value = account.partition(":")
    return {kind: value} if value and kind in ("card", "phone", "open_id") else {"identifier": account}


def rows_of(facts: Iterable[Fact], currency: str, arrivals: bool = True) -> dict[str, list[dict[str, Any]]]:
    """Facts as rows by table, in the order given; the lines of orders are rows of `items`."""
    out: dict[str, list[dict[str, Any]]] = {}
    for fact in facts:
        row = row_of(fact, 0, currency)
        if not arrivals:
            row.pop("arrived_at", None)
        for line in row.pop("items", ()):
            of: dict[str, Any] = {name: row[name] for name in ("order_id", "source", "revision") if name in row}
            out.setdefault("items", []).append({**of, **line})
        out.setdefault(table_of(fact.kind), []).append(row)
    return out


def write_rows(folder: Path, tables: Mapping[str, list[dict[str, Any]]], form: str = "parquet") -> None:
    """Rows as files `TABLE.form` of a folder, made if need be; `form` is parquet, csv, csv.gz or jsonl."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in tables.items():
        names = list(dict.fromkeys([*_columns(table), *(n for row in rows for n in row)]))
        names = [n for n in names if any(n in row for row in rows) or n in _required(table)]
        path = folder / f"{table}.{form}"
        if form == "parquet":
            columns = {n: pa.array([row.get(n) for row in rows]) for n in names}
            pq.write_table(pa.table(columns), path)
        elif form == "jsonl":
            needed = dict.fromkeys(_columns(table))
            path.write_text("".join(json.dumps({**needed, **row}, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        else:
            text = io.StringIO()
            writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            data = text.getvalue().encode()
            path.write_bytes(gzip.compress(data, mtime=0) if form == "csv.gz" else data)


def write_history(folder: Path, facts: Iterable[Fact], currency: str, form: str = "parquet", arrivals: bool = True) -> None:
    """Facts as a history folder. `arrivals=False` leaves their `arrived_at` to the reading."""
    write_rows(folder, rows_of(facts, currency, arrivals), form)


def _columns(table: str) -> list[str]:
    return [r if isinstance(r, str) else r[0] for r in TABLES[table].required]


def _required(table: str) -> frozenset[str]:
    return frozenset(_columns(table))
