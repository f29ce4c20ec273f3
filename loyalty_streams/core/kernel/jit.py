"""Two decorators: compiled, or plain Python under NUMBA_DISABLE_JIT=1; and the place of the compiled code on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

SOURCES = sorted([*Path(__file__).parent.glob("*.py"), *(Path(__file__).parent.parent / n for n in ("codes.py", "entries.py"))])


def source_hash() -> str:
    """A name for this version of the kernel: Numba's own cache does not notice a changed callee in another file."""
    digest = hashlib.sha256()
    for path in SOURCES:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled kernels are kept: `LOYALTY_KERNEL_CACHE`, else the user's cache folder."""
    base = os.environ.get("LOYALTY_KERNEL_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "loyalty-streams"
    return Path(base) / f"kernel-{source_hash()}"


if "NUMBA_CACHE_DIR" not in os.environ:
    os.environ["NUMBA_CACHE_DIR"] = str(cache_folder())
os.environ.setdefault("NUMBA_LOOP_VECTORIZE", "0")  # loops here run twice, not a thousand times
from numba import njit  # noqa: E402

F = TypeVar("F", bound=Callable[..., Any])
SETTINGS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


def kernel(function: F) -> F:
    """A step of the fold."""
    return njit(**SETTINGS)(function)  # type: ignore[no-any-return]


def leaf(function: F) -> F:
    """A hot step with few callers: put in place of its call."""
    return njit(forceinline=True, **SETTINGS)(function)  # type: ignore[no-any-return]


def door(function: F) -> F:
    """The one way in: the compiled whole is kept on disk under this function's name."""
    return njit(cache=True, **SETTINGS)(function)  # type: ignore[no-any-return]
