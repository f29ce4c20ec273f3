"""A Dask cluster folds packed facts: two workers of other processes, one of which is killed in the middle, give the bytes of a local run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from loyalty_streams.backtest import engines, packing
from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.engines import fold_range
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.ground import Ground
from loyalty_streams.backtest.packed import opened, source_of
from loyalty_streams.backtest.packing import write_pack
from loyalty_streams.backtest.plan import plan
from loyalty_streams.backtest.running import Progress, Run
from loyalty_streams.backtest.sweep import sweep
from loyalty_streams.backtest.tables import diff_table
from loyalty_streams.backtest.totals import code_version
from tests.backtest.test_plan import PROGRAMME, a_shop
from tests.backtest.trial import with_rate, written

QUIET = ["--no-dashboard", "--host", "127.0.0.1"]


class Cluster:
    """A scheduler and its workers, processes of their own on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scheduler = self._begun("scheduler", "--port", "0", *QUIET)
        self.address = self._said(self.scheduler, r"Scheduler at:\s+tcp://(\S+)")
        self.workers: list[subprocess.Popen[str]] = []

    def work(self) -> int:
        """One worker more. -> its process."""
        more = ["--nworkers", "1", "--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder), *QUIET]
        self.workers.append(self._begun("worker", f"tcp://{self.address}", *more))
        self._said(self.workers[-1], r"Registered to:\s+tcp://(\S+)")
        return self.workers[-1].pid

    def _begun(self, what: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + what, *arguments]
        environment = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10s"}
        return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment)

    def _said(self, process: subprocess.Popen[str], what: str) -> str:
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(what, line):
                threading.Thread(target=process.stderr.read, daemon=True).start()
                return found[1]
        raise AssertionError(f"a process of the cluster ended with {process.wait()}")

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = Cluster(tmp_path_factory.mktemp("dask"))
    try:
        yield found
    finally:
        found.end()


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setattr(packing, "FACTS_A_BUCKET", 8)
    monkeypatch.setattr(packing, "FACTS_A_BLOCK", 8)
    monkeypatch.setattr(engines, "BLOCKS_A_TASK", 1)
    with a_shop(tmp_path) as store:
        write_pack(store, tmp_path / "packed")
    return opened(tmp_path / "packed")


def test_a_scheduler_without_workers_is_told_of_and_not_waited_for(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 2)
    alone = Cluster(tmp_path)
    try:
        with pytest.raises(BacktestError, match="has no workers") as caught:
            plan(ground, written(tmp_path, "next", with_rate("2", PROGRAMME)), Asked(engine=f"dask://{alone.address}"))
        assert (caught.value.code, caught.value.place) == ("BAD_ENGINE", f"dask://{alone.address}")
    finally:
        alone.end()


def test_two_workers_one_of_which_is_killed_give_the_bytes_of_a_local_run(cluster: Cluster, ground: Ground, tmp_path: Path) -> None:
    candidate = written(tmp_path, "next", with_rate("2", PROGRAMME))
    here = plan(ground, candidate, Asked(threads=1))
    first, _ = cluster.work(), cluster.work()
    told: list[Progress] = []

    def progress(step: Progress) -> None:
        told.append(step)
        if len(told) == 1:
            os.kill(first, 9)

    there = plan(ground, candidate, Asked(engine=f"dask://{cluster.address}"), progress=progress)
    assert json.dumps(there.to_json()) == json.dumps(here.to_json()) and there.comparison.counts()["gain"] > 0
    assert diff_table(there).equals(diff_table(here), check_metadata=True)
    assert len(told) == len(ground.source.manifest.blocks) >= 4  # type: ignore[attr-defined]
    field = ground.field()
    contenders = [field.standing(ground.source.now), field.candidate(candidate)]
    sums = [sweep(Run(ground.source, contenders, engine=e), [{}]).to_json() for e in ("", f"dask://{cluster.address}")]
    assert sums[0] == sums[1]


@pytest.mark.parametrize(
    ("engine", "why"),
    [("spark://somewhere", "an engine is dask://HOST:PORT"), ("dask://127.0.0.1:1", "no scheduler answers")],
)
def test_an_engine_that_cannot_be_asked_is_named(ground: Ground, tmp_path: Path, engine: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 1)
    with pytest.raises(BacktestError, match=why) as caught:
        plan(ground, written(tmp_path, "next", with_rate("2", PROGRAMME)), Asked(engine=engine))
    assert (caught.value.code, caught.value.place) == ("BAD_ENGINE", engine)


def test_a_cluster_is_given_packed_facts_and_all_of_them(ground: Ground, tmp_path: Path) -> None:
    candidate = written(tmp_path, "next", with_rate("2", PROGRAMME))
    with a_shop(tmp_path / "other") as store:
        for given, asked in ((store, Asked(engine="dask://127.0.0.1:1")), (ground, Asked(engine="dask://127.0.0.1:1", members=["M1"]))):
            with pytest.raises(BacktestError, match="pack the history first") as caught:
                plan(given, candidate, asked)
            assert caught.value.code == "BAD_ENGINE" and caught.value.usage


def test_a_worker_with_other_code_or_other_facts_folds_nothing(ground: Ground, tmp_path: Path) -> None:
    source = source_of(tmp_path / "packed")
    run = Run(source, [ground.field().standing(source.now)])
    work = run.work()
    for digest, code in ((source.digest, "0.0.1 kernel 0"), ("another", code_version())):
        with pytest.raises(BacktestError) as caught:
            fold_range(work, str(tmp_path / "packed"), digest, code, 0, 1)
        assert caught.value.code == "ENGINE_DIFFERS"
    assert len(fold_range(work, str(tmp_path / "packed"), source.digest, code_version(), 0, 2)) == 2
