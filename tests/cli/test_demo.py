"""`loyalty demo`: a real grocer's year, a result, and what to type next."""

from __future__ import annotations

import pytest

from loyalty_streams.cli.demo import demo_candidate, demo_programme
from tests.cli.terminal import Terminal


@pytest.mark.slow
def test_the_demo_prints_its_result_and_ends_and_can_be_run_again(empty: Terminal) -> None:
    """Baskets, lines and households are those that the data set's own description gives."""
    for _ in range(2):
        said = empty.ok("demo")
    assert "facts  applied    155,848" in said.out and "read   items    1,469,307" in said.out
    for word in ("members                      2,469", "points issued", "points pending", "platinum", "churned", "30-day repurchase", "active share"):
        assert word in said.out
    assert "more for Platinum" in said.out and "Expiring:" in said.out and "What to type next:" in said.out
    found = empty.json("report", "summary")
    points = found["points"]
    assert (found["members"], found["orders"], sum(found["tiers"].values())) == (2_469, 155_848, 2_469)
    assert points["issued"] == points["available"] + points["pending"] + points["expired"]
    rules = {row["rule"] for row in empty.json("report", "rules")["rows"] if row["points"]}
    assert rules == {"base", "first-order", "big-basket", "grill-weeks", "summer-drinks", "cheese-and-wine", "gold-quarter", "platinum-half"}


def test_the_demo_leaves_a_store_alone_that_it_did_not_make(terminal: Terminal) -> None:
    said = terminal.run("demo")
    assert (said.code, said.err.startswith("error EXISTS: loyalty-data: there is a store here that the demo did not make")) == (1, True)
    assert terminal.json("member", "M1")["points"]["available"] == 220


def test_the_demos_programme_is_found() -> None:
    assert (demo_programme() / "v1.yaml").is_file()
    assert demo_candidate().is_file()
