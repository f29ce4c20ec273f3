"""`python -m tests.mutants.run`: plants each bug in a copy of the kernel and tells which test catches it. Exit 1 where one survives.

The copies run interpreted (compiling takes a minute a copy) against a selected set: story tables and specs, some simulated histories, the laws.
Each stops at its first failure. First the copy without a bug must pass everything.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.catalogue import MUTANTS, Mutant
from tests.mutants.merge_catalogue import MERGE_MUTANTS
from tests.mutants.order_catalogue import ORDER_MUTANTS

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("loyalty_streams", "tests", "programmes", "pyproject.toml")
PATIENCE = 150
"""Seconds after which a copy is stopped: a bug that makes the kernel run for ever is caught as well."""


@dataclass(frozen=True)
class Verdict:
    """What became of one copy: the test that failed first, empty where all passed."""

    name: str
    caught_by: str
    seconds: float
    words: str


def main() -> int:
    options = arguments()
    wanted = [m for m in (*MUTANTS, *ORDER_MUTANTS, *MERGE_MUTANTS) if not options.names or m.name in options.names]
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        clean = copied(ROOT, Path(folder) / "clean")  # once: somebody may edit the sources meanwhile
        for tests in dict.fromkeys(m.tests for m in wanted):
            baseline = try_copy(None, tests, clean)
            if baseline.caught_by:
                print(f"without a bug {baseline.caught_by} fails:\n{baseline.words}")
                return 1
            print(f"without a bug {', '.join(tests)}: everything passes, {baseline.seconds:.0f} s", flush=True)
        with ThreadPoolExecutor(options.workers) as pool:
            verdicts = list(pool.map(lambda mutant: told(mutant, clean), wanted))
    alive = [v.name for v in verdicts if not v.caught_by]
    print(
        f"{len(verdicts) - len(alive)} of {len(verdicts)} caught, {time.monotonic() - start:.0f} s"
        + (f"; alive: {', '.join(alive)}" if alive else "")
    )
    return 1 if alive else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.mutants.run", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these bugs")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1), help="copies at a time")
    return parser.parse_args()


def told(mutant: Mutant, clean: Path) -> Verdict:
    verdict = try_copy(mutant, mutant.tests, clean)
    print(f"{mutant.name}: {mutant.breaks}\n    {verdict.caught_by or 'NOT CAUGHT'} ({verdict.seconds:.0f} s)", flush=True)
    return verdict


def copied(source: Path, to: Path) -> Path:
    """The parts of the project that the tests need, in another folder."""
    to.mkdir()
    for name in COPIED:
        if (source / name).is_dir():
            shutil.copytree(source / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source / name, to / name)
    return to


def try_copy(mutant: Mutant | None, tests: tuple[str, ...], clean: Path) -> Verdict:
    """One copy of the project, with or without a bug, against some tests. Raises RuntimeError where they could not be run."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = copied(clean, Path(folder) / "copy")
        if mutant is not None:
            plant(mutant, copy)
        said, timed_out = run_tests(copy, tests)
    failed = re.search(r"^FAILED (.+?)(?: - |$)", said, re.MULTILINE)
    if not (timed_out or failed or re.search(r"^\d+ passed", said, re.MULTILINE)):
        raise RuntimeError(f"the tests of a copy did not run:\n{said[-4000:]}")
    caught = "the clock: it never ends" if timed_out else failed.group(1) if failed else ""
    return Verdict(mutant.name if mutant else "", caught, time.monotonic() - start, said[-4000:])


def plant(mutant: Mutant, root: Path) -> None:
    """Puts a bug into a copy. Raises ValueError where its place is not found exactly once."""
    path = root / "loyalty_streams" / mutant.file
    text = path.read_text("utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: `{mutant.old}` occurs {text.count(mutant.old)} times in {mutant.file}")
    path.write_text(text.replace(mutant.old, mutant.new), "utf-8")


def run_tests(copy: Path, tests: tuple[str, ...]) -> tuple[str, bool]:
    """What pytest says, interpreted and stopping at the first failure; and whether its time ran out.

    Raises RuntimeError where somebody else ended it: that is no verdict.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return "", True
    if done.returncode < 0:
        raise RuntimeError(f"the tests of a copy were ended by signal {-done.returncode}")
    return done.stdout, False


if __name__ == "__main__":
    sys.exit(main())
