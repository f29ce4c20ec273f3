"""A corner shop for tests: a programme small enough for a pencil, and facts as rows of a history."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import loyalty_streams as ls

PROGRAMME = """\
programme: corner
version: 1
time_zone: UTC
currency: USD
wallets:
  points: {expires: {after: 12 months}, unit_value: 0.01}
earn:
  base: {on: order, points: {rate: 1, per: 1.00, mode: proportional}}
  app-double: {on: order, when: {channel: app}, multiply: 2, limits: {points: 100, per: day}}
  check-in: {on: {interaction: check-in}, points: {fixed: 5}, limits: {times: 1, per: day}}
  welcome: {on: enrolment, points: {fixed: 10}}
redeem: {unit: 100, minimum: 100, reserve_for: 15 minutes}
returns: {within: 90 days}
tiers:
  metric: {spend: {window: 12 months}}
  ladder: {base: 0, silver: 200.00, gold: 500.00}
lifecycle:
  new: {first_order_within: 30 days}
  active: {last_order_within: 60 days, orders_at_least: 1}
  idle: {idle: 60 days}
  precedence: [idle, new, active]
"""


def programme(folder: Path, text: str = PROGRAMME, name: str = "v1.yaml") -> Path:
    """The programme as a file of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def order(order_id: str, member: str, at: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"order_id": order_id, "member_id": member, "occurred_at": at, "amount": amount, "currency": "USD", **more}


def history(folder: Path, **tables: list[dict[str, Any]]) -> Path:
    """Rows as a history folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return folder


def shop(where: Path, text: str = PROGRAMME, **tables: list[dict[str, Any]]) -> ls.Loyalty:
    """An open store of these facts; nothing of the facts may be set aside."""
    opened = ls.open_store(where / "store", programme=programme(where / "rules", text))
    if tables:
        found = opened.ingest(history(where / "history", **tables))
        assert not found.dead_letters, found.dead_letters
    return opened
