"""Amounts and points go up to 10^15, where products leave 64 bits: shares of them are exact all the same."""

from __future__ import annotations

import subprocess
import sys

from tests.statements.story import parse_story
from tests.statements.telling import Telling

SHARES = """
import random
from loyalty_streams.core.kernel.exact import divided, share

draw = random.Random(7)
for _ in range(2_000):
    a, b = (draw.randrange(10 ** draw.randrange(1, 16)) for _ in "ab")
    c = draw.randrange(max(a, b) // 3, 10**15) + 1
    assert divided(a, b, c) == divmod(a * b, c), (a, b, c)
    assert share(a, b, c) == a * b // c
assert share(-7, 3, 2) == -11, "a floor below zero too"
"""


def test_a_share_of_large_numbers_is_what_exact_integers_give() -> None:
    """Interpreted: steps of the kernel cannot be called from Python when they are compiled."""
    run = subprocess.run([sys.executable, "-W", "error", "-c", SHARES], env={"NUMBA_DISABLE_JIT": "1", "PATH": ""}, check=False, capture_output=True)
    assert run.returncode == 0, run.stderr.decode()


def tell(text: str) -> None:
    for row, outcome in Telling(parse_story(text)).outcomes():
        assert [problem for e in row.then if (problem := outcome.check(e))] == [], f"{row.when} | {row.does}"


def test_T072_parts_of_the_largest_order_take_back_all_that_it_earned() -> None:
    # 10^15 cents in three lines: a point a yuan, 3,333,333,333,333 and a third each of 10^13.
    tell("""Thirds of ten thousand milliards
  2026-01-01 10:00 | order O1: a 3333333333333.33, b 3333333333333.33, c 3333333333333.34 | EARNED 10000000000000 base
  2026-01-02 10:00 | return T1 of O1: 1 x1 | clawed_back 3333333333333
  2026-01-03 10:00 | return T2 of O1: 3 x1 | clawed_back 6666666666667
  2026-01-04 10:00 | return T3 of O1: 2 x1 | clawed_back 10000000000000; available 0; debt 0
""")


def test_T011_what_points_paid_of_a_large_order_is_spread_over_its_lines_exactly() -> None:
    # 10^15 - 1 points of a cent each pay all of 10^15 cents but one: a cent earns nothing.
    tell("""Nearly all of it paid with points
  wallets: {points: {unit_value: 0.01}}
  2026-01-01 10:00 | order O1 points_used=999999999999999: a 5000000000000.00, b 5000000000000.00 | no EARNED
""")


def test_T081_half_the_money_of_a_large_order_back_takes_half_of_its_points() -> None:
    tell("""Half of it
  returns: {clawback: proportional}
  2026-01-01 10:00 | order O1 9999999999999.99 | EARNED 9999999999999 base
  2026-01-02 10:00 | return T1 of O1 4999999999999.99 | clawed_back 4999999999999; available 5000000000000
""")
