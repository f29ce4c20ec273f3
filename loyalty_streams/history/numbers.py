"""Columns of exact numbers: ASCII digits only, and never through a float."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.core.facts import Array
from loyalty_streams.history.strings import Bytes, texts

LARGEST = 10**15
"""Amounts and points, in minor units and points."""
SCALE = 6
"""Decimal places of a number attribute."""

_FAST = 18
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z", re.ASCII)


def exact(text: str, places: int) -> int | None:
    """The number times 10^places, or None where the text is no plain number of at most so many decimal places."""
    if not _NUMBER.match(text) or len(text) > 64:
        return None
    whole, _, fraction = text.partition(".")
    if len(fraction) > places:
        return None
    value = int(whole + fraction.ljust(places, "0"))
    return None if value == 0 and text.startswith("-") else value


def parse(array: Any, places: int = 0) -> tuple[Array, Array, Array]:
    """The numbers times 10^places of a `large_string` array: (values, not a number, beyond 10^18). Empty strings are not numbers."""
    raw = Bytes.of(array)
    n = len(array)
    values, bad, far = np.zeros(n, np.int64), np.zeros(n, bool), np.zeros(n, bool)
    for length, rows in raw.groups():
        if 0 < length <= _FAST - places:
            values[rows], bad[rows] = _parse_length(raw.matrix(length, rows), length, places)
            continue
        for i in np.arange(n)[rows].tolist():
            value = exact(array[i].as_py(), places)
            bad[i] = value is None
            far[i] = value is not None and abs(value) > 10**18
            values[i] = 0 if value is None or far[i] else value
    return values, bad, far


def _parse_length(matrix: Array, length: int, places: int) -> tuple[Array, Array]:
    negative = matrix[:, 0] == ord("-")
    digits = matrix - np.uint8(48)
    is_digit = digits < 10
    dot = matrix == ord(".")
    dots = dot.sum(1)
    point = np.where(dots == 1, dot.argmax(1), length)
    fraction = np.maximum(length - 1 - point, 0)
    plain = is_digit.sum(1) + dots + negative == length
    bad = ~plain | (dots > 1) | (point <= negative) | (fraction > places) | ((dots == 1) & (fraction == 0))
    values = np.zeros(len(matrix), np.int64)
    for k in range(length):
        values = np.where(is_digit[:, k], values * 10 + digits[:, k], values)
    if places:
        values *= 10 ** np.minimum(places - fraction, places).clip(0)
    bad |= negative & (values == 0)
    return np.where(negative, -values, values), bad


def whole(array: Any, places: int = 0) -> tuple[Array, Array, Array, Array]:
    """A column of any type as integers times 10^places: (values, missing, not a number, beyond what is kept exactly).

    A column of floats is refused where it carries a fraction, or where decimals are meant: 12.99 is not a float.
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    n = len(array)
    missing = pc.is_null(array).to_numpy(zero_copy_only=False) if array.null_count else np.zeros(n, bool)
    none = np.zeros(n, bool)
    if pa.types.is_null(kind):
        return np.zeros(n, np.int64), np.ones(n, bool), none, none
    if pa.types.is_integer(kind):
        return _from_integers(array, missing, places)
    if pa.types.is_decimal(kind):
        return _from_decimals(array, missing, places)
    if pa.types.is_floating(kind):
        return _from_floats(array, missing, places)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        strings = texts(array)
        missing = pc.equal(strings, "").to_numpy(zero_copy_only=False)
        values, bad, far = parse(strings, places)
        return values, missing, bad & ~missing, far
    return np.zeros(n, np.int64), missing, ~missing, none


def _from_integers(array: Any, missing: Array, places: int) -> tuple[Array, Array, Array, Array]:
    filled = array.fill_null(0) if array.null_count else array
    values = filled.to_numpy(zero_copy_only=False)
    bound = 10**18 // 10**places
    far = values > bound
    if values.dtype.kind == "i":
        far |= values < -bound
    values = np.where(far, 0, values).astype(np.int64)
    return values * 10**places, missing, np.zeros(len(values), bool), far


def _from_decimals(array: Any, missing: Array, places: int) -> tuple[Array, Array, Array, Array]:
    """Decimals are exact; `places` bounds the digits that are not zero."""
    n = len(array)
    try:
        scaled = array.fill_null(Decimal(0)).cast(pa.decimal128(38, places))
        words = np.frombuffer(scaled.buffers()[1], np.int64, 2 * n, scaled.offset * 16).reshape(n, 2)
        far = words[:, 1] != words[:, 0] >> 63
        return np.where(far, 0, words[:, 0]), missing, np.zeros(n, bool), far | (np.abs(words[:, 0]) > 10**18)
    except pa.ArrowInvalid:
        strings = pa.array([format(v.normalize(), "f") if v is not None else "" for v in array.to_pylist()], pa.large_string())
        values, bad, far = parse(strings, places)
        return values, missing, bad & ~missing, far


def _from_floats(array: Any, missing: Array, places: int) -> tuple[Array, Array, Array, Array]:
    floats = array.fill_null(0.0).to_numpy(zero_copy_only=False).astype(np.float64)
    usual = np.isfinite(floats) & (np.abs(floats) <= 2.0**53) & (np.floor(floats) == floats)
    usual &= ~((floats == 0) & np.signbit(floats))
    if places:
        usual &= missing
    values = np.where(usual, floats, 0.0).astype(np.int64)
    return values, missing, ~usual & ~missing, np.zeros(len(values), bool)
