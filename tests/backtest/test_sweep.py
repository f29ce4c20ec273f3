"""Many candidates in one pass: the same figures as one by one, and the ones worth looking at."""

from __future__ import annotations

from pathlib import Path

import pytest

from loyalty_streams.backtest.contenders import load_programme
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.ground import Ground
from loyalty_streams.backtest.plan import OUTSTANDING
from loyalty_streams.backtest.running import Run
from loyalty_streams.backtest.source import StoreSource
from loyalty_streams.backtest.sweep import Sweep, frontier, sweep
from loyalty_streams.backtest.telling import Telling
from loyalty_streams.backtest.varying import Axis, combinations, varied
from loyalty_streams.hosts.embedded import Store
from loyalty_streams.programme import ProgrammeError
from tests.backtest.test_plan import LADDER, THREE, a_shop
from tests.backtest.trial import SIMPLE, store_of, tried, written
from tests.hosts.shop import PROGRAMME


def swept(store: Store, text: str, *axes: str) -> Sweep:
    values = combinations([Axis.read(axis) for axis in axes])
    base, field = load_programme(written(store.folder.parent, "base", text))[-1], Ground.of(store).field()
    return sweep(Run(StoreSource(store), [field.standing(store.clocks.now), *(field.placed(varied(base, v)) for v in values)]), values)


def test_every_candidate_of_a_sweep_has_the_figures_of_a_plan_of_its_own(tmp_path: Path) -> None:
    with a_shop(tmp_path) as store:
        found = swept(store, PROGRAMME, "earn.base.points.rate=0.5,1,3", "tiers.ladder.gold=400,500.00")
        for row in found.rows():
            text = PROGRAMME.replace("rate: 1,", f"rate: {row['values']['earn.base.points.rate']},")
            plan = tried(store, text.replace("gold: 500.00", f"gold: {row['values']['tiers.ladder.gold']}"))
            body = plan.to_json()
            assert row["points"] == {name: pair["after"] for name, pair in body["points"].items()}
            assert row["outstanding"] == plan.outstanding().after and row["liability_minor"] == body["liability_minor"]["after"]
            assert row["members"] == body["members"] and row["infeasible"] == body["infeasible"]
            place = ("base", "silver", "gold").index
            moves = [(place(m["to"]) - place(m["from"]), m["members"]) for m in body["tiers"]["moves"]]
            assert row["tiers"] == {"up": sum(n for step, n in moves if step > 0), "down": sum(n for step, n in moves if step < 0)}
    assert len(found.values) == 6 and OUTSTANDING == ("available", "pending", "reserved")


NEW_LADDERS = {
    "ladder: {base: 0, bronze: 200.00, silver: 1500.00, gold: 2000.00}": (1, 1),
    "ladder: {base: 0, gold: 2000.00}": (0, 1),
}


@pytest.mark.parametrize("ladder", NEW_LADDERS)
def test_a_tier_that_one_ladder_alone_has_stands_where_it_stands_there(tmp_path: Path, ladder: str) -> None:
    """Of 1,000 gold becomes bronze or base: down; of 250 base becomes bronze: up. Where there was no ladder nobody climbs down."""
    up, down = NEW_LADDERS[ladder]
    text = (SIMPLE + LADDER).replace("ladder: {base: 0, silver: 300.00, gold: 1000.00}", ladder)
    with store_of(tmp_path, *THREE, rules=SIMPLE + LADDER) as store:
        assert Telling(tried(store, text)).lines()["tiers"][0].startswith(f"↑{up}  ↓{down} ")
        (row,) = swept(store, text, "earn.base.points.rate=1").rows()
        assert row["tiers"] == {"up": up, "down": down}
        assert list(tried(store, text).to_json()["tiers"]["before"])[:3] == (["base", "bronze", "silver"] if up else ["base", "silver", "gold"])
    (tmp_path / "none").mkdir()
    with store_of(tmp_path / "none", *THREE) as store:
        assert "↓0 " in Telling(tried(store, text)).lines()["tiers"][0]


def test_what_each_costs_and_whom_it_moves(tmp_path: Path) -> None:
    """1,250 points of 12.50 in force. At half the rate 625 less; at twice 1,250 more. Gold at 2,000 takes it from the one who spent 1,000."""
    with store_of(tmp_path, *THREE, rules=SIMPLE + LADDER) as store:
        found = swept(store, SIMPLE + LADDER, "earn.base.points.rate=0.5,2", "tiers.ladder.gold=1000,2000")
        rows = found.rows()
        table = found.table()
    told = [(*r["values"].values(), r["cost_minor"], r["members"]["gain"], r["members"]["lose"], r["tiers"]["down"], r["frontier"]) for r in rows]
    assert told == [
        ("0.5", "1000", -625, 0, 2, 0, True), ("0.5", "2000", -625, 0, 2, 1, True),
        ("2", "1000", 1250, 2, 0, 0, True), ("2", "2000", 1250, 2, 0, 1, True),
    ]  # fmt: skip
    assert table.column("cost_minor").to_pylist() == [-625, -625, 1250, 1250]
    assert table.column("tiers.ladder.gold").to_pylist() == ["1000", "2000", "1000", "2000"]


@pytest.mark.parametrize(
    ("points", "best"),
    [
        ([(10, 5), (20, 5), (20, 9), (5, 1)], {0, 2, 3}),
        ([(10, 5), (10, 5)], {0, 1}),
        ([(10, 5), (10, 6)], {1}),
        ([(-5, 0), (0, 0)], {0}),
        ([], set()),
    ],
)
def test_on_the_frontier_no_other_costs_less_and_gives_more(points: list[tuple[int, int]], best: set[int]) -> None:
    assert frontier(points) == best


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=0.8..1.1 step 0.1", ("0.8", "0.9", "1.0", "1.1")),
        ("a=400..1000 step 300", ("400", "700", "1000")),
        ("a=400..900 step 300", ("400", "700")),
        ("a = 1 , 2,1 ", ("1", "2")),
        ("a=12 months,9 months", ("12 months", "9 months")),
        ("a=-1..1 step 0.50", ("-1.00", "-0.50", "0.00", "0.50", "1.00")),
    ],
)
def test_values_are_listed_or_rise_by_steps(text: str, values: tuple[str, ...]) -> None:
    assert Axis.read(text).values == values


@pytest.mark.parametrize("text", ["a", "=1", "a=", "a=1,,2", "a=2..1 step 0.1", "a=1..2 step 0", "a=0..5000 step 1"])
def test_an_axis_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(BacktestError) as caught:
        Axis.read(text)
    assert (caught.value.code, caught.value.usage) == ("BAD_VARY", True)


def test_more_than_a_thousand_and_a_path_twice_are_refused() -> None:
    a, b = Axis("a", tuple(map(str, range(40)))), Axis("b", tuple(map(str, range(26))))
    for axes in ([a, b], [a, a]):
        with pytest.raises(BacktestError, match=r"1,040 candidates|twice"):
            combinations(axes)


def test_a_value_is_put_in_its_place_and_read_like_any_other(tmp_path: Path) -> None:
    """Two of one line; the rest of the text stays as it was."""
    (base,) = load_programme(written(tmp_path, "base", SIMPLE + LADDER))
    text = varied(base, {"tiers.ladder.silver": "150.00", "tiers.ladder.gold": "9000"}).text
    assert text == (SIMPLE + LADDER).replace("silver: 300.00, gold: 1000.00", "silver: 150.00, gold: 9000")
    with pytest.raises(ProgrammeError) as caught:
        varied(base, {"tiers.ladder.silver": "2000.00"})
    assert [(d.code, d.line) for d in caught.value.diagnostics] == [("E-LADDER", 11)]
    for path in ("tiers.ladder.bronze", "tiers.ladder", "nowhere.programme", "tiers.ladder.gold.more"):
        with pytest.raises(BacktestError, match="no single value"):
            varied(base, {path: "1"})
