"""`loyalty export`: facts and ledger as Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loyalty_streams.cli.common import Data, Json, guarded, open_shop, out, out_json

app = typer.Typer(help="Facts and ledger as Parquet.", no_args_is_help=True, rich_markup_mode=None)
To = Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder to write into.")]


@app.command("facts")
@guarded
def facts(to: To, data: Data = None, as_json: Json = False) -> None:
    """All facts with the decisions on them, bucketed by member and sorted by time; a history that can be ingested.

    \b
    Examples:
      loyalty export facts --to out/facts
    """
    with open_shop(data, read_only=True) as shop:
        shop.export_facts(to)
    _said("facts", to, as_json)


@app.command("ledger")
@guarded
def ledger(to: To, data: Data = None, as_json: Json = False) -> None:
    """All entries with rule, base, multiplier, caps, reason and cause, bucketed by member and sorted by time.

    \b
    Examples:
      loyalty export ledger --to out/ledger
    """
    with open_shop(data, read_only=True) as shop:
        shop.export_ledger(to)
    _said("ledger", to, as_json)


def _said(what: str, to: Path, as_json: bool) -> None:
    files = sorted(str(p.relative_to(to)) for p in to.rglob("*.parquet"))
    if as_json:
        out_json({"to": str(to), "files": files})
    else:
        out(f"{what}: {len(files)} files in {to}")
