"""A story from history: a member's facts as `given`, the newest as `when`, and what came of it as `then`.

It is a beginning: whoever keeps it works its figures out with a pencil, and cuts what does not matter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loyalty_streams.agents.families import given
from loyalty_streams.agents.long_fold import fold_from_the_first
from loyalty_streams.core.codes import ATTR, AttrKind, Bucket, EntryKind, FactKind, LineKind
from loyalty_streams.core.facts import Columns, take_rows
from loyalty_streams.core.state import unpack
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.programme.because import money
from loyalty_streams.programme.spec import run_stories
from loyalty_streams.programme.story import moment, parse_stories
from loyalty_streams.reports.account import Account, account
from loyalty_streams.reports.explain import row_of

RETURNS = (FactKind.RETURN, FactKind.EXCHANGE_RETURN)
REDEMPTIONS = (FactKind.REDEEM, FactKind.REDEEMED, FactKind.RESERVE, FactKind.CONFIRM, FactKind.RELEASE, FactKind.CANCEL)
ASK = (FactKind.REDEEM, FactKind.REDEEMED, FactKind.RESERVE)
PLAIN, NUMBER, INSTANT = (re.compile(p) for p in (r"[A-Za-z][A-Za-z0-9_./-]*", r"-?[0-9]+(\.[0-9]+)?", r"[0-9T:.+-]+Z?"))
"""Texts that YAML takes as they are."""
INSTANTS = ("tier_since", "tier_until", "enrolled_at", "expires_at", "available_at", "until")
TEXTS = ("tier", "region", "customer_type", "wallet")
Line = dict[str, Any]


class RecordError(LookupError):
    """The facts cannot be told in the words of a story. `code`: NOT_A_STORY."""

    code = "NOT_A_STORY"


def record(store: Store, member_id: str, fact: str | None = None) -> str | None:
    """The story of a fact (default: the newest) as YAML that holds; None for an unknown member. Raises RecordError."""
    own = account(store, member_id)
    if own is None:
        return None
    last = row_of(own, fact)
    told = [_Teller(store, own).line(row) for row in range(last + 1)]
    text = "\n".join([
        "# Recorded from history: work the figures out with a pencil, and leave out what does not matter.",
        f"- story: {_word(f'{member_id}, {own.ledger.key(int(own.block.columns.ref[last]))}')}",
        *(["  given:", *(f"    - {_flow(line)}" for line in told[:-1])] if last else []),
        "  when:", f"    - {_flow(told[-1])}", "  then:", *_then(store, own, last),
    ]) + "\n"  # fmt: skip
    (result,) = run_stories(parse_stories(text, member_id, store.compiled.time_zone, store.compiled.minor_digits), store.compiled, store.engine)
    if not result.passed:
        raise RecordError(f"a story has no words for what made {'; '.join(d.what for d in result.differences)} of {member_id}")
    return text


class _Teller:
    """Facts in the words of a story."""

    def __init__(self, store: Store, own: Account) -> None:
        self.c: Columns = own.block.columns
        self.own, self.compiled = own, store.compiled
        self.zone = own.ledger.sentences.because.zone

    def line(self, row: int) -> Line:
        kind = FactKind(int(self.c.kind[row]))
        at = {"at": moment(int(self.c.at[row]), self.zone)}
        if kind == FactKind.ORDER:
            return {"order": self._name(self.c.ref[row]), **at, **self._basket(row, 1), **self._order(row)}
        if kind in RETURNS and int(self.c.about[row]):
            exchange = {"exchange": "true"} if kind == FactKind.EXCHANGE_RETURN else {}
            return {"return": self._name(self.c.about[row]), **at, **self._basket(row, -1), **exchange}
        if kind == FactKind.CANCELLATION:
            return {"cancellation": self._name(self.c.about[row]), **at}
        if kind == FactKind.INTERACTION:
            about = {"order": self._name(self.c.about[row])} if int(self.c.about[row]) else {}
            return {"interaction": self._text(self.c.type[row]), **at, **about, **self._user(row)}
        if kind in REDEMPTIONS:
            return {kind.name.lower(): self._name(self.c.about[row]), **at, **self._asked(row, kind)}
        if kind == FactKind.ADJUSTMENT:
            given = self._reserved(row)
            return {"adjust": (-1 if given.get("action") == "deduct" else 1) * int(self.c.points[row]), **at, **given}
        if kind == FactKind.PROFILE:
            return {"member": self.own.member_id, **at, **self._reserved(row)}
        raise RecordError(f"a story has no words for {self.own.ledger.key(int(self.c.ref[row]))}")

    def _name(self, code: Any) -> str:
        """The id in a business key: what stands behind its first part."""
        return (self.own.ledger.key(int(code)) or "").partition("/")[2]

    def _text(self, code: Any) -> str:
        return self.own.question.strings.get(int(code), "") if int(code) else ""

    def _money(self, minor: Any) -> str:
        return money(int(minor), self.compiled.minor_digits)

    def _basket(self, row: int, sign: int) -> Line:
        """The lines, or the amount alone. A return brings back what it names; nothing named is everything."""
        lines = []
        for k in range(int(self.c.line_at[row]), int(self.c.line_at[row + 1])):
            x: Line = {"line": int(self.c.line_no[k]), "amount": self._money(self.c.line_amount[k])}
            x |= {name: text for name, text in (("sku", self._text(self.c.line_sku[k])), ("category", self._text(self.c.line_category[k]))) if text}
            x |= {"qty": int(self.c.line_qty[k])} if int(self.c.line_qty[k]) != 1 else {}
            x |= {"kind": LineKind(int(self.c.line_kind[k])).name.lower()} if int(self.c.line_kind[k]) else {}
            lines.append(x | ({"tax": self._money(self.c.line_tax[k])} if int(self.c.line_tax[k]) else {}))
        if lines:
            return {"lines": lines}
        return {"amount": self._money(self.c.amount[row])} if sign > 0 or int(self.c.amount[row]) else {}

    def _order(self, row: int) -> Line:
        found: Line = {name: text for name in ("channel", "store") if (text := self._text(getattr(self.c, name)[row]))}
        found |= {"points_used": int(self.c.points[row])} if int(self.c.points[row]) else {}
        found |= {"redemption": self._name(self.c.about[row])} if int(self.c.about[row]) else {}
        taxes = [v for n, _, v in self._attributes(row) if n == ATTR["tax_minor"]]
        return found | ({"tax": self._money(taxes[0])} if taxes else {})

    def _asked(self, row: int, kind: FactKind) -> Line:
        """Without the decision: the story asks again, in the same place."""
        found: Line = {"points": int(self.c.points[row])} if kind in ASK else {}
        return found | ({"order_amount": self._money(self.c.amount[row])} if int(self.c.amount[row]) else {})

    def _attributes(self, row: int) -> list[tuple[int, AttrKind, int]]:
        span = slice(int(self.c.attr_at[row]), int(self.c.attr_at[row + 1]))
        rows = zip(self.c.attr_name[span].tolist(), self.c.attr_kind[span].tolist(), self.c.attr_value[span].tolist(), strict=True)
        return [(name, AttrKind(kind), value) for name, kind, value in rows]

    def _reserved(self, row: int) -> Line:
        """What a profile or an adjustment says in the engine's own words."""
        from loyalty_streams.core.facts import Attribute
        from loyalty_streams.history.write import value_text

        names = {code: name for name, code in ATTR.items()}
        found: Line = {}
        for code, kind, value in self._attributes(row):
            name = names.get(code)
            if name == "tag":
                found.setdefault("tags", []).append(self._text(value))
            elif name in INSTANTS:
                found[name] = moment(value, self.zone)
            elif name in TEXTS:
                found[name] = self._text(value)
            elif name is not None:
                found[name] = value_text(Attribute(f"@{name}", kind, value))
        return found

    def _user(self, row: int) -> Line:
        """The attributes of an interaction. Text that reads as something else stays text by its quotes."""
        from loyalty_streams.core.facts import Attribute
        from loyalty_streams.history.write import value_text

        found: Line = {}
        for code, kind, value in self._attributes(row):
            name = self._text(code)
            found[name] = _Quoted(self._text(value)) if kind == AttrKind.TEXT else value_text(Attribute(name, kind, value))
        return {"attributes": found} if found else {}


class _Quoted(str):
    """A text that is always written with quotes."""


def _then(store: Store, own: Account, last: int) -> list[str]:
    """What stands in the member's books after the fact, what each rule paid, and what the others say."""
    columns, sentences = take_rows(own.block.columns, np.arange(last + 1)), own.ledger.sentences
    at = int(columns.at[last])
    groups = np.array([0, last + 1], np.int64)
    beside = given(own.block.segments, np.arange(last + 1), groups)
    folded = fold_from_the_first(store.engine, columns, groups, np.array([at]), explain=True, given=beside)
    state, names, main = unpack(folded.states.tobytes()), store.compiled.names, store.compiled.main_wallet
    came = folded.entries[(folded.entries["cause"] == last) | ((folded.entries["cause"] < 0) & (folded.entries["at"] >= at))]
    lines = [f"    points: {_flow(_balances(state.wallets[main]) if main in state.wallets else {'available': 0})}"]
    paid = _parts(came, main)
    lines += ["    because:", *(f"      - {_flow(part)}" for part in _named(paid, names.rules, names.wallets, main))] if paid else []
    refused = came[(came["kind"] == EntryKind.REFUSED) & (came["rule"] >= 0)]
    lines += ["    not_paid:"] if len(refused) else []
    lines += [f"      - {_flow({'rule': names.rules[int(e['rule'])], 'because': _Quoted(sentences.because.refusal(e))})}" for e in refused]
    lines += [f"    tier: {_word(names.tiers[state.tier])}"] if state.tier >= 0 else []
    lines += [f"    stage: {_word(names.stages[state.stage])}"] if state.stage >= 0 else []
    return lines


def _balances(wallet: Any) -> Line:
    found = {name.name.lower(): getattr(wallet, name.name.lower()) for name in Bucket}
    return {name: points for name, points in found.items() if points or name == "available"}


def _parts(came: Any, main: int) -> dict[tuple[int, int, int, bool], int]:
    """Points by rule, wallet and cause; what was taken back counts below nothing. A story names the main wallet's, and any others'."""
    found: dict[tuple[int, int, int, bool], int] = {}
    for e in came[np.isin(came["kind"], (EntryKind.EARNED, EntryKind.CLAWED_BACK)) & (came["rule"] >= 0)]:
        back = int(e["kind"]) == EntryKind.CLAWED_BACK
        key = int(e["rule"]), int(e["wallet"]), int(e["cause"]) if int(e["cause"]) >= 0 else -int(e["seq"]), back
        found[key] = found.get(key, 0) + (-abs(int(e["points"])) if back else int(e["points"]))
    return found


def _named(parts: Mapping[tuple[int, int, int, bool], int], rules: Sequence[str], wallets: Sequence[str], main: int) -> list[Line]:
    return [{"rule": rules[r], "points": n, **({"wallet": wallets[w]} if w != main else {})} for (r, w, _, _), n in parts.items()]


def _flow(value: Any) -> str:
    """A value on one line of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_word(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return str(value) if isinstance(value, int) else _word(value)


def _word(text: str) -> str:
    """A text, with quotes where it needs them."""
    bare = any(p.fullmatch(text) for p in (PLAIN, NUMBER, INSTANT)) and not isinstance(text, _Quoted)
    return text if bare else json.dumps(text, ensure_ascii=False)
