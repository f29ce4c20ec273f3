"""Where a result is put and a history may lie: files of this machine, and what `pyarrow.fs` or fsspec open, such as `s3://bucket/diff.parquet`.

A result is there whole or not at all: it is written beside its place, or on this machine for a place elsewhere, and put there in one step.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loyalty_streams.backtest.errors import BacktestError

REMOTE = "://"


@dataclass(frozen=True, slots=True)
class Place:
    """A file, by its name as it was given."""

    name: str

    @property
    def local(self) -> Path | None:
        """The file of this machine; None where it lies elsewhere."""
        text = self.name.removeprefix("file://")
        return Path(text) if REMOTE not in text else None

    def check(self) -> None:
        """Whether something can be put here, as far as that can be told beforehand. Raises BacktestError FILE, BAD_PLACE."""
        path = self.local
        if path is None:
            filesystem(self.name)
        elif path.is_dir() or not os.access(path.absolute().parent, os.W_OK):
            why = "this is a folder, and no file" if path.is_dir() else f"{path.absolute().parent} is no folder that can be written to"
            raise BacktestError("FILE", why, self.name)

    def put(self, write: Callable[[Path], None]) -> None:
        """Lets a file be written, and puts it here. What was here stays until then. Raises BacktestError FILE, and leaves no part of it."""
        try:
            self._put(write)
        except OSError as error:
            raise BacktestError("FILE", error.strerror or str(error), self.name) from error

    def _put(self, write: Callable[[Path], None]) -> None:
        path = self.local
        if path is None or (path.exists() and not path.is_file()):
            with tempfile.TemporaryDirectory(prefix="loyalty-out-") as folder:
                write(Path(folder) / "result")
                _send(Path(folder) / "result", self.name if path is None else path)
            return
        path = path.resolve()
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.absolute().parent)
        os.close(handle)
        try:
            write(Path(name))
            Path(name).chmod(0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _umask() -> int:
    """What a new file is not allowed; a temporary file is its maker's alone."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _send(path: Path, to: str | Path) -> None:
    """To an object store, which shows what was sent once the stream is closed, or into what is no plain file, such as a pipe."""
    if isinstance(to, Path):
        with path.open("rb") as source, to.open("wb") as out:
            shutil.copyfileobj(source, out)
        return
    system, where = filesystem(to)
    with path.open("rb") as source, system.open_output_stream(where) as stream:
        shutil.copyfileobj(source, stream)


def filesystem(uri: str) -> tuple[Any, str]:
    """Who keeps what a URI names, and its path there. Raises BacktestError BAD_PLACE."""
    from pyarrow import fs
    from pyarrow.lib import ArrowInvalid

    try:
        found: tuple[Any, str] = fs.FileSystem.from_uri(uri)
        return found
    except ArrowInvalid as error:
        unknown = str(error)
    except OSError as error:
        raise BacktestError("BAD_PLACE", str(error), uri) from error
    try:
        import fsspec

        system, path = fsspec.core.url_to_fs(uri)
    except (ImportError, ValueError) as error:
        raise BacktestError("BAD_PLACE", f"nothing here opens it: {unknown}; {error}", uri, usage=True) from error
    return fs.PyFileSystem(fs.FSSpecHandler(system)), path


def fetched(uri: str, folder: Path) -> Path:
    """The files of a history that lies elsewhere, copied into a folder. -> the folder, or the one file. Raises BacktestError NO_HISTORY, FILE."""
    from pyarrow import fs

    system, where = filesystem(uri)
    try:
        named = system.get_file_info(where)
        inside = system.get_file_info(fs.FileSelector(where, allow_not_found=True)) if named.type != fs.FileType.File else [named]
        files = [found for found in inside if found.type == fs.FileType.File]
        for found in files:
            with system.open_input_stream(found.path) as source, (folder / found.base_name).open("wb") as out:
                shutil.copyfileobj(source, out)
    except OSError as error:
        raise BacktestError("FILE", str(error), uri) from error
    if not files:
        raise BacktestError("NO_HISTORY", "there is no such file or folder", uri, usage=True)
    return folder / files[0].base_name if named.type == fs.FileType.File else folder
