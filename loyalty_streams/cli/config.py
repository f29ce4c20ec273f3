"""`loyalty config show`."""

from __future__ import annotations

import typer

from loyalty_streams.cli.common import Json, guarded, out, out_json, settings, table

app = typer.Typer(help="Settings and where they come from.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Settings and where they come from."""


@app.command("show")
@guarded
def show(as_json: Json = False) -> None:
    """Every setting, its value, and where it came from; secrets are masked.

    A value on the command line goes before LOYALTY_* variables, those before loyalty.toml in the working folder.

    \b
    Examples:
      loyalty config show
      LOYALTY_LANG=zh loyalty config show --json
    """
    from loyalty_streams.settings import FIELDS
    from loyalty_streams.settings import show as origins

    found = origins()
    if as_json:
        out_json(
            {"settings": [{"name": o.name, "value": o.value, "source": o.source, "known": o.known} for o in found]}
        )
    else:
        rows = [
            (o.name, o.value or "-", o.source, FIELDS[o.name].what if o.known else "not a setting: nothing reads it")
            for o in found
        ]
        out(table(rows, ("setting", "value", "from", "what it is")))
    settings()
