"""Two decorators: compiled, or plain Python under NUMBA_DISABLE_JIT=1; and the place of the compiled code on disk."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from numba.cpython import slicing  # noqa: E402
from numba.core.codegen import CPUCodeLibrary, JITCodeLibrary  # noqa: E402
from numba.core.compiler import Compiler  # noqa: E402
from numba.core.targetconfig import TargetConfig  # noqa: E402
from numba.core.types.misc import unliteral  # noqa: E402
from numba.core.types.npytypes import Record  # noqa: E402

F = TypeVar("F", bound=Callable[..., Any])
# Nothing in here owns memory, so nothing is counted (`_nrt`): references to columns alone took a third of the time.
SETTINGS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
INNER: dict[str, Any] = {**SETTINGS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


COMPILED, WRAPPER = "_ZN", "_ZN7cpython"
"""What the names of all compiled functions begin with in LLVM, and of the one that Python calls."""
STEP = "_ZN15loyalty_streams4core6kernel"
"""What the names of steps begin with in LLVM."""
SMALL = 100
"""Instructions up to which a step may be put in place of its calls without being a leaf."""


class NoEngine:
    """A code generator without the engine that would turn each step into machine code of its own."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)

    def set_env(self, env_name: str, env: Any) -> None:
        """A step is never called from Python, so nothing looks at its environment."""


class StepLibrary(CPUCodeLibrary):
    """The code of one step, kept as it is until a door takes it in.

    Numba would otherwise optimize and emit each step with all that it calls, again in everything that calls it: ten minutes instead of one.
    """

    @property
    def codegen(self) -> Any:
        return NoEngine(self._codegen)

    def finalize(self) -> None:
        self._final_module.verify()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        return 0


class DoorLibrary(JITCodeLibrary):
    """The code of a door: it takes in every step that it needs, directly or through others, once, and is optimized as a whole."""

    def finalize(self) -> None:
        self._linking_libraries = callers_first(self._linking_libraries)
        super().finalize()

    def _optimize_final_module(self) -> None:
        """Large steps that are called from several places stay functions: in place of each call they would make the whole many times larger."""
        calls = Counter(name for function in self._final_module.functions for name in called_by(function))
        for function in self._final_module.functions:
            if function.is_declaration or not function.name.startswith(COMPILED) or function.name.startswith(WRAPPER):
                continue
            function.linkage = "internal"  # so LLVM sees that none ever fails, and leaves out the question after each call
            if function.name.startswith(STEP) and not is_leaf(function):
                if calls[function.name] > 1 and size_of(function) > SMALL:
                    function.add_function_attribute("noinline")
        super()._optimize_final_module()


def called_by(function: Any) -> Iterator[str]:
    """The names of what a function calls, a name a call."""
    for block in function.blocks:
        for instruction in block.instructions:
            if instruction.opcode == "call":
                *_, callee = instruction.operands
                yield callee.name


def callers_first(libraries: list[Any]) -> list[Any]:
    """All that some steps call, directly or through others, each after all that call it: LLVM drops what is linked in before anything asks for it."""
    seen: set[int] = set()
    order: list[Any] = []

    def visit(library: Any) -> None:
        if id(library) not in seen:
            seen.add(id(library))
            for part in library._linking_libraries if isinstance(library, StepLibrary) else ():
                visit(part)
            order.append(library)

    for library in libraries:
        visit(library)
    return order[::-1]


def size_of(function: Any) -> int:
    return sum(1 for block in function.blocks for _ in block.instructions)


def is_leaf(function: Any) -> bool:
    return any(b"alwaysinline" in attributes for attributes in function.attributes)


class StepCompiler(Compiler):
    def __init__(self, typingctx: Any, targetctx: Any, library: Any, *rest: Any) -> None:
        super().__init__(typingctx, targetctx, library or StepLibrary(targetctx.codegen(), "step"), *rest)


class DoorCompiler(Compiler):
    def __init__(self, typingctx: Any, targetctx: Any, library: Any, *rest: Any) -> None:
        if library is None:
            library = DoorLibrary(targetctx.codegen(), "door")
            library.enable_object_caching()
        super().__init__(typingctx, targetctx, library, *rest)

    def compile_extra(self, function: Any) -> Any:
        with plain_indices(), looked_up_quickly():
            return super().compile_extra(function)


@contextmanager
def plain_indices() -> Iterator[None]:
    """No index of the kernel is negative: without Numba's look for those that count from the end, each access is shorter."""
    usual = slicing.fix_index
    slicing.fix_index = lambda builder, index, size: index
    try:
        yield
    finally:
        slicing.fix_index = usual


@contextmanager
def looked_up_quickly() -> Iterator[None]:
    """While types are looked up, a record spells itself out with all records in it, and flags list their values, ten thousands of times."""
    spell, told, listed = Record.__repr__, {}, TargetConfig.values

    def short(record: Any) -> Any:
        if id(record) not in told:
            told[id(record)] = record, spell(record)
        return told[id(record)][1]

    def values(flags: Any) -> dict[str, Any]:
        held = flags._values
        return {name: held.get(name, option.default) for name, option in flags.options.items()}

    setattr(Record, "__repr__", short)  # noqa: B010 (a method is replaced)
    setattr(TargetConfig, "values", values)  # noqa: B010
    try:
        yield
    finally:
        setattr(Record, "__repr__", spell)  # noqa: B010
        setattr(TargetConfig, "values", listed)  # noqa: B010


@contextmanager
def compiling() -> Iterator[None]:
    """One process compiles the kernel; others wait for it and take what it left on disk. Without a writable cache each compiles its own."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError:
        yield
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def for_any_integer(step: Any) -> Any:
    """Makes a step take constants as the integers that they are: Numba would compile it again for every constant it is called with."""
    if hasattr(step, "get_call_template"):
        take = step.get_call_template
        step.get_call_template = lambda args, kws: take(tuple(unliteral(a) for a in args), {k: unliteral(a) for k, a in kws.items()})
    return step


def kernel(function: F) -> F:
    """A step of the fold. It is compiled for a door alone, and cannot be called from Python when compiled."""
    return for_any_integer(njit(forceinline=False, pipeline_class=StepCompiler, **INNER)(function))  # type: ignore[no-any-return]


def leaf(function: F) -> F:
    """A hot step with few callers: put in place of its call."""
    return for_any_integer(njit(forceinline=True, pipeline_class=StepCompiler, **INNER)(function))  # type: ignore[no-any-return]


def door(function: F) -> F:
    """The one way in: the compiled whole is kept on disk under this function's name."""
    return njit(cache=True, pipeline_class=DoorCompiler, **SETTINGS)(function)  # type: ignore[no-any-return]
