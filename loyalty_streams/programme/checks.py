"""What only several places of a programme show together. What can be read two ways is refused, each at its place."""

from __future__ import annotations

from loyalty_streams.programme.check_meeting import check_meeting
from loyalty_streams.programme.check_names import check_names
from loyalty_streams.programme.check_windows import check_windows
from loyalty_streams.programme.look import Look
from loyalty_streams.programme.models import Programme
from loyalty_streams.programme.reading import Reading


def check(programme: Programme, reading: Reading) -> None:
    """Reports to `reading` every problem that the single sections cannot see."""
    look = Look(programme, reading)
    for part in (check_names, check_windows, check_meeting):
        part(look)
