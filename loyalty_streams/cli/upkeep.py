"""`loyalty advance`, `verify`, `backup`, `rebuild state`: the clock of a store, and its health."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loyalty_streams.cli.common import FAILED, Data, Json, folder, guarded, note, number, open_shop, out, out_json, table

rebuild = typer.Typer(help="Fold again what was decided.", no_args_is_help=True, rich_markup_mode=None)


@guarded
def advance(
    to: Annotated[str, typer.Option("--to", metavar="T", help="The instant, with an offset.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Writes the tick T: every timer due at or before it happens, for all members.

    \b
    Examples:
      loyalty advance --to 2018-07-01T00:00:00-04:00
    """
    with open_shop(data) as shop:
        entries = shop.advance(to)
        clock = shop.as_of_text()
    if as_json:
        out_json({"as_of": clock, "entries": entries})
    else:
        out(f"the clock stands at {clock}; {number(entries)} entries came of it")


@guarded
def verify(data: Data = None, as_json: Json = False) -> None:
    """Checks every invariant over a store and prints the counts. Exit code 1 when one is broken.

    \b
    Examples:
      loyalty verify
      loyalty verify --json
    """
    with open_shop(data, read_only=True) as shop:
        checks = shop.verify()
    broken = sum(c.violations for c in checks.values())
    if as_json:
        out_json({"checks": {name: {"checked": c.checked, "violations": c.violations} for name, c in checks.items()}})
    else:
        rows = [(name, number(c.checked), number(c.violations), c.what) for name, c in checks.items()]
        out(table(rows, ("check", "checked", "violations", "what it says"), right=(1, 2)))
        out("all invariants hold" if not broken else f"{number(broken)} violations")
    for name, check in checks.items():
        for fault in check.faults:
            note(f"{name}: {fault}")
    if broken:
        raise typer.Exit(FAILED)


@guarded
def backup(
    to: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """A consistent copy of a store, itself a store.

    \b
    Examples:
      loyalty backup backups/2026-06-13
    """
    from loyalty_streams.api import Loyalty

    with Loyalty.to_copy(folder(data)) as shop:
        shop.backup(to)
        clock = shop.as_of_text()
    if as_json:
        out_json({"to": str(to), "as_of": clock})
    else:
        out(f"{to} holds the store as of {clock}")


@rebuild.callback()
def rebuild_group() -> None:
    """Fold again what was decided."""


@rebuild.command("state")
@guarded
def rebuild_state(data: Data = None, as_json: Json = False) -> None:
    """Makes every member's state again from the facts and the decisions given on them. Exit code 1 when one had been another.

    \b
    Examples:
      loyalty rebuild state
    """
    with open_shop(data) as shop:
        members, differed = shop.rebuild_state()
    if as_json:
        out_json({"members": members, "differed": differed})
    else:
        told = f"; {number(differed)} had another state before" if differed else ", all as they were"
        out(f"{number(members)} states are rebuilt{told}")
    if differed:
        raise typer.Exit(FAILED)
