"""An event-sourced loyalty engine: facts in, one fold, a ledger of points that explains itself.

    import loyalty_streams as ls

    with ls.open_store("loyalty-data", programme="programmes/corner-shop") as shop:
        shop.ingest("history/")
        print(shop.member("M-000731").points.available)

`loyalty_streams.api` says what else there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from loyalty_streams.api import Answer, AskError, InstantError, Loyalty, Member, Points, Quote, StoreError, open_store

__all__ = ["Answer", "AskError", "InstantError", "Loyalty", "Member", "Points", "Quote", "StoreError", "__version__", "open_store"]


def __getattr__(name: str) -> Any:
    """The API, imported when it is first asked for: the command line's help must come at once."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from loyalty_streams import api

    return getattr(api, name)
