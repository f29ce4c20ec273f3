"""Packed facts give what the log gives: under any programme, in any order of arrival, of accounts that became one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import numpy as np
import pyarrow.parquet as pq
import pytest

from loyalty_streams.api import Loyalty
from loyalty_streams.backtest import packing
from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.ground import Ground
from loyalty_streams.backtest.packed import opened
from loyalty_streams.backtest.packing import write_pack
from loyalty_streams.backtest.plan import Plan, plan
from loyalty_streams.backtest.running import Run
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.hosts.embedded.rocks import StoreError
from tests.any_order import test_stores
from tests.any_order.family_trial import facts_of
from tests.backtest.test_a_real_year import CANDIDATE, facts, scattered  # noqa: F401 (fixtures)
from tests.backtest.test_plan import PROGRAMME, a_shop
from tests.backtest.test_the_programme_in_force import doubled, sound, told
from tests.backtest.trial import bytes_of, store_of, with_rate, written
from tests.hosts.shop import at, order
from tests.simulation.family_trial import family_of
from tests.simulation.vocabulary import write

Entries = dict[str, list[list[int]]]


def decided(ground: Ground, candidate: Path | None = None) -> Entries:
    """What every account comes to, entry by entry: under the programme in force, or under a candidate."""
    field = ground.field()
    run = Run(ground.source, [field.standing(ground.source.now) if candidate is None else field.candidate(candidate)])
    out: Entries = {}
    for logs in run.logs():
        whole = ground.source.blocks_of(logs.names)  # with business keys, and only these accounts
        found = run.benches[0].decide(logs, run.span)
        again = run.benches[0].decide(next(iter(whole))(), run.span)
        assert not out.keys() & {name.decode() for name in found.names}, "an account is folded once"
        for name in found.names:
            rows = [told(f.entries[f.entries["member"] == f.names.index(name)], f.columns.ref).tolist() for f in (found, again)]
            assert rows[0] == rows[1]
            out[name.decode()] = rows[0]
    return out


@pytest.fixture
def blocks_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many buckets and many blocks of even the smallest history."""
    monkeypatch.setattr(packing, "FACTS_A_BUCKET", 20)
    monkeypatch.setattr(packing, "FACTS_A_BLOCK", 15)


@pytest.mark.usefixtures("blocks_of_few")
@pytest.mark.parametrize("seed", [*range(2, 122, 8), *test_stores.WITH_AN_END])
def test_a_random_family_packed_gives_the_entries_of_its_store(tmp_path: Path, seed: int) -> None:
    """Under the programme in force, and under one with twice the rates and another patience with late facts."""
    case = family_of(seed)
    if not test_stores.end_of(tmp_path, case, [*facts_of(case), *test_stores.erasures(case)], seed)[0]:
        return
    other = written(tmp_path, "doubled", write(doubled(case.trees[-1], seed)))
    with test_stores.opened(tmp_path) as store:
        write_pack(store, tmp_path / "packed")
        packed = opened(tmp_path / "packed")
        assert decided(packed) == decided(Ground.of(store)) != {}
        if sound(other.read_text("utf-8")):
            assert decided(packed, other) == decided(Ground.of(store), other)


@pytest.mark.usefixtures("blocks_of_few")
@pytest.mark.parametrize("late", ["1 day", "30 days"])
def test_a_shop_whose_facts_came_late_gives_every_plan_that_its_store_gives(tmp_path: Path, late: str) -> None:
    """For candidates that wait as long as the programme in force, longer, and less; to the end and to its middle; by one thread and by three."""
    candidate = written(tmp_path, "next", with_rate("2", PROGRAMME) + f"facts: {{lateness: {late}}}\n")
    with a_shop(tmp_path) as store:
        write_pack(store, tmp_path / "packed")
        packed = opened(tmp_path / "packed")
        middle = (plan(store, candidate, Asked()).history.first + store.clocks.now) // 2
        assert len(packed.source.manifest.blocks) > 3  # type: ignore[attr-defined]
        for asked in (Asked(), Asked(threads=3), Asked(as_of=middle), Asked(members=["M1", "M3"]), Asked(since=middle)):
            assert plan(packed, candidate, asked).to_json() == plan(store, candidate, asked).to_json()


def test_a_plan_of_packed_facts_ends_at_an_instant_in_their_middle(tmp_path: Path) -> None:
    """Of 100, 50 and 30 yuan the last comes later: a half more is 75 points, and not 90."""
    sold = ("O1", "ann", "2026-01-01 10:00", 10_000), ("O2", "ann", "2026-02-01 10:00", 5_000), ("O3", "ben", "2026-03-01 10:00", 3_000)
    with store_of(tmp_path, *(order(*fact) for fact in sold)) as store:
        write_pack(store, tmp_path / "packed")
        asked = Asked(as_of=at("2026-03-01 10:00"))
        body = plan(opened(tmp_path / "packed"), written(tmp_path, "next", with_rate("1.5")), asked).to_json()
        assert body["points"]["issued"] == {"before": 150, "after": 225, "delta": 75} and body["history"]["facts"] == 2
        assert body == plan(store, tmp_path / "next.yaml", asked).to_json()


def test_a_real_year_split_and_out_of_order_gives_the_plan_of_its_store(scattered: Store, tmp_path: Path) -> None:  # noqa: F811
    candidate = written(tmp_path, "next", CANDIDATE)
    write_pack(scattered, tmp_path / "packed")
    one, other = (plan(ground, candidate, Asked()) for ground in (scattered, opened(tmp_path / "packed")))
    assert one.to_json() == other.to_json() and one.comparison.counts()["changed"] > 100
    assert held(one) == held(other)


def held(found: Plan) -> list[object]:
    c = found.comparison
    return [c.ids, c.held[1].tolist(), c.tiers[1].tolist(), c.shift_of_tier_held().tolist(), c.differs.tolist()]


def test_the_same_log_packs_into_the_same_bytes_and_the_store_stays_as_it_was(tmp_path: Path) -> None:
    a_shop(tmp_path).close()
    before = bytes_of(tmp_path / "store")
    with Store.open(tmp_path / "store", read_only=True) as store:
        for name in ("one", "two"):
            write_pack(store, tmp_path / name)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two") and bytes_of(tmp_path / "store") == before


def test_an_analyst_reads_packed_facts_by_member_and_in_order_of_time(tmp_path: Path) -> None:
    with a_shop(tmp_path) as store:
        write_pack(store, tmp_path / "packed")
        there = {m: len(rows) for m, rows in _of(pq.read_table(tmp_path / "packed" / "facts-0000.parquet").to_pylist(), "member_id").items()}
    table = pq.read_table(tmp_path / "packed" / "facts-0000.parquet")
    for rows in _of(table.to_pylist(), "member_id").values():
        stand = [r["at"] + (r["late"] if r["late"] > 48 * 3_600_000_000 else 0) for r in rows]
        assert stand == sorted(stand)
    members = pq.read_table(tmp_path / "packed" / "members-0000.parquet").to_pylist()
    assert {m["member_id"]: m["facts"] for m in members if m["facts"]} == there


def _of(rows: list[dict[str, int]], name: str) -> dict[int, list[dict[str, int]]]:
    out: dict[int, list[dict[str, int]]] = {}
    for row in rows:
        out.setdefault(row[name], []).append(row)
    return out


# ---- what is wrong with packed facts -------------------------------------------------------------------------------------


@pytest.fixture
def packed(tmp_path: Path) -> Iterator[Path]:
    with a_shop(tmp_path) as store:
        write_pack(store, tmp_path / "packed")
    yield tmp_path / "packed"


def newer(folder: Path) -> None:
    told = json.loads((folder / "pack.json").read_text("utf-8"))
    (folder / "pack.json").write_text(json.dumps({**told, "layout": 99}), "utf-8")


def cut(name: str) -> Callable[[Path], None]:
    def short(folder: Path) -> None:
        (folder / name).write_bytes((folder / name).read_bytes()[:-40])

    return short


def gone(folder: Path) -> None:
    (folder / "lines-0000.parquet").unlink()


@pytest.mark.parametrize(
    ("harm", "code", "place"),
    [
        (newer, "PACK_NEWER", "packed"), (cut("pack.json"), "PACK_BROKEN", "packed"),
        (cut("facts-0000.parquet"), "PACK_BROKEN", "facts-0000.parquet"), (gone, "PACK_BROKEN", "lines-0000.parquet"),
        (cut("texts.parquet"), "PACK_BROKEN", "texts.parquet"),
        (lambda folder: (folder / "pack.json").unlink(), "NOT_PACKED", "packed"),
    ],
)  # fmt: skip
def test_packed_facts_that_cannot_be_read_are_named(packed: Path, harm: Callable[[Path], None], code: str, place: str) -> None:
    harm(packed)
    with pytest.raises(BacktestError) as caught:
        ground = opened(packed)
        assert not decided(ground) or not len(ground.texts)
    assert caught.value.code == code and caught.value.place.endswith(place)


@pytest.mark.parametrize("name", ["facts-0000.parquet", "texts.parquet"])
def test_a_file_of_another_pack_is_not_taken_for_one_of_this(tmp_path: Path, name: str) -> None:
    """Of 100 yuan and of 900 on the same day, and 50 later: the files look alike, and all that is known of their blocks is the same."""
    for folder, cents, channel in (("one", 10_000, "app"), ("other", 90_000, "till")):
        (tmp_path / folder).mkdir()
        later = order("O2", "ann", "2026-02-01 10:00", 5_000)
        with store_of(tmp_path / folder, order("O1", "ann", "2026-01-01 10:00", cents, channel=channel), later) as store:
            write_pack(store, tmp_path / folder / "packed")
    one, other = (opened(tmp_path / folder / "packed").source.fingerprint for folder in ("one", "other"))
    assert one != other, "what was stopped over one is not gone on with over the other"
    shutil.copy(tmp_path / "other" / "packed" / name, tmp_path / "one" / "packed" / name)
    with pytest.raises(BacktestError) as caught:
        plan(opened(tmp_path / "one" / "packed"), written(tmp_path, "next", with_rate("2")), Asked()).to_json()
    assert caught.value.code == "PACK_BROKEN" and caught.value.place.endswith(name)


def test_nothing_is_packed_over_what_is_there_and_half_a_pack_is_never_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_shop(tmp_path) as store:
        (tmp_path / "taken").mkdir()
        (tmp_path / "taken" / "mine.txt").write_text("mine", "utf-8")
        with pytest.raises(StoreError) as caught:
            write_pack(store, tmp_path / "taken")
        assert caught.value.code == "EXISTS" and os.listdir(tmp_path / "taken") == ["mine.txt"]
        monkeypatch.setattr(packing.Manifest, "write", _full_disk)
        before = sorted(os.listdir(tmp_path))
        with pytest.raises(OSError):
            write_pack(store, tmp_path / "packed")
        assert sorted(os.listdir(tmp_path)) == before


def _full_disk(self: object, folder: Path) -> None:
    raise OSError(28, "No space left on device", str(folder))


def test_an_export_of_facts_is_a_history_that_is_packed_already(tmp_path: Path) -> None:
    candidate = written(tmp_path, "next", with_rate("2", PROGRAMME))
    with a_shop(tmp_path) as store:
        Loyalty(store).export_facts(tmp_path / "out")
        assert plan(opened(tmp_path / "out"), candidate, Asked()).to_json() == plan(store, candidate, Asked()).to_json()
    shutil.copytree(tmp_path / "out", tmp_path / "copy")
    opened(tmp_path / "copy")
    orders = tmp_path / "copy" / "orders-0000.parquet"
    pq.write_table(pq.read_table(orders).slice(1), orders)
    with pytest.raises(BacktestError) as caught:
        opened(tmp_path / "copy")
    assert caught.value.code == "PACK_STALE" and "orders-0000.parquet" in str(caught.value)


def test_a_table_that_was_put_beside_an_export_is_not_passed_over(tmp_path: Path) -> None:
    """Adjustments that a plan wrote there, say: the packed facts do not know them."""
    with a_shop(tmp_path) as store:
        Loyalty(store).export_facts(tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("no table", "utf-8")
    opened(tmp_path / "out")
    (tmp_path / "out" / "adjustments.csv").write_text("adjustment_id,member_id,occurred_at,points,reason,operator\n", "utf-8")
    with pytest.raises(BacktestError) as caught:
        opened(tmp_path / "out")
    assert caught.value.code == "PACK_STALE" and "adjustments.csv beside it is not packed" in str(caught.value)


def test_random_members_asked_for_alone_are_found_in_their_blocks(tmp_path: Path) -> None:
    with a_shop(tmp_path) as store:
        write_pack(store, tmp_path / "packed")
        source = opened(tmp_path / "packed").source
        assert source.unknown([b"M1", b"nobody", b"M5"]) == [b"nobody"]
        random = Random(3)
        for _ in range(20):
            some = random.sample([b"M0", b"M1", b"M2", b"M3", b"M4", b"M5"], 2)
            names = [name for block in source.blocks_of(some) for name in block().names]
            closed = {b"M1", b"M2"} if {b"M1", b"M2"} & set(some) else set()
            assert sorted(names) == sorted({*some, *closed})
            assert np.all([len(block().log.member) > 0 for block in source.blocks_of(some)])
