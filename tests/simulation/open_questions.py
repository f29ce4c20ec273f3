"""Histories of which kernel and oracle still say different things, and what it is about. Each is held to differ until it is settled."""

from __future__ import annotations

HISTORIES = {
    1158: "a late REINSTATE looks back over lots that time has dropped meanwhile",
    1684: "a late order that reaches a tier, in a wallet whose points wait for an action: one lot or two of one number",
}
ARRIVALS = {
    627: "a return within the lateness of an order that came beyond it stands before that order",
    990: "where the entries of a reservation that came beyond the lateness stand among those of timers",
}
"""Of `tests/any_order`."""
