"""What the checks look at: one member, and what all members share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loyalty_streams.core.codes import Reason
from loyalty_streams.core.entries import Entries
from loyalty_streams.core.facts import Array
from loyalty_streams.core.programme import Compiled
from loyalty_streams.core.state import MemberState
from loyalty_streams.programme.because import Because

Found = tuple[int, list[str]]
"""How much was looked at, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The programme, and its rules by version."""

    compiled: Compiled
    because: Because

    def keeps_lots(self, wallet: int) -> bool:
        """Whether a wallet keeps lots, by the newest version that has it."""
        rows = [t.terms[wallet] for t in self.compiled.tables if int(t.terms[wallet].used)]
        return bool(rows) and bool(int(rows[-1].lots))


@dataclass(frozen=True, slots=True)
class Account:
    """One member: the unpacked state and its size in bytes, the entries that hold, the running numbers of all, and what the head says.

    `begins`: the instants at which its identifier began an account anew.
    """

    name: str
    state: MemberState
    size: int
    entries: Entries
    tier: int
    stage: int
    counted: int
    numbers: Array
    begins: Array

    def lives(self, entries: Entries) -> list[Entries]:
        """Some of its entries by the account that they are of, the last one last."""
        return np.split(entries, np.searchsorted(entries["at"], self.begins))

    @property
    def kin(self) -> bool:
        """Whether it has taken another account over, or was taken over: what began in one may have ended in the other."""
        return bool(np.isin(self.entries["reason"], (Reason.MERGED, Reason.MERGE_DUPLICATE)).any())
