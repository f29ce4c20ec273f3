"""The embedded host: one process, one folder, no broker."""

from __future__ import annotations

from loyalty_streams.hosts.embedded.rocks import StoreError
from loyalty_streams.hosts.embedded.store import Store

__all__ = ["Store", "StoreError"]
