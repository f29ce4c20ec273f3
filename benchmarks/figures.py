"""What a benchmark says: figures with their targets, as a table, as JSON and as Markdown, beside the machine they were taken on."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from loyalty_streams.backtest.engines import processors

PACKAGES = ("numba", "numpy", "pyarrow", "rocksdict")
HEADS = ("figure", "value", "target", "of target", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. `target` in the same unit, None for a number that only stands beside others; `note`: how it came about, its parts."""

    name: str
    value: float
    unit: str
    target: float | None
    more_is_better: bool
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times as good as the target; 1 and above is met."""
        if self.target is None:
            return None
        better, worse = (self.value, self.target) if self.more_is_better else (self.target, self.value)
        return better / worse if worse else float("inf")

    @property
    def verdict(self) -> str:
        """`met`, or by how much of the target it is missed; empty without a target."""
        if self.target is None or self.ratio is None:
            return ""
        return "met" if self.ratio >= 1 else f"missed by {abs(self.value - self.target) / self.target:.0%}"


@dataclass(frozen=True, slots=True)
class Section:
    """The figures of one module of the benchmarks."""

    name: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """All that one run measured. `mode`: full, quick or long."""

    mode: str
    machine: Mapping[str, str]
    sections: tuple[Section, ...]

    def with_section(self, section: Section) -> Results:
        """The same with one section measured anew, in its place."""
        others = {s.name: s for s in self.sections}
        return Results(self.mode, self.machine, tuple({**others, section.name: section}.values()))

    def missed(self) -> list[Figure]:
        return [f for s in self.sections for f in s.figures if f.verdict not in ("", "met")]


# ---- numbers in words ----------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """Three significant digits, all digits of what is larger: 0.0123, 1.23, 12.3, 123, 1,234,567."""
    size = abs(float(f"{value:.3g}"))
    if size == 0 or size >= 100:
        return f"{value:,.0f}"
    digits = 2 - math.floor(math.log10(size))
    return f"{value:.{digits}f}"


def row(figure: Figure) -> tuple[str, ...]:
    bound = ">=" if figure.more_is_better else "<="
    target = "" if figure.target is None else f"{bound} {figure.target:,g}"
    ratio = "" if figure.ratio is None else f"{number(figure.ratio)} x"
    return figure.name, f"{number(figure.value)} {figure.unit}".rstrip(), target, ratio, figure.verdict


def table(section: Section) -> str:
    """For a terminal: a line a figure, its note below it."""
    rows = [row(f) for f in section.figures]
    widths = [max(len(r[k]) for r in [HEADS, *rows]) for k in range(len(HEADS))]

    def line(cells: Sequence[str]) -> str:
        padded = [c.ljust(w) if k in (0, 4) else c.rjust(w) for k, (c, w) in enumerate(zip(cells, widths, strict=True))]
        return "  ".join(padded).rstrip()

    lines = [section.name, line(HEADS)]
    for figure, cells in zip(section.figures, rows, strict=True):
        lines += [line(cells)] + ([f"    {figure.note}"] if figure.note else [])
    return "\n".join(lines)


def markdown(results: Results) -> str:
    """The block of a page: the machine, a table a section, and the targets that were missed."""
    lines = [f"Taken on {machine_words(results.machine)}" + (f", `--{results.mode}`." if results.mode != "full" else ".")]
    for section in results.sections:
        lines += ["", f"### {section.name}", "", "| figure | value | target | of target | | how |", "|---|--:|--:|--:|---|---|"]
        for figure in section.figures:
            cells = [*row(figure), figure.note]
            lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    missed = results.missed()
    told = "; ".join(f"{f.name}, {f.verdict}" for f in missed)
    lines += ["", f"Targets missed: {told}." if missed else "Every target is met."]
    return "\n".join(lines) + "\n"


# ---- JSON ----------------------------------------------------------------------------------------------------------------


def to_json(results: Results) -> str:
    """With ratio and verdict beside each figure, for readers other than this module."""
    sections = {
        s.name: [{**asdict(f), "ratio": f.ratio, "verdict": f.verdict} for f in s.figures] for s in results.sections
    }
    return json.dumps({"mode": results.mode, "machine": dict(results.machine), "sections": sections}, indent=2) + "\n"


def from_json(text: str) -> Results:
    data = json.loads(text)
    return Results(data["mode"], data["machine"], tuple(Section(name, tuple(map(_figure, some))) for name, some in data["sections"].items()))


def _figure(data: Mapping[str, Any]) -> Figure:
    return Figure(data["name"], data["value"], data["unit"], data["target"], data["more_is_better"], data["note"])


# ---- the machine ---------------------------------------------------------------------------------------------------------


def machine() -> dict[str, str]:
    """What the numbers depend on, without saying whose machine it is."""
    cores = processors()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    found = {"cpu": _cpu(), "cores": str(cores), "memory": f"{memory:.0f} GiB", "system": platform.system(), "python": platform.python_version()}
    return {**found, **{name: version(name) for name in PACKAGES}}


def _cpu() -> str:
    told = Path("/proc/cpuinfo")
    if told.exists():
        for line in told.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def machine_words(of: Mapping[str, str]) -> str:
    cores = f"{of['cores']} core" + ("" if of["cores"] == "1" else "s")
    packages = ", ".join(f"{name} {of[name]}" for name in PACKAGES)
    return f"{of['cpu']}, {cores}, {of['memory']}, {of['system']}, Python {of['python']}, {packages}"
