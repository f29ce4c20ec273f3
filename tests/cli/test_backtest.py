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
