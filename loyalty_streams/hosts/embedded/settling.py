"""What accounts have sent each other is taken, commit by commit, until nothing is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loyalty_streams.agents.messages import addressee, next_ones
from loyalty_streams.agents.partitions import messages_by_partition
from loyalty_streams.core.engine import BoundError
from loyalty_streams.hosts.embedded.rocks import UNDER_WAY

if TYPE_CHECKING:
    from loyalty_streams.hosts.embedded.store import Store


def settle(store: Store) -> int:
    """Takes all messages. -> entries written

    It may be killed in the middle: what is under way is stored, and the next opening goes on. What an account has no room for stays under way,
    where `verify` tells of it (I7).
    """
    written, full = 0, set[bytes]()
    while store.clocks.under_way:
        rows = [(name, m) for name, m in store.rocks.scan("rest", UNDER_WAY, UNDER_WAY[:-1] + b"0") if addressee(m) not in full]
        if not rows:
            break
        names, messages = zip(*rows, strict=True)
        ready, over = next_ones(messages, store.lateness)
        parts = messages_by_partition(messages, ready, store.partitions)
        while parts:
            some = parts.pop(0)
            try:
                writes = store.agent.receive([messages[k] for k in some], store, store.clocks.tick)
            except BoundError as error:
                if error.code != "SECTION_FULL":
                    raise
                accounts = sorted({addressee(messages[k]) for k in some})
                if len(accounts) == 1:
                    full.update(accounts)
                else:  # one of them has no room: each by itself
                    parts = [[k for k in some if addressee(messages[k]) == account] for account in accounts] + parts
                continue
            batch = store.rocks.batch()
            for k in (*some, *over):
                batch.delete("rest", names[k])
            store.commit(batch, writes, (), taken=len(some) + len(over))
            written, over = written + writes.entries, []
    return written
