"""Pages that show what a terminal shows: their blocks are carried out in order, in a folder of their own, and compared with what the page says.

    ```yaml file=corner-shop/v1.yaml      the file is written
    ```console                            each `$ command` is run; what follows is what it must print
    ```python                             the code is run; a ```text block after it is what it must print
    ```sh                                 doors of the project (`make test`), which are looked up and not opened
    ```text                               elsewhere: read by people alone

In what is printed a line `...` stands for any lines, and one duration (`14.1 s`) for any other. A command that does not end with exit code 0
says so in a comment: `$ command  # exit code 1`.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.S | re.M)
EXIT = re.compile(r"# exit code (\d+)$")
SECONDS = re.compile(r"\b\d+\.\d+ s\b")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a page does. `kind`: file, command, python, door. `text`: the file's text, the command, the code. `line`: of the page."""

    line: int
    kind: str
    text: str
    shown: str = ""
    name: str = ""


def blocks(text: str) -> list[tuple[int, str, str, str]]:
    """Fenced blocks: line, language, what stands after it, body."""
    return [(text[: m.start()].count("\n") + 2, m[1], m[2] or "", m[3]) for m in FENCE.finditer(text)]


def steps(text: str) -> Iterator[Step]:
    """What a page does, in its order. Raises ValueError for a block of a kind that is not carried out and not known."""
    found = blocks(text)
    for k, (line, language, named, body) in enumerate(found):
        follows = found[k + 1] if k + 1 < len(found) else (0, "", "", "")
        if named.startswith("file="):
            yield Step(line, "file", body, name=named.removeprefix("file="))
        elif language == "console":
            yield from _commands(line, body)
        elif language == "python":
            yield Step(line, "python", body, shown=follows[3] if follows[1] == "text" else "")
        elif language == "sh":
            yield from (Step(line, "door", door) for door in body.splitlines())
        elif language != "text":
            raise ValueError(f"line {line}: a `{language}` block that is neither carried out nor checked")


def _commands(line: int, body: str) -> Iterator[Step]:
    parts = re.split(r"(?m)^\$ ", body)
    if parts[0].strip():
        raise ValueError(f"line {line}: a console block begins with `$ command`")
    for part in parts[1:]:
        command, _, shown = part.partition("\n")
        while command.endswith("\\"):
            more, _, shown = shown.partition("\n")
            command = command[:-1] + more.strip()
        yield Step(line, "command", command, shown=shown.strip("\n"))


def run(step: Step) -> str:
    """Carries a step out in the working folder -> what it printed, stdout and stderr as they came."""
    if step.kind == "file":
        path = Path(step.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, "utf-8")
        return ""
    if step.kind == "python":
        printed = io.StringIO()
        names: dict[str, Any] = {}
        with contextlib.redirect_stdout(printed):
            exec(compile(step.text, f"line {step.line}", "exec"), names)
        return printed.getvalue()
    return _loyalty(step.text)


def _loyalty(command: str) -> str:
    from loyalty_streams.cli.main import app

    words = shlex.split(command, comments=True)
    if words[:2] == ["make", "demo"]:
        words = ["loyalty", "demo"]
    variables = dict(word.split("=", 1) for word in words[: words.index("loyalty")])
    result = CliRunner().invoke(app, words[words.index("loyalty") + 1 :], env=variables)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    meant = EXIT.search(command)
    unmeant = result.exit_code != (int(meant[1]) if meant else 0)
    return result.output + (f"exit code {result.exit_code}\n" if unmeant else "")


def differs(shown: str, printed: str) -> str:
    """Where what was printed is not what the page shows: empty where it is."""
    pieces: list[list[str]] = [[]]
    for line in _lines(shown):
        if line.strip() == "...":
            pieces.append([])
        else:
            pieces[-1].append(line)
    said, at = _lines(printed), 0
    for k, piece in enumerate(pieces):
        last = k == len(pieces) - 1
        place = _place(said, piece, at, fixed=k == 0, at_end=last)
        if place is None:
            return f"the page shows\n{chr(10).join(piece)}\nwhere this was printed\n{printed}"
        at = place + len(piece)
    return ""


def _place(said: list[str], piece: list[str], at: int, *, fixed: bool, at_end: bool) -> int | None:
    """Where a piece stands at or after `at`: right there when `fixed`, to the end when `at_end`."""
    starts = range(at, at + 1) if fixed else range(at, len(said) + 1)
    for start in starts:
        if said[start : start + len(piece)] == piece and (not at_end or start + len(piece) == len(said)):
            return start
    return None


def _lines(text: str) -> list[str]:
    return [SECONDS.sub("N s", line.rstrip()) for line in text.strip("\n").splitlines()]
