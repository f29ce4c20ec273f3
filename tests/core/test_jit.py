"""How the kernel is built: what `core/kernel/jit.py` relies on inside Numba, held by kernels of a few lines (docs/decisions/0001)."""

from __future__ import annotations

import importlib.metadata
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit
from numba.cpython import slicing

from loyalty_streams.core.kernel.jit import SETTINGS, SMALL, WRAPPER, DoorCompiler, StepLibrary, callers_first, is_leaf, kernel, leaf, size_of

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
compiled = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="the kernel runs interpreted here")


def door(function: Any) -> Any:
    """A door whose compiled code is not kept on disk."""
    return njit(pipeline_class=DoorCompiler, **SETTINGS)(function)


def test_the_version_of_numba_is_the_one_minor_release_that_the_project_pins() -> None:
    pinned = re.search(r'"numba>=(\d+)\.(\d+),<(\d+)\.(\d+)"', PROJECT.read_text("utf-8"))
    assert pinned is not None
    low, high = (int(pinned[1]), int(pinned[2])), (int(pinned[3]), int(pinned[4]))
    installed = tuple(int(n) for n in importlib.metadata.version("numba").split(".")[:2])
    assert high == (low[0], low[1] + 1) and installed == low


@compiled
def test_a_step_is_compiled_once_whatever_constants_it_is_called_with() -> None:
    @kernel
    def twice(n: int) -> int:
        return n + n

    @door
    def some(n: int) -> int:
        return twice(1) + twice(2) + twice(n)

    assert some(5) == 16
    assert len(twice.overloads) == 1  # type: ignore[attr-defined]


@compiled
def test_steps_that_call_each_other_are_linked_whatever_their_order() -> None:
    """LLVM drops what is linked in before anything asks for it, and a call of what was dropped ends the process."""

    @leaf
    def one(n: int) -> int:
        return n + 1

    @kernel
    def two(n: int) -> int:
        return one(n) + one(n)

    @kernel
    def three(n: int) -> int:
        return two(n) + one(n)

    @door
    def whole(n: int) -> int:
        return three(n) + two(n) + one(n)

    assert whole(10) == 11 * 6


@compiled
def test_a_step_stays_llvm_code_until_a_door_takes_it_in() -> None:
    @kernel
    def square(n: int) -> int:
        return n * n

    @door
    def of_three() -> int:
        return square(3)

    assert of_three() == 9
    (step,) = (result.library for result in square.overloads.values())  # type: ignore[attr-defined]
    assert isinstance(step, StepLibrary)
    assert step.get_pointer_to_function("square") == 0


@compiled
def test_a_leaf_is_put_in_place_of_its_calls_and_its_callers_are_not() -> None:
    @leaf
    def low(n: int) -> int:
        return n + 1

    @kernel
    def high(n: int) -> int:
        return low(n) * 2

    @door
    def asked(n: int) -> int:
        return high(n)

    assert asked(4) == 10
    marked = {
        step.py_func.__name__: any(is_leaf(f) for f in library._final_module.functions if not f.is_declaration and step.py_func.__name__ in f.name)
        for step in (low, high)
        for library in (next(iter(step.overloads.values())).library,)  # type: ignore[attr-defined]
    }
    assert marked == {"low": True, "high": False}


@compiled
def test_nothing_but_what_python_calls_is_open_to_others() -> None:
    """Of code that others might replace LLVM may conclude nothing: Numba's own `min` then makes the kernel ask after each call whether it failed."""

    @kernel
    def least(a: int, b: int) -> int:
        return min(a, b)

    @door
    def least_and_one(a: int, b: int) -> int:
        return least(a, b) + 1

    assert least_and_one(4, 9) == 5
    (result,) = least_and_one.overloads.values()
    defined = [f for f in result.library._final_module.functions if not f.is_declaration]
    assert {f.name.startswith((WRAPPER, "cfunc.")) for f in defined if f.linkage.name != "internal"} == {True}


@compiled
def test_other_code_of_the_process_still_counts_indices_from_the_end() -> None:
    """The kernel leaves that out while it is compiled; what others compile afterwards must not miss it."""
    usual = slicing.fix_index

    @door
    def first(row: Any) -> int:
        return row[0]  # type: ignore[no-any-return]

    @njit
    def last(row: Any) -> Any:
        return row[-1]

    row = np.array([7, 8, 9])
    assert (first(row), last(row)) == (7, 9)
    assert slicing.fix_index is usual


def test_callers_come_before_what_they_call() -> None:
    class Step(StepLibrary):
        def __init__(self, *parts: StepLibrary) -> None:
            self._linking_libraries = list(parts)

    bottom = Step()
    left, right = Step(bottom), Step(bottom)
    top = Step(left, right)
    order = callers_first([bottom, top])
    assert sorted(map(id, order)) == sorted(map(id, (bottom, left, right, top)))
    assert order.index(top) < min(order.index(left), order.index(right))
    assert max(order.index(left), order.index(right)) < order.index(bottom)


def test_large_steps_are_told_by_their_instructions() -> None:
    class Block:
        def __init__(self, instructions: int) -> None:
            self.instructions = range(instructions)

    class Function:
        blocks = (Block(60), Block(41))

    assert size_of(Function()) == 101 > SMALL
