"""What every report is asked over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from loyalty_streams.core.programme import Compiled
from loyalty_streams.reports.instants import shift_months


@dataclass(frozen=True, slots=True)
class Question:
    """What every report is asked over: the programme, the instant, and the version in force then."""

    compiled: Compiled
    as_of: int
    strings: Mapping[int, str] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.compiled.time_zone)

    @property
    def version(self) -> int:
        """The position of the version in force at the instant."""
        inside = [k for k, v in enumerate(self.compiled.versions) if v.effective_from <= self.as_of]
        return max(inside, default=0)

    @property
    def year_ago(self) -> int:
        return shift_months(self.as_of, -12, self.zone)
