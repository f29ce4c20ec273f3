"""The closed vocabularies of the engine, and the fixed 64-bit code of a string.

Numbers are stored in packed states, logs and ledgers: a number is never given to another name.
"""

from __future__ import annotations

import unicodedata
from enum import IntEnum

import xxhash

NEVER = 1 << 60
"""An instant that does not come (microseconds); about the year 38,500."""
ABSENT = -(1 << 62)
"""The value of a word that a fact or member does not have."""
MICROS = 1_000_000
DAY = 86_400 * MICROS


def code_of(text: str) -> int:
    """The code of a string: XXH64, seed 0, of its NFC form, as a signed 64-bit integer; 0 for the empty string.

    The same in every store, partition and programme, so that what a state remembers serves a rule written later.
    """
    if not text:
        return 0
    value = xxhash.xxh64_intdigest(unicodedata.normalize("NFC", text).encode())
    return value - (1 << 64) if value >> 63 else value


class FactKind(IntEnum):
    """What happened. The numbers give the order of kinds at one instant (architecture: facts of a member are in order)."""

    PROFILE = 1
    IDENTITY = 2
    OPENING = 3
    EXCHANGE_RETURN = 4
    ORDER = 5
    RETURN = 6
    CANCELLATION = 7
    INTERACTION = 8
    RESERVE = 9
    REDEEM = 10
    REDEEMED = 11
    CONFIRM = 12
    RELEASE = 13
    CANCEL = 14
    TRANSFER = 15
    ADJUSTMENT = 16
    TICK = 17


class LineKind(IntEnum):
    GOODS = 0
    DELIVERY = 1
    REWARD = 2
    GIFT_CARD = 3


class Outcome(IntEnum):
    """The decision that a redemption fact already carries."""

    NONE = 0
    GRANTED = 1
    REFUSED = 2


class Status(IntEnum):
    ACTIVE = 0
    SUSPENDED = 1
    BLOCKED = 2
    CLOSED = 3
    IMPORTED = 4


class Action(IntEnum):
    """What an adjustment does."""

    ADD = 0
    DEDUCT = 1
    REINSTATE = 2
    SET_TIER = 3
    EXTEND = 4


class Move(IntEnum):
    """What an identity fact does to the account in whose history it stands."""

    ABSORBED = 1
    ABSORBS = 2
    ENDS = 3
    BEGINS = 4
    JOINS = 5
    LEAVES = 6


class Direction(IntEnum):
    """Which side of a transfer a fact is: points leave, points come, points that were refused come back, or points come to a pool."""

    OUT = 1
    IN = 2
    BACK = 3
    POOLS = 4


class AttrKind(IntEnum):
    """How the value of an attribute row is to be read: a number times 10^6, a code, an instant in microseconds, a day number, or 0/1."""

    NUMBER = 1
    TEXT = 2
    INSTANT = 3
    DATE = 4
    FLAG = 5


class EntryKind(IntEnum):
    """What the fold decided. `core.entries.POSTINGS` says which accounts each moves."""

    EARNED = 1
    ACTIVATED = 2
    DEBT_PAID = 3
    EXPIRED = 4
    REDEEMED = 5
    RESERVED = 6
    CONFIRMED = 7
    RELEASED = 8
    RESTORED = 9
    CLAWED_BACK = 10
    WRITTEN_OFF = 11
    ADJUSTED = 12
    OPENED = 13
    TRANSFERRED_IN = 14
    TRANSFERRED_OUT = 15
    FORFEITED = 16
    REINSTATED = 17
    EXTENDED = 18
    TIER_CHANGED = 19
    TIER_NOTICED = 20
    STAGE_CHANGED = 21
    REACTIVATED = 22
    REMINDED = 23
    STATUS_CHANGED = 24
    REFUSED = 25
    SIGNALLED = 26


class Bucket(IntEnum):
    """The balance account that an entry moves."""

    AVAILABLE = 0
    PENDING = 1
    RESERVED = 2
    DEBT = 3


class Reason(IntEnum):
    """Why an entry is what it is; stable machine codes, written as their names."""

    NONE = 0
    LIMIT_REACHED = 1
    BUDGET = 2
    MAX_BALANCE = 3
    EXCLUSIVE_GROUP = 4
    OVERRIDDEN = 5
    STATUS_BLOCKED = 6
    CONDITION = 7
    NOT_VALID_NOW = 8
    NOTHING = 9
    ONCE = 10
    BELOW_MINIMUM = 11
    NOT_A_MULTIPLE = 12
    ABOVE_MAXIMUM = 13
    INSUFFICIENT = 14
    INSUFFICIENT_LIFETIME = 15
    IN_DEBT = 16
    FRAUD = 17
    ALREADY_REVERSED = 18
    RESERVATION_EXPIRED = 19
    UNKNOWN_REDEMPTION = 20
    UNKNOWN_ORDER = 21
    OVER_RETURN = 22
    TOO_LATE = 23
    MEMBER_MISMATCH = 24
    NOT_ALLOWED = 25
    TIMED_OUT = 26
    RETURNED = 27
    INACTIVE = 28
    RESET = 29
    RULE_CHANGE = 30
    LOCKED = 31
    METRIC = 32
    CHECK = 33
    MANUAL = 34
    IMPORTED = 35
    MATURED = 36
    NOT_YET = 37
    RULE_RETRO = 38
    NOT_PENDING = 39
    ALREADY_CONFIRMED = 40
    SECTION_FULL = 41
    MERGED = 42
    DUPLICATE_BONUS = 43
    MERGE_DUPLICATE = 44
    ERASED = 45
    SAME_MEMBER = 46
    ALREADY_CLAIMED = 47
    NO_SUCH_MERGE = 48
    UNMERGE_TOO_LATE = 49
    POOLED = 50


class Disposition(IntEnum):
    """How a consumed fact ended: exactly one of these (I11)."""

    APPLIED = 1
    FORWARDED = 2
    WAITING = 3
    DUPLICATE = 4
    SUPERSEDED = 5
    CONFLICT = 6
    DEAD_LETTERED = 7
    FILTERED = 8


# Reserved attribute names: what a profile, an adjustment or an order carries beside its columns.
ATTRIBUTES = (
    "birthday", "tag", "region", "customer_type", "status", "tier", "tier_since", "tier_until", "enrolled_at",
    "action", "wallet", "expires_at", "available_at", "until", "allow_negative", "tax_minor", "exchange_id", "not_covered",
    "move", "direction", "share",
)
ATTR = {name: code_of("@" + name) for name in ATTRIBUTES}
"""Codes of reserved attributes. User attributes are coded without the `@`, so the two cannot meet."""
