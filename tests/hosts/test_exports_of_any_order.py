"""An export of facts that came late, amended or too early, or that wait, is a history that ends the same in another store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from loyalty_streams.agents.packing import cut_segments, pack_facts
from loyalty_streams.agents.rows import Segments, Text, join_segments
from loyalty_streams.core.entries import Entry
from loyalty_streams.core.facts import Fact, Line
from loyalty_streams.history import FactBatch, ReadOptions, read_history, read_rows
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.export import export_facts, export_ledger
from loyalty_streams.hosts.embedded.fact_tables import fact_tables, tables_of
from loyalty_streams.hosts.embedded.rocks import TEXTS
from tests.hosts.shop import DAY, HOUR, MINUTE, a_year, at, batch_of, come_back, open_store, order, read_in
from tests.hosts.test_any_order import ends, holds, scrambled
from tests.hosts.test_known_at import amended


def facts(seed: int) -> list[tuple[Fact, int]]:
    """Late, twice, amended, ahead of their arrival by minutes, and returns of orders that never come, of a known member and of an unknown one."""
    random = Random(seed)
    some = amended(scrambled(a_year(seed, members=5, facts=150), random, 7 * DAY), random)
    ahead = [(early(f, random) if f.arrived == f.at and random.random() < 0.1 else f, r) for f, r in some]
    last = max(f.arrived for f, _ in ahead)
    waiting = [replace(come_back(f"W{n}", f"nowhere-{n}", name, "2026-02-01 10:00", 500), arrived=last) for n, name in enumerate(("M0", "Z", "A"))]
    return [*sorted(ahead, key=lambda pair: pair[0].arrived), *((f, 0) for f in waiting)]


def early(fact: Fact, random: Random) -> Fact:
    return replace(fact, arrived=fact.at - random.randrange(1, 10) * MINUTE)


@pytest.fixture(params=range(3))
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    found = facts(request.param)
    with open_store(tmp_path / "first") as opened:
        for first in range(0, len(found), 40):
            piece = found[first : first + 40]
            opened.take(batch_of(*(f for f, _ in piece), revisions=[r for _, r in piece]))
        opened.advance(max(f.arrived for f, _ in found) + HOUR)
        yield opened


def everything(store: Store) -> dict[str, Any]:
    return {**ends(store), "waiting": list(store.rocks.scan("rest", b"w/", b"w0"))}


def test_a_fresh_store_ends_in_the_same_states_entries_and_waits(store: Store, tmp_path: Path) -> None:
    assert store.clocks.waiting == 3
    export_facts(store, tmp_path / "out")
    with open_store(tmp_path / "second") as fresh:
        found = read_in(fresh, tmp_path / "out")
        assert (found.dead_letter_count, found.dispositions["conflict"], found.waiting) == (0, 0, 3)
        fresh.advance(store.clocks.tick)
        assert everything(fresh) == everything(store)
        holds(fresh)
        export_facts(fresh, tmp_path / "again")
        assert bytes_of(tmp_path / "again") == bytes_of(tmp_path / "out")


def test_the_store_itself_knows_every_fact_of_its_export(store: Store, tmp_path: Path) -> None:
    export_facts(store, tmp_path / "out")
    before = everything(store)
    found = read_in(store, tmp_path / "out")
    assert {name: n for name, n in found.dispositions.items() if n} == {"duplicate": store.clocks.facts + 3 - 8, "superseded": 8}
    assert everything(store) == before


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_lines_of_two_revisions_of_an_order_stay_apart(tmp_path: Path) -> None:
    first = order("O1", "M1", "2026-01-05 10:00", 3_000, lines=(Line(1, 1_000), Line(2, 2_000)))
    second = replace(first, amount=4_500, lines=(Line(1, 1_000), Line(2, 3_500)), arrived=first.at + HOUR)
    with open_store(tmp_path) as store:
        store.take(batch_of(first, second, revisions=[0, 3]))
        tables = fact_tables(store, "M1")
        assert list(zip(*(tables["items"][name].to_pylist() for name in ("revision", "line_no", "line_amount_minor")), strict=True)) == [
            (0, 1, 1_000), (0, 2, 2_000), (3, 1, 1_000), (3, 2, 3_500),
        ]  # fmt: skip


def test_the_facts_of_a_member_who_only_waits_are_facts_of_the_member(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.take(batch_of(come_back("R1", "O1", "M1", "2026-01-05 10:00", 500)))
        assert fact_tables(store, "M1")["orders"]["order_id"].to_pylist() == ["R1"]
        assert fact_tables(store)["orders"]["order_id"].to_pylist() == ["R1"]
        assert fact_tables(store, "M2") == {}


def test_the_exported_ledger_tells_what_was_taken_back_and_adds_up_to_what_holds(tmp_path: Path) -> None:
    """100 points, amended to 120: entry 1 is taken back by entry 3, and entry 4 stands; entry 2 is the stage, which stays. Booked when the
    amendment came, effective at the purchase.
    """
    with open_store(tmp_path) as store:
        first = order("O1", "M1", "2026-01-05 10:00", 10_000)
        store.take(batch_of(first, replace(first, amount=12_000, lines=(Line(1, 12_000),), arrived=at("2026-01-06 10:00")), revisions=[0, 1]))
        (path,) = export_ledger(store, tmp_path / "out")
        rows = [row for row in pq.read_table(path).to_pylist() if row["kind"] == "EARNED"]
        assert [(r["seq"], r["points"], r["corrects"], r["booked_at"].day, r["effective_at"].day) for r in rows] == [
            (1, 100, 0, 5, 5), (3, -100, 1, 6, 5), (4, 120, 0, 6, 5),
        ]  # fmt: skip


ROWS: dict[str, list[dict[str, Any]]] = {
    "orders": [
        {"order_id": "O1", "receipt": "till 7/9", "amount_minor": "1299"},
        {"order_id": "O2", "receipt": "till 7/9", "kind": "refund", "original_order_id": "O1", "amount_minor": "-299"},
        {"order_id": "O3", "member_id": "m1", "receipt": "till 7/9", "amount_minor": "5"},
    ],
    "identities": [
        {"member_id": "card:7", "action": "claim", "receipt": "till 7/9"}, {"member_id": "m1", "action": "claim", "receipt": "till 7/9"},
        {"member_id": "m1", "action": "link", "identifier": "card:7"}, {"member_id": "m1", "action": "unlink", "identifier": "card:7"},
        {"member_id": "m1", "action": "merge", "into": "m2"}, {"member_id": "m1", "action": "unmerge", "into": "m2"},
        {"member_id": "m1", "action": "pool", "into": "family/7", "share": "12.5"},
        {"member_id": "m1", "action": "pool", "into": "m2", "share": "30"}, {"member_id": "card:7", "action": "pool", "into": "m2", "share": "0.05"},
        {"member_id": "m1", "action": "unpool", "into": "family/7"}, {"member_id": "m1", "action": "erase"},
    ],
    "transfers": [
        {"transfer_id": "T/1", "from": "m1", "to": "card:7", "points": "5", "wallet": "points"},
        {"transfer_id": "T2", "from": "card:7", "to": "m1", "points": "6", "decision": "granted"},
        {"transfer_id": "T3", "from": "m1", "to": "m2", "points": "7", "decision": "refused", "reason": "a gift", "refused": "IN_DEBT"},
    ],
    "openings": [
        {"member_id": "m1", "points": "300", "expires_at": "2026-06-30T00:00:00Z", "source_system": "old", "row_id": "1/1", "reason": "kept"},
        {"card": "7", "points": "200", "available_at": "2026-03-01T00:00:00Z"}, {"card": "7", "points": "200", "expires_at": ""},
    ],
}  # fmt: skip


@pytest.mark.parametrize("table", ROWS)
def test_what_is_exported_of_receipts_claims_pools_transfers_and_openings_is_the_same_facts_when_read(table: str, tmp_path: Path) -> None:
    instant = "earned_at" if table == "openings" else "occurred_at"
    names = {name for row in ROWS[table] for name in row} | {"member_id"}
    common = {instant: "2026-01-05T10:00:00Z", **({"currency": "USD"} if table == "orders" else {})}
    rows = [{**dict.fromkeys(names, ""), **common, **row} for row in ROWS[table]]
    batch, letters = read_rows(table, rows, ReadOptions("USD", 2))
    with open_store(tmp_path) as store:
        texts = store.rocks.batch()
        for code, word in batch.strings.items():  # what an export looks up
            texts.put("rest", TEXTS + code.to_bytes(8, "big", signed=True), word.encode())
        store.rocks.write(texts)
        found = tables_of(store, *log_of(batch))
    assert (letters, found.keys()) == ((), {table})
    pq.write_table(found[table], tmp_path / f"{table}.parquet")
    (again,) = (x for x in read_history([tmp_path / f"{table}.parquet"], ReadOptions("USD", 2)) if isinstance(x, FactBatch))
    assert told(again) == told(batch)


def told(batch: FactBatch) -> dict[str, tuple[Fact, int]]:
    return {batch.keys[i].as_py(): (batch.fact(i), int(batch.content[i])) for i in range(len(batch))}


def log_of(batch: FactBatch) -> tuple[list[str], Segments]:
    """The facts of a batch as the logs of their accounts hold them, before anything was decided."""
    accounts = sorted(set(batch.members.to_pylist()))
    logs = [batch.take(np.flatnonzero(pc.equal(batch.members, name).to_numpy(zero_copy_only=False))) for name in accounts]
    return accounts, join_segments([segments_of(log) for log in logs])


def segments_of(log: FactBatch) -> list[bytes]:
    packed = pack_facts(log.columns, Text.of(log.keys), Text.of(log.abouts), log.content, log.revisions)
    return cut_segments(packed, np.array([0, len(log)]), np.zeros(0, Entry), np.zeros(2, np.int64))
