"""Recency, frequency, money: five equal groups of members by each, 5 the best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from loyalty_streams.reports.arithmetic import mean, ntile
from loyalty_streams.reports.instants import iso
from loyalty_streams.reports.orders import Orders


def rfm(orders: Orders, ids: Sequence[str]) -> dict[str, Any]:
    """`report rfm --json`: each member's scores; members and spend of each (r, f).

    `ids[k]` is the id of account k; ties go by id as UTF-8 bytes: `ntile(5)` over (last order, id), (orders, id) and
    (spend, id).
    """
    first, last = orders.starts(), orders.ends()
    member = orders.member[first]
    names = [ids[k] for k in member.tolist()]
    by_id = sorted(range(len(names)), key=lambda k: names[k].encode())
    place = np.empty(len(names), np.int64)
    place[by_id] = np.arange(len(names))
    count = last - first + 1
    spend = np.add.reduceat(orders.amount, first) if len(first) else np.empty(0, np.int64)
    recent = orders.at[last]
    r, f, m = (ntile(np.lexsort((place, value)), 5) for value in (recent, count, spend))
    scores = [
        {"member_id": names[k], "r": int(r[k]), "f": int(f[k]), "m": int(m[k]), "last_order": iso(int(recent[k])),
         "orders": int(count[k]), "spend_minor": int(spend[k])}
        for k in by_id
    ]  # fmt: skip
    cells = []
    for score_r in range(5, 0, -1):
        for score_f in range(5, 0, -1):
            inside = (r == score_r) & (f == score_f)
            money = int(spend[inside].sum())
            cells.append({"r": score_r, "f": score_f, "members": int(inside.sum()), "spend_minor": money,
                          "mean_spend_minor": mean(money, int(inside.sum()))})  # fmt: skip
    return {"members": len(names), "cells": cells, "scores": scores}
