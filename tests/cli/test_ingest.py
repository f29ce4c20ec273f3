"""`loyalty ingest`: a retailer's own files go in, and what cannot is named and left for mending."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loyalty_streams.history import CODES
from tests.api.corner import PROGRAMME, history, order, programme
from tests.cli.terminal import Terminal

TILL = """\
order_no,customer,when,total,currency,outlet
B1,M1,2026-03-01 10:00:00,45.50,USD,S1
B2,M2,2026-07-01 10:00:00,0.99,USD,S2
B3,M2,never,1.00,USD,S2
"""
RENAMES = ("--map", "order_no=order_id", "--map", "customer=member_id", "--map", "when=occurred_at", "--map", "total=amount", "--map", "outlet=store")


def till(terminal: Terminal, *more: str) -> tuple[str, ...]:
    (terminal.folder / "orders.csv").write_text(TILL)
    return ("ingest", "orders.csv", "--programme", str(programme(terminal.folder / "rules")), *RENAMES, "--assume-zone", "Europe/Berlin", *more)


def test_a_retailers_own_csv_goes_in(empty: Terminal) -> None:
    """Wall times of Berlin: 10:00 is 09:00 UTC in March and 08:00 UTC in July; 45.50 is 45 points, 0.99 none."""
    said = empty.ok(*till(empty))
    assert said.out.splitlines()[-1] == "1 dead letter; all other rows are applied."
    assert "orders.csv:4" in said.out and "BAD_TIME" in said.out
    first, second = (empty.json("member", m) for m in ("M1", "M2"))
    assert (first["points"]["available"], first["entries"][0]["effective_at"]) == (45, "2026-03-01T09:00:00Z")
    assert (second["points"]["available"], second["tier"]["metric"], second["stage"]["since"]) == (0, 99, "2026-07-01T08:00:00Z")


def test_a_dry_run_says_the_same_and_makes_no_store(empty: Terminal) -> None:
    said = empty.ok(*till(empty, "--dry-run"))
    assert said.out.splitlines()[-1] == "1 dead letter; nothing was written."
    assert sorted(p.name for p in empty.folder.iterdir()) == ["orders.csv", "rules"]
    assert empty.run("member", "M1").err.startswith("error NO_STORE: loyalty-data: there is no store here")


def test_a_dry_run_over_a_store_leaves_it_as_it_is(terminal: Terminal) -> None:
    """B1 is an hour before the order that the store has of M1, and would be taken in its place; B2 would be applied too."""
    before = terminal.json("report", "summary")
    found = terminal.json(*till(terminal, "--dry-run"))
    assert (found["dry_run"], found["dispositions"]["applied"], [x["code"] for x in found["dead_letters"]]) == (True, 2, ["BAD_TIME"])
    assert terminal.json("report", "summary") == before
    assert terminal.json("dead-letters", "list") == {"dead_letters": []}


def test_the_answer_in_json(empty: Terminal) -> None:
    found = empty.json(*till(empty))
    assert found["read"] == {"orders": 3}
    assert found["dispositions"] == {
        "applied": 2, "forwarded": 0, "waiting": 0, "duplicate": 0, "superseded": 0, "conflict": 0, "dead_lettered": 1, "filtered": 0,
    }  # fmt: skip
    (letter,) = found["dead_letters"]
    assert (letter["file"], letter["row"], letter["code"]) == ("orders.csv", 4, "BAD_TIME")
    assert letter["expected"].startswith("occurred_at: ")
    assert (found["dead_letter_count"], found["warnings"]) == (1, [])


def test_the_same_file_again_is_all_duplicates(empty: Terminal) -> None:
    """T151, T153."""
    empty.ok(*till(empty))
    again = empty.json(*till(empty))
    assert (again["dispositions"]["applied"], again["dispositions"]["duplicate"], again["dispositions"]["dead_lettered"]) == (0, 2, 1)
    assert len(empty.json("dead-letters", "list")["dead_letters"]) == 1


@pytest.mark.parametrize(("most", "code"), [("0", 3), ("1", 0)])
def test_more_dead_letters_than_asked_for_end_with_three(empty: Terminal, most: str, code: int) -> None:
    said = empty.run(*till(empty, "--max-dead-letters", most))
    assert said.code == code
    assert ("error DEAD_LETTERS: 1 dead letters, at most 0 were asked for" in said.err) is (code == 3)
    assert empty.json("report", "summary")["orders"] == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ingest", "nothing.csv", "--programme", "rules"), "error NO_HISTORY: nothing.csv"),
        (("ingest", "orders.csv", "--programme", "rules", "--map", "total"), "THEIRS=OURS"),
        (("ingest", "orders.csv", "--programme", "rules", "--arrival", "soon"), "`soon` is none of occurred, column, now"),
        (("ingest", "orders.csv", "--programme", "rules"), "error MISSING_COLUMN: orders"),
    ],
)
def test_what_is_asked_in_a_wrong_way_ends_with_two(empty: Terminal, words: tuple[str, ...], told: str) -> None:
    till(empty)
    said = empty.run(*words)
    assert (said.code, told in said.err) == (2, True), said


def test_a_history_that_is_not_there_makes_no_store(empty: Terminal) -> None:
    assert empty.run("ingest", "nothing.csv", "--programme", str(programme(empty.folder / "rules"))).code == 2
    assert not (empty.folder / "loyalty-data").exists()


def test_a_new_store_needs_a_programme_and_a_broken_one_makes_none(empty: Terminal) -> None:
    till(empty)
    said = empty.run("ingest", "orders.csv", *RENAMES)
    assert (said.code, said.err) == (1, "error NO_PROGRAMME: loyalty-data: a new store needs a programme\n")
    programme(empty.folder / "broken", "programme: x\nversion: one\n")
    said = empty.run("ingest", "orders.csv", "--programme", "broken/v1.yaml", *RENAMES)
    assert said.code == 1
    assert "broken/v1.yaml:2:" in said.err
    assert not (empty.folder / "loyalty-data").exists()


Rows = dict[str, list[dict[str, Any]]]
LATER = "2026-03-03T10:00:00Z"


def orders(**more: Any) -> Rows:
    return {"orders": [order("X1", "M9", LATER, "10.00", **more)]}


def with_lines(*lines: dict[str, Any], **more: Any) -> Rows:
    return {**orders(**more), "items": [{"order_id": "X1", **line} for line in lines]}


# One row, or order, that is set aside for each code; the newest arrival is of 2 March, and the programme takes what is at most 400 days late.
BAD: dict[str, Rows] = {
    "TOO_LARGE": with_lines(*({"line_no": n, "line_amount": "0.01"} for n in range(100_001))),
    "NESTED": orders(store={"name": "S1"}),
    "MISSING": {"orders": [order("X1", "", LATER, "10.00")]},
    "BAD_ID": {"orders": [order("X1", "M9 ", LATER, "10.00")]},
    "BAD_TEXT": orders(store="S\x001"),
    "BAD_TIME": {"orders": [order("X1", "M9", "2026-03-03T10:00:00", "10.00")]},
    "FUTURE_TIME": orders(arrived_at="2026-03-03T09:00:00Z"),
    "BAD_NUMBER": {"orders": [order("X1", "M9", LATER, "1,299.00")]},
    "AMOUNT_RANGE": {"orders": [order("X1", "M9", LATER, "10000000000000.01")]},
    "BAD_SIGN": {"orders": [order("X1", "M9", LATER, "-10.00")]},
    "BAD_CHOICE": orders(kind="swap"),
    "CURRENCY": orders(currency="EUR"),
    "DUPLICATE_LINE": with_lines({"line_no": 1, "line_amount": "5.00"}, {"line_no": 1, "line_amount": "5.00"}),
    "SUM_OF_LINES": with_lines({"line_no": 1, "line_amount": "9.99"}),
    "BAD_LINE": with_lines({"line_no": 1, "line_amount": "5.00"}, {"line_no": 2, "line_amount": "١٢٣"}),
    "UNKNOWN_ORDER_OF_LINE": {"items": [{"order_id": "X0", "line_no": 1, "line_amount": "5.00"}]},
    "SELF": {"transfers": [{"transfer_id": "X1", "occurred_at": LATER, "from": "M1", "to": "M1", "points": 5}]},
    "TOO_OLD": {"orders": [order("X1", "M9", "2025-01-01T10:00:00Z", "10.00")]},
    "CONFLICT": {"orders": [order("O1", "M1", "2026-03-01T10:00:00Z", "121.00", channel="app", store="S1")]},
    "BAD_PHONE": {"orders": [order("X1", "", LATER, "10.00") | {"phone": "12345"}]},
    "NO_PHONE_KEY": {"orders": [order("X1", "", LATER, "10.00") | {"phone": "13800138000"}]},
    "AMBIGUOUS": {"members": [{"member_id": m, "card": "7"} for m in ("M9", "M10")]},
}


@pytest.mark.parametrize("code", BAD)
def test_a_bad_row_is_set_aside_with_its_place_and_the_rest_is_applied(
    terminal: Terminal, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if code == "BAD_PHONE":
        monkeypatch.setenv("LOYALTY_PHONE_KEY", "a key of this shop")
    tables = {**BAD[code]}
    tables["orders"] = [*tables.get("orders", []), order("GOOD", "M8", LATER, "7.00")]
    said = terminal.ingest(name="bad", **tables)
    assert said.code == 0, said
    letters = terminal.json("dead-letters", "list")["dead_letters"]
    assert code in [x["code"] for x in letters], letters
    assert {x["code"] for x in letters} <= {code, "BAD_NUMBER"}  # a bad line is set aside for what is bad in it
    assert all(x["expected"] and x["row"] > 0 and x["file"].endswith(".jsonl") for x in letters)
    count = len(letters)
    assert said.out.splitlines()[-1] == f"{count} dead {'letter' if count == 1 else 'letters'}; all other rows are applied."
    assert terminal.json("member", "M8")["points"]["available"] == 7
    assert terminal.run("member", "M9").code == 1


def test_t135_phones_are_kept_under_the_key_of_the_settings_and_their_letters_mended(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [order("X1", "", LATER, "10.00") | {"phone": "13800138000"}, order("X2", "", LATER, "5.00") | {"phone": "+86 138-0013-8000"}]
    account = "phone:46d2b06b089651ed00b480c596732bbc"
    terminal.ingest(name="phones", orders=rows)
    letters = terminal.json("dead-letters", "list")["dead_letters"]
    assert [x["code"] for x in letters] == ["NO_PHONE_KEY"] * 2
    assert terminal.json("dead-letters", "replay", letters[0]["id"])["reason"] == "MISSING"
    monkeypatch.setenv("LOYALTY_PHONE_KEY", "a key of this shop")
    assert terminal.json("dead-letters", "replay", letters[0]["id"], "--set", "phone=0086 13800138000")["disposition"] == "applied"
    assert terminal.json("member", account)["points"]["available"] == 10
    terminal.ingest(name="again", orders=rows)
    assert terminal.json("member", account)["points"]["available"] == 15
    stored = b"".join(p.read_bytes() for p in (terminal.folder / "loyalty-data").rglob("*") if p.is_file())
    assert b"13800138000" not in stored and b"a key of this shop" not in stored


def test_an_unreadable_file_is_one_dead_letter(terminal: Terminal) -> None:
    (terminal.folder / "more").mkdir()
    (terminal.folder / "more" / "orders.parquet").write_bytes(b"PAR1 and no more")
    (terminal.folder / "more" / "orders-2.jsonl").write_text(json.dumps(order("GOOD", "M8", LATER, "7.00")))
    said = terminal.ok("ingest", "more")
    assert "orders.parquet:0" in said.out and "UNREADABLE" in said.out
    assert terminal.json("member", "M8")["points"]["available"] == 7


def test_t158_beyond_the_window_a_programme_may_refuse(empty: Terminal) -> None:
    rules = programme(empty.folder / "strict", PROGRAMME + "facts: {beyond_lateness: refuse}\n")
    rows = [order("O1", "M1", "2026-03-01T10:00:00Z", "1.00"), order("O2", "M1", "2026-02-01T10:00:00Z", "1.00")]
    rows[1]["arrived_at"] = "2026-03-01T10:00:00Z"
    found = empty.json("ingest", str(history(empty.folder / "in", orders=rows)), "--programme", str(rules))
    assert (found["dispositions"]["applied"], [(x["code"], x["row"]) for x in found["dead_letters"]]) == (1, [("LATE", 2)])


def test_t079_a_return_waits_is_shown_and_ends_as_an_orphan_when_nothing_comes_for_400_days(terminal: Terminal) -> None:
    """It arrives on 3 March 2026, so it waits until 7 April 2027."""
    back = order("X1", "M9", LATER, "-10.00", kind="refund", original_order_id="X0")
    said = terminal.ingest(name="back", orders=[back])
    assert said.out.splitlines()[-2] == "1 return waits for an order that has not come: loyalty report quarantine"
    shown = terminal.json("report", "quarantine")
    assert shown["returns"] == [{
        "order": "order/X0", "return": "order/X1", "kind": "return", "member_id": "M9", "occurred_at": LATER, "arrived_at": LATER,
        "waits_until": "2027-04-07T10:00:00Z", "amount_minor": -1000,
    }]  # fmt: skip
    assert terminal.ok("report", "quarantine").out.splitlines()[2:] == [
        f"order/X0   order/X1  M9      {LATER}  {LATER}  -10.00", "1 return waits for an order that has not come; at most 100,000 may",
    ]  # fmt: skip
    terminal.ok("advance", "--to", "2027-04-07T10:00:00Z")
    assert terminal.json("report", "quarantine")["waiting"] == 1
    terminal.ok("advance", "--to", "2027-04-07T10:00:01Z")
    assert terminal.ok("report", "quarantine").out.splitlines()[1] == "0 returns wait for an order that has not come; at most 100,000 may"
    (letter,) = terminal.json("dead-letters", "list")["dead_letters"]
    assert letter["code"] == "ORPHAN"
    sale = order("X0", "M9", LATER, "30.00")
    terminal.ingest(name="sale", orders=[sale])
    assert terminal.json("member", "M9", "--as-of", "2026-03-04")["points"]["available"] == 30
    assert terminal.json("dead-letters", "replay", letter["id"])["disposition"] == "applied"
    assert terminal.json("member", "M9", "--as-of", "2026-03-04")["points"]["available"] == 20
    assert not any(check["violations"] for check in terminal.json("verify")["checks"].values())


def test_every_code_of_the_list_is_tried_here() -> None:
    assert set(BAD) | {"UNREADABLE", "LATE", "ORPHAN"} == set(CODES)


def test_a_dead_letter_is_shown_mended_and_replayed(terminal: Terminal) -> None:
    terminal.ingest(name="bad", **BAD["CURRENCY"])
    listed = terminal.ok("dead-letters", "list", "--code", "CURRENCY")
    assert "1 in all" in listed.out
    shown = terminal.json("dead-letters", "show", "1")
    assert (shown["code"], shown["member"], shown["raw"]["currency"]) == ("CURRENCY", "M9", "EUR")
    assert terminal.run("dead-letters", "show", "2").err == "error NO_DEAD_LETTER: 2: there is none of this id\n"
    assert terminal.json("dead-letters", "replay", "1")["disposition"] == "dead_lettered"
    assert terminal.json("dead-letters", "replay", "1", "--set", "currency=USD") == {"id": "1", "disposition": "applied", "reason": None}
    assert terminal.ok("dead-letters", "list").out == "no dead letters\n"
    assert terminal.json("member", "M9")["points"]["available"] == 10
