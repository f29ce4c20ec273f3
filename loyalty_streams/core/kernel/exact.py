"""Shares of large numbers, exactly: amounts and points go up to 10^15, so their products do not fit into 64 bits."""

from __future__ import annotations

from loyalty_streams.core.kernel.jit import kernel, leaf

HALF = 1 << 31


@leaf
def share(a, b, c):
    """floor(a x b / c) for c > 0 and a result that fits; a and b are not negative where either is beyond 2^31."""
    if -HALF <= a < HALF and -HALF <= b < HALF:
        return a * b // c
    return divided(a, b, c)[0]


@kernel
def divided(a, b, c):
    """Quotient and remainder of a x b by c, none of them negative, c below 2^62: digit by digit of b, the rest always below c."""
    if a < HALF and b < HALF:
        quotient = a * b // c
        return quotient, a * b - quotient * c
    part = a % c
    quotient, rest = 0, 0
    for bit in range(62, -1, -1):
        quotient, rest = 2 * quotient, 2 * rest
        if rest >= c:
            quotient, rest = quotient + 1, rest - c
        if (b >> bit) & 1:
            rest += part
            if rest >= c:
                quotient, rest = quotient + 1, rest - c
    return a // c * b + quotient, rest
