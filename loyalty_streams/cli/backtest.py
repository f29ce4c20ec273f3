"""`loyalty backtest`: programmes side by side over one history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from loyalty_streams.cli.common import USAGE, AsOf, Data, Failure, Json, Lang, guarded, language, number, out, out_json, table
from loyalty_streams.cli.plan import From, HistoryPath, listed, progress, source

if TYPE_CHECKING:
    from loyalty_streams.backtest.results import Results


@guarded
def backtest(
    more: Annotated[list[Path] | None, typer.Argument(metavar="[FILE...]", help="Further programmes.")] = None,
    programme: Annotated[
        list[Path] | None, typer.Option("--programme", metavar="FILE...", help="The programmes to fold under, one after another.")
    ] = None,
    history: HistoryPath = None,
    data: Data = None,
    as_of: AsOf = None,
    since: From = None,
    effective: Annotated[bool, typer.Option("--effective", help="Each judges from its own effective_from.")] = False,
    members: Annotated[Path | None, typer.Option(metavar="FILE", help="These members alone, one a line.")] = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Folds one history under several programmes and prints a line for each: points, what they are worth, tiers, members who change.

    The first is what the others are compared with: the programme in force of a store, or the first named of a history,
    which then decides the redemptions that have no decision yet.

    \b
    Examples:
      loyalty backtest --programme a.yaml b.yaml
      loyalty backtest --programme a.yaml --programme b.yaml --history history/ --json
    """
    from loyalty_streams.backtest.results import backtest as folded
    from loyalty_streams.reports.instants import at_of

    files = [*(programme or ()), *(more or ())]
    if not files:
        raise Failure("NO_PROGRAMME", "name at least one programme with --programme", exit_code=USAGE)
    if since is not None and effective:
        raise typer.BadParameter("--from and --effective both say when the candidates begin", param_hint="--from")
    chosen = language(lang)
    with source(data, history, files[0]) as store:
        zone = ZoneInfo(store.compiled.time_zone)
        found = folded(
            store, files if history is None else files[1:], as_of=at_of(as_of, zone) if as_of else None,
            since=at_of(since, zone) if since else None, effective=effective, members=listed(members) if members else None, progress=progress(),
        )  # fmt: skip
        body = found.to_json()
        if as_json:
            out_json(body)
        else:
            out(as_text(found, body, chosen))


def as_text(found: Results, body: dict[str, Any], lang: Any) -> str:
    """The table as people read it."""
    from loyalty_streams.cli.report import amount
    from loyalty_streams.reports.words import say

    digits, currency = found.run.contenders[0].compiled.minor_digits, body["currency"]
    h, rows = body["history"], []
    for p in body["programmes"]:
        points, members, short = p["points"], p["members"], p["infeasible"]
        rows.append((
            f"{p['programme']} {p['version']}", Path(p["file"]).name, points["issued"], points["redeemed"], points["expired"],
            p["outstanding"], amount(p["liability_minor"], digits), members["gain"], members["lose"], short["points_short"],
        ))  # fmt: skip
    heads = ("programme", "file", "issued", "redeemed", "expired", "outstanding", currency, "gain", "lose", "short")
    tiers = list(dict.fromkeys(name for p in body["programmes"] for name in p["tiers"]))
    lines = [
        f"{number(h['facts'])} facts · {number(h['members'])} members · {h['from']} … {h['until']} · code {body['code_version']}",
        table(rows, heads, right=range(2, len(heads))),
    ]
    if tiers:
        cells = [(f"{p['programme']} {p['version']}", Path(p["file"]).name, *(p["tiers"].get(t, 0) for t in tiers)) for p in body["programmes"]]
        lines += ["", table(cells, ("members by tier", "", *tiers), right=range(2, 2 + len(tiers)))]
    return "\n".join([*lines, say("plan.fixed", lang)])
