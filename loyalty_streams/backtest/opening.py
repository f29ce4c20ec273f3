"""What a backtest reads: a store that is there, or one made of a history for as long as it is read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from loyalty_streams.backtest.asked import Asked
from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.ground import Ground
from loyalty_streams.backtest.packed import is_packed, opened
from loyalty_streams.backtest.places import REMOTE, fetched
from loyalty_streams.backtest.results import Results, backtest
from loyalty_streams.backtest.running import Progress
from loyalty_streams.history import ReadOptions
from loyalty_streams.hosts.embedded.identifiers import remember_phone_key
from loyalty_streams.hosts.embedded.ingest import IngestResult, ingest
from loyalty_streams.hosts.embedded.rocks import is_database
from loyalty_streams.hosts.embedded.store import Store
from loyalty_streams.reports.instants import When, at_of


class Opened(Protocol):
    """An open store as the API has it."""

    @property
    def store(self) -> Store: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """How a history is read: the zone of times without an offset, when facts arrive, and how phones are known (see `Loyalty.ingest`)."""

    assume_zone: str | None = None
    arrival: str = "auto"
    phone_key: str | None = None
    phone_region: str = "CN"


def run(  # noqa: PLR0913 - a question has as many words as it has
    history: Path | str | Opened, programmes: Sequence[Path | str], *, as_of: When | None = None, since: When | None = None,
    effective: bool = False, members: Sequence[str] | None = None, where: str = "", reading: Reading | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Results:  # fmt: skip
    """Folds a history under several programmes and gives tables of what comes of it.

    `history`: an open store, the folder of a store, packed facts, or a history folder; the latter two here or at a URI. Beside a store or packed
    facts the programmes are compared with what is in force there; of a history folder the first programme is in force, and decides what has no
    decision yet (T175). `members`: these alone; `where`: those for whom an expression holds, such as `channel = app`. Close the results, or use
    them in `with`. Nothing of the store changes. Raises BacktestError, ProgrammeError, StoreError, HistoryError.
    """
    paths = [Path(p) for p in programmes]
    close: Callable[[], None] | None = None
    if not isinstance(history, Path | str):
        ground = Ground.of(history.store)
    elif is_packed(history):
        ground = opened(history)
    elif REMOTE not in str(history) and is_database(Path(history)):
        store, close = _of_folder(Path(history))
        ground = Ground.of(store)
    elif not paths:
        raise BacktestError("NO_BASELINE", "a history alone has no programme in force: name at least one", str(history), usage=True)
    else:
        store, close, _ = of_history(history, paths[0], reading or Reading())
        ground, paths = Ground.of(store, lasting=False), paths[1:]
    instants = [None if when is None else at_of(when, ground.zone) for when in (as_of, since)]
    try:
        found = backtest(ground, paths, Asked(instants[0], instants[1], effective, members, where), progress)
    except BaseException:
        if close is not None:
            close()
        raise
    return replace(found, closes=close)


def _of_folder(folder: Path) -> tuple[Store, Callable[[], None]]:
    store = Store.open(folder, read_only=True)
    return store, store.close


def of_history(
    path: Path | str, programme: Path, reading: Reading, progress: Callable[[Any], None] | None = None
) -> tuple[Store, Callable[[], None], IngestResult]:
    """A store of a history under a programme, in a folder that goes when it is closed, and what was read.

    `path`: files of this machine, or a URI that `places` opens, whose files are copied for as long. Raises BacktestError NO_HISTORY, and
    EMPTY_RANGE where no row is a fact.
    """
    elsewhere = REMOTE in str(path)
    if not elsewhere and not Path(path).exists():
        raise BacktestError("NO_HISTORY", "there is no such file or folder", path, usage=True)
    scratch = Path(tempfile.mkdtemp(prefix="loyalty-history-"))
    store: Store | None = None
    (scratch / "history").mkdir()

    def close() -> None:
        if store is not None:
            store.close()
        shutil.rmtree(scratch, ignore_errors=True)

    try:
        store = Store.open(scratch / "store", programme=programme, create=True)
        result = ingest(store, [fetched(str(path), scratch / "history") if elsewhere else Path(path)], _options(store, reading), progress)
        if not store.clocks.facts:
            raise BacktestError("EMPTY_RANGE", f"no row of the history is a fact{set_aside(result)}", path)
    except BaseException:
        close()
        raise
    return store, close, result


def _options(store: Store, reading: Reading) -> ReadOptions:
    compiled = store.compiled
    if reading.phone_key:
        remember_phone_key(store, reading.phone_key)
    return ReadOptions(
        compiled.currency, compiled.minor_digits, assume_zone=reading.assume_zone, arrival=reading.arrival,
        now=store.clock() if reading.arrival == "now" else 0, phone_key=reading.phone_key or "", phone_region=reading.phone_region,
    )  # fmt: skip


def set_aside(result: IngestResult) -> str:
    """How many rows of a history are no facts, and the first of them; empty where there are none."""
    if not result.dead_letter_count:
        return ""
    first, n = result.dead_letters[0], result.dead_letter_count
    rows = "row is" if n == 1 else "rows are"
    return f": {n:,} {rows} set aside, the first {first.file}:{first.row} {first.code}: {first.expected}"
