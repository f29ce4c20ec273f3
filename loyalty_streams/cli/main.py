"""`loyalty`: the list of commands. Each imports what it needs when it runs, so that help comes at once."""

from __future__ import annotations

from typing import Annotated

import typer

import loyalty_streams
from loyalty_streams.cli import (
    backtest,
    config,
    demo,
    explain,
    export,
    history,
    ingest,
    letters,
    member,
    plan,
    programme,
    report,
    shop,
    topics,
    upkeep,
    worker,
)  # fmt: skip

app = typer.Typer(
    name="loyalty",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(loyalty_streams.__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Points, tiers and stages of a shop's members, from facts, by rules, with the reason of every point.

    Data goes to stdout, messages to stderr. Exit codes: 0 done, 1 failed, 2 asked in a wrong way,
    3 a threshold that was asked for is exceeded.

    \b
    Examples:
      loyalty demo
      loyalty ingest history/ --programme programmes/corner-shop
      loyalty member M-000731
      loyalty report summary --as-of 2018-01-01T00:00:00-05:00 --json
    """


app.command("demo")(demo.demo)
app.command("ingest")(ingest.ingest)
app.command("member")(member.member)
app.command("explain")(explain.explain)
app.add_typer(report.app, name="report")
app.command("plan")(plan.plan)
app.command("backtest")(backtest.backtest)
app.add_typer(programme.app, name="programme")
app.command("quote")(shop.quote)
app.command("redeem")(shop.redeem)
app.command("reserve")(shop.reserve)
app.command("confirm")(shop.confirm)
app.command("release")(shop.release)
app.command("cancel")(shop.cancel)
app.command("adjust")(shop.adjust)
app.command("advance")(upkeep.advance)
app.add_typer(letters.app, name="dead-letters")
app.command("verify")(upkeep.verify)
app.command("backup")(upkeep.backup)
app.add_typer(upkeep.rebuild, name="rebuild")
app.add_typer(export.app, name="export")
app.add_typer(history.app, name="history")
app.add_typer(topics.app, name="topics")
app.command("worker")(worker.worker)
app.add_typer(config.app, name="config")
