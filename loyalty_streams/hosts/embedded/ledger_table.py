"""The ledger of a store as Arrow. The columns are the fields of `schemas/LedgerEntry.avsc`, which says what each is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from loyalty_streams.agents.effective import as_booked, corrected
from loyalty_streams.agents.rows import Segments, join_segments
from loyalty_streams.codec.ledger import DATED_BY
from loyalty_streams.core.codes import NEVER, Bucket, EntryKind, Reason, Status
from loyalty_streams.core.facts import Array
from loyalty_streams.core.programme import Compiled
from loyalty_streams.hosts.embedded.past import clusters
from loyalty_streams.hosts.embedded.store import Store
from loyalty_streams.hosts.embedded.words import INSTANT, instants, integers, of_enum, of_keys, of_lots, of_numbers, strings

FACTS_A_BLOCK = 50_000
TIERS = (EntryKind.TIER_CHANGED, EntryKind.TIER_NOTICED)
STAGES = (EntryKind.STAGE_CHANGED, EntryKind.REACTIVATED)


def ledger_table(store: Store, member_id: str | None = None) -> Any:
    """All entries, or one member's, in order of member and running number."""
    parts = [entries_table(store.compiled, ids, rows) for ids, rows in logs(store, member_id)]
    whole = [*parts, entries_table(store.compiled, [], join_segments([]))]
    return pa.concat_tables(whole).unify_dictionaries()


def logs(store: Store, member_id: str | None = None, facts_a_block: int = FACTS_A_BLOCK) -> Iterator[tuple[list[str], Segments]]:
    """The log of some members at a time, in order of member: ids, facts and entries."""
    for ids, segments in all_segments(store, member_id, facts_a_block):
        yield ids, as_booked(join_segments(segments), store.lateness)


def all_segments(store: Store, member_id: str | None = None, facts_a_block: int = FACTS_A_BLOCK) -> Iterator[tuple[list[str], list[list[bytes]]]]:
    """All members, or one, with their segments, in order of member."""
    if member_id is not None:
        name = member_id.encode()
        if store.heads([name])[0] is not None:
            yield [member_id], [list(store.segments(name))]
        return
    for ids, _, segments in clusters(store, facts_a_block):
        yield ids, segments


def entries_table(compiled: Compiled, ids: Sequence[str], rows: Segments) -> Any:
    """The entries of some members. `ids[k]` is member k of the rows."""
    e, keys, names = rows.entries, rows.key_of(), compiled.names
    kind = e["kind"].astype(np.int64)
    due, basis, desired, ref = _dates(e, kind)
    left, entered = _states(e, kind, compiled)
    changes = np.isin(kind, (*TIERS, *STAGES, EntryKind.STATUS_CHANGED))
    known_cause = strings(rows.keys)
    cause = known_cause.take(pa.array(e["cause"].astype(np.int64), mask=e["cause"] < 0)).fill_null("")
    versions = [str(v.version) for v in compiled.versions]
    columns = {
        "member_id": pa.array(ids, pa.string()).take(pa.array(e["member"].astype(np.int64))),
        "seq": integers(e["seq"]),
        "kind": of_enum(kind, EntryKind),
        "effective_at": instants(e["at"]),
        "booked_at": instants(e["booked"]),
        "points": integers(e["points"]),
        "wallet": of_numbers(e["wallet"], names.wallets),
        "bucket": of_enum(e["bucket"], Bucket),
        "lot_key": of_lots(e["lot"], keys),
        "lot_n": integers(e["lot_n"]),
        "about": of_keys(ref, keys),
        "cause": cause,
        "rule": of_numbers(e["rule"], names.rules),
        "programme": of_numbers(e["version"], [v.programme for v in compiled.versions]),
        "programme_version": integers(np.array([int(v) for v in versions] or [0], np.int64)[e["version"].astype(np.int64)]),
        "basis": integers(basis),
        "desired": integers(desired),
        "rate_numerator": integers(np.where(changes, 0, e["num"])),
        "rate_denominator": integers(np.where(changes, 0, e["den"])),
        "reason": of_enum(e["reason"], Reason, none=""),
        "tier": of_numbers(e["tier"], names.tiers),
        "state_left": left,
        "state_entered": entered,
        "due_at": due,
        "corrects": integers(corrected(rows)),
    }
    return pa.table(columns)


def _dates(e: Any, kind: Array) -> tuple[Any, Array, Array, Array]:
    """The instant that an entry speaks of, and `basis`, `desired` and `ref` without it."""
    found = {name: e[name].astype(np.int64) for name in ("basis", "desired", "ref")}
    due = np.full(len(kind), NEVER, np.int64)
    for which, name in DATED_BY.items():
        here = kind == which
        due[here] = found[name][here]
        found[name] = np.where(here, 0, found[name])
    there = (due > -NEVER) & (due < NEVER)
    return instants(np.where(there, due, 0), there).cast(INSTANT), found["basis"], found["desired"], found["ref"]


def _states(e: Any, kind: Array, compiled: Compiled) -> tuple[Any, Any]:
    """What was left and what was entered, in words."""
    tiers, stages, statuses = compiled.names.tiers, compiled.names.stages, tuple(s.name for s in Status)
    words = [*tiers, *stages, *statuses]
    start = np.full(len(kind), -1, np.int64)
    start[np.isin(kind, TIERS)] = 0
    start[np.isin(kind, STAGES)] = len(tiers)
    start[kind == EntryKind.STATUS_CHANGED] = len(tiers) + len(stages)

    def named(numbers: Array, leave_out: Array) -> Any:
        there = (start >= 0) & (numbers >= 0) & ~leave_out
        return of_numbers(np.where(there, start + numbers, -1), words)

    nothing = np.zeros(len(kind), bool)
    return named(e["num"].astype(np.int64), nothing), named(e["den"].astype(np.int64), kind == EntryKind.TIER_NOTICED)
