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

    In the folder `packed` of it the same facts are as backtests read them fastest.

    \b
    Examples:
      loyalty export facts --to out/facts
      loyalty plan next.yaml --history out/facts
    """
    from loyalty_streams.backtest.packed import PACKED

    with open_shop(data, read_only=True) as shop:
        shop.export_facts(to)
    _said("facts", to, as_json, to / PACKED)


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


def _said(what: str, to: Path, as_json: bool, packed: Path | None = None) -> None:
    files = sorted(p.name for p in to.glob("*.parquet"))
    if as_json:
        out_json({"to": str(to), "files": files, **({"packed": str(packed)} if packed else {})})
    else:
        out(f"{what}: {len(files)} files in {to}" + (f", packed for backtests in {packed}" if packed else ""))
