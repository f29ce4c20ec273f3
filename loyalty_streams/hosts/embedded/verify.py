"""Every invariant of `loyalty verify` over a store: how much was looked at, and how much of it is wrong.

Checks are of three kinds: the log against the state (sums, lots, ladders), the log against itself (sequence, returns, holds), and all of it
against the log folded again. Each is a function over some members that gives what it looked at and the faults it found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from loyalty_streams.core.state import StateError, unpack
from loyalty_streams.hosts.embedded.checks import entries, states, waiting
from loyalty_streams.hosts.embedded.checks import logs as whole_logs
from loyalty_streams.hosts.embedded.checks.account import Account, Found, Ground
from loyalty_streams.hosts.embedded.refold import Log, logs
from loyalty_streams.hosts.embedded.store import Store
from loyalty_streams.programme.because import Because

SHOWN = 5
"""Faults of a check that are told one by one."""


@dataclass(slots=True)
class Check:
    """One invariant: what it says, how much was looked at, how much is wrong, and the first faults."""

    what: str
    checked: int = 0
    violations: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, checked: int, faults: list[str]) -> None:
        self.checked += checked
        for fault in faults:
            self.violations += 1
            if len(self.faults) < SHOWN:
                self.faults.append(fault)


NUMBERED = "running numbers have no gaps, and what takes an entry back takes it back whole and once"
OF_MEMBERS: dict[str, tuple[str, Callable[[Account, Ground], Found]]] = {
    "I1": ("what was given is what is held and what is gone, in every wallet", states.conserved),
    "I2": ("lots are between nothing and what was granted, and add up to the balances", states.lots_are_sane),
    "I10": (NUMBERED, entries.numbered_without_gaps),
    "I12": ("nothing is spent that was not there, and a hold ends once", entries.holds_end_once),
    "I13": ("no more is taken back of an order than it gave", entries.returns_take_no_more),
    "I14": ("an entry's points are what its parts give, rounded once", entries.parts_give_the_points),
    "I15": ("a lot expires once, at or after the instant it was earned", entries.lots_expire_once),
    "I16": ("tiers follow one another to the one that is held", entries.tiers_follow),
    "I17": ("stages follow one another to the one that is held", entries.stages_follow),
    "I20": ("what is outstanding by expiry is what is held", states.outstanding_is_held),
    "I24": ("a state is no larger than what it holds", states.bounded),
}
OF_LOGS: dict[str, tuple[str, Callable[[Store, Log], Found]]] = {
    "I3": ("points are taken in the order of consumption", whole_logs.taken_in_order),
    "I4": ("a business key stands once, and the store knows its content", whole_logs.keys_stand_once),
    "I5": ("the log folded again gives these entries and states", whole_logs.folds_to_the_same),
    "I10": (NUMBERED, whole_logs.corrections_cancel),
    "I9": ("a kept state is the fold of the facts before it", whole_logs.bases_are_prefixes),
}


MOVED = "what one account gives up another takes over, and nothing is under way"
COUNTED = "every fact has one end, the log has as many as were applied, and no return waits whose order is known"
"""The checks that are made of the store as a whole, not of members or logs."""


def verify(store: Store) -> dict[str, Check]:
    """All checks, by the id of their invariant."""
    found = {name: Check(what) for name, (what, _) in (*OF_MEMBERS.items(), *OF_LOGS.items())}
    counted, moved, ground = whole_logs.Counted(), whole_logs.Moved(), Ground(store.compiled, Because(store.compiled, {}))
    for log in logs(store):
        counted.add(log)
        moved.add(log)
        accounts = list(_accounts(log, found["I2"]))
        for name, (_, member_check) in OF_MEMBERS.items():
            for account in accounts:
                checked, faults = member_check(account, ground)
                found[name].add(checked, [f"{account.name}: {fault}" for fault in faults])
        for name, (_, log_check) in OF_LOGS.items():
            found[name].add(*log_check(store, log))
    found["I7"] = Check(MOVED)
    found["I7"].add(*moved.against(store.clocks, ground))
    found["I11"] = Check(COUNTED)
    found["I11"].add(*counted.against(store.clocks))
    found["I11"].add(*waiting.wait_with_reason(store))
    return dict(sorted(found.items(), key=lambda pair: int(pair[0][1:])))


def _accounts(log: Log, lots: Check) -> Iterator[Account]:
    """The members whose state can be read; one that cannot is a fault of its own."""
    for name, head, own, numbers, begins in zip(log.ids, log.heads, log.entries(), log.numbers(), log.begins(), strict=True):
        try:
            state = unpack(head.state)
        except StateError as error:
            lots.add(1, [f"{name}: {error}"])
            continue
        yield Account(name, state, len(head.state), own, head.tier, head.stage, head.entries, numbers, begins)
