"""Results are there whole or not at all, on this machine and in an object store; histories may lie there too."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from loyalty_streams import backtest
from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.packed import opened
from loyalty_streams.backtest.packing import write_pack
from loyalty_streams.backtest.places import Place, fetched
from loyalty_streams.backtest.plan import plan
from loyalty_streams.backtest.retro import Terms, place_of, retro, write
from loyalty_streams.backtest.tables import diff_table, write_table
from tests.backtest.test_plan import THREE
from tests.backtest.trial import SIMPLE, store_of, tried, with_rate, written
from tests.hosts.shop import history, order

SMALL = 4_096
"""Bytes that a file may have where the disk is full."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An object store of this machine. -> its address"""
    from moto.server import ThreadedMotoServer

    running = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[fs.FileSystem]:
    """The bucket `box`, as a folder."""
    for name, value in (("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "any"), ("AWS_EC2_METADATA_DISABLED", "true")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    s3 = fs.S3FileSystem(endpoint_override=server, region="us-east-1", allow_bucket_creation=True, allow_bucket_deletion=True)
    s3.create_dir("box")
    yield fs.SubTreeFileSystem("box", s3)
    s3.delete_dir("box")


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond a few bytes."""
    limits, told = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, told)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def noise() -> pa.Table:
    """A table that does not become small."""
    return pa.table({"x": [(k * 2_654_435_761) % 2**63 * 97 % 2**63 for k in range(20_000)]})


# ---- this machine ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", [True, False])
def test_a_full_disk_leaves_what_was_there_and_no_part_of_the_new(tmp_path: Path, there: bool) -> None:
    path = tmp_path / "diff.parquet"
    if there:
        path.write_text("as it was")
    with full_disk(), pytest.raises(BacktestError, match="File too large") as caught:
        write_table(noise(), path)
    assert (caught.value.code, caught.value.place) == ("FILE", str(path))
    assert names(tmp_path) == (["diff.parquet"] if there else [])
    assert not there or path.read_text() == "as it was"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_device_is_written_to_and_stays_a_device(tmp_path: Path) -> None:
    with pytest.raises(BacktestError, match="No space left") as caught:
        write_table(noise(), "/dev/full")
    assert (caught.value.code, caught.value.place) == ("FILE", "/dev/full") and Path("/dev/full").is_char_device()


def test_a_file_that_a_link_names_is_written_and_may_be_read_as_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "plain").write_text("")
    (tmp_path / "link.parquet").symlink_to(tmp_path / "there" / "diff.parquet")
    write_table(noise(), tmp_path / "link.parquet")
    assert (tmp_path / "link.parquet").is_symlink() and names(tmp_path / "there") == ["diff.parquet"]
    assert (tmp_path / "there" / "diff.parquet").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(("name", "why"), [("nowhere/diff.parquet", "no folder"), ("", "this is a folder")])
def test_a_place_where_nothing_can_be_put_is_told_beforehand(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(BacktestError, match=why) as caught:
        Place(f"{tmp_path}/{name}").check()
    assert (caught.value.code, caught.value.place) == ("FILE", f"{tmp_path}/{name}")


def test_adjustments_on_a_full_disk_are_not_there_in_part(tmp_path: Path) -> None:
    facts = [order(f"O{k}", f"M{k:03}", "2026-01-05 10:00", 10_000) for k in range(60)]
    with store_of(tmp_path, *facts) as store:
        found = retro(tried(store, with_rate("2")), Terms("ann"))
    (tmp_path / "retro").mkdir()
    with full_disk(), pytest.raises(BacktestError, match="File too large"):
        write(found, place_of(str(tmp_path / "retro")))
    assert names(tmp_path / "retro") == []


# ---- elsewhere ---------------------------------------------------------------------------------------------------------


def test_a_diff_goes_into_a_bucket(tmp_path: Path, bucket: fs.FileSystem) -> None:
    with store_of(tmp_path, *THREE) as store:
        plan = tried(store, with_rate("1.2"))
        write_table(diff_table(plan), "s3://box/plans/diff.parquet")
        write(retro(plan, Terms("ann")), place_of("s3://box/retro"))
    assert [(r["member_id"], r["delta"]) for r in pq.read_table("plans/diff.parquet", filesystem=bucket).to_pylist()] == [("M1", 200), ("M2", 50)]
    with bucket.open_input_stream("retro/adjustments.csv") as stream:
        assert stream.read().count(b"RULE_RETRO,ann") == 2


def test_a_bucket_that_is_not_there_is_told_with_its_place(bucket: fs.FileSystem) -> None:
    with pytest.raises(BacktestError, match="NO_SUCH_BUCKET") as caught:
        write_table(noise(), "s3://nobodys/diff.parquet")
    assert (caught.value.code, caught.value.place) == ("FILE", "s3://nobodys/diff.parquet")


def test_a_full_disk_on_the_way_leaves_nothing_in_the_bucket(bucket: fs.FileSystem) -> None:
    with full_disk(), pytest.raises(BacktestError, match="File too large"):
        write_table(noise(), "s3://box/diff.parquet")
    assert bucket.get_file_info(fs.FileSelector("", recursive=True)) == []


def test_a_history_is_read_from_a_bucket_whole_or_file_by_file(tmp_path: Path, bucket: fs.FileSystem) -> None:
    """The plan of it is that of the same files here: 1,000 and 250 points."""
    here = history(tmp_path / "history", list(THREE))
    for path in here.iterdir():
        bucket.create_dir("year")
        with bucket.open_output_stream(f"year/{path.name}") as stream:
            stream.write(path.read_bytes())
    rules = [written(tmp_path, name, text.replace("CNY", "USD")) for name, text in (("one", SIMPLE), ("two", with_rate("2")))]
    for place in (here, "s3://box/year", "s3://box/year/"):
        with backtest.run(place, rules) as found:
            assert [p["points"]["issued"] for p in found.to_json()["programmes"]] == [1250, 2500]
    with backtest.run("s3://box/year/orders.parquet", rules) as found:
        assert found.to_json()["history"]["members"] == 2


def test_a_history_that_is_nowhere_is_told_with_its_place(tmp_path: Path, bucket: fs.FileSystem) -> None:
    with pytest.raises(BacktestError) as caught:
        fetched("s3://box/nothing", tmp_path)
    assert (caught.value.code, caught.value.place) == ("NO_HISTORY", "s3://box/nothing")


def test_what_fsspec_opens_is_a_place_too_and_what_nothing_opens_is_told(tmp_path: Path) -> None:
    import fsspec

    write_table(noise(), "memory://plans/diff.parquet")
    assert fsspec.filesystem("memory").size("/plans/diff.parquet") > 0
    assert fetched("memory://plans", tmp_path) == tmp_path and names(tmp_path) == ["diff.parquet"]
    with pytest.raises(BacktestError) as caught:
        Place("carrier-pigeon://diff.parquet").check()
    assert (caught.value.code, caught.value.place) == ("BAD_PLACE", "carrier-pigeon://diff.parquet")


def test_packed_facts_are_read_where_they_lie(tmp_path: Path, bucket: fs.FileSystem) -> None:
    candidate = written(tmp_path, "next", with_rate("2"))
    with store_of(tmp_path, *THREE) as store:
        write_pack(store, tmp_path / "packed")
        here = plan(store, candidate, Asked())
        said, counts = here.to_json(), here.comparison.counts()
    for path in (tmp_path / "packed").iterdir():
        with bucket.open_output_stream(f"packed/{path.name}") as out:
            out.write(path.read_bytes())
    assert plan(opened("s3://box/packed"), candidate, Asked()).to_json() == said
    with backtest.run("s3://box/packed", [candidate]) as found:
        assert found.comparison(1).counts() == counts
    bucket.delete_dir("packed")
