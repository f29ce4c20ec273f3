"""Versions of a programme are published into a store, and their start happens to every member by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

import loyalty_streams as ls
from tests.api.corner import PROGRAMME, history, order, programme, shop

ROWS = [order("O1", "M1", "2026-03-01T10:00:00Z", "250.00"), order("O2", "M2", "2026-03-01T11:00:00Z", "450.00")]
SECOND = (
    PROGRAMME.replace("version: 1", "version: 2\neffective_from: 2026-04-01").replace("rate: 1", "rate: 2")
    .replace("silver: 200.00", "silver: 300.00").replace("  ladder:", "  on_rule_change: full\n  ladder:")
)  # fmt: skip


def test_a_version_judges_from_its_start_and_a_lot_keeps_its_terms(tmp_path: Path) -> None:
    """250 at one point each; from April on two: 10.00 at the very start is 20."""
    with shop(tmp_path, orders=ROWS) as opened:
        opened.publish(programme(tmp_path / "second", SECOND, "v2.yaml"))
        opened.publish(tmp_path / "second" / "v2.yaml")
        assert [v.version for v in opened.versions()] == [1, 2]
        rows = [order("O3", "M1", "2026-03-31T23:59:59.999999Z", "10.00"), order("O4", "M1", "2026-04-01T00:00:00Z", "10.00")]
        opened.ingest(history(tmp_path / "more", orders=rows))
        account = opened.member("M1")
        assert account is not None
        assert [x.points for x in account.lots] == [250, 10, 20]
    with ls.open_store(tmp_path / "store") as again:
        assert [v.version for v in again.versions()] == [1, 2]


def test_the_start_of_a_version_is_a_timer_of_every_member(tmp_path: Path) -> None:
    """T112 `full`: silver asks for 300.00 from April on, and 250.00 is below it, without a fact of the member."""
    with shop(tmp_path, orders=ROWS) as opened:
        opened.publish(programme(tmp_path / "second", SECOND, "v2.yaml"))
        before, after = (opened.member("M1", as_of=t) for t in ("2026-03-31T23:59:59Z", "2026-04-01"))
        assert before is not None and after is not None
        assert (before.tier.name, after.tier.name) == ("silver", "base")
        opened.advance("2026-04-02")
        now = opened.member("M1")
        assert now is not None
        assert (now.tier.name, now.tier.since) == ("base", "2026-04-01T00:00:00Z")
        assert opened.report("summary")["tiers"] == {"base": 1, "silver": 1, "gold": 0}
        assert not any(c.violations for c in opened.verify().values())


def test_a_version_that_is_taken_or_too_early_or_of_another_programme_is_refused(tmp_path: Path) -> None:
    with shop(tmp_path, orders=ROWS) as opened:
        opened.publish(programme(tmp_path / "second", SECOND, "v2.yaml"))
        cases = {
            "VERSION_TAKEN": SECOND.replace("rate: 2", "rate: 5"),
            "TOO_EARLY": SECOND.replace("version: 2", "version: 3").replace("2026-04-01", "2026-03-01T11:00:00+00:00"),
            "OTHER_PROGRAMME": SECOND.replace("programme: corner", "programme: market").replace("version: 2", "version: 3"),
        }
        for code, text in cases.items():
            with pytest.raises(ls.StoreError) as told:
                opened.publish(programme(tmp_path / code, text, "v.yaml"))
            assert told.value.code == code
        assert [v.version for v in opened.versions()] == [1, 2]
