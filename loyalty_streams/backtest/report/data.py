"""What the page's script reads: the changed members in columns, the charts' numbers, the words of both languages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from loyalty_streams.backtest.behind import behind_each
from loyalty_streams.backtest.comparing import NO_SHIFT
from loyalty_streams.backtest.plan import Plan
from loyalty_streams.reports.sentences import label_of
from loyalty_streams.reports.words import LANGUAGES, WORDS, Language, say

EXPLAINED = 10_000
"""Members whose change is told in words: each is folded once more, up to a millisecond, and takes some 200 bytes."""
SAID = ("page.", "plan.column.")
STAYERS_FROM = 50
"""Those who stay in their tier are drawn at first where one of so many members moves: fewer could not be seen beside them."""
STEPS = tuple(n * 10**k for k in range(5) for n in (1, 2, 5))
"""Bounds of the histogram, in points."""


def data_of(plan: Plan) -> dict[str, Any]:
    """Plain values for the script: see `report.js`, which alone reads them."""
    return {
        "language": plan.asked.lang,
        "words": {lang: {word: texts[k] for word, texts in WORDS.items() if word.startswith(SAID)} for k, lang in enumerate(LANGUAGES)},
        "currency": plan.currency,
        "minor_digits": plan.contenders[0].compiled.minor_digits,
        "histogram": plan.distribution(STEPS, gaps=True),
        "tiers": tiers_of(plan),
        "stayers": STAYERS_FROM * sum(n for *_, n in plan.comparison.tier_moves()) >= len(plan.comparison.persons),
        "cells": [list(cell) for cell in plan.tier_table()],
        "course": course_of(plan),
        "members": members_of(plan),
    }


def tiers_of(plan: Plan) -> list[dict[str, str]]:
    """The tiers from the lowest up: id, and label by language."""
    return [{"id": name, **{lang: tier_label(plan, name, lang) for lang in LANGUAGES}} for name in plan.tier_counts()[0]]


def tier_label(plan: Plan, name: str, lang: Language) -> str:
    """The label of a tier; of no tier the word for it."""
    return say("none", lang) if name == "none" else label_of(plan.contenders[1].compiled, "tiers", name, lang)


def course_of(plan: Plan) -> dict[str, Any]:
    """The liability by month, or the points outstanding where they have no worth."""
    months = plan.course()
    worth = plan.liability().delta is not None
    pairs = [money if worth else points for _, points, money in months]
    return {"money": worth, "months": [m for m, *_ in months], "before": [p.before for p in pairs], "after": [p.after for p in pairs]}


def members_of(plan: Plan) -> dict[str, Any]:
    """Every changed member, who changes most first. Tiers are places in `tiers`; `shift` is in days, null for none; `why` is of the first ones."""
    c, places = plan.comparison, plan.ranked()
    rows = np.array(places, np.int64)
    order = {tier["id"]: k for k, tier in enumerate(tiers_of(plan))}
    shifts = [None if days == NO_SHIFT else days for days in c.shift_of_tier_held()[rows].tolist()]
    ids = [c.ids[k] for k in places]
    return {
        "id": ids, "before": c.held[0][rows].tolist(), "delta": c.delta[rows].tolist(),
        **{name: [order[c.tier_name(k)] for k in held[rows].tolist()] for name, held in zip(("from", "to"), c.tiers, strict=True)},
        "shift": shifts, "why": reasons(plan, ids[:EXPLAINED]),
    }  # fmt: skip


def reasons(plan: Plan, members: Sequence[str]) -> dict[str, list[str]]:
    """Why each of some members changes, by language."""
    why = {name: behind.why_in(LANGUAGES) for name, behind in behind_each(plan.run, (0, 1), members, plan.texts)}
    return {lang: [why[name][k] for name in members] for k, lang in enumerate(LANGUAGES)}


def script_json(value: Any) -> str:
    """JSON for a data block of a page: what could end the block, or the line in a script, is written as an escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
