"""Kinds of facts by what an agent does with them."""

from __future__ import annotations

from loyalty_streams.core.codes import FactKind

PROFILE, IDENTITY, TRANSFER = int(FactKind.PROFILE), int(FactKind.IDENTITY), int(FactKind.TRANSFER)
ORDER = int(FactKind.ORDER)
RETURNS = (int(FactKind.EXCHANGE_RETURN), int(FactKind.RETURN), int(FactKind.CANCELLATION))
ASKS = (int(FactKind.RESERVE), int(FactKind.REDEEM), int(FactKind.REDEEMED))
"""What begins a redemption, and gives it its name."""
ENDINGS = (int(FactKind.CONFIRM), int(FactKind.RELEASE), int(FactKind.CANCEL))
DECIDED = (int(FactKind.RESERVE), int(FactKind.REDEEM), int(FactKind.CONFIRM), TRANSFER)
"""What asks: the answer is stored with the fact, and stands."""
