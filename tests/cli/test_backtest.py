"""`loyalty backtest` by what it prints."""

from __future__ import annotations

from tests.api.corner import PROGRAMME
from tests.cli.terminal import Terminal

DOUBLE = PROGRAMME.replace("rate: 1,", "rate: 2,").replace("version: 1", "version: 2")


def test_programmes_side_by_side_of_a_store_and_of_a_history(terminal: Terminal) -> None:
    (terminal.folder / "double.yaml").write_text(DOUBLE, "utf-8")
    stored = terminal.json("backtest", "--programme", "double.yaml", "rules/v1.yaml")
    assert [p["file"] for p in stored["programmes"]] == ["v1.yaml", "double.yaml", "rules/v1.yaml"]
    assert [p["points"]["issued"] for p in stored["programmes"]] == [700, 1300, 700]
    alone = terminal.json("backtest", "--programme", "rules/v1.yaml", "--programme", "double.yaml", "--history", "history")
    assert [p["points"]["issued"] for p in alone["programmes"]] == [700, 1300]
    assert alone["history"] == stored["history"]


def test_the_table_is_read_by_people(terminal: Terminal) -> None:
    (terminal.folder / "double.yaml").write_text(DOUBLE, "utf-8")
    lines = terminal.ok("backtest", "--programme", "double.yaml").out.splitlines()
    assert lines[0].startswith("2 facts · 2 members · 2026-03-01T10:00:00Z … 2026-03-02T10:00:00Z · code ")
    assert lines[2].split() == ["corner", "1", "v1.yaml", "700", "0", "0", "700", "7.00", "0", "0", "0"]
    assert lines[3].split() == ["corner", "2", "double.yaml", "1,300", "0", "0", "1,300", "13.00", "2", "0", "0"]
    assert lines[-1].startswith("Behaviour is held fixed")


def test_a_backtest_of_nothing_is_a_wrong_question(terminal: Terminal) -> None:
    for words in (("backtest",), ("backtest", "--programme", "rules/v1.yaml", "--history", "nowhere")):
        assert terminal.run(*words).code == 2
    assert terminal.run("backtest", "--programme", "rules/v1.yaml", "--from", "2026-03-02", "--effective").code == 2


def test_a_sweep_varies_one_programme(terminal: Terminal) -> None:
    """120.00 and 480.00 give 120 + 100 of the app + 480 = 700 at a point a dollar; 1,300 at two."""
    words = ("backtest", "--programme", "rules/v1.yaml", "--vary", "earn.base.points.rate=1..2 step 1", "--vary", "tiers.ladder.silver=100,200.00")
    body = terminal.json(*words, "--out", "sweep.parquet")
    assert [(*c["values"].values(), c["points"]["issued"], c["cost_minor"], c["tiers"]["up"], c["frontier"]) for c in body["candidates"]] == [
        ("1", "100", 700, 0, 1, True), ("1", "200.00", 700, 0, 0, True), ("2", "100", 1300, 600, 1, True), ("2", "200.00", 1300, 600, 0, True),
    ]  # fmt: skip
    assert (terminal.folder / "sweep.parquet").is_file()
    lines = terminal.ok(*words).out.splitlines()
    assert lines[0].startswith("2 facts · 2 members · 4 candidates")
    assert lines[4].split() == ["*", "2", "100", "1,300", "6.00", "2", "0", "1", "0", "0"]


def test_of_many_candidates_the_frontier_is_printed(terminal: Terminal) -> None:
    said = terminal.ok("backtest", "--programme", "rules/v1.yaml", "--vary", "earn.base.points.rate=1.00..1.50 step 0.01").out
    assert "the frontier: " in said and " of 51; --json and --out have all" in said


def test_a_sweep_that_is_asked_for_wrongly(terminal: Terminal) -> None:
    vary = ("--vary", "earn.base.points.rate=1,2")
    assert terminal.run("backtest", "--programme", "rules/v1.yaml", "rules/v1.yaml", *vary).code == 2
    unknown = terminal.run("backtest", "--programme", "rules/v1.yaml", "--vary", "earn.nothing=1")
    assert unknown.code == 2 and "BAD_VARY" in unknown.err
    unsound = terminal.run("backtest", "--programme", "rules/v1.yaml", "--vary", "tiers.ladder.silver=100,900")
    assert unsound.code == 1 and "E-LADDER" in unsound.err and "v1.yaml:" in unsound.err
