"""Business keys: what makes two deliveries the same fact. One function a kind, of one id or of a column of ids.

A part of a key that itself holds `/` or `%` is escaped as in a URL, so that no two keys can be confused.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from loyalty_streams.history.strings import TEXT, Bytes


def part(text: str) -> str:
    """One part of a key."""
    return text.replace("%", "%25").replace("/", "%2F")


def unpart(text: str) -> str:
    """The text that a part of a key stands for."""
    return text.replace("%2F", "/").replace("%25", "%")


def order_key(order_id: str, source: str = "") -> str:
    return f"order/{part(source)}/{part(order_id)}" if source else f"order/{part(order_id)}"


def redemption_key(redemption_id: str, action: str = "") -> str:
    """The key of a redemption, or of one fact about it."""
    return f"redemption/{part(redemption_id)}" + (f"/{action}" if action else "")


def adjustment_key(adjustment_id: str) -> str:
    return f"adjustment/{part(adjustment_id)}"


def interaction_key(interaction_id: str) -> str:
    return f"interaction/{part(interaction_id)}"


def transfer_key(transfer_id: str) -> str:
    return f"transfer/{part(transfer_id)}"


def parts(array: Any) -> Any:
    """A column of parts."""
    content = Bytes.of(array).content
    if (content == ord("%")).any():
        array = pc.replace_substring(array, "%", "%25")
    if (content == ord("/")).any():
        array = pc.replace_substring(array, "/", "%2F")
    return array


def joined(*pieces: Any) -> Any:
    """Pieces put together with `/`: columns of strings, or one string for all rows."""
    as_text = [pa.scalar(p, TEXT) if isinstance(p, str) else p for p in pieces]
    return pc.binary_join_element_wise(*as_text, pa.scalar("/", TEXT))


def order_keys(order_id: Any, source: Any = None) -> Any:
    """Keys of a column of order ids; an empty id has an empty key."""
    plain = joined("order", parts(order_id))
    if source is not None:
        plain = pc.if_else(pc.equal(source, ""), plain, joined("order", parts(source), parts(order_id)))
    return plain if not pc.any(pc.equal(order_id, "")).as_py() else pc.if_else(pc.equal(order_id, ""), "", plain)
