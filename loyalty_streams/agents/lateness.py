"""What a programme says of facts that come late, and where these stand."""

from __future__ import annotations

import numpy as np

from loyalty_streams.core.facts import Array
from loyalty_streams.core.programme import Compiled


class Lateness:
    """What the versions of a programme say of facts that come late: the one in force when a fact arrived is asked."""

    def __init__(self, compiled: Compiled) -> None:
        self._starts = np.array([v.effective_from for v in compiled.versions], np.int64)
        self._policies = [v.facts for v in compiled.versions]

    def of_arrivals(self, name: str, arrived: Array) -> Array:
        """A setting (a field of `FactPolicy`) for each arrival."""
        values = np.array([getattr(p, name) for p in self._policies], np.int64)
        return values[np.maximum(np.searchsorted(self._starts, arrived, side="right") - 1, 0)]

    def least(self, name: str) -> int:
        return min(int(getattr(p, name)) for p in self._policies)

    def waits_until(self, arrived: int) -> int:
        """The last instant at which a return that arrived then still waits for its order."""
        one = np.array([arrived], np.int64)
        return arrived + max(int(self.of_arrivals(name, one)[0]) for name in ("remember", "lateness"))

    def stand(self, at: Array, arrived: Array) -> Array:
        """Where facts stand in the order: at their own instant, or at their arrival where they came later than is allowed (S51), or where the clock
        that stamped them was ahead (T160).
        """
        at = put_back(at, arrived)
        late = arrived - at
        if not len(late) or int(late.max()) <= self.least("lateness"):
            return at
        return np.where(late > self.of_arrivals("lateness", arrived), arrived, at)


def put_back(at: Array, arrived: Array) -> Array:
    """The instants at which facts happened: none is after its arrival (T160). The log keeps what was said."""
    ahead = at > arrived
    return np.where(ahead, arrived, at) if ahead.any() else at
