"""`loyalty plan --apply-retro`: a file for approval, and a second command that books it (T182)."""

from __future__ import annotations

import pytest

from tests.cli.terminal import Terminal
from tests.cli.test_plan import candidate


@pytest.mark.parametrize("name", ["adjustments.csv", "adjustments-retro.parquet", "adjustments.jsonl", "adjustments.csv.gz", "retro/adjustments.csv"])
def test_a_plan_writes_a_file_that_ingest_reads_in_any_of_its_forms(terminal: Terminal, name: str) -> None:
    """M1 has 220 of 120.00 in the app (120 + 100 of its cap), now 340; M2 480, now 960."""
    said = terminal.ok("plan", candidate(terminal), "--apply-retro", name, "--operator", "ann", "--cap", "400")
    assert said.out.splitlines()[-3:] == [
        f"{name}: adjustments 2 · members 2 · points to add 520 · to take 0", "  the cap of 400 keeps back 80 points (members: 1)",
        f"  read it, strike out what is not to be, then: loyalty ingest {name}",
    ]  # fmt: skip
    done = terminal.ok("ingest", name)
    assert "facts applied 2" in " ".join(done.out.split()) and done.err == ""
    assert terminal.json("member", "M2")["points"]["available"] == 880
    body = terminal.json("plan", "next.yaml", "--apply-retro", "again", "--operator", "ann", "--cap", "400")
    assert body["retro"]["file"] == "again/adjustments.csv" and body["retro"]["adjustments"] == 0
    assert "加" in terminal.ok("plan", "next.yaml", "--apply-retro", "again", "--operator", "ann", "--lang", "zh").out.splitlines()[-2]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--apply-retro", "retro.csv", "--operator", "ann"), "adjustments-retro.csv"), (("--apply-retro", "adjustments.csv"), "--operator"),
        (("--cap", "5"), "--apply-retro"), (("--apply-retro", "adjustments.csv", "--operator", "ann", "--cap", "-1"), "--cap"),
    ],
)  # fmt: skip
def test_terms_that_do_not_go_together_are_refused_before_anything_is_folded(terminal: Terminal, words: tuple[str, ...], told: str) -> None:
    said = terminal.run("plan", candidate(terminal), *words)
    assert said.code == 2 and told in said.err and said.out == ""
    assert not list(terminal.folder.glob("*.csv"))


