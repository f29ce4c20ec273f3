"""`python -m tests.simulation.run --seeds N [--first K]`: kernel against oracle on N histories; the first failures are shrunk and told."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.coverage import REQUIRED, missing, seen_in
from tests.simulation.family_coverage import OF_MERGES, seen_of_merges
from tests.simulation.family_trial import family_of
from tests.simulation.shrink import outcome, shrink, told
from tests.simulation.trial import Case, case_of

SHOWN = 3
"""Failures that are shrunk and told in full; of others the seed."""


def main() -> int:
    options = arguments()
    told_by = family_of if options.families else case_of
    covered: Counter[str] = Counter()
    failed: list[int] = []
    facts = decisions = 0
    start = time.monotonic()
    for seed in range(options.first, options.first + options.seeds):
        case = told_by(seed)
        found = outcome(case)
        covered.update(seen_of_merges(found) if options.families else seen_in(case, found))
        facts, decisions = facts + len(case.facts), decisions + len(found.decisions)
        if found.problems:
            failed.append(seed)
            report(case, len(failed), options.plain)
            if len(failed) >= options.stop:
                break
        if sys.stderr.isatty() and seed % 50 == 0:
            print(f"\r{seed - options.first + 1} of {options.seeds}", end="", file=sys.stderr)
    for name, n in sorted(covered.items()):
        print(f"{n:7d}  {name}")
    lacking = missing(covered, OF_MERGES if options.families else REQUIRED)
    seconds = time.monotonic() - start
    print(
        f"{options.seeds} histories, {facts} facts, {decisions} decisions, {seconds:.0f} s; {len(failed)} differ; "
        f"not exercised: {', '.join(lacking) or 'nothing'}"
    )
    if failed:
        print("seeds that differ: " + " ".join(map(str, failed)))
    return 1 if failed else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.simulation.run", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many histories")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--stop", type=int, default=20, help="stop after so many failures")
    parser.add_argument("--families", action="store_true", help="histories of several identifiers that merge")
    parser.add_argument("--plain", action="store_true", help="do not shrink")
    return parser.parse_args()


def report(case: Case, nth: int, plain: bool) -> None:
    """The seed of a failure, and of the first few the smallest case found."""
    print(f"seed {case.seed} differs", flush=True)
    if nth <= SHOWN and not plain:
        print(told(*shrink(case)), flush=True)
    else:
        print("\n".join(outcome(case).problems), flush=True)


if __name__ == "__main__":
    sys.exit(main())
