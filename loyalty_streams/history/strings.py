"""Columns of strings, a whole column at a time: their bytes, their 64-bit codes, and whether they may stand.

The code of a string is `core.codes.code_of`: XXH64 of its NFC form. Here it is computed for all strings of one length at once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from loyalty_streams.core.facts import Array

TEXT = pa.large_string()
LONGEST = 256
"""Bytes of an identifier or of a coded text."""

_P1, _P2, _P3, _P4, _P5 = (
    np.uint64(p)
    for p in (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
)
_LONG = 64
"""Longer strings, and the few of a rare length, are hashed one by one."""


def texts(values: Any) -> Any:
    """A list, array or chunked array as one `large_string` array without nulls: a missing value is the empty string."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if not isinstance(array, pa.Array):
        return pa.array(array, TEXT)
    if array.type != TEXT:
        array = array.cast(TEXT)
    return array.fill_null("") if array.null_count else array


@dataclass(frozen=True, slots=True)
class Bytes:
    """The bytes of a `large_string` array without nulls: string i is `data[start[i] : start[i] + size[i]]`; `data` has 8 spare bytes."""

    data: Array
    start: Array
    size: Array

    @classmethod
    def of(cls, array: Any) -> Bytes:
        n = len(array)
        _, offsets, data = array.buffers()
        if n == 0 or offsets is None:
            return cls(np.zeros(8, np.uint8), np.zeros(0, np.int64), np.zeros(0, np.int64))
        at = np.frombuffer(offsets, np.int64, n + 1, array.offset * 8)
        lo, hi = int(at[0]), int(at[-1])
        content = np.zeros(hi - lo + 8, np.uint8)
        if hi > lo:
            content[: hi - lo] = np.frombuffer(data, np.uint8, hi - lo, lo)
        return cls(content, at[:-1] - lo, np.diff(at))

    @property
    def content(self) -> Array:
        return self.data[:-8]

    def groups(self) -> Iterator[tuple[int, Any]]:
        """(length, rows) for each length there is; `rows` is a slice where all have one length."""
        if not len(self.size):
            return
        first = int(self.size[0])
        if bool((self.size == first).all()):
            yield first, slice(None)
            return
        small = self.size.astype(np.uint16) if int(self.size.max()) < 1 << 16 else self.size
        order = np.argsort(small, kind="stable")
        cuts = np.flatnonzero(np.diff(self.size[order])) + 1
        for rows in np.split(order, cuts):
            yield int(self.size[rows[0]]), rows

    def matrix(self, length: int, rows: Any) -> Array:
        """The bytes of rows of one length as a matrix (rows, length)."""
        found: Array = self.data[self.start[rows][:, None] + np.arange(length)]
        return found

    def rows_with(self, positions: Array) -> Array:
        """The rows, each once, whose strings hold the given positions of `content`."""
        ends = self.start + self.size
        return np.unique(np.searchsorted(ends, positions, side="right"))


def _rotate(value: Array, bits: int) -> Array:
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


def _round(state: Array | np.uint64, lane: Array) -> Array:
    return _rotate(state + lane * _P2, 31) * _P1


def _avalanche(h: Array) -> Array:
    h = (h ^ (h >> np.uint64(33))) * _P2
    h = (h ^ (h >> np.uint64(29))) * _P3
    out: Array = h ^ (h >> np.uint64(32))
    return out


def _stripes(words: list[Array], length: int) -> tuple[Array, list[Array]]:
    """The state after the stripes of 32 bytes, and the words that are left."""
    n = len(words[0]) if words else 0
    if length < 32:
        return np.full(n, _P5 + np.uint64(length)), words
    zero = np.uint64(0)
    lanes: list[Any] = [_P1 + _P2, _P2, zero, zero - _P1]
    whole = length // 32 * 4
    for k in range(whole):
        lanes[k % 4] = _round(lanes[k % 4], words[k])
    h = _rotate(lanes[0], 1) + _rotate(lanes[1], 7) + _rotate(lanes[2], 12) + _rotate(lanes[3], 18)
    for lane in lanes:
        h = (h ^ _round(zero, lane)) * _P1 + _P4
    return h + np.uint64(length), words[whole:]


def xxh64_words(words: list[Array]) -> Array:
    """XXH64, seed 0, of rows of 64-bit words: `words[k][i]` is word k of row i, little-endian. Shape (rows,), uint64."""
    with np.errstate(over="ignore"):
        h, rest = _stripes([w.view(np.uint64) for w in words], len(words) * 8)
        zero = np.uint64(0)
        for word in rest:
            h = _rotate(h ^ _round(zero, word), 27) * _P1 + _P4
        return _avalanche(h)


def _hash_length(raw: Bytes, length: int, rows: Any) -> Array:
    """XXH64 of the strings of one length (below `_LONG`)."""
    start = raw.start[rows]
    eights = np.ndarray((len(raw.data) - 7,), "<u8", raw.data, 0, (1,))
    fours = np.ndarray((len(raw.data) - 3,), "<u4", raw.data, 0, (1,))
    with np.errstate(over="ignore"):
        words = [eights[start + 8 * k] for k in range(length // 8)]
        if length < 32:
            h, rest = np.full(len(start), _P5 + np.uint64(length)), words
        else:
            h, rest = _stripes(words, length)
        zero = np.uint64(0)
        for word in rest:
            h = _rotate(h ^ _round(zero, word), 27) * _P1 + _P4
        done = length // 8 * 8
        if length - done >= 4:
            h = _rotate(h ^ (fours[start + done].astype(np.uint64) * _P1), 23) * _P2 + _P3
            done += 4
        for k in range(done, length):
            h = _rotate(h ^ (raw.data[start + k].astype(np.uint64) * _P5), 11) * _P1
        return _avalanche(h)


def hashes(array: Any) -> Array:
    """The codes of the strings of a `large_string` array that are in NFC: int64, 0 for the empty string."""
    raw = Bytes.of(array)
    out = np.zeros(len(array), np.uint64)
    view = memoryview(raw.data.data)
    for length, rows in raw.groups():
        if length == 0:
            continue
        if length < _LONG and (isinstance(rows, slice) or len(rows) > 32):
            out[rows] = _hash_length(raw, length, rows)
            continue
        for i in np.arange(len(array))[rows].tolist():
            at = int(raw.start[i])
            out[i] = xxhash.xxh64_intdigest(view[at : at + length])
    return out.view(np.int64)


def heads(array: Any) -> Array:
    """The first row of each row of equal strings that follow each other."""
    n = len(array)
    fresh = np.ones(n, bool)
    if n > 1:
        fresh[1:] = pc.not_equal(array.slice(1), array.slice(0, n - 1)).to_numpy(zero_copy_only=False)
    return np.flatnonzero(fresh)


def ascending(array: Any, strict: bool) -> bool:
    """Whether strings grow from row to row, by their length and then by their bytes; unless `strict`, equal ones may follow each other."""
    n = len(array)
    if n < 2:
        return True
    size = np.diff(pc.binary_length(array).to_numpy(zero_copy_only=False).astype(np.int64))
    if bool((size < 0).any()):
        return False
    compare = pc.less if strict else pc.less_equal
    up = compare(array.slice(0, n - 1), array.slice(1)).to_numpy(zero_copy_only=False)
    return bool(((size > 0) | up).all())


_UNFIT = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def fit(text: str) -> bool:
    """No control characters, no invisible or bidirectional marks, no lone surrogates, no line separators."""
    return not any(unicodedata.category(c) in _UNFIT for c in text)


def checked(array: Any, longest: int = LONGEST, blanks: bool = False) -> tuple[Any, Array]:
    """The strings in NFC, and which may not stand: too long, with unfit characters, or (unless `blanks`) with blanks at their ends.

    The empty string may stand: whether a value may be missing is another question.
    """
    raw = Bytes.of(array)
    bad = raw.size > longest
    unusual = (raw.content < 0x20) | (raw.content >= 0x7F)
    if unusual.any():
        rows = raw.rows_with(np.flatnonzero(unusual))
        array, refused = _look_closely(array, rows.tolist(), longest)
        bad = bad.copy()
        bad[refused] = True
    if not blanks and len(raw.size):
        some = raw.size > 0
        first, last = raw.data[raw.start], raw.data[np.maximum(raw.start + raw.size - 1, 0)]
        bad = bad | (some & ((first == 0x20) | (last == 0x20)))
        if unusual.any():
            bad = bad | np.array([t != t.strip() for t in array.to_pylist()], bool)
    return array, bad


def _look_closely(array: Any, rows: list[int], longest: int) -> tuple[Any, list[int]]:
    mended: list[str] = []
    refused: list[int] = []
    for i, text in zip(rows, array.take(pa.array(rows)).to_pylist(), strict=True):
        normal = unicodedata.normalize("NFC", text)
        if not fit(normal) or len(normal.encode()) > longest:
            refused.append(i)
        mended.append(normal)
    mask = np.zeros(len(array), bool)
    mask[rows] = True
    return pc.replace_with_mask(array, pa.array(mask), pa.array(mended, TEXT)), refused


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of coded texts: a code a row (0: none), the texts by code, and which rows may not stand."""

    codes: Array
    texts: dict[int, str]
    bad: Array


@dataclass(frozen=True, slots=True)
class Known:
    """The distinct texts of a column, judged and coded; one more row stands for none."""

    distinct: Any
    codes: Array
    bad: Array

    @classmethod
    def of(cls, distinct: Any, longest: int) -> tuple[Known, dict[int, str]]:
        plain, unfit = checked(texts(distinct), longest, blanks=True)
        codes, bad = np.append(hashes(plain), 0), np.append(unfit, False)
        fine = ~bad[:-1] & (codes[:-1] != 0)
        if not fine.all():
            plain = plain.filter(pa.array(fine))
        return cls(distinct, codes, bad), dict(zip(codes[:-1][fine].tolist(), plain.to_pylist(), strict=True))


def coded(array: Any, memory: dict[str, Known] | None = None, name: str = "", longest: int = LONGEST) -> Coded:
    """The codes of a string or dictionary array; each distinct text is judged and hashed once.

    `memory` keeps the last dictionary of a column by name: pieces of a file often share it, and then their texts are not given again.
    """
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    known = None if memory is None else memory.get(name)
    names: dict[int, str] = {}
    if known is None or len(known.distinct) != len(array.dictionary) or not known.distinct.equals(array.dictionary):
        known, names = Known.of(array.dictionary, longest)
        if memory is not None:
            memory[name] = known
    index = array.indices.fill_null(len(known.distinct)) if array.indices.null_count else array.indices
    at = index.to_numpy(zero_copy_only=False)
    return Coded(known.codes[at], names, known.bad[at])
