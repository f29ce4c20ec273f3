"""docs/guide/kafka.md shows what a terminal shows, on a real broker in place of the one at 9092."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.docs_tools.sessions import differs, run, steps
from tests.kafka.broker import ROOT
from tests.kafka.plugin import Kafka

PAGE = ROOT / "docs" / "guide" / "kafka.md"
SHOWN = "127.0.0.1:9092"


def test_what_the_page_shows_is_what_its_commands_print(broker: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in [v for v in os.environ if v.startswith("LOYALTY_") and v != "LOYALTY_KERNEL_CACHE"]:
        monkeypatch.delenv(variable)
    wrong, carried_out = [], 0
    for step in steps(PAGE.read_text("utf-8")):
        if step.kind != "door":
            carried_out += 1
            printed = run(replace(step, text=step.text.replace(SHOWN, broker.address))).replace(broker.address, SHOWN)
            if why := differs(step.shown, printed):
                wrong.append(f"kafka.md:{step.line}: {step.text.strip()[:80]}: {why}")
    assert carried_out >= 4 and not wrong, "\n\n".join(wrong)
