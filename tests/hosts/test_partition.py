"""A partition of the log: what it tells is what a store of its own would have booked, whatever is forgotten, killed or made anew on the way."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from loyalty_streams.agents.partitions import partition_of
from loyalty_streams.agents.rows import Head
from loyalty_streams.api import Loyalty
from loyalty_streams.core.codes import FactKind
from loyalty_streams.core.facts import Fact
from loyalty_streams.history.batch import of_facts
from loyalty_streams.hosts.embedded.store import Store
from loyalty_streams.hosts.kafka.partition import Facts, Messages, Partition, Position, Tick, entry_rows, forwarded_to
from loyalty_streams.hosts.kafka.records import Record, of_entry, of_fact, of_letter, of_message, read
from tests.any_order.family_trial import facts_of
from tests.any_order.test_stores import NEVER_EARLY
from tests.any_order.trial import programme_of, scrambled
from tests.hosts.shop import PROGRAMME, order
from tests.simulation.family_trial import family_of
from tests.simulation.programmes import texts

Log = list[Facts | Messages | Tick]
HANG_ON_OTHERS = (
    FactKind.RETURN, FactKind.EXCHANGE_RETURN, FactKind.CANCELLATION, FactKind.RESERVE, FactKind.REDEEM, FactKind.CONFIRM, FactKind.RELEASE,
    FactKind.CANCEL,
)  # fmt: skip
"""What is asked is decided on what a partition knows by then; what speaks of another member's order is refused where both are known, and waits where
they are not."""


def programme(folder: Path, rules: list[str]) -> Path:
    path = folder / "programme"
    path.mkdir(parents=True)
    for number, text in enumerate(rules, 1):
        (path / f"v{number}.yaml").write_text(text, "utf-8")
    return path


class Cluster:
    """Logs and the partitions over them; batches, kills and the order in which partitions come to work are by chance."""

    def __init__(self, folder: Path, rules: Path, partitions: int, random: Random) -> None:
        self.folder, self.rules, self.random = folder, rules, random
        self.logs: list[Log] = [[] for _ in range(partitions)]
        self.told: list[dict[str, Any]] = []
        self.parts = [self.opened(k) for k in range(partitions)]

    def opened(self, number: int) -> Partition:
        return Partition(self.folder / f"members-{number}", self.rules, number, len(self.logs))

    def run(self) -> None:
        while any(self.at(k) < len(log) for k, log in enumerate(self.logs)):
            self.step(self.random.randrange(len(self.logs)))

    def at(self, k: int) -> int:
        position = self.parts[k].position
        return position.offset if position is not None else 0

    def step(self, k: int) -> None:
        at = self.at(k)
        some = self.logs[k][at : at + self.random.choice((1, 2, 5, 50))]
        if not some:
            return
        outcome = self.parts[k].decide(some)
        if self.random.random() < 0.3:  # the transaction did not come about
            if self.random.random() < 0.5:
                self.parts[k].forget()
            else:
                self.parts[k].close()
                self.parts[k] = self.opened(k)
            return
        self.told += outcome.entries
        for message in outcome.forwards:
            self.logs[forwarded_to(message, len(self.logs))].append(Messages([message]))
        self.parts[k].keep(Position("log", at + len(some)))

    def close(self) -> None:
        for part in self.parts:
            part.close()


def heads(rocks: Any) -> dict[bytes, tuple[bytes, int, int]]:
    return {name: (head.state, head.tier, head.stage) for name, head in ((name, Head.read(value)) for name, value in rocks.scan("heads"))}


def by_number(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In order of member and number. The name of a fact that came to another account before a merge may not be at hand: then its code is told."""
    named = [{**row, **dict.fromkeys(("lot_key", "about"), "")} for row in rows]
    return sorted(named, key=lambda row: (row["member_id"], row["seq"]))


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("seed", range(0, 40, 4))
def test_a_random_family_ends_as_in_one_store_and_every_entry_is_told_once(tmp_path: Path, seed: int, partitions: int) -> None:
    """Merges, transfers and pools go from partition to partition as records of the log."""
    case = family_of(seed)
    found, facts = programme_of(case), facts_of(case)
    if partitions > 1:
        facts = [f for f in facts if f.kind not in HANG_ON_OTHERS]
    if found is None or not facts:
        return
    random = Random(f"partitions {seed}")
    worst = scrambled(facts, random, min(v.facts.lateness for v in found[0].compiled.versions))
    end = max(case.until, worst[-1].arrived)
    rules = programme(tmp_path, texts(case.trees))
    with Store.open(tmp_path / "one", programme=rules, create=True, clock=lambda: NEVER_EARLY) as one:
        for fact in worst:
            one.take(of_facts([fact]))
        one.advance(end)
        whole, ledger = heads(one.rocks), entry_rows(Loyalty(one).ledger())
    cluster = Cluster(tmp_path, rules, partitions, random)
    for fact in worst:
        cluster.logs[partition_of(fact.member.encode(), partitions)].append(Facts(of_facts([fact])))
    cluster.run()
    for log in cluster.logs:
        log.append(Tick(end))
    cluster.run()
    assert {name: head for part in cluster.parts for name, head in heads(part.rocks).items()} == whole
    kept = [row for part in cluster.parts for row in entry_rows(Loyalty(part.store).ledger())]
    assert by_number(cluster.told) == by_number(kept)
    if partitions == 1:
        assert by_number(cluster.told) == by_number(ledger)
    cluster.close()


# ---- records -------------------------------------------------------------------------------------------------------------


def test_records_are_read_in_order_and_what_cannot_be_read_is_a_letter_with_its_place(tmp_path: Path) -> None:
    facts = [order(f"O{k}", "M1", f"2026-01-0{k} 10:00", 5_000, arrived=1_767_900_000_000_000 + k) for k in (1, 2, 3)]
    one, two, three = (of_fact(fact, "USD") for fact in facts)
    message = Record(b"M1", b"anything", of_message(b"\x02\x00M1rest").headers)
    broken, early = Record(b"M1", b"\x00\x00\x00"), of_fact(order("O4", "M1", "2026-01-04 10:00", 5_000), "USD")
    found = list(read([(10, one), (11, broken), (12, two), (13, message), (14, three), (15, early)], "facts:3"))
    kinds = [type(part).__name__ for part in found]
    assert kinds == ["DeadLetter", "Facts", "Messages", "DeadLetter", "Facts"]
    letters = [part for part in found if type(part).__name__ == "DeadLetter"]
    assert [(x.file, x.row, x.code) for x in letters] == [("facts:3", 11, "BAD_FRAME"), ("facts:3", 15, "MISSING")]  # type: ignore[union-attr]
    batches = [[part.batch.fact(k).key for k in range(len(part.batch))] for part in found if isinstance(part, Facts)]
    assert batches == [["order/O1", "order/O2"], ["order/O3"]]
    assert dict(of_letter(letters[0]).headers)["place"] == b"facts:3:11"  # type: ignore[arg-type]


def test_an_entry_on_the_wire_says_what_the_ledger_says(tmp_path: Path) -> None:
    from loyalty_streams.codec import open_entry

    part = Partition(tmp_path / "store", programme(tmp_path, [PROGRAMME]), 0, 1)
    fact: Fact = order("O1", "M1", "2026-01-05 10:00", 5_000, arrived=1_767_900_000_000_000)
    outcome = part.decide([Facts(of_facts([fact]))])
    entries = [open_entry(of_entry(row).value or b"") for row in outcome.entries]
    assert [(e.member_id, e.seq, e.kind, e.points, e.cause) for e in entries if e.points] == [("M1", 1, "EARNED", 50, "order/O1")]
    assert list(outcome.heads) == [b"M1"] and outcome.forwards == [] and outcome.letters == []
    part.forget()
    assert part.position is None and part.store.clocks.facts == 0
    part.close()
