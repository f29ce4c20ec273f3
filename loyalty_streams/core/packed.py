"""The bytes of a packed state or card, walked through by the layout table; plain Python, without Numba."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loyalty_streams.core.codes import MICROS, NEVER
from loyalty_streams.core.kernel.layout import AFTER_PREVIOUS, INT, LAYOUT, RAW, SKIP, TABLE, TIME
from loyalty_streams.core.kernel.records import CARD_REDEMPTION, CARD_STATE, REDEMPTIONS, SENT, TAKEN, record_of
from loyalty_streams.core.packed_rows import FEW, Bytes, rows


class StateError(ValueError):
    """Bytes that are no state of ours. `code`: STORE_NEWER for a later layout, STORE_BROKEN for anything else."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(f"{code}: {what}")
        self.code = code


KINDS = [[int(kind) for kind in row[3 : 3 + row[1]]] for row in TABLE.tolist()]
"""The kind of each column, a list for each row of the layout table."""


def state_card(ref: int, state: bytes) -> bytes:
    """The card of a merge: the packed state of the account that is absorbed, beside the fact of code `ref` in the survivor's history (S53)."""
    return bytes([CARD_STATE]) + ref.to_bytes(8, "little", signed=True) + state


def parcel_card(ref: int, wallet: int, points: int, lot: int, lot_n: int, earned_at: int, expires_at: int) -> bytes:
    """The card beside a fact by which points come to a pool (S60): they were taken from one lot. `ref`: the code of the fact's `about`."""
    head = {"ref": ref, "at": earned_at, "points": points, "done": SENT, "rows": 1, "wallet": wallet}
    part = {"ref": ref, "source": lot, "n": lot_n, "wallet": wallet, "points": points, "earned_at": earned_at, "expires_at": expires_at}
    part["granted"] = points
    return bytes([LAYOUT, CARD_REDEMPTION]) + _written(REDEMPTIONS, "redemptions", head) + b"\x01" + _written(TAKEN, "taken", part)


class Reader:
    """Walks through the bytes of one state or card."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        self._bytes: Bytes | None = None
        layout = self.byte()
        if layout > LAYOUT:
            raise StateError("STORE_NEWER", f"layout {layout}, this program knows layouts up to {LAYOUT}")
        if layout != LAYOUT:
            raise StateError("STORE_BROKEN", f"there is no layout {layout}")

    def byte(self) -> int:
        self.at += 1
        return _byte(self.data, self.at - 1)

    def end(self) -> None:
        if self.at != len(self.data):
            raise StateError("STORE_BROKEN", f"{len(self.data) - self.at} bytes too many")

    def plain(self) -> int:
        """An unsigned varint."""
        try:
            value, self.at = _varint(self.data, self.at)
        except IndexError:
            raise StateError("STORE_BROKEN", "the bytes end too early") from None
        return value

    def row(self, kinds: Sequence[int], previous: int) -> tuple[list[int], int]:
        """The words of one row, 0 for those that are not stored; and the time that the next row's follows."""
        try:
            out, self.at, previous = _row(self.data, self.at, kinds, previous)
        except IndexError:
            raise StateError("STORE_BROKEN", "the bytes end too early") from None
        if self.at > len(self.data):
            raise StateError("STORE_BROKEN", "the bytes end too early")
        return out, previous

    def rows(self, section: int) -> list[list[int]]:
        """The rows of a section, or of the lines of a card, after their count."""
        count = self.plain()
        if count > FEW:
            self._bytes = self._bytes or Bytes(self.data)
            found = rows(self._bytes, self.at, KINDS[section], count)
            if found is not None:
                whole, self.at = found
                return whole
        out, previous = [], 0
        for _ in range(count):
            row, previous = self.row(KINDS[section], previous)
            out.append(row)
        return out

    def numbered(self, section: int) -> list[tuple[int, list[int]]]:
        return [(self.plain(), self.row(KINDS[section], 0)[0]) for _ in range(self.plain())]

    def named(self, section: int, field: str, leave_out: Sequence[str] = ()) -> dict[str, int]:
        """One row by the names of its columns, without those that are not stored."""
        names = record_of(field).names
        words, _ = self.row(KINDS[section], 0)
        return {n: v for n, v, kind in zip(names, words, KINDS[section], strict=True) if kind != SKIP and n not in leave_out}


def _row(data: bytes, at: int, kinds: Sequence[int], previous: int) -> tuple[list[int], int, int]:
    """The words of a row, where the next row begins, and the time that it follows. Raises IndexError where the bytes end too early."""
    out: list[int] = []
    for kind in kinds:
        if kind == SKIP:
            out.append(0)
            continue
        if kind == RAW:
            out.append(int.from_bytes(data[at : at + 8], "little", signed=True))
            at += 8
            continue
        value = data[at]
        at += 1
        if value >= 128:
            value, at = _varint(data, at - 1)
        if kind == INT:
            out.append((value >> 1) ^ -(value & 1))
            continue
        base = previous if kind == AFTER_PREVIOUS else 0 if kind == TIME else out[kind]
        out.append(_time(value, base))
        previous = out[-1] if kind == AFTER_PREVIOUS else previous
    return out, at, previous


def _written(section: int, field: str, words: Mapping[str, int]) -> bytes:
    """One row of a section, the first of its run: `_row` reads it."""
    values = [words.get(name, 0) for name in record_of(field).names]
    out = b""
    for kind, value in zip(KINDS[section], values, strict=True):
        if kind == RAW:
            out += value.to_bytes(8, "little", signed=True)
        elif kind == INT:
            out += _put(_zigzag(value))
        elif kind != SKIP:
            out += _put(_put_time(value - (values[kind] if kind >= 0 else 0)) if value != NEVER else 2)
    return out


def _put(value: int) -> bytes:
    """An unsigned varint."""
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _put_time(difference: int) -> int:
    return _zigzag(difference) << 2 if difference % MICROS else _zigzag(difference // MICROS) << 2 | 1


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise StateError("STORE_BROKEN", "the bytes end too early")
    return data[at]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number of at most 64 bits, seven bits a byte, and where the next one begins. Raises IndexError where the bytes end too early."""
    value = byte = data[at]
    shift = 0
    while byte >= 128:
        at, shift = at + 1, shift + 7
        if shift > 63:
            raise StateError("STORE_BROKEN", "a number of more than 64 bits")
        byte = data[at]
        value += (byte - 1) << shift  # less one: the mark that the byte before has left in this place
    return value, at + 1


def _time(value: int, base: int) -> int:
    """An instant as `layout` writes it: NEVER, or the difference from another instant in seconds or microseconds."""
    if value & 3 == 2:
        return NEVER
    zigzag = value >> 2
    difference = (zigzag >> 1) ^ -(zigzag & 1)
    return base + (difference * MICROS if value & 1 else difference)
