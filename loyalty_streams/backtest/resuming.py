"""Passes over a history that were stopped: what each block came to is written down as it comes, so that the next run goes on from there.

A pass that is over within `QUIET` seconds writes nothing. Of a longer one a file of the user's cache has every block that is done; it goes when the
pass is over. Its name is a hash of all that the result hangs on, so that another question never takes it up.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

import numpy as np

from loyalty_streams.backtest.work import Part

T = TypeVar("T", bound=Part)
QUIET = 5.0
HEAD = 8
KEPT = 30 * 86_400
"""Seconds after which what a stopped pass left is swept away."""


class Stopped(KeyboardInterrupt):
    """Somebody stopped a pass."""


def folder() -> Path:
    """Where stopped passes lie: `backtests` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "loyalty-streams" / "backtests"


@dataclass(slots=True)
class Journal(Generic[T]):
    """What the blocks of one pass came to. `question`: all that hangs on it, empty where it cannot be gone on with; `resume`: go on with what
    an earlier pass left.
    """

    question: str
    kind: type[T]
    resume: bool
    clock: Callable[[], float] = time.monotonic
    _waiting: list[T] = field(default_factory=list)
    _out: BinaryIO | None = None
    _facts: int = 0

    @property
    def path(self) -> Path:
        return folder() / f"{hashlib.sha256(self.question.encode()).hexdigest()[:32]}.parts"

    def over(self, more: Callable[[int], Iterator[T]]) -> Iterator[T]:
        """The parts that are there, then those that `more` gives from a number of blocks on."""
        begun, done = self.clock(), 0
        for part in self._left():
            self._facts, done = self._facts + part.history.facts, done + 1
            yield part
        for part in more(done):
            self._facts += part.history.facts
            self._waiting.append(part)
            if self._out is not None or self.clock() - begun >= QUIET:
                self._write()
            yield part

    def stopped(self) -> Stopped:
        """Keeps what there is when somebody stops the pass."""
        self._write()
        left = f"{self._facts:,} facts are folded; --resume goes on from there" if self._out is not None else "nothing of it is kept"
        return Stopped(f"stopped; {left}")

    def ended(self) -> None:
        """The pass is over, and nothing of it is needed any longer."""
        if self._out is not None:
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._out is not None:
            self._out.close()

    def _left(self) -> Iterator[T]:
        """The whole parts of the file of an earlier pass, which is gone on with behind the last of them; what is torn is cut off."""
        if not (self.question and self.resume and self.path.exists()):
            return
        file, end = self.path.open("r+b"), 0
        while (part := self._read(file)) is not None:
            end = file.tell()
            yield part
        file.truncate(end)
        file.seek(end)
        self._out = file

    def _read(self, file: BinaryIO) -> T | None:
        head = file.read(HEAD)
        try:
            return self.kind.of_arrays([np.lib.format.read_array(file, allow_pickle=False) for _ in range(int.from_bytes(head, "little"))])
        except (ValueError, IndexError, OSError):
            return None

    def _write(self) -> None:
        """Writes what waits; where the cache cannot be written to, nothing is kept."""
        if not self.question or not self._waiting:
            self._waiting = []
            return
        try:
            if self._out is None:
                folder().mkdir(parents=True, exist_ok=True)
                _sweep(folder())
                self._out = self.path.open("wb")
            for part in self._waiting:
                _put(self._out, part)
            self._out.flush()
        except OSError:
            self.question, self._out = "", None
        self._waiting = []


def _put(out: BinaryIO, part: Any) -> None:
    arrays = part.arrays()
    out.write(len(arrays).to_bytes(HEAD, "little"))
    for array in arrays:
        np.lib.format.write_array(out, np.ascontiguousarray(array), allow_pickle=False)


def _sweep(where: Path) -> None:
    for path in where.glob("*.parts"):
        if path.stat().st_mtime < time.time() - KEPT:
            path.unlink(missing_ok=True)
