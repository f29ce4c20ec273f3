"""Where a change concentrates, reckoned with a pencil."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from loyalty_streams.backtest.segments import _each_once, most
from loyalty_streams.core.codes import AttrKind, FactKind
from loyalty_streams.core.facts import Attribute, Fact
from tests.backtest.trial import SIMPLE, store_of, tried
from tests.hosts.shop import at, order
from tests.hosts.test_merges import merge

IN_THE_APP = SIMPLE + "  app: {on: order, when: {channel: app}, multiply: 2}\n"


def fifty() -> list[Fact]:
    """20 who buy in the app, 20 at the till, 10 in both; the first 25 live in the north; one of the app had a card before, used at the till."""
    out = []
    for k in range(50):
        name = f"M{k:02}"
        region = (Attribute("@region", AttrKind.TEXT, "north" if k < 25 else "south"),)
        out.append(Fact(FactKind.PROFILE, name, f"profile/{name}", at("2026-01-02 10:00"), attributes=region))
        for channel in ("app",) * (k < 20 or k >= 40) + ("till",) * (k >= 20):
            out.append(replace(order(f"{name}{channel}", name, "2026-01-05 10:00", 1_000), channel=channel))
    out.append(replace(order("C1", "card:0", "2026-01-04 10:00", 1_000), channel="till"))
    out.append(merge("1", "card:0", "M00", "2026-01-06 10:00", "link"))
    return sorted(out, key=lambda f: f.at)


def test_those_who_buy_in_the_app_are_all_who_change(tmp_path: Path) -> None:
    """30 of 50 change: of the 30 in the app all (5/3 times the average of 3/5), of the 31 at the till 11, which is too few to be told.
    In the north 20 of 25 (4/3 times), in the south 10. All began in January: 30 of 50, neither more nor less.
    """
    with store_of(tmp_path, *fifty()) as store:
        plan = tried(store, IN_THE_APP)
        body = plan.to_json()
    told = [(s.field, s.value, s.members, s.changed, s.share, s.lift) for s in plan.segments]
    assert told == [
        ("channel", "app", 30, 30, 1.0, 1.666667), ("region", "north", 25, 20, 0.666667, 1.333333), ("first_order", "2026-01", 50, 30, 1.0, 1.0),
    ]  # fmt: skip
    assert most(plan.segments) == plan.segments[0]
    assert body["where"][0] == {"field": "channel", "value": "app", "changed": 30, "lift": 1.666667, "members": 30, "share": 1.0}


def test_nothing_is_said_of_fewer_than_twenty(tmp_path: Path) -> None:
    some = [f for f in fifty() if f.member < "M19" or f.member[0] != "M"]
    with store_of(tmp_path, *some) as store:
        plan = tried(store, IN_THE_APP)
    assert plan.comparison.counts()["changed"] == 19 and plan.segments == ()


def test_the_region_of_a_member_is_the_newest_that_was_told(tmp_path: Path) -> None:
    moved = [
        Fact(FactKind.PROFILE, f"M{k:02}", f"profile/M{k:02}/2", at("2026-02-01 10:00"), attributes=(Attribute("@region", AttrKind.TEXT, "east"),))
        for k in range(25)
    ]
    with store_of(tmp_path, *fifty(), *moved) as store:
        regions = [s.value for s in tried(store, IN_THE_APP).segments if s.field == "region"]
    assert regions == ["east"]


def test_numbers_stand_once_and_in_order_however_far_they_are_apart() -> None:
    assert _each_once(np.array([2, 0, 2, 1], np.int64)).tolist() == [0, 1, 2]
    assert _each_once(np.array([1 << 60, 3, 1 << 60], np.int64)).tolist() == [3, 1 << 60]
    assert _each_once(np.zeros(0, np.int64)).tolist() == []
