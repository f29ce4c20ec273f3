"""Figures of the benchmarks: against their targets, in a table, as JSON and on the page that keeps them. Every number here is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import __main__ as door
from benchmarks.commands import percentile
from benchmarks.figures import PACKAGES, Figure, Results, Section, from_json, machine, machine_words, markdown, number, table, to_json

FAST = Figure("ingest", 60_000.0, "orders/s", 50_000.0, True, "of made-up orders")
SLOW = Figure("help", 0.45, "s", 0.3, False)
BESIDE = Figure("bare write", 0.25, "x", None, True)
MACHINE = {"cpu": "A processor", "cores": "2", "memory": "24 GiB", "system": "Linux", "python": "3.11.7"} | {name: "1.0" for name in PACKAGES}


def results(*sections: Section, mode: str = "full") -> Results:
    return Results(mode, MACHINE, sections)


def test_a_rate_above_its_target_meets_it() -> None:
    assert FAST.ratio == pytest.approx(1.2)  # 60,000 / 50,000
    assert FAST.verdict == "met"


def test_a_wait_above_its_target_misses_it_by_the_part_that_it_is_longer() -> None:
    assert SLOW.ratio == pytest.approx(2 / 3)  # 0.3 / 0.45
    assert SLOW.verdict == "missed by 50%"  # 0.15 of 0.3


@pytest.mark.parametrize("more_is_better", [True, False])
def test_the_target_itself_meets_it(more_is_better: bool) -> None:
    assert Figure("a", 5.0, "ms", 5.0, more_is_better).verdict == "met"


def test_a_figure_without_a_target_neither_meets_nor_misses_one() -> None:
    assert (BESIDE.ratio, BESIDE.verdict) == (None, "")
    assert results(Section("ingest", (FAST, SLOW, BESIDE))).missed() == [SLOW]


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (0.00123, "0.00123"), (0.25, "0.250"), (1.234, "1.23"), (12.34, "12.3"), (99.96, "100"), (123.4, "123"), (1_234_567, "1,234,567")],
)
def test_a_number_is_told_in_three_digits_or_whole(value: float, told: str) -> None:
    assert number(value) == told


def test_a_table_says_value_target_ratio_and_verdict_of_each_figure_and_its_note_below() -> None:
    lines = table(Section("ingest", (FAST, SLOW, BESIDE))).splitlines()
    assert lines[0] == "ingest"
    assert lines[2].split() == ["ingest", "60,000", "orders/s", ">=", "50,000", "1.20", "x", "met"]
    assert lines[3] == "    of made-up orders"
    assert lines[4].split() == ["help", "0.450", "s", "<=", "0.3", "0.667", "x", "missed", "by", "50%"]
    assert lines[5].split() == ["bare", "write", "0.250", "x"]


def test_json_comes_back_as_what_was_written() -> None:
    written = results(Section("ingest", (FAST, BESIDE)), Section("commands", (SLOW,)), mode="long")
    assert from_json(to_json(written)) == written


def test_a_section_measured_again_takes_the_place_of_the_old_one() -> None:
    first = results(Section("ingest", (FAST,)), Section("commands", (SLOW,)))
    again = first.with_section(Section("ingest", (BESIDE,)))
    assert again.sections == (Section("ingest", (BESIDE,)), Section("commands", (SLOW,)))


def test_a_page_names_the_machine_and_every_missed_target() -> None:
    page = markdown(results(Section("ingest", (FAST,)), Section("commands", (SLOW,))))
    assert page.startswith("Taken on A processor, 2 cores, 24 GiB, Linux, Python 3.11.7, numba 1.0")
    assert "| ingest | 60,000 orders/s | >= 50,000 | 1.20 x | met | of made-up orders |" in page
    assert page.endswith("Targets missed: help, missed by 50%.\n")


def test_the_machine_is_described_by_what_it_is_and_not_by_its_name() -> None:
    found = machine()
    assert set(found) == set(MACHINE) and all(found.values())
    assert found["python"] in machine_words(found)


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(1, 201)]
    assert percentile(values, 50) == 100.0
    assert percentile(values, 99) == 198.0
    assert percentile([7.0], 99) == 7.0


# ---- the command ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The benchmarks with made-up sections, their files in a folder of the test."""
    made_up: dict[str, door.Measure] = {"fold": lambda quick, long: [BESIDE], "ingest": lambda quick, long: [SLOW if quick else FAST]}
    monkeypatch.setattr(door, "SECTIONS", {name: (lambda m=measure: m) for name, measure in made_up.items()})
    monkeypatch.setattr(door, "OUT", tmp_path / "out")
    monkeypatch.setattr(door, "KEPT", tmp_path / "results.json")
    monkeypatch.setattr(door, "PAGE", tmp_path / "README.md")
    (tmp_path / "README.md").write_text(f"before\n{door.BEGIN}stale numbers{door.END}\nafter\n", "utf-8")
    return tmp_path


def test_a_run_prints_its_sections_and_leaves_each_as_json(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["ingest"]) == 0
    assert "60,000 orders/s" in capsys.readouterr().out
    assert from_json((place / "out" / "ingest.json").read_text("utf-8")).sections == (Section("ingest", (FAST,)),)
    assert not (place / "out" / "fold.json").exists() and not (place / "results.json").exists()


def test_recording_keeps_the_words_around_the_numbers(place: Path) -> None:
    door.main(["--record"])
    page = (place / "README.md").read_text("utf-8")
    assert page.startswith("before\n") and page.endswith("\nafter\n")
    assert "stale" not in page and "60,000 orders/s" in page
    door.main(["--record"])
    assert (place / "README.md").read_text("utf-8") == page


def test_recording_one_section_keeps_the_others_of_the_same_machine_and_sizes(place: Path) -> None:
    kept = place / "results.json"
    door.main(["fold", "--record"])
    door.main(["ingest", "--record"])
    assert [s.name for s in from_json(kept.read_text("utf-8")).sections] == ["fold", "ingest"]
    door.main(["ingest", "--quick", "--record"])
    assert from_json(kept.read_text("utf-8")).sections == (Section("ingest", (SLOW,)),)


def test_a_section_that_nobody_knows_is_refused(place: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        door.main(["folds"])
    assert ended.value.code == 2
