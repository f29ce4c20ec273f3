"""T184: a pass over a history tells how far it is, can be stopped, and goes on where it was stopped; what comes of it is the same to the byte."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from loyalty_streams.backtest import packing, resuming
from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.ground import Ground
from loyalty_streams.backtest.packed import opened
from loyalty_streams.backtest.packing import write_pack
from loyalty_streams.backtest.plan import plan
from loyalty_streams.backtest.resuming import Journal, Stopped
from loyalty_streams.backtest.running import Progress, Run
from loyalty_streams.backtest.source import StoreSource
from loyalty_streams.backtest.sweep import Sweep, sweep
from loyalty_streams.backtest.work import Work
from loyalty_streams.reports.texts import Texts
from tests.backtest.test_plan import PROGRAMME, a_shop
from tests.backtest.trial import with_rate, written


class Interrupt:
    """Presses Ctrl-C once so many blocks have been told of."""

    def __init__(self, blocks: int) -> None:
        self.left, self.told = blocks, list[Progress]()

    def __call__(self, step: Progress) -> None:
        self.told.append(step)
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resuming, "folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(packing, "FACTS_A_BLOCK", 15)
    monkeypatch.setattr(packing, "FACTS_A_BUCKET", 20)


@pytest.fixture
def folded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many blocks were folded, by none of whom what came before is known."""
    blocks: list[int] = []
    done = Work.done

    def counted(self: Work[object], *rest: object) -> object:
        blocks.append(len(blocks))
        return done(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Work, "done", counted)
    return blocks


@pytest.fixture
def grounds(tmp_path: Path) -> tuple[Ground, Path]:
    with a_shop(tmp_path) as store:
        write_pack(store, tmp_path / "packed")
    return opened(tmp_path / "packed"), written(tmp_path, "next", with_rate("2", PROGRAMME))


def left(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").glob("*")) if (tmp_path / "cache").exists() else []


def test_t184_a_plan_that_is_stopped_goes_on_and_ends_as_if_it_had_not_been(
    grounds: tuple[Ground, Path], tmp_path: Path, folded: list[int]
) -> None:  # fmt: skip
    ground, candidate = grounds
    whole = plan(ground, candidate, Asked(threads=1)).to_json()
    blocks = len(folded)
    assert blocks >= 4
    folded.clear()
    with pytest.raises(Stopped, match="facts are folded; --resume goes on from there"):
        plan(ground, candidate, Asked(threads=1), progress=Interrupt(2))
    assert len(folded) == 2 and len(left(tmp_path)) == 1
    again = Interrupt(blocks + 1)
    assert plan(ground, candidate, Asked(threads=1, resume=True), progress=again).to_json() == whole
    assert len(folded) == blocks, "what was folded is not folded again"
    assert [step.facts for step in again.told] == sorted(step.facts for step in again.told) and again.told[-1].facts == again.told[-1].of
    assert left(tmp_path) == []


def test_t184_a_plan_may_be_stopped_as_often_as_somebody_likes(grounds: tuple[Ground, Path], tmp_path: Path, folded: list[int]) -> None:
    ground, candidate = grounds
    whole, blocks = plan(ground, candidate, Asked(threads=1)).to_json(), len(folded)
    for stop in range(1, blocks):
        with pytest.raises(Stopped):
            plan(ground, candidate, Asked(threads=1, resume=True), progress=Interrupt(stop))
    folded.clear()
    assert plan(ground, candidate, Asked(threads=1, resume=True)).to_json() == whole
    assert len(folded) == 1


def test_t184_who_is_meant_by_where_is_not_looked_for_anew(
    grounds: tuple[Ground, Path], folded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Stopped at the second block of the first pass, which says for whom it holds."""
    ground, candidate = grounds
    asked = Asked(threads=1, where="tier >= silver")
    whole, blocks = plan(ground, candidate, asked).to_json(), len(folded)
    done = Work.done

    def interrupted(self: Work[object], *rest: object) -> object:
        if len(folded) == blocks + 2:
            monkeypatch.setattr(Work, "done", done)
            raise KeyboardInterrupt
        return done(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Work, "done", interrupted)
    with pytest.raises(Stopped, match="goes on from there"):
        plan(ground, candidate, asked)
    folded.clear()
    assert plan(ground, candidate, replace(asked, resume=True)).to_json() == whole
    assert len(folded) == blocks - 2


def test_t184_a_sweep_that_is_stopped_goes_on(grounds: tuple[Ground, Path], tmp_path: Path) -> None:
    ground, candidate = grounds
    values = [{"earn.base.points.rate": "2"}]

    def run(resume: bool, progress: Callable[[Progress], None] | None = None) -> Sweep:
        field = ground.field()
        return sweep(Run(ground.source, [field.standing(ground.source.now), field.candidate(candidate)], threads=2, resume=resume), values, progress)

    whole = run(False).to_json()
    with pytest.raises(Stopped):
        run(False, Interrupt(3))
    assert run(True).to_json() == whole and whole["candidates"][0]["members"]["gain"] > 0
    assert left(tmp_path) == []


def test_another_question_never_takes_up_what_one_left(grounds: tuple[Ground, Path], tmp_path: Path, folded: list[int]) -> None:
    ground, candidate = grounds
    with pytest.raises(Stopped):
        plan(ground, candidate, Asked(threads=1), progress=Interrupt(3))
    other = written(tmp_path, "other", with_rate("3", PROGRAMME))
    for path, asked in ((other, Asked(threads=1, resume=True)), (candidate, Asked(threads=1, resume=True, as_of=ground.source.now - 1))):
        folded.clear()
        plan(ground, path, asked)
        assert len(folded) == len(ground.source.manifest.blocks)  # type: ignore[attr-defined]
    assert len(left(tmp_path)) == 1


def test_the_same_members_in_another_order_are_the_same_question_and_get_the_same_answer(tmp_path: Path) -> None:
    """A list may be sorted otherwise when a plan is gone on with: nobody is folded twice, nobody is left out."""
    candidate, names = written(tmp_path, "next", with_rate("2", PROGRAMME)), ["M0", "M3", "M4", "M5"]
    with a_shop(tmp_path) as store:
        ground = Ground(StoreSource(store, 20), Texts(store), store.programmes)
        whole = plan(ground, candidate, Asked(threads=1, members=names)).to_json()
        with pytest.raises(Stopped):
            plan(ground, candidate, Asked(threads=1, members=names), progress=Interrupt(2))
        assert plan(ground, candidate, Asked(threads=1, members=names[::-1], resume=True)).to_json() == whole


@pytest.mark.parametrize("cut", [1, 9, 200])
def test_what_was_being_written_when_everything_ended_is_folded_again(
    grounds: tuple[Ground, Path], tmp_path: Path, folded: list[int], cut: int
) -> None:  # fmt: skip
    ground, candidate = grounds
    whole = plan(ground, candidate, Asked(threads=1)).to_json()
    with pytest.raises(Stopped):
        plan(ground, candidate, Asked(threads=1), progress=Interrupt(3))
    (path,) = left(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    folded.clear()
    assert plan(ground, candidate, Asked(threads=1, resume=True)).to_json() == whole
    assert len(folded) == len(ground.source.manifest.blocks) - 2  # type: ignore[attr-defined]


def test_a_history_that_does_not_last_leaves_nothing_behind(tmp_path: Path) -> None:
    candidate = written(tmp_path, "next", with_rate("2", PROGRAMME))
    with a_shop(tmp_path) as store, pytest.raises(Stopped, match="nothing of it is kept"):
        plan(Ground.of(store, lasting=False), candidate, Asked(threads=1), progress=Interrupt(1))
    assert left(tmp_path) == []


def test_a_long_pass_writes_down_each_block_as_it_comes_so_that_a_kill_costs_one(
    grounds: tuple[Ground, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    ground, candidate = grounds
    monkeypatch.setattr(resuming, "QUIET", 0.0)
    sizes: list[int] = []
    plan(ground, candidate, Asked(threads=1), progress=lambda step: sizes.append(left(tmp_path)[0].stat().st_size))
    assert sizes == sorted(set(sizes)) and len(sizes) == len(ground.source.manifest.blocks)  # type: ignore[attr-defined]
    assert left(tmp_path) == []


def test_where_nothing_can_be_kept_the_pass_goes_on_all_the_same(
    grounds: tuple[Ground, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    ground, candidate = grounds
    (tmp_path / "cache").write_text("no folder", "utf-8")
    monkeypatch.setattr(resuming, "QUIET", 0.0)
    assert plan(ground, candidate, Asked(threads=1)).to_json()["members"]["gain"] > 0


def test_two_that_ask_the_same_at_one_time_do_not_write_into_one_file(grounds: tuple[Ground, Path], tmp_path: Path) -> None:
    """The second is asked in the middle of the first, and stopped: what the first leaves is whole, and its own."""
    ground, candidate = grounds
    whole = plan(ground, candidate, Asked(threads=1)).to_json()
    with pytest.raises(Stopped):
        plan(ground, candidate, Asked(threads=1), progress=Interrupt(1))
    first = Interrupt(2)

    def beside(step: Progress) -> None:
        if not first.told:
            with pytest.raises(Stopped, match="nothing of it is kept"):
                plan(ground, candidate, Asked(threads=1, resume=True), progress=Interrupt(3))
        first(step)

    with pytest.raises(Stopped, match="goes on from there"):
        plan(ground, candidate, Asked(threads=1, resume=True), progress=beside)
    assert len(left(tmp_path)) == 1
    assert plan(ground, candidate, Asked(threads=1, resume=True)).to_json() == whole


def test_a_part_that_stands_twice_counts_once_and_what_is_no_part_is_folded_again(
    grounds: tuple[Ground, Path], tmp_path: Path, folded: list[int]
) -> None:  # fmt: skip
    """Who presses Ctrl-C while a part is written has it written again; a machine that fails may leave zeros, or other bytes."""
    ground, candidate = grounds
    whole = plan(ground, candidate, Asked(threads=1)).to_json()
    for harm, parts in ((lambda kept: kept + kept, 2), (lambda kept: kept[:-50] + bytes(50), 1), (lambda kept: kept + bytes(500), 2)):
        with pytest.raises(Stopped):
            plan(ground, candidate, Asked(threads=1), progress=Interrupt(2))
        (path,) = left(tmp_path)
        path.write_bytes(harm(path.read_bytes()))
        folded.clear()
        assert plan(ground, candidate, Asked(threads=1, resume=True)).to_json() == whole
        assert len(folded) == len(ground.source.manifest.blocks) - parts  # type: ignore[attr-defined]


def test_who_has_no_home_is_answered_and_nothing_is_kept(grounds: tuple[Ground, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    ground, candidate = grounds
    monkeypatch.setattr(resuming, "folder", homeless)
    with pytest.raises(Stopped, match="nothing of it is kept"):
        plan(ground, candidate, Asked(threads=1, resume=True), progress=Interrupt(2))


def test_what_nobody_goes_on_with_for_a_month_is_swept_away(grounds: tuple[Ground, Path], tmp_path: Path) -> None:
    ground, candidate = grounds
    (tmp_path / "cache").mkdir()
    for name, age in (("old", 31), ("young", 29)):
        (tmp_path / "cache" / f"{name}.parts").write_bytes(b"")
        os.utime(tmp_path / "cache" / f"{name}.parts", (time.time() - age * 86_400,) * 2)
    with pytest.raises(Stopped):
        plan(ground, candidate, Asked(threads=1), progress=Interrupt(1))
    assert "old.parts" not in [p.name for p in left(tmp_path)] and "young.parts" in [p.name for p in left(tmp_path)]


SLOW = """
import sys, time
from loyalty_streams.backtest import packing, running
from loyalty_streams.backtest.work import Work
done = Work.done
def slow(self, *rest):
    print("folding", flush=True)
    time.sleep(0.3)
    return done(self, *rest)
Work.done = slow
from loyalty_streams.cli.main import app
app()
"""


def test_ctrl_c_on_the_command_ends_with_130_and_the_same_command_goes_on(grounds: tuple[Ground, Path], tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "xdg"), "LOYALTY_KERNEL_CACHE": _kernels(), "NUMBA_CACHE_DIR": ""}
    environment.pop("NUMBA_CACHE_DIR")
    command = ["plan", str(tmp_path / "next.yaml"), "--history", str(tmp_path / "packed"), "--threads", "1", "--json"]
    begun = subprocess.Popen([sys.executable, "-c", SLOW, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert begun.stdout is not None
    for _ in range(2):
        begun.stdout.readline()
    begun.send_signal(signal.SIGINT)
    _, said = begun.communicate(timeout=60)
    assert begun.returncode == 130 and "error INTERRUPTED: stopped; " in said and "--resume goes on from there" in said
    assert len(list((tmp_path / "xdg" / "loyalty-streams" / "backtests").glob("*.parts"))) == 1
    ended = subprocess.run([sys.executable, "-c", SLOW, *command, "--resume"], capture_output=True, text=True, env=environment, check=True)
    lines = ended.stdout.splitlines()
    assert lines.count("folding") < len(grounds[0].source.manifest.blocks)  # type: ignore[attr-defined]
    assert json.loads("\n".join(line for line in lines if line != "folding"))["members"]["gain"] > 0


def _kernels() -> str:
    from loyalty_streams.core.kernel.jit import cache_folder

    return str(cache_folder().parent)


def test_a_pass_tells_how_long_it_will_take() -> None:
    assert str(Progress(250_000, 1_000_000, 10.0)) == "250,000 of 1,000,000 facts folded, about 30 s left"
    assert Journal("", object, False).path.suffix == ".parts"  # type: ignore[type-var]
