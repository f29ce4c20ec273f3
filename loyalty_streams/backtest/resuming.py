"""Passes over a history that were stopped: what each block came to is written down as it comes, so that the next run goes on from there.

A pass that is over within `QUIET` seconds writes nothing. Of a longer one a file of the user's cache has every block that is done; it goes when the
pass is over. Its name is a hash of all that the result hangs on, so that another question never takes it up; of two passes that ask the same at one
time the first has the file, and the other keeps nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

import numpy as np

from loyalty_streams.backtest.work import Part
from loyalty_streams.core.facts import Array

T = TypeVar("T", bound=Part)
QUIET = 5.0
HEAD = 8
"""Bytes of each number before a part: of which block it is, how many bytes it has, and their CRC-32."""
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
    _waiting: list[tuple[int, T]] = field(default_factory=list)
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
        for number, part in enumerate(more(done), done):
            self._facts += part.history.facts
            self._waiting.append((number, part))
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
        if self.question and self.resume:
            self._out = self._taken(os.O_RDWR)
        if self._out is None:
            return
        end = done = 0
        while (found := self._read(self._out)) is not None:
            number, part = found
            if number > done:
                break
            end = self._out.tell()
            if number == done:  # somebody who stops a pass while it writes may have it write a part twice
                done += 1
                yield part
        self._out.truncate(end)
        self._out.seek(end)

    def _taken(self, how: int) -> BinaryIO | None:
        """Opens the file for this pass alone, where it is there. Where another pass has it, or it cannot be had, nothing is kept."""
        try:
            file = os.fdopen(os.open(self.path, how, 0o666), "r+b")
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError):  # a RuntimeError says that a user has no home
            self.question = ""
            return None
        if not _alone(file):
            file.close()
            self.question = ""
            return None
        return file

    def _read(self, file: BinaryIO) -> tuple[int, T] | None:
        number, size, check = (int.from_bytes(file.read(HEAD), "little") for _ in range(3))
        if not 0 < size <= os.fstat(file.fileno()).st_size - file.tell():
            return None
        body = file.read(size)
        if zlib.crc32(body) != check:
            return None
        some, arrays = io.BytesIO(body), list[Array]()
        while some.tell() < size:
            arrays.append(np.lib.format.read_array(some, allow_pickle=False))
        return number, self.kind.of_arrays(arrays)

    def _write(self) -> None:
        """Writes what waits; where the cache cannot be written to, nothing is kept."""
        if self.question and self._waiting and self._begun():
            try:
                for number, part in self._waiting:
                    _put(self._out, number, part)
            except OSError:
                self.question, self._out = "", None
        self._waiting = []

    def _begun(self) -> bool:
        """Whether there is a file to write into; a new one is empty."""
        if self._out is not None:
            return True
        try:
            folder().mkdir(parents=True, exist_ok=True)
            _sweep(folder())
            self._out = self._taken(os.O_RDWR | os.O_CREAT)
            if self._out is not None:
                self._out.truncate()
        except (OSError, RuntimeError):
            self.question, self._out = "", None
        return self._out is not None


def _alone(file: BinaryIO) -> bool:
    """Whether no other pass has a file; so it is taken to be where files cannot be locked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _put(out: BinaryIO | None, number: int, part: Any) -> None:
    """Writes a part in one go."""
    body = io.BytesIO()
    for array in part.arrays():
        np.lib.format.write_array(body, np.ascontiguousarray(array), allow_pickle=False)
    words = (number, len(body.getbuffer()), zlib.crc32(body.getbuffer()))
    if out is not None:
        out.write(b"".join(word.to_bytes(HEAD, "little") for word in words) + body.getbuffer())
        out.flush()


def _sweep(where: Path) -> None:
    for path in where.glob("*.parts"):
        if path.stat().st_mtime < time.time() - KEPT:
            path.unlink(missing_ok=True)
