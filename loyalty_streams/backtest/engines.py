"""Who folds the blocks of a history: this thread, several of this process, or the workers of a Dask cluster. What comes of them comes in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from queue import SimpleQueue
from typing import Any, TypeVar

from loyalty_streams.backtest.errors import BacktestError
from loyalty_streams.backtest.folding import Bench
from loyalty_streams.backtest.packed import PackedSource, source_of
from loyalty_streams.backtest.source import Block, Source
from loyalty_streams.backtest.totals import code_version
from loyalty_streams.backtest.work import Part, Work

T = TypeVar("T", bound=Part)
DASK = "dask://"
BLOCKS_A_TASK, TASKS_A_WORKER = 4, 3
"""Blocks that one task of a cluster folds, and tasks that wait for each worker."""
TIMES_SENT = 5
"""How often work is sent to a cluster whose workers die with it."""
PATIENCE = 10
"""Seconds in which a scheduler has to answer, and to have a worker."""


def folded(work: Work[T], source: Source, blocks: Callable[[int], Iterator[Block]], first: int, threads: int, engine: str) -> Iterator[T]:
    """What comes of each block from the one numbered `first` on.

    `blocks`: gives the blocks from a number on. `threads`: how many fold (0: one for each processor); `engine`: `dask://HOST:PORT`, or empty for
    this process. Raises what the work raises, and BacktestError BAD_ENGINE.
    """
    if engine:
        return _on_cluster(work, source, first, engine)
    n = threads or processors()
    if n == 1:
        benches = work.benches()
        return (work.done(block, benches) for block in blocks(first))
    return _by_threads(work, blocks(first), n)


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _by_threads(work: Work[T], blocks: Iterator[Block], n: int) -> Iterator[T]:
    """Each thread folds at benches of its own."""
    idle: SimpleQueue[list[Bench]] = SimpleQueue()
    for _ in range(n):
        idle.put(work.benches())

    def one(block: Block) -> T:
        benches = idle.get()
        try:
            return work.done(block, benches)
        finally:
            idle.put(benches)

    with ThreadPoolExecutor(n) as pool:
        yield from _in_order(blocks, lambda block: pool.submit(one, block), n + 1)


def _in_order(items: Iterator[Any], submit: Callable[[Any], Any], most: int) -> Iterator[Any]:
    """The results of what is submitted, in order, `most` of them under way."""
    under_way: deque[Future[Any]] = deque()
    try:
        for item in items:
            under_way.append(submit(item))
            if len(under_way) >= most:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        for one in under_way:
            one.cancel()


# ---- a cluster -----------------------------------------------------------------------------------------------------------


def check_engine(engine: str) -> None:
    """Raises BacktestError BAD_ENGINE where an engine is none that can be asked."""
    if engine and not engine.startswith(DASK):
        raise BacktestError("BAD_ENGINE", "an engine is dask://HOST:PORT, the scheduler of a cluster", engine, usage=True)
    if engine:
        try:
            import distributed  # noqa: F401
        except ImportError:
            raise BacktestError("BAD_ENGINE", "Dask is missing: pip install 'loyalty-streams[dask]'", engine, usage=True) from None


def _on_cluster(work: Work[T], source: Source, first: int, engine: str) -> Iterator[T]:
    """Workers open the packed facts by their path, which has to be one for all of them. A worker that dies has its tasks done by another."""
    check_engine(engine)
    if not isinstance(source, PackedSource) or work.wanted is not None:
        raise BacktestError("BAD_ENGINE", "a cluster folds packed facts, whole: pack the history first", engine, usage=True)
    import distributed

    connect: Any = distributed.Client
    try:
        client = connect(engine.replace(DASK, "tcp://"), timeout=PATIENCE, set_as_default=False)
    except OSError as error:
        raise BacktestError("BAD_ENGINE", f"no scheduler answers: {error}", engine) from None
    with client:
        n = len(source.manifest.blocks)
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise BacktestError("BAD_ENGINE", "the scheduler answers, and has no workers", engine) from None
        yield from _asked(client, work, source, [(k, min(k + BLOCKS_A_TASK, n)) for k in range(first, n, BLOCKS_A_TASK)], engine)


def _asked(client: Any, work: Work[T], source: PackedSource, ranges: Sequence[tuple[int, int]], engine: str) -> Iterator[T]:
    """What the workers make of ranges of blocks. The work is sent to all of them; when the last who had it dies, it is sent again."""
    done, workers = 0, max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
    for _ in range(TIMES_SENT):
        given = client.scatter([work], hash=False, broadcast=True)[0]

        def submit(some: tuple[int, int], given: Any = given) -> Any:
            return client.submit(fold_range, given, source.place.name, source.digest, code_version(), *some, pure=False, retries=3)

        try:
            for parts in _in_order(iter(ranges[done:]), submit, TASKS_A_WORKER * workers):
                done += 1
                yield from parts
        except CancelledError:
            continue
        return
    raise BacktestError("BAD_ENGINE", f"what was sent to its workers was lost {TIMES_SENT} times", engine)


def fold_range(work: Work[Any], path: str, digest: str, code: str, first: int, last: int) -> list[Any]:
    """Some blocks of packed facts, on a worker. Raises BacktestError ENGINE_DIFFERS where its code or its files are not those of who asks."""
    if code != code_version():
        raise BacktestError("ENGINE_DIFFERS", f"the worker runs {code_version()}, the one who asks {code}", path)
    source = _source(path)
    if source.digest != digest:
        _source.cache_clear()
        raise BacktestError("ENGINE_DIFFERS", "the worker finds other packed facts at the path", path)
    benches = work.benches()
    return [work.done(block, benches) for block in islice(source.blocks(first), last - first)]


@lru_cache(maxsize=2)
def _source(path: str) -> PackedSource:
    return source_of(path)

