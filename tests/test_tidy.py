"""The house stays in order: who imports whom, what the pure room may touch, how long a file may be, what none holds."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "loyalty_streams"

# A room may import the rooms below it and itself. Files of the package's own folder are the API.
LEVELS = (
    {"core"},
    {"codec", "programme"},
    {"history"},
    {"agents"},
    {"hosts", "projections"},
    {"reports"},
    {"backtest"},
    {"api", "cli", "console"},
)

# The pure room. `calendar`, `datetime` and `random` are no part of it: a clock comes as a fact, chance does not come.
CORE_MAY_IMPORT = {
    "__future__", "abc", "bisect", "collections", "dataclasses", "enum", "functools", "itertools", "numba", "numpy",
    "operator", "struct", "types", "typing", "unicodedata", "xxhash", PACKAGE,
}  # fmt: skip
# The one file of the pure room that knows where it lives: it compiles the others, and keeps the code in a folder named after its sources.
# Nothing that it imports or calls is on the path of a decision: the same kernel runs without it, interpreted.
COMPILER = "loyalty_streams/core/kernel/jit.py"
COMPILER_MAY_IMPORT = CORE_MAY_IMPORT | {"contextlib", "fcntl", "hashlib", "os", "pathlib"}
# `hash` of text differs from one process to the next, `id` from one run to the next.
IMPURE_CALLS = {"__import__", "eval", "exec", "hash", "id", "input", "open", "print"}
COMPILER_MAY_CALL = {"id"}
UNFIT_NUMPY = {"average", "divide", "double", "fromfile", "genfromtxt", "linspace", "load", "loadtxt", "mean", "memmap",
               "random", "save", "savez", "true_divide"}  # fmt: skip

LONGEST = 450
# Files that are longer, each with its reason.
LONG: dict[str, str] = {}


@cache
def tracked() -> tuple[Path, ...]:
    """The files of the project: those that git keeps or would keep, else all but hidden folders."""
    asked = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        names = subprocess.run(asked, capture_output=True, check=True).stdout.decode().split("\0")
        found = [ROOT / name for name in names if name]
    except (OSError, subprocess.CalledProcessError):
        found = [p for p in ROOT.rglob("*") if not any(part[0] == "." for part in p.relative_to(ROOT).parts[:-1])]
    return tuple(sorted(path for path in found if path.is_file()))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def python_files(folder: str = "") -> list[Path]:
    return [p for p in tracked() if p.suffix == ".py" and name_of(p).startswith(folder)]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def module_of(path: Path) -> str:
    return name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of each import, `from a import b` as `a.b`; those inside functions too."""
    package = module_of(path).split(".") if path.name == "__init__.py" else module_of(path).split(".")[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def room_of(module: str) -> str:
    """`loyalty_streams.core.facts` lives in core; the package itself, and a module of its own folder, in api."""
    room = module.split(".")[1] if "." in module else "api"
    if any(room in level for level in LEVELS):
        return room
    if (ROOT / PACKAGE / room).is_dir():
        raise LookupError(f"{room} is a room without a level: give it one in LEVELS")
    return "api"


def level_of(room: str) -> int:
    return next(k for k, rooms in enumerate(LEVELS) if room in rooms)


def wrong_way(importer: str, imported: str) -> bool:
    """Whether this import goes up the house, or across to another room of the same floor.

    Rooms of the top floor may call each other: the command line is a user of the API.
    """
    mine, theirs = room_of(importer), room_of(imported)
    if mine == theirs or level_of(mine) == level_of("api"):
        return False
    return level_of(theirs) >= level_of(mine)


def test_imports_run_one_way_through_the_house() -> None:
    wrong = [
        f"{name_of(path)}:{line} imports {name}"
        for path in python_files(PACKAGE)
        for line, name in imports(path)
        if name.split(".")[0] == PACKAGE and name != f"{PACKAGE}.__version__" and wrong_way(module_of(path), name)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("importer", "imported", "refused"),
    [
        ("loyalty_streams.core.facts", "loyalty_streams.codec", True),
        ("loyalty_streams.codec.x", "loyalty_streams.programme.models", True),
        ("loyalty_streams.agents.x", "loyalty_streams.core.facts", False),
        ("loyalty_streams.core.facts", "loyalty_streams", True),
        ("loyalty_streams.cli.main", "loyalty_streams", False),
        ("loyalty_streams", "loyalty_streams.cli.main", False),
    ],
)
def test_an_import_up_the_house_is_seen(importer: str, imported: str, refused: bool) -> None:
    assert wrong_way(importer, imported) is refused


def test_the_package_imports_neither_tests_nor_benchmarks() -> None:
    wrong = [
        f"{name_of(path)}:{line} imports {name}"
        for path in python_files(PACKAGE)
        for line, name in imports(path)
        if name.split(".")[0] in {"tests", "benchmarks"}
    ]
    assert not wrong, "\n".join(wrong)


def unfit(name: str) -> bool:
    """Whether this part of numpy reads files or chance, or gives fractions."""
    return name in UNFIT_NUMPY or name.startswith("float")


def impurities(path: Path) -> Iterator[str]:
    """Where a file of the pure room reads a clock, disk, network, chance or environment, or leaves whole numbers."""
    compiler = name_of(path) == COMPILER
    allowed = COMPILER_MAY_IMPORT if compiler else CORE_MAY_IMPORT
    impure_calls = IMPURE_CALLS - COMPILER_MAY_CALL if compiler else IMPURE_CALLS
    for line, name in imports(path):
        top, _, rest = name.partition(".")
        if top not in allowed or (top == "numpy" and any(unfit(part) for part in rest.split("."))):
            yield f"{line} imports {name}"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield f"{node.lineno} holds the number {node.value}, which is not whole"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div) and not compiler:
            yield f"{node.lineno} divides with /"
        elif isinstance(node, ast.Name) and node.id == "float":
            yield f"{node.lineno} names float"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in impure_calls:
            yield f"{node.lineno} calls {node.func.id}()"
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "np" and unfit(node.attr):
            yield f"{node.lineno} uses np.{node.attr}"


def test_the_pure_room_reads_no_clock_disk_chance_or_environment_and_counts_in_whole_numbers() -> None:
    wrong = [f"{name_of(p)}:{what}" for p in python_files(f"{PACKAGE}/core/") for what in impurities(p)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "source",
    ["import time", "from datetime import datetime", "x = 0.5", "def f(a, b):\n    return a / b", "x = hash('a')",
     "import numpy as np\nnp.random.seed(1)", "from numpy import random", "def f(x: float): ...", "import os",
     "x = open('f')"],
)  # fmt: skip
def test_an_impure_line_in_the_pure_room_is_seen(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / PACKAGE / "core" / "facts.py"
    path.parent.mkdir(parents=True)
    path.write_text(source)
    assert list(impurities(path))


def test_no_file_grows_long_without_a_reason() -> None:
    lengths = {name_of(p): len(p.read_text("utf-8").splitlines()) for p in python_files()}
    long = {name for name, lines in lengths.items() if lines > LONGEST}
    assert long - LONG.keys() == set(), f"split these, or give a reason in LONG (more than {LONGEST} lines)"
    assert LONG.keys() - long == set(), "these have become short: take them out of LONG"


# Written in parts, so that this file does not hold what it looks for.
LEFTOVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b|NotImplemented" r"Error")
MACHINE = re.compile(r"(?<![\w.$~}/-])/(?:ro" r"ot|ho" r"me|Us" r"ers|wo" r"rk|t" r"mp)/[\w.-]")
REGISTRY = re.compile(
    r"py" r"pi\.(org|python)|python" r"hosted\.|registry\.np" r"mjs|crates" r"\.io|(?<=\s)--(extra-)?index-" r"url\b"
)
CODE = {".py", ".pyi", ".yaml", ".yml", ".toml", ".avsc", ".json", ".sh", ".story", ".sql", ""}


def lines_with(pattern: re.Pattern[str], suffixes: set[str] | None = None) -> list[str]:
    found = []
    for path in tracked():
        if suffixes is not None and path.suffix not in suffixes:
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:  # golden bytes
            continue
        lines = enumerate(text.splitlines(), 1)
        found += [f"{name_of(path)}:{k}: {line.strip()[:100]}" for k, line in lines if pattern.search(line)]
    return found


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (LEFTOVER, "x = 1  # TO" "DO: later"),
        (LEFTOVER, "raise NotImplemented" "Error"),
        (MACHINE, "open('/ho" "me/ann/orders.csv')"),
        (MACHINE, "see /t" "mp/out"),
        (REGISTRY, "https://py" "pi.org/simple"),
        (REGISTRY, "pip install --index-" "url x"),
    ],
)
def test_a_line_that_no_file_may_hold_is_seen(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)


def test_no_file_holds_a_leftover() -> None:
    assert lines_with(LEFTOVER, CODE) == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert lines_with(MACHINE) == []


def test_no_file_names_a_package_index() -> None:
    assert lines_with(REGISTRY) == []


def test_every_locked_package_has_a_version_and_a_hash() -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text("utf-8").strip())
    loose = [entry.split(" ")[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]
    assert entries and not loose, loose


def entry_points() -> set[str]:
    """Modules that start by themselves: the package, scripts of pyproject.toml, `-m` in the Makefile, `__main__`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    scripts = {target.split(":")[0] for target in project["scripts"].values()}
    doors = set(re.findall(r"-m ([\w.]+)", (ROOT / "Makefile").read_text("utf-8")))
    mains = {module_of(p) for p in python_files() if p.name == "__main__.py"}
    return {PACKAGE} | scripts | doors | mains


def reached(start: set[str], modules: dict[str, Path]) -> set[str]:
    """Modules that imports lead to from `start`. A module's full name or path in a text counts: so are rooms opened late."""
    seen: set[str] = set()
    ahead = [m for m in start if m in modules]
    while ahead:
        module = ahead.pop()
        if module in seen:
            continue
        seen.add(module)
        path = modules[module]
        constants = [n.value for n in ast.walk(tree(path)) if isinstance(n, ast.Constant)]
        texts = [text.split(":")[0].removesuffix(".py").replace("/", ".") for text in constants if isinstance(text, str)]
        for name in [*(name for _, name in imports(path)), *texts]:
            # `a.b.c` imports a, a.b, and a.b.c where that is a module.
            parts = name.split(".")
            ahead += [m for k in range(1, len(parts) + 1) if (m := ".".join(parts[:k])) in modules and m not in seen]
    return seen


def test_every_module_of_the_package_is_reached_from_a_door() -> None:
    modules = {module_of(p): p for p in python_files(PACKAGE)}
    dead = modules.keys() - reached(entry_points(), modules)
    assert not dead, f"nothing leads to {sorted(dead)}"


def test_every_helper_of_the_tests_and_benchmarks_is_used() -> None:
    files = [*python_files("tests/"), *python_files("benchmarks/")]
    modules = {module_of(p): p for p in files}
    tests = {module_of(p) for p in files if p.name.startswith("test_") or p.name == "conftest.py"}
    empty = {m for m, p in modules.items() if p.name == "__init__.py"}
    dead = modules.keys() - reached(entry_points() | tests, modules) - empty
    assert not dead, f"nothing leads to {sorted(dead)}"


def test_the_doors_of_the_makefile_open_something() -> None:
    modules = {module_of(p) for p in python_files()}
    doors = re.findall(r"-m ((?:loyalty_streams|tests|benchmarks)[\w.]*)", (ROOT / "Makefile").read_text("utf-8"))
    missing = [door for door in doors if door not in modules]
    assert doors and not missing, missing


def test_the_places_that_contributing_names_exist() -> None:
    """A map by hand rots as soon as a room moves."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    places = [p for p in re.findall(r"`([\w./-]+)`", text) if p.endswith("/") or re.search(r"\.(py|md|yaml|toml)$", p)]
    missing = [place for place in places if not ((ROOT / place).exists() or (ROOT / PACKAGE / place).exists())]
    assert len(places) >= 10 and not missing, missing


def test_every_test_is_named_by_a_sentence() -> None:
    short = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in python_files("tests/")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
        if node.name.count("_") < 3
    ]
    assert not short, "\n".join(short)


def test_style_and_types_are_held_by_the_suite() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    assert tools["mypy"]["strict"] is True
    assert {"E", "F", "B", "PL"} <= set(tools["ruff"]["lint"]["select"])
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(r"^test: check\b", makefile, re.M)
    assert "ruff check" in makefile and "mypy loyalty_streams" in makefile
