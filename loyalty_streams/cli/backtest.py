"""`loyalty backtest`: programmes side by side over one history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loyalty_streams.cli.common import USAGE, AsOf, Data, Failure, Json, Lang, guarded, language, number, out, out_json, table
from loyalty_streams.cli.plan import Engine, From, HistoryPath, Resume, Threads, Where, listed, progress, source

if TYPE_CHECKING:
    from loyalty_streams.backtest.asked import Asked
    from loyalty_streams.backtest.ground import Ground
    from loyalty_streams.backtest.preview import Preview
    from loyalty_streams.backtest.results import Results
    from loyalty_streams.backtest.sweep import Sweep

SHOWN = 40
"""Candidates of a sweep that are all printed."""


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
    where: Where = None,
    vary: Annotated[
        list[str] | None, typer.Option("--vary", metavar="PATH=VALUES", help="Candidates that differ in a value: `A,B,C` or `FROM..TO step STEP`.")
    ] = None,
    to: Annotated[str | None, typer.Option("--out", metavar="FILE", help="The candidates of --vary, as Parquet; here or at s3://… .")] = None,
    threads: Threads = 0,
    engine: Engine = None,
    resume: Resume = False,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Folds one history under several programmes and prints a line for each: points, what they are worth, tiers, members who change.

    The first is what the others are compared with: the programme in force of a store, or the first named of a history,
    which then decides the redemptions that have no decision yet. With --vary, which may be given several times, one
    programme is folded with every combination of the values, up to 1,000 in one pass; * marks the frontier: no other
    costs less and gives more members more.

    \b
    Examples:
      loyalty backtest --programme a.yaml b.yaml
      loyalty backtest --programme a.yaml --programme b.yaml --history history/ --json
      loyalty backtest --programme a.yaml --vary 'earn.base.points.rate=0.8..1.5 step 0.1' --vary tiers.ladder.gold=400,500
    """
    from loyalty_streams.backtest.asked import Asked
    from loyalty_streams.backtest.places import Place
    from loyalty_streams.backtest.results import backtest as folded
    from loyalty_streams.backtest.where import read
    from loyalty_streams.reports.instants import at_of

    files = [*(programme or ()), *(more or ())]
    if not files:
        raise Failure("NO_PROGRAMME", "name at least one programme with --programme", exit_code=USAGE)
    if since is not None and effective:
        raise typer.BadParameter("--from and --effective both say when the candidates begin", param_hint="--from")
    chosen = language(lang)
    if vary and len(files) != 1:
        raise typer.BadParameter("one programme is varied: name one with --programme", param_hint="--vary")
    if to is not None and not vary:
        raise typer.BadParameter("a file is written of a sweep: --vary says over what", param_hint="--out")
    if where is not None:
        read(where)
    if to is not None:
        Place(to).check()
    with source(data, history, files[0]) as (ground, taken):
        asked = Asked(
            at_of(as_of, ground.zone) if as_of else None, at_of(since, ground.zone) if since else None, effective,
            listed(members) if members else None, where or "", threads=threads, engine=engine or "", resume=resume,
        )  # fmt: skip
        if vary:
            _tell(_varied(ground, files[0], vary, asked), to, as_json, chosen)
            return
        found = folded(ground, files[1:] if taken else files, asked, progress())
        body = found.to_json()
        if as_json:
            out_json(body)
        else:
            out(as_text(found, body, chosen))


def _varied(ground: Ground, programme: Path, vary: list[str], asked: Asked) -> Sweep:
    from loyalty_streams.backtest.contenders import load_programme
    from loyalty_streams.backtest.running import Run
    from loyalty_streams.backtest.sweep import sweep
    from loyalty_streams.backtest.varying import Axis, combinations, varied
    from loyalty_streams.backtest.where import chosen

    values = combinations([Axis.read(text) for text in vary])
    base, field = load_programme(programme)[-1], ground.field()
    candidates = [field.placed(varied(base, v), asked.since, asked.effective) for v in values]
    first = field.standing(ground.source.now if asked.as_of is None else asked.as_of)
    some = chosen(ground, first, asked) if asked.where else None
    run = Run.of(ground.source, [first, *candidates], asked, some.members if some else asked.members)
    return replace(sweep(run, values, progress()), chosen=some)


def _tell(found: Sweep, to: str | None, as_json: bool, lang: Any) -> None:
    if to is not None:
        from loyalty_streams.backtest.tables import write_table

        write_table(found.table(), to)
    if as_json:
        out_json(found.to_json())
    else:
        out(sweep_text(found, lang))


def sweep_text(found: Sweep, lang: Any) -> str:
    """The candidates as people read them: all of a few, of many those on the frontier."""
    from loyalty_streams.cli.report import amount
    from loyalty_streams.reports.words import say

    body = found.to_json()
    digits, h, rows = found.contenders[0].compiled.minor_digits, body["history"], body["candidates"]
    shown = rows if len(rows) <= SHOWN else [row for row in rows if row["frontier"]]
    paths = list(rows[0]["values"])
    cells = [
        (
            "*" if r["frontier"] else "", *(r["values"][path] for path in paths), r["points"]["issued"], amount(r["cost_minor"], digits),
            r["members"]["gain"], r["members"]["lose"], r["tiers"]["up"], r["tiers"]["down"], r["infeasible"]["points_short"],
        )
        for r in shown
    ]  # fmt: skip
    heads = ("", *paths, "issued", f"cost {body['currency']}", "gain", "lose", "up", "down", "short")
    lines = [
        f"{number(h['facts'])} facts · {number(h['members'])} members · {number(len(rows))} candidates · {h['from']} … {h['until']}",
        *_beside(found.sums.history.preview, body, lang), table(cells, heads, right=range(1, len(heads))),
    ]  # fmt: skip
    if len(shown) < len(rows):
        lines.append(f"  the frontier: {number(len(shown))} of {number(len(rows))}; --json and --out have all")
    return "\n".join([*lines, say("plan.fixed", lang)])


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
        *_beside(found.history.preview, body, lang), table(rows, heads, right=range(2, len(heads))),
    ]  # fmt: skip
    if tiers:
        cells = [(f"{p['programme']} {p['version']}", Path(p["file"]).name, *(p["tiers"].get(t, 0) for t in tiers)) for p in body["programmes"]]
        lines += ["", table(cells, ("members by tier", "", *tiers), right=range(2, 2 + len(tiers)))]
    return "\n".join([*lines, say("plan.fixed", lang)])


def _beside(preview: Preview, body: dict[str, Any], lang: Any) -> list[str]:
    """The lines of --where, and of what is missing of the history."""
    from loyalty_streams.reports.words import say

    some = body.get("chosen")
    chosen = [say("plan.chosen", lang, where=some["where"], n=number(some["members"]), all=number(some["of"]))] if some else []
    return [*chosen, *(f"PREVIEW {line}" for line in preview.told(lang))]
