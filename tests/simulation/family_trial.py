"""One trial of a family: the kernel account by account, with packed states at merges, cards at transfers and parcels for pools, against the oracle.

An account that begins anew needs nothing beside it: its cards went where it was given up to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np

from loyalty_streams.core.codes import Move, code_of
from loyalty_streams.core.engine import Engine
from loyalty_streams.core.facts import Columns, Fact, to_columns
from loyalty_streams.core.kernel.records import CARD_REDEMPTION
from loyalty_streams.core.packed import parcel_card
from tests.oracle.adjustments import number_of
from tests.oracle.family import Step, fold_family
from tests.oracle.lots import source_code
from tests.oracle.model import Lot
from tests.simulation import engine_side, oracle_side
from tests.simulation.engine_side import Store
from tests.simulation.families import family
from tests.simulation.family_coverage import seen_of_steps
from tests.simulation.programmes import texts
from tests.simulation.said import Decision, End
from tests.simulation.trial import A_PROGRAMME, Case, Outcome, Ready, engine_of, first_difference, ready

CARD_STATE = 3
"""A card that holds the packed state of the other side of a merge."""


@dataclass(frozen=True)
class FamilyCase(Case):
    """Events of several identifiers in place of the facts of one."""


def family_of(seed: int) -> FamilyCase:
    found = family(seed, A_PROGRAMME)
    return FamilyCase(seed, found.trees, found.events, found.until)  # type: ignore[arg-type]


def run_family(case: FamilyCase) -> Outcome:
    """Every account of the family, the ones given up too: decisions, end, books, running numbers."""
    written = tuple(texts(case.trees))
    programme, engine = ready(written), engine_of(written)
    expected = fold_family(programme.timeline, case.facts, case.until)
    facts = [s.fact for s in expected.steps]
    accounts = Accounts(engine, programme, facts, Random(f"batches {case.seed}"))
    accounts.follow(expected.steps)
    problems: list[str] = []
    decided: list[Decision] = []
    for name, result in expected.results.items():
        got, found = accounts.compared(name, oracle_side.said_of(result, programme.timeline), case.until)
        decided += got
        problems += [f"{name}: {x}" for x in found]
    return Outcome(tuple(problems), tuple(decided), tuple(seen_of_steps(expected.steps)))


@dataclass
class Accounts:
    """What a host keeps of each account. Rows of `facts` wait in `pending` until a batch is folded."""

    engine: Engine
    programme: Ready
    facts: Sequence[Fact]
    random: Random
    stores: dict[str, Store] = field(default_factory=dict)
    pending: dict[str, list[int]] = field(default_factory=dict)

    @property
    def columns(self) -> Columns:
        return to_columns(self.facts)

    def follow(self, steps: Sequence[Step]) -> None:
        """Each account's facts in batches cut at random; before a merge or a transfer everything that it needs is folded."""
        given_up: dict[int, bytes] = {}
        for row, step in enumerate(steps):
            move = number_of(step.fact, "move", 0)
            self.pending.setdefault(step.account, [])
            if move == Move.ABSORBED:
                self.fold(step.account, self.programme.timeline.stand(step.fact.at, step.fact.arrived))
                given_up[code_of(step.fact.key)] = self.stores[step.account].state
            elif step.beside:
                self.fold(step.beside)
                self.fold(step.account)
            self.pending[step.account].append(row)
            if move == Move.ABSORBS:
                code = code_of(step.fact.key)
                self.fold(step.account, extra=[bytes([CARD_STATE]) + code.to_bytes(8, "little", signed=True) + given_up[code]])
                self.stores[step.account].cards.update(self.stores[step.beside].cards)
                self.stores[step.beside].cards.clear()
            elif step.beside:
                self.fold(step.account, extra=[self.stores[step.beside].cards[CARD_REDEMPTION, code_of(step.fact.about)]])
            elif step.parcel:
                self.fold(step.account, extra=[self.parcel(step.fact, step.parcel)])
            elif self.random.random() < 0.3:
                self.fold(step.account)

    def parcel(self, fact: Fact, lot: Lot) -> bytes:
        """The card beside what a pool is given."""
        wallet = self.programme.numbers.names.wallets.index(lot.wallet)
        return parcel_card(code_of(fact.about), wallet, fact.points, source_code(lot.source), lot.n, lot.earned_at, lot.expires_at)

    def fold(self, account: str, until: int = 0, extra: Sequence[bytes] = ()) -> None:
        """What is pending of an account over what is kept of it."""
        store, rows = self.stores.setdefault(account, Store()), self.pending.get(account, [])
        if not rows and not until:
            return
        old = np.frombuffer(store.state, np.uint8)
        cards = [*engine_side.named_cards(store, [self.facts[i] for i in rows], 0, len(rows), self.facts), *extra]
        folded = self.engine.fold(
            self.columns, np.array([0, len(rows)], np.int64), rows=np.array(rows, np.int64), states=old,
            state_at=np.array([0, old.size], np.int64), cards=[(0, card) for card in cards], until=until,
        )  # fmt: skip
        engine_side.keep(store, folded)
        self.pending[account] = []

    def compared(self, account: str, expected: tuple[list[Decision], End], until: int) -> tuple[list[Decision], list[str]]:
        """One account at its end: what the kernel decided, and what differs."""
        self.fold(account, until)
        numbers, entries = self.programme.numbers, self.stores[account].all_entries()
        end = engine_side.end_of_member(self.engine, self.facts, numbers)
        got = engine_side.decisions(entries, self.facts, numbers)
        problems = first_difference(got, expected[0])
        problems += [f"end: {x}" for x in end.differences(expected[1])]
        problems += [f"books: {x}" for x in engine_side.misbooked(entries, end, numbers)]
        if entries["seq"].tolist() != list(range(1, entries.size + 1)):
            problems.append("seq: gaps (I10)")
        return got, problems
