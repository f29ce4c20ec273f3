"""A member's entries as people and programs read them, each made when it is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from loyalty_streams.core.codes import Bucket, EntryKind, Reason
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Columns
from loyalty_streams.reports.instants import iso
from loyalty_streams.reports.member import LedgerEntry, lot_id
from loyalty_streams.reports.sentences import Sentences, plain

_NAMING = ("kind", "cause", "rule", "lot", "lot_n", "at")
_KINDS = {int(kind): kind.name.lower() for kind in EntryKind}
EARNED = int(EntryKind.EARNED)


class Ledger(Sequence[LedgerEntry]):
    """Entries of one member in their order. `keys` gives the business keys of codes; entries' causes are rows of `columns`."""

    def __init__(self, entries: Entries, columns: Columns, keys: Mapping[int, str], sentences: Sentences) -> None:
        self.rows, self.columns, self.keys, self.sentences = entries, columns, keys, sentences

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> LedgerEntry: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[LedgerEntry, ...]: ...
    def __getitem__(self, index: int | slice) -> LedgerEntry | tuple[LedgerEntry, ...]:
        if isinstance(index, slice):
            return tuple(self._entry(k) for k in range(*index.indices(len(self))))
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._entry(index % len(self))

    def where(self, rows: npt.NDArray[Any]) -> tuple[LedgerEntry, ...]:
        """The entries at these places."""
        return tuple(self._entry(k) for k in np.flatnonzero(rows).tolist())

    def find(self, entry_id: str) -> int | None:
        """The place of the entry with an id, or with a running number (`seq`)."""
        if entry_id in self.ids:
            return self.ids.index(entry_id)
        numbers = [str(n) for n in self.rows["seq"].tolist()]
        return numbers.index(entry_id) if entry_id in numbers else None

    @cached_property
    def ids(self) -> list[str]:
        """`{kind}/{cause}/{rule or lot}`, of a timer `{kind}/{lot}`; equal ones are numbered from the second on, so that ids are derived (T185)."""
        facts = [f"/{self.key(ref)}" if ref else "" for ref in self.columns.ref.tolist()]
        rules = [*(f"/{name}" for name in self.sentences.compiled.names.rules), ""]  # the last one: -1, no rule
        seen: dict[str, int] = {}
        out = []
        for kind, cause, rule, lot, n, at in zip(*(self.rows[f].tolist() for f in _NAMING), strict=True):
            of_lot = f"/{lot_id(lot, n, self.keys)}" if lot and kind != EARNED else ""
            fact = facts[cause] if cause >= 0 else ""
            name = f"{_KINDS[kind]}{fact or ('' if of_lot else f'/timer/{at}')}{rules[rule]}{of_lot}"
            count = seen[name] = seen.get(name, 0) + 1
            out.append(name if count == 1 else f"{name}#{count}")
        return out

    def cause(self, k: int) -> str | None:
        """The business key of the fact that caused an entry; None for a timer."""
        row = int(self.rows["cause"][k])
        return self.key(int(self.columns.ref[row])) if row >= 0 else None

    def key(self, code: int) -> str | None:
        return self.keys.get(code, f"#{code & (1 << 64) - 1:016x}") if code else None

    def _entry(self, k: int) -> LedgerEntry:
        e = dict(zip(self.rows.dtype.names or (), self.rows[k].item(), strict=True))  # plain integers: fields of a numpy row are slow to read
        compiled, kind = self.sentences.compiled, EntryKind(int(e["kind"]))
        version = compiled.versions[int(e["version"])]
        rule, tier, reason = int(e["rule"]), int(e["tier"]), Reason(int(e["reason"]))
        refused = kind == EntryKind.REFUSED
        return LedgerEntry(
            entry_id=self.ids[k], seq=int(e["seq"]), effective_at=iso(int(e["at"])), booked_at=iso(int(e["booked"])), kind=kind.name,
            points=int(e["points"]), wallet=compiled.names.wallets[int(e["wallet"])], bucket=Bucket(int(e["bucket"])).name.lower(),
            rule=compiled.names.rules[rule] if rule >= 0 else None, programme_version=version.version, basis=int(e["basis"]),
            multiplier=self._factor(e, kind), desired=int(e["desired"]), reason=reason.name if reason else None,
            because=self.sentences.because.refusal(e) if refused else None,
            lot_id=lot_id(int(e["lot"]), int(e["lot_n"]), self.keys) if int(e["lot"]) else None,
            about=self.key(int(e["ref"])) if int(e["ref"]) in self.keys else None, cause=self.cause(k),
            tier=compiled.names.tiers[tier] if tier >= 0 else None, text=self.sentences.entry(e),
        )  # fmt: skip

    def _factor(self, e: Any, kind: EntryKind) -> str | None:
        """The multiplier, or the rate a unit of money, step or unit; None where the entry was not reckoned from one."""
        if kind != EntryKind.EARNED or not int(e["den"]):
            return None
        terms = self.sentences.because.terms(int(e["version"]), int(e["rule"]))
        if terms is not None and terms.form == "fixed":
            return None
        scale = 10**self.sentences.compiled.minor_digits if terms is not None and terms.form == "proportional" else 1
        return plain(Fraction(int(e["num"]) * scale, int(e["den"])))
