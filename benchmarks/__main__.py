"""`python -m benchmarks [fold] [ingest] [late] [merges] [backtest] [commands] [--quick | --long] [--record]`: measures, prints a table, writes JSON.

Each section also leaves `benchmarks/out/SECTION.json`. With `--record` the numbers go where they are kept: `benchmarks/results.json` and the
generated block of `benchmarks/README.md`; sections that were not measured stay as they are if they were taken on the same machine.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.figures import Figure, Results, Section, from_json, machine, machine_words, markdown, table, to_json

HERE = Path(__file__).parent
OUT, KEPT, PAGE = HERE / "out", HERE / "results.json", HERE / "README.md"
BEGIN, END = "<!-- generated: figures -->\n", "<!-- end: figures -->"
Measure = Callable[[bool, bool], list[Figure]]


def fold() -> Measure:
    from benchmarks import fold

    return fold.run


def ingest() -> Measure:
    from benchmarks import ingest

    return ingest.run


def commands() -> Measure:
    from benchmarks import commands

    return commands.run


def late() -> Measure:
    from benchmarks import late

    return late.run


def backtest() -> Measure:
    from benchmarks import backtest

    return backtest.run


def merges() -> Measure:
    from benchmarks import merges

    return merges.run


SECTIONS: dict[str, Callable[[], Measure]] = {
    "fold": fold, "ingest": ingest, "late": late, "merges": merges, "backtest": backtest, "commands": commands,
}  # fmt: skip
"""Each is imported when it is asked for: none needs what another does."""


def main(words: Sequence[str] | None = None) -> int:
    read = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("sections", nargs="*", metavar="SECTION", help=f"any of {', '.join(SECTIONS)} [default: all]")
    size = read.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small sizes: to see that everything runs")
    size.add_argument("--long", action="store_true", help="ten and a hundred million facts as well: half an hour, some 30 GB of disk")
    read.add_argument("--record", action="store_true", help="write results.json and README.md")
    asked = read.parse_args(words)
    strange = set(asked.sections) - set(SECTIONS)
    if strange:
        read.error(f"no section is called {', '.join(sorted(strange))}")
    mode = "quick" if asked.quick else "long" if asked.long else "full"
    results = Results(mode, machine(), ())
    print(machine_words(results.machine), flush=True)
    for name in asked.sections or SECTIONS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        section = Section(name, tuple(SECTIONS[name]()(asked.quick, asked.long)))
        results = results.with_section(section)
        print("\n" + table(section), flush=True)
        write(OUT / f"{name}.json", to_json(Results(mode, results.machine, (section,))))
    if asked.record:
        record(results, KEPT, PAGE)
    return 0


def record(results: Results, kept: Path, page: Path) -> None:
    """Puts the results where they are kept, in the order of SECTIONS."""
    known = {s.name: s for s in _old(results, kept)} | {s.name: s for s in results.sections}
    whole = Results(results.mode, results.machine, tuple(known[name] for name in SECTIONS if name in known))
    write(kept, to_json(whole))
    text = page.read_text("utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    write(page, f"{before}{BEGIN}\n{markdown(whole)}\n{END}{after}")


def _old(results: Results, kept: Path) -> tuple[Section, ...]:
    if not kept.exists():
        return ()
    old = from_json(kept.read_text("utf-8"))
    return old.sections if (old.machine, old.mode) == (results.machine, results.mode) else ()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
