"""History folders: files of orders, items, members and the like, read into facts in bulk; and facts written as such files."""

from __future__ import annotations

from loyalty_streams.history.batch import NO_INSTANT, FactBatch, empty_batch, joined, of_facts
from loyalty_streams.history.codes import CODES
from loyalty_streams.history.content import content_hashes
from loyalty_streams.history.letters import DeadLetter, DeadLetters, HistoryError, Notice, TableRead
from loyalty_streams.history.options import ReadOptions
from loyalty_streams.history.phones import fingerprint
from loyalty_streams.history.read import read_history, read_rows
from loyalty_streams.history.write import write_history

__all__ = [
    "CODES", "NO_INSTANT", "DeadLetter", "DeadLetters", "FactBatch", "HistoryError", "Notice", "ReadOptions", "TableRead",
    "content_hashes", "empty_batch", "fingerprint", "joined", "of_facts", "read_history", "read_rows", "write_history",
]  # fmt: skip
