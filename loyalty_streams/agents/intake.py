"""What intake sets aside before anything is decided: facts from the future (T160).

A till whose clock is ahead must neither expire anyone's points nor move the clocks of the log. What is ahead by no more than
`facts.future_tolerance` is taken, and counts from its arrival; what is further ahead is a dead letter, to be replayed when its time has come.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from loyalty_streams.agents.lateness import Lateness
from loyalty_streams.history.batch import FactBatch
from loyalty_streams.history.letters import DeadLetter

FUTURE_TIME = "FUTURE_TIME"
AHEAD_OF_ARRIVAL = "occurred_at: no more than `facts.future_tolerance` ahead of the machine's clock, or of the arrived_at given with it"
ARRIVES_AHEAD = "arrived_at: no more than `facts.future_tolerance` ahead of the machine's clock"


def admit(batch: FactBatch, lateness: Lateness, now: int) -> tuple[FactBatch, list[DeadLetter]]:
    """The facts that may be judged at an instant, none arriving after it; and letters of the others.

    `now`: the machine's clock, in microseconds UTC. `occurred_at` stays what was said: nothing counts before its arrival all the same.
    """
    at, arrived = batch.columns.at, batch.columns.arrived
    if not len(batch) or (int(arrived.max()) <= now and bool((at <= arrived).all())):
        return batch, []
    arrival = np.minimum(arrived, now)
    tolerance = lateness.of_arrivals("future_tolerance", arrival)
    arrives_ahead = arrived > now + tolerance
    ahead = arrives_ahead | (at > arrival + tolerance)
    letters = [
        batch.letter(row, FUTURE_TIME, ARRIVES_AHEAD if arrives_ahead[row] and at[row] <= now + tolerance[row] else AHEAD_OF_ARRIVAL)
        for row in np.flatnonzero(ahead).tolist()
    ]
    kept = batch.take(np.flatnonzero(~ahead)) if letters else batch
    return replace(kept, columns=kept.columns._replace(arrived=arrival[~ahead])), letters
