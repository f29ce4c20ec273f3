"""A history that begins in the middle gives a PREVIEW, unless it begins with a snapshot (T179)."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest

from loyalty_streams.agents import long_fold
from loyalty_streams.agents.effective import effective
from loyalty_streams.agents.rows import Head, join_segments
from loyalty_streams.api import Loyalty
from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.families import bare
from loyalty_streams.backtest.folding import Bench
from loyalty_streams.backtest.ground import Ground
from loyalty_streams.backtest.packed import opened
from loyalty_streams.backtest.packing import write_pack
from loyalty_streams.backtest.plan import plan
from loyalty_streams.backtest.preview import Preview
from loyalty_streams.backtest.report.page import page_of
from loyalty_streams.backtest.results import backtest
from loyalty_streams.backtest.running import Run
from loyalty_streams.backtest.tables import diff_table
from loyalty_streams.backtest.work import History
from loyalty_streams.core.codes import FactKind
from loyalty_streams.core.facts import Fact
from loyalty_streams.reports.words import LANGUAGES
from tests.any_order import trial
from tests.backtest.test_plan import THREE
from tests.backtest.test_the_programme_in_force import contender, doubled, sound, told
from tests.backtest.trial import store_of, tried, with_rate, written
from tests.hosts.shop import DAY, a_year, ask, at, bring, come_back, open_store, order
from tests.hosts.test_merges import merge
from tests.simulation.trial import case_of, ready
from tests.simulation.vocabulary import write

RETURN = come_back("R1", "O0", "M2", "2026-01-08 10:00", 1_000)
"""Of an order that is not there."""
LATER = order("O9", "M1", "2026-01-15 10:01", 1_000)
"""By then the order of the return is later than facts may be, which is seven days."""
OPENING = Fact(FactKind.OPENING, "M2", "opening/M2/1", at("2026-01-01 00:00"), points=700)


def preview(folder: Path, *facts: Fact, until: str = "", asked: Asked | None = None) -> dict[str, int] | None:
    folder.mkdir(exist_ok=True)
    with store_of(folder, *facts, until=until) as store:
        found: dict[str, int] | None = tried(store, with_rate("2"), asked or Asked()).to_json()["preview"]
    return found


def test_a_whole_history_is_none(tmp_path: Path) -> None:
    assert preview(tmp_path, *THREE, come_back("R1", "O1", "M1", "2026-01-08 10:00", 1_000), LATER) is None


def test_a_return_whose_order_did_not_come_in_time_tells_that_the_history_begins_in_the_middle(tmp_path: Path) -> None:
    assert preview(tmp_path, *THREE, RETURN, LATER) == {"orders": 1, "redemptions": 0, "members": 1, "unsettled": 0}


def test_a_return_whose_order_may_still_come_tells_nothing(tmp_path: Path) -> None:
    assert preview(tmp_path, *THREE, RETURN, replace(LATER, at=at("2026-01-15 10:00"))) is None


def test_a_return_that_was_given_up_tells_it_still(tmp_path: Path) -> None:
    """After 400 days it waits no longer."""
    assert preview(tmp_path, *THREE, RETURN, until="2027-03-01 00:00") == {"orders": 1, "redemptions": 0, "members": 1, "unsettled": 0}


def test_what_becomes_of_a_redemption_that_nobody_asked_for_tells_it(tmp_path: Path) -> None:
    facts = [ask(kind, f"X{k}", "M1", f"2026-01-1{k} 10:00") for k, kind in enumerate((FactKind.CONFIRM, FactKind.RELEASE, FactKind.CANCEL))]
    assert preview(tmp_path, *THREE, *facts) == {"orders": 0, "redemptions": 3, "members": 1, "unsettled": 0}


def test_an_opening_balance_is_the_snapshot_of_what_was_before(tmp_path: Path) -> None:
    """Of M2, and of nobody else."""
    assert preview(tmp_path / "one", OPENING, *THREE, RETURN, ask(FactKind.CANCEL, "X", "M2", "2026-01-09 10:00"), LATER) is None
    assert preview(tmp_path / "two", OPENING, *THREE, replace(RETURN, member="M1"), LATER) == {
        "orders": 1, "redemptions": 0, "members": 1, "unsettled": 0,
    }  # fmt: skip


def test_of_some_members_only_theirs_counts(tmp_path: Path) -> None:
    assert preview(tmp_path / "one", *THREE, RETURN, LATER, asked=Asked(members=["M1"])) is None
    assert preview(tmp_path / "two", *THREE, RETURN, LATER, asked=Asked(members=["M2"])) is not None
    assert preview(tmp_path / "three", *THREE, RETURN, LATER, asked=Asked(as_of=at("2026-01-08 10:00"))) is None


def test_every_output_is_marked(tmp_path: Path) -> None:
    from loyalty_streams.backtest.telling import Telling

    with store_of(tmp_path, *THREE, RETURN, LATER) as store:
        plans = [tried(store, with_rate("2"), Asked(lang=lang)) for lang in LANGUAGES]
        page = page_of(plans[0])
        header = json.loads(diff_table(plans[0]).schema.metadata[b"loyalty_streams"])
        side_by_side = backtest(store, [written(tmp_path, "next", with_rate("2"))], Asked()).to_json()
    heads = [next(line for line in Telling(p).heads() if line.startswith("PREVIEW")) for p in plans]
    assert heads == [
        "PREVIEW   the history begins in the middle, without what was before: returns of unknown orders 1, unknown redemptions 0 (members 1)",
        "PREVIEW   历史从中途开始，缺少之前的记录：未知订单的退货 1 笔，未知兑换 0 笔（会员 1 人）",
    ]  # fmt: skip
    assert all(head.removeprefix("PREVIEW").strip() in page for head in heads)
    assert header["preview"] == side_by_side["preview"] == {"orders": 1, "redemptions": 0, "members": 1, "unsettled": 0}


def test_packed_facts_tell_the_same(tmp_path: Path) -> None:
    with store_of(tmp_path, *THREE, RETURN, LATER, ask(FactKind.CANCEL, "X", "M1", "2026-01-09 10:00")) as store:
        write_pack(store, tmp_path / "packed")
        stored = tried(store, with_rate("2")).to_json()["preview"]
    packed = plan(opened(tmp_path / "packed"), tmp_path / "candidate.yaml", Asked()).to_json()["preview"]
    assert packed == stored == {"orders": 1, "redemptions": 1, "members": 2, "unsettled": 0}


def test_what_a_block_told_is_told_by_what_was_written_of_it() -> None:
    """As a pass does that was stopped, or one on other machines."""
    preview = Preview(redemptions=Counter({"M1": 2, "会员": 1}), late=[0, 3])
    again = History.of_arrays(History(9, 5, 2, preview).arrays())
    assert again == History(9, 5, 2, preview) and History.of_arrays(History(9).arrays()) == History(9)


@pytest.mark.parametrize(("accounts", "unsettled"), [(9, 0), (10, 1)])
def test_a_chain_that_takes_more_than_eight_rounds_is_marked_and_right_all_the_same(
    tmp_path: Path, accounts: int, unsettled: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each account earns 10 and becomes the next: the last has them all, once each merge has come along; however many are in memory at a time."""
    chain = [f"card:{k}" for k in range(accounts)]
    facts = [order(f"O{k}", name, "2026-01-05 10:00", 1_000) for k, name in enumerate(chain)]
    facts += [merge(f"{k}", a, b, f"2026-01-06 10:{k:02}", "link") for k, (a, b) in enumerate(pairwise(chain))]
    aside = [order("P1", "M1", "2026-01-05 10:00", 1_000), merge("P", "M1", "M2", "2026-01-06 10:00", "merge")]
    with store_of(tmp_path, *facts, *aside) as store:
        for size in (100_000, 1):
            monkeypatch.setattr("loyalty_streams.backtest.source.StoreSource.__init__.__defaults__", (size, True))
            body = tried(store, with_rate("2")).to_json()
            assert (body["preview"] or {"unsettled": 0})["unsettled"] == unsettled
            assert {m["member_id"]: m["after"] for m in body["most_changed"]} == {chain[-1]: 20 * accounts, "M2": 20}


# ---- T179: a snapshot and the rest are the whole -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(0, 80, 8))
def test_t179_a_candidate_folded_from_snapshot_to_snapshot_is_the_candidate_folded_at_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member with more facts than one fold has room for goes from state to state; here after every third fact. The same bytes in the end."""
    case = case_of(seed)
    found = trial.programme_of(case)
    if found is None:
        return
    _, engine = found
    text = write(doubled(case.trees[-1], seed))
    if not sound(text):
        return
    facts = [replace(f, member="M") for f in case.facts if f.kind not in trial.LATER]
    facts = [f for f in facts if f.kind not in trial.RETURNS or not f.about or any(o.key == f.about for o in facts)]
    host = trial.delivered(engine, facts, Random(f"snapshot {seed}"), case.until)
    bench = Bench(contender(ready((text,)).compiled, text))
    rows = effective(bare(join_segments([[s for _, s in host.of_segments[b"M"]]])), bench.lateness)
    groups, until = np.array([0, len(rows.member)], np.int64), np.array([host.tick], np.int64)
    whole = bench.engine.fold(rows.columns, groups, until_of=until)
    monkeypatch.setattr(long_fold, "FACTS_AT_ONCE", 3)
    parts = long_fold._one(bench.engine, rows.columns, 0, len(rows.member), host.tick, False, b"", [])
    assert parts.states.tobytes() == whole.states.tobytes()
    assert parts.entries.tobytes() == whole.entries.tobytes()


def test_t179_from_every_state_that_a_store_keeps_the_rest_is_the_end_of_a_backtest_from_the_first_fact(tmp_path: Path) -> None:
    """900 facts of one member, none of which looks back at what a state does not hold."""
    facts = [f for f in a_year(21, members=1, facts=1_000) if f.kind != FactKind.RETURN]
    with open_store(tmp_path) as store:
        bring(store, *facts, size=40)
        store.advance(facts[-1].at + 30 * DAY)
        ground = Ground.of(store)
        run = Run(ground.source, (ground.field().standing(store.clocks.now),))
        (logs,) = run.logs()
        whole = run.benches[0].decide(logs, run.span)
        every = told(whole.entries, whole.columns.ref)
        bases = [(int.from_bytes(key[-8:], "big"), Head.read(value).state) for key, value in store.rocks.scan("bases")]
        assert len(bases) >= 3
        for after, state in bases:
            rows = store.log([list(store.segments(b"M0", after))])
            ends = np.array([0, len(rows.member)], np.int64)
            size = np.array([0, len(state)], np.int64)
            rest = store.engine.fold(rows.columns, ends, states=np.frombuffer(state, np.uint8), state_at=size, until=run.span.until)
            assert 0 < len(rest.entries) < len(every)
            assert np.array_equal(told(rest.entries, rows.columns.ref), every[-len(rest.entries) :])
        summary = Loyalty(store).report("summary")
    assert int(whole.tier[0]) >= 0 and summary["orders"] == sum(f.kind == FactKind.ORDER for f in facts)
