"""Exact arithmetic of reports: shares and means are reckoned as fractions and rounded once."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
DIGITS = 6


def rate(part: int, whole: int) -> float | None:
    """part / whole rounded half-even to six digits; None where there is nothing to take a share of."""
    return float(round(Fraction(part, whole), DIGITS)) if whole else None


def mean(total: int, count: int) -> int | None:
    """The mean of whole numbers, half up; None of nothing."""
    return half_up(Fraction(total, count)) if count else None


def half_up(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def total(values: npt.NDArray[np.generic]) -> int:
    """The exact sum of integers."""
    return int(values.sum(dtype=np.int64))


def ntile(order: Ints, buckets: int) -> Ints:
    """Buckets 1 to `buckets` of rows by their place in `order` (rows from first to last), as SQL's `ntile`.

    What does not divide goes to the first buckets.
    """
    n = len(order)
    size, rest = divmod(n, buckets)
    sizes = np.array([size + (k < rest) for k in range(buckets)], np.int64)
    out = np.empty(n, np.int64)
    out[order] = np.repeat(np.arange(1, buckets + 1), sizes)
    return out
