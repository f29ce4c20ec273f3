"""`loyalty history`: histories made ready for backtests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loyalty_streams.cli.common import USAGE, Failure, Json, guarded, number, out, out_json
from loyalty_streams.cli.plan import made

app = typer.Typer(help="Histories made ready for backtests.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def history() -> None:
    """Histories made ready for backtests."""


@app.command("pack")
@guarded
def pack(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A history folder, or a store.")],
    to: Annotated[str, typer.Option("--to", metavar="DIR", help="The folder to write into.")],
    programme: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The programme in force, or a folder of versions; of a history folder it is needed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Writes what a backtest reads, bucketed by member and sorted by time: `plan` and `backtest` take it as --history and read it fastest.

    The facts of a history folder are judged under the programme as `ingest` judges them, which also decides the
    redemptions that have no decision yet. The programme goes into the folder: nothing needs to name it again.

    \b
    Examples:
      loyalty history pack history/ --programme programmes/corner-shop --to packed
      loyalty plan next.yaml --history packed
    """
    from loyalty_streams.backtest.packing import write_pack
    from loyalty_streams.backtest.places import REMOTE
    from loyalty_streams.hosts.embedded.rocks import is_database
    from loyalty_streams.hosts.embedded.store import Store

    folder = _folder(to, path)
    if REMOTE not in path and is_database(Path(path)):
        with Store.open(Path(path), read_only=True) as store:
            packed = write_pack(store, folder)
    elif programme is None:
        raise Failure("NO_BASELINE", "the programme decides what has no decision yet: name it with --programme", path, USAGE)
    else:
        with made(path, programme) as store:
            packed = write_pack(store, folder)
    if as_json:
        out_json({"to": to, "facts": packed.facts, "members": packed.members, "blocks": len(packed.blocks)})
    else:
        out(f"{number(packed.facts)} facts of {number(packed.members)} members in {to}")


def _folder(to: str, history: str) -> Path:
    """Where to pack: a folder of this machine which is no part of the history, where it would be taken for what the tables tell."""
    from loyalty_streams.backtest.places import REMOTE

    if REMOTE in to:
        raise Failure("BAD_PLACE", "facts are packed into a folder of this machine, and copied from there", to, USAGE)
    folder = Path(to).resolve()
    if REMOTE not in history and Path(history).resolve() in (folder, *folder.parents):
        raise Failure("BAD_PLACE", "facts are packed beside a history, not into it", to, USAGE)
    return Path(to) if Path(to).name not in ("", "..") else folder
