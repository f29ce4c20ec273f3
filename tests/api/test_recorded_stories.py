"""A story is recorded from a member's history, holds under the programme that judged it, and can be kept as a spec."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import loyalty_streams as ls
from loyalty_streams.programme.spec import run_spec
from loyalty_streams.reports.record import RecordError
from tests.api.corner import history, order, shop
from tests.api.test_exports import TABLES


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ls.Loyalty]:
    with shop(tmp_path, **TABLES) as opened:
        yield opened


@pytest.mark.parametrize(
    ("member", "fact"),
    [("M1", "O1"), ("M1", "T1"), ("M1", "A2"), ("M2", "R2/redeem"), ("M2", "R1/cancel"), ("M2", "V%2F1"), ("M2", "C1"), ("M3", "A3"), ("M1", None)],
)
def test_a_recorded_story_holds_when_it_is_told_again(store: ls.Loyalty, tmp_path: Path, member: str, fact: str | None) -> None:
    text = store.record(member, fact=fact)
    assert text is not None
    spec = tmp_path / "v1.spec.yaml"
    spec.write_text(text)
    (result,) = run_spec(spec, store.compiled)
    assert result.passed, result.render()
    if fact is not None:
        assert fact.partition("/")[0] in result.story.name
    assert len(result.story.when) == 1


def test_a_recorded_story_names_what_each_rule_paid_and_why_the_others_did_not(store: ls.Loyalty) -> None:
    """O1 of 80.00 in the app: 80, and 80 more for the double; the tag is of the profile before it."""
    text = store.record("M1", fact="O1")
    assert text is not None
    lines = [line.strip() for line in text.splitlines()]
    assert "- {rule: base, points: 80}" in lines and "- {rule: app-double, points: 80}" in lines
    assert "tags: [new, vip]" in text or "tags: [vip, new]" in text
    assert "points: {available: 170}" in lines  # 10 for enrolling
    assert "tier: base" in lines and "stage: new" in lines


def test_what_a_story_has_no_words_for_is_refused(store: ls.Loyalty, tmp_path: Path) -> None:
    store.ingest(history(tmp_path / "more", orders=[order("X1", "M3", "2026-03-10T10:00:00Z", "-5.00", kind="refund")]))
    with pytest.raises(RecordError):
        store.record("M3")
    assert store.record("M9") is None
