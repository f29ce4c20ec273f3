"""Why a row was set aside: the closed list of dead-letter codes, one line each. The documentation is made from it."""

from __future__ import annotations

CODES: dict[str, str] = {
    "UNREADABLE": "the file, row or cell cannot be read as what its name says: broken quotes, JSON, UTF-8, gzip or Parquet",
    "TOO_LARGE": "a cell, a row, an order's lines or a fact's attributes exceed their bound",
    "NESTED": "a cell holds an object or a list where a single value belongs",
    "MISSING": "a value that the row cannot do without is empty",
    "BAD_ID": "an identifier is longer than 256 bytes, holds blanks at its ends, control or invisible characters, or begins `receipt:` or `erased:`",
    "BAD_PHONE": "not a phone number of the region, nor one with `+` and a country's code",
    "NO_PHONE_KEY": "a phone, and no key (`phone_key`) to keep it under: plain phones are not stored",
    "BAD_TEXT": "a text is longer than 256 bytes or holds control characters",
    "BAD_TIME": "not an ISO 8601 time with an offset, a date that does not exist, or outside the years 1970 to 2169",
    "FUTURE_TIME": "more than `facts.future_tolerance` ahead of the machine's clock, or of the arrived_at given with it",
    "BAD_NUMBER": "not a plain number in ASCII digits, or with more decimal places than the currency has, or a percentage than two",
    "AMOUNT_RANGE": "a number beyond its bound: amounts and points up to 10^15, quantities and line numbers up to 2^31 - 1, shares up to 100 percent",
    "BAD_SIGN": "the sign contradicts the kind: a purchase is not negative, a refund is not positive, and its lines agree; a share is above zero",
    "BAD_CHOICE": "not one of the words that the column allows",
    "CURRENCY": "another currency than the programme's",
    "DUPLICATE_LINE": "two lines of one order have the same number",
    "SUM_OF_LINES": "the lines do not add up to the amount of the order",
    "BAD_LINE": "a line of the order was refused, so the order cannot be whole",
    "UNKNOWN_ORDER_OF_LINE": "a line names an order that is not in the folder",
    "SELF": "a transfer or merge of a member with itself, or a pool that it is itself",
    "AMBIGUOUS": "a card, phone or open id that the same file gives to two members",
    "LATE": "later than `facts.lateness`, under a programme that says `beyond_lateness: refuse`",
    "TOO_OLD": "later than `facts.remember`, and not known: whether it was counted before cannot be told",
    "ORPHAN": "a return or cancellation whose order did not come within `facts.remember`, or for which too many wait already",
    "CONFLICT": "the same key came before with another content, which stands",
}
