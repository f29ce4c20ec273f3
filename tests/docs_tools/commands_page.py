"""`docs/guide/commands.md`: every command with its help, as `loyalty COMMAND --help` prints it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import typer

from loyalty_streams.cli.main import app
from tests.docs_tools.parts import replace_part

WIDTH = 110


def commands() -> Iterator[tuple[str, typer.Context]]:
    """Every command by its full name, the whole first."""
    yield from _below("loyalty", typer.main.get_command(app), None)


def _below(name: str, command: Any, above: typer.Context | None) -> Iterator[tuple[str, typer.Context]]:
    settings = {"terminal_width": WIDTH, "max_content_width": WIDTH, "help_option_names": ["-h", "--help"]}
    context = typer.Context(command, info_name=name.rsplit(maxsplit=1)[-1], parent=above, **settings)
    yield name, context
    for below, inner in getattr(command, "commands", {}).items():
        yield from _below(f"{name} {below}", inner, context)


def page(text: str) -> str:
    parts = [f"## `{name}`\n\n```text\n{context.command.get_help(context).strip()}\n```" for name, context in commands()]
    return replace_part(text, "commands", "\n\n".join(parts))


def examples() -> Iterator[tuple[str, list[str]]]:
    """The command lines of every `Examples:` in the help, each with the command that shows it."""
    for name, context in commands():
        told = (context.command.help or "").partition("Examples:")[2]
        for line in told.splitlines():
            words = shlex.split(line.partition(" > ")[0])
            if "loyalty" in words:
                yield name, words[words.index("loyalty") + 1 :]
