"""`--where 'channel = app and tier >= gold'`: the members for whom something holds, by what segments know of them."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.comparing import Comparison
from loyalty_streams.backtest.contenders import Contender
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.ground import Ground
from loyalty_streams.backtest.running import Run
from loyalty_streams.backtest.segments import FIELDS, Traits
from loyalty_streams.backtest.totals import ladder

TOKEN = re.compile(r"""\s*(?:(?P<sign><=|>=|!=|==?|<|>|[(),])|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[^\s()<>=!,'"]+))""")
COMPARE: dict[str, Callable[[Any, Any], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
FORM = "FIELD = VALUE, with one of = != < <= > >=, or FIELD in (A, B); several are joined by `and`"
SHOWN = 20
"""Values that an error lists."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. `column`: where its values stand in the text, from 1."""

    field: str
    sign: str
    values: tuple[str, ...]
    column: int


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    kind: str
    column: int


def read(text: str) -> list[Condition]:
    """The conditions, all of which are to hold. Raises BacktestError BAD_WHERE with the column."""
    tokens = [*_tokens(text), Token("", "end", len(text) + 1)]
    found, at = [], 0
    while True:
        condition, at = _condition(text, tokens, at)
        found.append(condition)
        if tokens[at].kind == "end":
            return found
        if (tokens[at].kind, tokens[at].text) != ("word", "and"):
            raise _bad(text, tokens[at].column, f"`and` or the end, not `{tokens[at].text}`")
        at += 1


def _condition(text: str, tokens: Sequence[Token], at: int) -> tuple[Condition, int]:
    name, sign = tokens[at], tokens[min(at + 1, len(tokens) - 1)]
    if name.kind != "word" or name.text not in FIELDS:
        raise _bad(text, name.column, f"one of {', '.join(FIELDS)}{f', not `{name.text}`' if name.text else ''}")
    if (sign.kind, sign.text) == ("word", "in"):
        values, after = _listed(text, tokens, at + 2)
        return Condition(name.text, "=", values, tokens[at + 3].column), after
    if sign.kind != "sign" or sign.text not in ("=", "==", "!=", *COMPARE):
        raise _bad(text, sign.column, FORM)
    return Condition(name.text, sign.text.replace("==", "="), (_value(text, tokens[at + 2]),), tokens[at + 2].column), at + 3


def _listed(text: str, tokens: Sequence[Token], at: int) -> tuple[tuple[str, ...], int]:
    """The values of a list in parentheses, and where it ends."""
    if tokens[at].text != "(" or tokens[at].kind != "sign":
        raise _bad(text, tokens[at].column, FORM)
    values = []
    while True:
        values.append(_value(text, tokens[at + 1]))
        at += 2
        if tokens[at].kind != "sign" or tokens[at].text not in (",", ")"):
            raise _bad(text, tokens[at].column, "`,` or `)`")
        if tokens[at].text == ")":
            return tuple(values), at + 1


def _value(text: str, token: Token) -> str:
    if token.kind not in ("word", "quoted"):
        raise _bad(text, token.column, "a value")
    return token.text


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text.rstrip()):
        found = TOKEN.match(text, at)
        if found is None:
            column = at + 1 + len(text[at:]) - len(text[at:].lstrip())
            raise _bad(text, column, "the other quotation mark" if text[column - 1] in "'\"" else FORM)
        kind = found.lastgroup or ""
        yield Token(found[kind], "quoted" if kind in ("double", "single") else kind, found.start(kind) + 1 - (kind in ("double", "single")))
        at = found.end()


def _bad(text: str, column: int, expected: str) -> BacktestError:
    return BacktestError("BAD_WHERE", f"{text}: {expected}" if text.strip() else expected, f"--where:{column}", usage=True)


# ---- whom it leaves ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chosen:
    """The members for whom an expression holds, in order of id, of how many."""

    where: str
    members: list[str]
    of: int

    def to_json(self) -> dict[str, str | int]:
        return {"where": self.where, "members": len(self.members), "of": self.of}


def chosen(ground: Ground, first: Contender, asked: Asked) -> Chosen:
    """Those of a history (or of some of its members) for whom it holds in the end under a programme.

    Folds the history once, on this machine; a pass that was stopped is gone on with, as the one that follows. Raises BacktestError BAD_WHERE, also
    for a value that nobody has, and EMPTY_RANGE where nobody is left.
    """
    conditions, where = read(asked.where), asked.where
    run, traits = Run(ground.source, (first,), asked.as_of, asked.members, asked.threads, resume=asked.resume), Traits()
    history, (figures,) = run.figures(None, traits)
    c = Comparison.of(figures, figures, run.names)
    tiers = ladder(first, history.as_of)
    holds = np.ones(len(c.persons), bool)
    for condition in conditions:
        groups = {value: who for name, value, who in traits.groups(c, ground.texts, first.zone) if name == condition.field}
        known = [*(tiers if condition.field == "tier" else ()), *(v for v in groups if condition.field != "tier" or v not in tiers)]
        _check(where, condition, known)
        one = np.zeros(len(c.persons), bool)
        for value, who in groups.items():
            one[who] |= _is(condition, value, tiers)
        holds &= ~one if condition.sign == "!=" else one
    if not holds.any():
        raise BacktestError("EMPTY_RANGE", f"`{where}` holds for none of {len(holds):,} members", "--where", usage=True)
    return Chosen(where, [c.ids[k] for k in np.flatnonzero(holds).tolist()], len(holds))


def _check(where: str, condition: Condition, known: Sequence[str]) -> None:
    """Where an order is asked for any value will do, but of tiers."""
    free = condition.sign in COMPARE and condition.field != "tier"
    missing = [] if free else [v for v in condition.values if v not in known]
    if missing:
        seen = ", ".join(sorted(known[:SHOWN]) if condition.field != "tier" else known) or "nothing"
        more = f" and {len(known) - SHOWN:,} more" if len(known) > SHOWN else ""
        raise _bad(where, condition.column, f"nobody has `{condition.field}` `{missing[0]}`; there is {seen}{more}")


def _is(condition: Condition, value: str, tiers: Sequence[str]) -> bool:
    """Whether a value is what is asked for; of `!=` whether it is the one that must not be."""
    if condition.sign not in COMPARE:
        return value in condition.values
    other = condition.values[0]
    if condition.field == "tier":
        return COMPARE[condition.sign](tiers.index(value) if value in tiers else -1, tiers.index(other))
    if NUMBER.fullmatch(value) and NUMBER.fullmatch(other):
        return COMPARE[condition.sign](Fraction(value), Fraction(other))
    return COMPARE[condition.sign](value, other)
