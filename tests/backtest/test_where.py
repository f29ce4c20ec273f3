"""`--where`: whom a plan is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loyalty_streams import backtest
from loyalty_streams.api import Loyalty
from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.where import Condition, read
from loyalty_streams.core.codes import AttrKind, FactKind
from loyalty_streams.core.facts import Attribute, Fact
from loyalty_streams.hosts.embedded import Store
from tests.backtest.test_plan import LADDER
from tests.backtest.trial import SIMPLE, store_of, tried, with_rate, written
from tests.hosts.shop import at, order
from tests.hosts.test_merges import merge

RULES = SIMPLE + LADDER


def lives_in(member: str, region: str) -> Fact:
    return Fact(FactKind.PROFILE, member, f"profile/{member}", at("2026-01-02 10:00"), attributes=(Attribute("@region", AttrKind.TEXT, region),))


FACTS = (
    lives_in("M1", "north"), lives_in("M2", "far north"), replace(order("O1", "M1", "2026-01-05 10:00", 10_000), channel="app", store="9"),
    replace(order("O2", "M2", "2026-01-06 10:00", 40_000), channel="till", store="10"),
    replace(order("O3", "M2", "2026-02-06 10:00", 1_000), channel="app", store="10"),
    replace(order("O4", "M3", "2026-02-07 10:00", 150_000), channel="till", store="10"),
)  # fmt: skip
"""M1 has 100.00 in the app; M2 silver with 410.00 in both, M3 gold with 1,500.00 at the till, since February."""


def left(store: Store, where: str, members: list[str] | None = None) -> list[str]:
    return tried(store, with_rate("2", RULES), Asked(where=where, members=members)).comparison.ids


@pytest.mark.parametrize(
    ("where", "members"),
    [
        ("channel = app", ["M1", "M2"]), ("channel==till", ["M2", "M3"]), ("channel != app", ["M3"]), ("channel in (app, till)", ["M1", "M2", "M3"]),
        ("channel = app and channel = till", ["M2"]), ("region = north", ["M1"]), ("region in ('far north', \"north\")", ["M1", "M2"]),
        ("region != north", ["M2", "M3"]), ("tier = gold", ["M3"]), ("tier >= silver", ["M2", "M3"]), ("tier < gold", ["M1", "M2"]),
        ("store < 10", ["M1"]), ("store >= 9.5", ["M2", "M3"]), ("first_order <= 2026-01", ["M1", "M2"]), ("first_order = 2026-02", ["M3"]),
        ("tier != base and first_order > 2026-01", ["M3"]),
    ],
)  # fmt: skip
def test_a_plan_is_about_those_for_whom_it_holds(tmp_path: Path, where: str, members: list[str]) -> None:
    with store_of(tmp_path, *FACTS, rules=RULES) as store:
        assert left(store, where) == members


def test_the_tenth_decile_spent_most(tmp_path: Path) -> None:
    """M0 spends 10.00, M1 20.00, and so on; M9 100.00."""
    facts = [order(f"O{k}", f"M{k}", f"2026-01-{k + 1:02} 10:00", 1_000 * (k + 1)) for k in range(10)]
    with store_of(tmp_path, *facts, rules=RULES) as store:
        assert left(store, "spend_decile > 8") == ["M8", "M9"] and left(store, "spend_decile = 1") == ["M0"]


def test_the_whole_history_of_those_is_folded_and_the_header_says_who_they_are(tmp_path: Path) -> None:
    """M2 has 410 points of both channels; 410 more. Of three members two are left, with three orders and two profiles."""
    with store_of(tmp_path, *FACTS, rules=RULES) as store:
        body = tried(store, with_rate("2", RULES), Asked(where="channel = app")).to_json()
    assert body["chosen"] == {"where": "channel = app", "members": 2, "of": 3}
    assert body["history"]["members"] == 2 and body["history"]["facts"] == 5
    assert {m["member_id"]: m["delta"] for m in body["most_changed"]} == {"M1": 100, "M2": 410}
    assert body["points"]["issued"] == {"before": 510, "after": 1020, "delta": 510}


def test_a_list_of_members_and_a_condition_are_both_kept(tmp_path: Path) -> None:
    with store_of(tmp_path, *FACTS, rules=RULES) as store:
        assert left(store, "channel = app", ["M2", "M3"]) == ["M2"]


def test_whoever_only_sent_points_to_one_of_them_is_not_among_them(tmp_path: Path) -> None:
    """M3 sends 40 points to M1: they are folded together, and M1 is told of alone, as of a list."""
    sent = Fact(FactKind.TRANSFER, "M3", "transfer/T1", at("2026-02-08 10:00"), about="M1", points=40)
    with store_of(tmp_path, *FACTS, sent, rules=RULES) as store:
        assert left(store, "region = north") == ["M1"]
        body = tried(store, with_rate("2", RULES), Asked(members=["M1"])).to_json()
    assert body["history"]["members"] == 1 and body["points"]["available"] == {"before": 140, "after": 240, "delta": 100}


def test_accounts_that_became_one_are_one_by_what_either_did(tmp_path: Path) -> None:
    card = replace(order("C1", "card:7", "2026-01-04 10:00", 1_000), channel="kiosk")
    with store_of(tmp_path, *FACTS, card, merge("1", "card:7", "M1", "2026-02-08 10:00", "link"), rules=RULES) as store:
        assert left(store, "channel = kiosk") == ["M1"]


def test_several_programmes_and_python_take_it_too(tmp_path: Path) -> None:
    path = written(tmp_path, "next", with_rate("2", RULES))
    with store_of(tmp_path, *FACTS, rules=RULES) as store, backtest.run(Loyalty(store), [path], where="tier >= silver") as found:
        body = found.to_json()
        assert found.members(1).column("member_id").to_pylist() == ["M2", "M3"]
        assert set(found.entries(1).column("member_id").to_pylist()) == {"M2", "M3"}
    assert body["chosen"] == {"where": "tier >= silver", "members": 2, "of": 3}


def test_an_expression_is_read_with_the_columns_of_its_values() -> None:
    assert read("tier in (gold,'very high') and  channel!=\"a b\"") == [
        Condition("tier", "=", ("gold", "very high"), 10), Condition("channel", "!=", ("a b",), 42),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "column", "told"),
    [
        ("chanel = app", 1, "one of channel, store, region, customer_type, tier, stage, first_order, spend_decile, not `chanel`"),
        ("", 1, "one of channel"), ("channel", 8, "FIELD = VALUE"), ("channel ~ app", 9, "FIELD = VALUE"), ("channel =", 10, "a value"),
        ("channel = app or tier = gold", 15, "`and` or the end, not `or`"), ("channel = app and", 18, "one of channel"),
        ("channel in app", 12, "FIELD in (A, B)"), ("channel in (app", 16, "`,` or `)`"), ("channel in (", 13, "a value"),
        ("channel = 'app", 11, "the other quotation mark"), ("channel = app tier = gold", 15, "`and` or the end, not `tier`"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_at_its_column(where: str, column: int, told: str) -> None:
    with pytest.raises(BacktestError) as caught:
        read(where)
    assert (caught.value.code, caught.value.place, caught.value.usage) == ("BAD_WHERE", f"--where:{column}", True)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("where", "column", "told"),
    [
        ("channel = apps", 11, "nobody has `channel` `apps`; there is app, till"), ("tier > platinum", 8, "there is base, silver, gold"),
        ("region in (north, south)", 12, "nobody has `region` `south`; there is far north, north"), ("stage = dormant", 9, "there is nothing"),
    ],
)  # fmt: skip
def test_a_value_that_nobody_has_is_told_with_those_that_there_are(tmp_path: Path, where: str, column: int, told: str) -> None:
    with store_of(tmp_path, *FACTS, rules=RULES) as store, pytest.raises(BacktestError) as caught:
        left(store, where)
    assert (caught.value.code, caught.value.place) == ("BAD_WHERE", f"--where:{column}")
    assert told in str(caught.value)


def test_where_nobody_is_left_there_is_nothing_to_plan(tmp_path: Path) -> None:
    with store_of(tmp_path, *FACTS, rules=RULES) as store, pytest.raises(BacktestError, match="none of 3 members") as caught:
        left(store, "tier = gold and channel = app")
    assert caught.value.code == "EMPTY_RANGE"
