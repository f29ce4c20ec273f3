"""What a plan or a backtest is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loyalty_streams.reports.words import Language

SHOWN = 12
"""Members whose change is told in words."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan or a backtest is asked. Instants are microseconds UTC. `since`: from when candidates judge (None: from the first fact);
    `effective`: from when they say themselves; `as_of`: the end (None: all that there is); `members`: these alone; `where`: of them those for
    whom an expression holds; `shown`: how many are told of; `threads`, `engine`, `resume`: as `Run`.
    """

    as_of: int | None = None
    since: int | None = None
    effective: bool = False
    members: Sequence[str] | None = None
    where: str = ""
    shown: int = SHOWN
    lang: Language = "en"
    threads: int = 0
    engine: str = ""
    resume: bool = False
