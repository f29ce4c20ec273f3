"""`python -m tests.any_order.run --seeds N [--first K]`: random histories, of one member and of families, in random orders of arrival, against the
oracle in perfect order.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.any_order.family_trial import problems_of as problems_of_family
from tests.any_order.trial import problems_of


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.any_order.run", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    start, failed = time.monotonic(), []
    for seed in range(options.first, options.first + options.seeds):
        found = [*problems_of(seed), *problems_of_family(seed)]
        if found:
            failed.append(seed)
            print(f"seed {seed}: " + "; ".join(found), flush=True)
    print(f"{options.seeds} histories and as many families, {time.monotonic() - start:.0f} s; {len(failed)} differ: {' '.join(map(str, failed))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
