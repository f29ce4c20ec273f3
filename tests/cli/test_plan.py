"""`loyalty plan` by what it prints: the contract's fields, exit codes, files, and errors with their place."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.api.corner import PROGRAMME, history, order, programme
from tests.cli.terminal import Terminal


def candidate(terminal: Terminal, text: str = PROGRAMME.replace("rate: 1,", "rate: 2,"), name: str = "next") -> str:
    (terminal.folder / f"{name}.yaml").write_text(text, "utf-8")
    return f"{name}.yaml"


def test_a_plan_has_the_fields_of_the_contract(terminal: Terminal) -> None:
    body = terminal.json("plan", candidate(terminal))
    assert list(body)[:8] == ["history", "members", "points", "liability_minor", "tiers", "infeasible", "where", "most_changed"]
    assert list(body["history"]) == ["facts", "members", "from", "until"]
    assert list(body["members"]) == ["changed", "gain", "lose"]
    assert list(body["points"]) == ["issued", "redeemed", "expired", "clawed_back", "available"]
    assert all(list(pair) == ["before", "after", "delta"] for pair in (*body["points"].values(), body["liability_minor"]))
    assert list(body["tiers"])[:3] == ["before", "after", "moves"]
    assert list(body["infeasible"]) == ["redemptions", "members", "points_short"]
    assert list(body["most_changed"][0])[:7] == ["member_id", "before", "after", "delta", "tier_before", "tier_after", "why"]
    assert (body["history"]["facts"], body["members"]["gain"]) == (2, 2)


def test_a_plan_is_read_by_people_in_both_languages(terminal: Terminal) -> None:
    said = terminal.ok("plan", candidate(terminal))
    assert "~ earn.base.points.rate: 1 → 2" in said.out and "next.yaml:" in said.out
    assert "Members   2 changed (100.0 %)   2 gain · 0 lose" in said.out
    assert "2 of 2 shown" in said.out
    assert said.out.splitlines()[-1] == "Behaviour is held fixed: this is what the same facts would have earned."
    assert "假定顾客行为不变" in terminal.ok("plan", "next.yaml", "--lang", "zh").out


def test_the_same_rules_leave_nothing_to_tell(terminal: Terminal) -> None:
    said = terminal.ok("plan", "rules/v1.yaml").out
    assert "nothing differs" in said and "Affects   nobody" in said and "0 changed (0.0 %)" in said and "shown" not in said


def test_where_the_change_concentrates_in_place_of_members(terminal: Terminal) -> None:
    (head,) = [line for line in terminal.ok("plan", candidate(terminal), "--segment").out.splitlines() if line.startswith("segment")]
    assert head.split() == ["segment", "value", "members", "changed", "share", "lift"]


def test_a_threshold_that_is_exceeded_ends_with_3(terminal: Terminal) -> None:
    name = candidate(terminal)
    assert terminal.run("plan", name, "--fail-if", "changed > 2").code == 0
    over = terminal.run("plan", name, "--fail-if", "changed > 5", "--fail-if", "gain >= 2", "--fail-if", "issued > 10 %")
    assert over.code == 3 and "2 changed" in over.out
    assert over.err.splitlines() == ["error EXCEEDED: gain >= 2", "error EXCEEDED: issued > 10 %"]


@pytest.mark.parametrize("text", ["cost > 3", "changed", "changed > many", "infeasible > 3 %", "liability >"])
def test_a_threshold_that_means_nothing_is_refused_before_anything_is_folded(terminal: Terminal, text: str) -> None:
    said = terminal.run("plan", candidate(terminal), "--fail-if", text)
    assert said.code == 2 and "BAD_THRESHOLD" in said.err and said.out == ""


def test_one_file_is_not_asked_to_be_two(terminal: Terminal) -> None:
    said = terminal.run("plan", candidate(terminal), "--out", "both", "--report", "both")
    assert said.code == 2 and "--report" in said.err and not (terminal.folder / "both").exists()


def test_every_changed_member_goes_into_a_file(terminal: Terminal) -> None:
    terminal.ok("plan", candidate(terminal), "--out", "diff.parquet")
    assert pq.read_table(terminal.folder / "diff.parquet").column("member_id").to_pylist() == ["M1", "M2"]


def test_a_report_is_one_page_beside_the_text(terminal: Terminal) -> None:
    said = terminal.ok("plan", candidate(terminal), "--report", "plan.html", "--lang", "zh")
    page = (terminal.folder / "plan.html").read_text("utf-8")
    assert "2 人有变化" in said.out and page.startswith('<!DOCTYPE html>\n<html lang="zh">')
    missing = terminal.run("plan", "next.yaml", "--report", "nowhere/plan.html")
    assert missing.code == 1 and missing.err.startswith("error FILE: nowhere/plan.html: ")


def test_a_candidate_that_does_not_load_has_no_report(terminal: Terminal) -> None:
    (terminal.folder / "plan.html").write_text("as it was")
    assert terminal.run("plan", candidate(terminal, "programme: 7"), "--report", "plan.html").code == 1
    assert (terminal.folder / "plan.html").read_text() == "as it was"


def test_some_members_alone(terminal: Terminal) -> None:
    (terminal.folder / "some.csv").write_text("member_id,city\nM2,Lyon\n", "utf-8")
    body = terminal.json("plan", candidate(terminal), "--members", "some.csv")
    assert body["history"]["members"] == 1 and [m["member_id"] for m in body["most_changed"]] == ["M2"]
    (terminal.folder / "none.txt").write_text("\n", "utf-8")
    assert terminal.run("plan", "next.yaml", "--members", "none.txt").code == 2


def test_a_list_of_members_is_read_as_a_spreadsheet_writes_it(terminal: Terminal) -> None:
    """With a mark before the first word, quotation marks around what holds a comma, and lines that end as in Windows; other encodings are told."""
    (terminal.folder / "some.csv").write_bytes('\ufeffmember_id,city\r\n"M1, Ann",Lyon\r\n"M2",Brest\r\n'.encode())
    told = terminal.run("plan", candidate(terminal), "--members", "some.csv")
    assert told.code == 1 and told.err.startswith("error UNKNOWN_MEMBER: M1, Ann: the history has no fact of 1 of the 2 members")
    (terminal.folder / "some.csv").write_bytes("member_id\nM2\n\xe9\n".encode("latin-1"))
    told = terminal.run("plan", "next.yaml", "--members", "some.csv")
    assert told.code == 2 and told.err.startswith("error FILE: some.csv: this is no list of members in UTF-8")


def test_two_histories_or_a_file_of_what_is_not_written_are_asked_in_a_wrong_way(terminal: Terminal) -> None:
    for words in (
        ("plan", candidate(terminal), "--data", "loyalty-data", "--history", "history", "--baseline", "rules/v1.yaml"),
        ("backtest", "--programme", "next.yaml", "--out", "all.parquet"),
    ):
        assert terminal.run(*words).code == 2
    assert not (terminal.folder / "all.parquet").exists()


def test_those_for_whom_something_holds(terminal: Terminal) -> None:
    name, words = candidate(terminal), ("--where", "channel = app")
    said = terminal.ok("plan", name, *words)
    assert "          where channel = app: 1 of 2 members" in said.out.splitlines() and "1 changed (100.0 %)" in said.out
    assert "channel = app：2 名会员中的 1 名" in terminal.ok("plan", name, *words, "--lang", "zh").out
    for more in ((), ("--vary", "earn.base.points.rate=1,2")):
        assert "where channel = app: 1 of 2 members" in terminal.ok("backtest", "--programme", name, *more, *words).out
        assert terminal.json("backtest", "--programme", name, *more, *words)["chosen"]["members"] == 1
    for command in (("plan", name), ("backtest", "--programme", name)):
        bad = terminal.run(*command, "--where", "channel is app")
        assert (bad.code, bad.out) == (2, "") and "error BAD_WHERE: --where:9: channel is app: " in bad.err


def test_the_entries_behind_a_member_side_by_side(terminal: Terminal) -> None:
    said = terminal.ok("plan", candidate(terminal), "--explain", "M2").out
    assert said.splitlines()[0] == "M2: base +480 on 1 order"
    assert "earned, base: 480 USD × 1 = 480 points" in said and "earned, base: 480 USD × 2 = 960 points" in said
    assert terminal.run("plan", "next.yaml", "--explain", "M9").code == 2


def test_the_day_of_an_entry_is_a_day_of_the_programmes_zone(empty: Terminal) -> None:
    """20:30 of the first in UTC is the second in Shanghai."""
    rules = PROGRAMME.replace("UTC", "Asia/Shanghai")
    path = history(empty.folder / "history", orders=[order("O1", "M1", "2026-03-01T20:30:00Z", "50.00")])
    empty.ok("ingest", str(path), "--programme", str(programme(empty.folder / "rules", rules)))
    said = empty.ok("plan", candidate(empty, rules.replace("rate: 1,", "rate: 2,")), "--explain", "M1").out
    assert "before  2026-03-02      50  order/O1" in said


def test_a_history_without_a_store_is_compared_with_a_baseline(terminal: Terminal) -> None:
    name = candidate(terminal)
    stored = terminal.json("plan", name)
    alone = terminal.json("plan", name, "--history", "history", "--baseline", "rules/v1.yaml")
    assert alone == stored
    said = terminal.run("plan", name, "--history", "history")
    assert said.code == 2 and "NO_BASELINE" in said.err
    assert terminal.run("plan", name, "--history", "nowhere", "--baseline", "rules/v1.yaml").code == 2


def test_a_history_in_another_currency_is_told_with_the_first_of_its_rows(terminal: Terminal) -> None:
    history(terminal.folder / "other", orders=[{**order("O1", "M1", "2026-03-01T10:00:00Z", "120.00"), "currency": "EUR"}])
    said = terminal.run("plan", candidate(terminal), "--history", "other", "--baseline", "rules/v1.yaml", "--out", "diff.parquet")
    assert said.code == 1 and "EMPTY_RANGE" in said.err and "currency" in said.err.lower() and not Path("diff.parquet").exists()


def test_a_history_in_another_zone_is_told_with_the_first_of_its_rows_until_the_zone_is_named(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """23:30 of the last day of February in New York is March in UTC."""
    history(terminal.folder / "wall", orders=[order("O1", "M1", "2026-02-28T23:30:00", "120.00")])
    words = ("plan", candidate(terminal), "--history", "wall", "--baseline", "rules/v1.yaml", "--out", "diff.parquet")
    said = terminal.run(*words)
    assert said.code == 1 and said.err.startswith("error EMPTY_RANGE: wall: ") and "orders.jsonl:1 BAD_TIME" in said.err
    assert not (terminal.folder / "diff.parquet").exists()
    monkeypatch.setenv("LOYALTY_ASSUME_ZONE", "America/New_York")
    assert terminal.json(*words)["history"]["from"] == "2026-03-01T04:30:00Z"


def test_some_rows_that_are_no_facts_are_warned_of_and_the_others_folded(terminal: Terminal) -> None:
    rows = [order("O1", "M1", "2026-03-01T10:00:00Z", "120.00"), {**order("O2", "M1", "2026-03-01T10:00:00Z", "120.00"), "currency": "EUR"}]
    history(terminal.folder / "mixed", orders=rows)
    said = terminal.ok("plan", candidate(terminal), "--history", "mixed", "--baseline", "rules/v1.yaml")
    assert said.err == "warning: mixed: 1 row is set aside, the first orders.jsonl:2 CURRENCY: currency: USD, the programme's\n"
    assert "1 facts · 1 members" in said.out


def test_unknown_columns_of_a_history_are_named_or_kept_as_attributes_that_a_candidate_may_read(terminal: Terminal) -> None:
    """An order has no place for a cashier; a check-in keeps its mood, for which the candidate gives 7 points."""
    history(
        terminal.folder / "wide", orders=[order("O1", "M1", "2026-03-01T10:00:00Z", "120.00", cashier="ann")],
        interactions=[{"member_id": "M1", "occurred_at": "2026-03-01T11:00:00Z", "type": "check-in", "mood": "great"}],
    )  # fmt: skip
    rule = "  mood: {on: {interaction: check-in}, when: {attributes.mood: great}, points: {fixed: 7}}\nredeem:"
    name = candidate(terminal, PROGRAMME.replace("redeem:", rule))
    said = terminal.run("plan", name, "--history", "wide", "--baseline", "rules/v1.yaml", "--json")
    assert said.err == "warning: orders: column `cashier` is not known and was not kept\n"
    assert [(m["member_id"], m["delta"]) for m in said.json["most_changed"]] == [("M1", 7)]


def test_a_history_that_begins_in_the_middle_is_marked(terminal: Terminal) -> None:
    """A refund of an order from before it, whose points nobody can tell."""
    rows = [
        {**order("R1", "M1", "2026-03-01T10:00:00Z", "-20.00"), "kind": "refund", "original_order_id": "O0"},
        order("O1", "M1", "2026-03-20T10:00:00Z", "120.00"),
    ]  # fmt: skip
    history(terminal.folder / "half", orders=rows)
    words, name = ("--history", "half"), candidate(terminal)
    for said in (terminal.ok("plan", name, *words, "--baseline", "rules/v1.yaml"), terminal.ok("backtest", "--programme", name, *words)):
        (line,) = [line for line in said.out.splitlines() if line.startswith("PREVIEW")]
        assert line.endswith("without what was before: returns of unknown orders 1, unknown redemptions 0 (members 1)")


def test_a_place_where_nothing_can_be_put_is_told_before_anything_is_folded(terminal: Terminal) -> None:
    for words in (("plan", candidate(terminal)), ("backtest", "--programme", "next.yaml", "--vary", "earn.base.points.rate=1,2")):
        said = terminal.run(*words, "--out", "nowhere/diff.parquet")
        assert (said.code, said.out) == (1, "") and said.err.startswith("error FILE: nowhere/diff.parquet: ")


def test_a_candidate_that_does_not_load_is_told_at_its_place(terminal: Terminal) -> None:
    said = terminal.run("plan", candidate(terminal, PROGRAMME.replace("rate: 1,", "rate: one,")), "--out", "diff.parquet")
    assert said.code == 1 and "next.yaml:" in said.err and "E-" in said.err and said.out == ""
    assert not (terminal.folder / "diff.parquet").exists()
    assert terminal.run("plan", "nowhere.yaml").code == 1


def test_a_range_without_facts_is_told(terminal: Terminal) -> None:
    for words in (("--as-of", "2026-01-01"), ("--from", "2027-01-01")):
        said = terminal.run("plan", candidate(terminal), *words)
        assert said.code == 2 and "EMPTY_RANGE" in said.err
    assert terminal.run("plan", "next.yaml", "--from", "2026-03-02", "--effective").code == 2
