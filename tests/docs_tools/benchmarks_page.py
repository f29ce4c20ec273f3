"""The part of README that says how fast it is: the figures of `benchmarks/results.json` that have a target, met or missed."""

from __future__ import annotations

from pathlib import Path

from benchmarks.figures import Results, from_json, machine_words, row
from tests.docs_tools.parts import replace_part, table

KEPT = Path(__file__).resolve().parents[2] / "benchmarks" / "results.json"
WORDS = {
    "en": (
        "`make bench` measures it; what follows was taken on {machine}. All figures, each with how it came about, are in [benchmarks](benchmarks/).",
        ("", "figure", "measured", "aimed at", ""),
        "`make bench` measures it and prints every figure with its target; [benchmarks](benchmarks/) says how.",
    ),
    "zh": (
        "由 `make bench` 测量；以下数字取自 {machine}。全部数字及其来历见 [benchmarks](benchmarks/)。",
        ("", "指标", "实测", "目标", ""),
        "由 `make bench` 测量，逐项打印数字与目标；方法见 [benchmarks](benchmarks/)。",
    ),
}


def english(text: str) -> str:
    return replace_part(text, "benchmarks", said("en"))


def chinese(text: str) -> str:
    return replace_part(text, "benchmarks", said("zh"))


def said(language: str, kept: Path = KEPT) -> str:
    """The part in a language; without results it says where they come from."""
    machine, heads, without = WORDS[language]
    if not kept.exists():
        return without
    results = from_json(kept.read_text("utf-8"))
    return machine.format(machine=machine_words(results.machine)) + "\n\n" + table(heads, rows(results))


def rows(results: Results) -> list[tuple[str, ...]]:
    found = []
    for section in results.sections:
        for figure in section.figures:
            if figure.target is not None:
                name, value, target, _, verdict = row(figure)
                found.append((section.name, name, value, target, verdict))
    return found
