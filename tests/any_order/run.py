"""`python -m tests.any_order.run --seeds N [--first K]`: random histories in random orders of arrival, against the oracle in perfect order."""

from __future__ import annotations

import argparse
import sys
import time

from tests.any_order.trial import problems_of


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.any_order.run", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    start, failed = time.monotonic(), []
    for seed in range(options.first, options.first + options.seeds):
        found = problems_of(seed)
        if found:
            failed.append(seed)
            print(f"seed {seed}: " + "; ".join(found), flush=True)
    print(f"{options.seeds} histories, {time.monotonic() - start:.0f} s; {len(failed)} differ: {' '.join(map(str, failed))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
