"""`loyalty history pack`: what it writes, and that plans of it need no programme."""

from __future__ import annotations

from tests.cli.terminal import Terminal


def test_a_history_is_packed_once_and_then_needs_no_programme(terminal: Terminal) -> None:
    """Also where the store itself is packed; the plan is the one of the history."""
    said = terminal.ok("history", "pack", "history", "--programme", "rules", "--to", "packed").out
    assert said == "2 facts of 2 members in packed\n"
    terminal.ok("history", "pack", "loyalty-data", "--to", "of-the-store")
    (terminal.folder / "next.yaml").write_text((terminal.folder / "rules" / "v1.yaml").read_text("utf-8").replace("rate: 1,", "rate: 2,"), "utf-8")
    plans = [
        terminal.json("plan", "next.yaml", *source)
        for source in (("--history", "packed"), ("--history", "of-the-store"), ("--history", "history", "--baseline", "rules/v1.yaml"))
    ]
    for name in ("points", "members", "most_changed", "tiers"):
        assert plans[0][name] == plans[1][name] == plans[2][name]
    assert plans[0]["members"] == {"changed": 2, "gain": 2, "lose": 0}
    assert terminal.run("history", "pack", "history", "--to", "more").code == 2
    assert terminal.run("history", "pack", "history", "--programme", "rules", "--to", "packed").err.startswith("error EXISTS: packed")
    body = terminal.json("backtest", "--programme", "next.yaml", "--history", "packed", "--threads", "2")
    assert [p["members"]["gain"] for p in body["programmes"]] == [0, 2]


def test_a_history_is_not_packed_into_itself_where_it_would_stand_for_tables_that_change(terminal: Terminal) -> None:
    """Nor is it packed elsewhere than on this machine."""
    for to in ("history/packed", "s3://bucket/packed", "history/../history/packed"):
        told = terminal.run("history", "pack", "history", "--programme", "rules", "--to", to)
        assert told.code == 2 and told.err.startswith(f"error BAD_PLACE: {to}: ")
    assert terminal.run("history", "pack", "loyalty-data", "--to", "loyalty-data/packed").err.startswith("error BAD_PLACE: ")
    assert not (terminal.folder / "history" / "packed").exists() and not (terminal.folder / "s3:").exists()
