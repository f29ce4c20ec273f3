"""`loyalty plan`: what a candidate would have changed, before it costs money."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loyalty_streams.cli.common import (
    EXCEEDED,
    USAGE,
    AsOf,
    Data,
    Failure,
    Json,
    Lang,
    account_name,
    guarded,
    language,
    note,
    number,
    open_shop,
    out,
    out_json,
    settings,
    table,
)

if TYPE_CHECKING:
    from loyalty_streams.backtest.ground import Ground
    from loyalty_streams.backtest.plan import Plan
    from loyalty_streams.backtest.retro import Retro, Terms
    from loyalty_streams.hosts.embedded import Store

HistoryPath = Annotated[
    str | None, typer.Option("--history", metavar="PATH", help="A history folder, or packed facts, in place of a store; here or at s3://… .")
]
Threads = Annotated[
    int, typer.Option("--threads", metavar="N", min=0, help="Threads that fold at once [default: one for each processor].")
]
Engine = Annotated[
    str | None, typer.Option("--engine", metavar="URI", help="dask://HOST:PORT: the workers of a cluster fold packed facts that they can all open.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where the same question was stopped before.")]
Where = Annotated[
    str | None, typer.Option("--where", metavar="EXPR", help="The members for whom it holds: 'channel = app and tier in (gold, silver)'.")
]
From = Annotated[
    str | None, typer.Option("--from", metavar="T", help="The candidate judges from then on [default: from the first fact].")
]


def _account(name: str | None) -> str | None:
    return None if name is None else account_name(name)


@guarded
def plan(
    candidate: Annotated[Path, typer.Argument(metavar="CANDIDATE", help="The programme to try; of a folder its newest version.")],
    data: Data = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What to compare with [default: the programme in force].")
    ] = None,
    history: HistoryPath = None,
    as_of: AsOf = None,
    since: From = None,
    effective: Annotated[bool, typer.Option("--effective", help="The candidate judges from its own effective_from.")] = False,
    members: Annotated[
        Path | None, typer.Option(metavar="FILE", help="These members alone, one a line, and who became one with them.")
    ] = None,
    where: Where = None,
    explained: Annotated[
        str | None, typer.Option("--explain", metavar="ID", callback=_account, help="The entries of this member that differ, side by side.")
    ] = None,
    segment: Annotated[
        bool, typer.Option("--segment", help="Where the change concentrates, in place of members: channels, stores, tiers and more.")
    ] = False,
    to: Annotated[str | None, typer.Option("--out", metavar="FILE", help="Every changed member, as Parquet; here or at s3://… .")] = None,
    report: Annotated[
        str | None, typer.Option("--report", metavar="FILE", help="All of it as one HTML page that opens from disk.")
    ] = None,
    apply_retro: Annotated[
        str | None, typer.Option("--apply-retro", metavar="FILE", help="The difference as adjustments.csv, to approve and ingest.")
    ] = None,
    cap: Annotated[int | None, typer.Option(metavar="N", min=0, help="Of --apply-retro: points a member at most, given or taken.")] = None,
    operator: Annotated[str | None, typer.Option(metavar="NAME", help="Of --apply-retro: who approves; kept with each entry.")] = None,
    allow_debt: Annotated[
        bool, typer.Option("--allow-debt", help="Of --apply-retro: take more than is there, as debt [default: what is there].")
    ] = False,
    fail_if: Annotated[
        list[str] | None, typer.Option(metavar="EXPR", help="Exit code 3 where it holds: `liability > 10000`, `lose > 5 %`.")
    ] = None,
    threads: Threads = 0,
    engine: Engine = None,
    resume: Resume = False,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Decides the whole history again under a candidate and shows what differs: who gains, who loses, why, what it costs.

    The same facts, with the redemptions that were granted: behaviour is held fixed. The store is only read. A change
    in --fail-if is one of points (issued, redeemed, expired, clawed_back, available), of the liability in units of the
    currency, or a count: changed, gain, lose, tier_moves, infeasible, points_short. --apply-retro writes a file for
    approval; `loyalty ingest` of it books what stands in it, and of the same file twice nothing more.

    \b
    Examples:
      loyalty plan programmes/candidates/fresh-market-autumn.yaml
      loyalty plan next.yaml --from 2017-07-01 --out diff.parquet --report plan.html
      loyalty plan next.yaml --baseline other.yaml --json
      loyalty plan next.yaml --where 'channel = app and spend_decile >= 9'
      loyalty plan next.yaml --history history/ --baseline v1.yaml --fail-if 'liability>10000'
      loyalty plan next.yaml --apply-retro retro/adjustments.csv --cap 500 --operator ann
    """
    from loyalty_streams.backtest.asked import Asked
    from loyalty_streams.backtest.plan import plan as planned
    from loyalty_streams.backtest.retro import place_of, retro, write
    from loyalty_streams.backtest.thresholds import exceeded
    from loyalty_streams.reports.instants import at_of

    _check(fail_if or (), where, [file for file in (to, report) if file is not None])
    terms = _terms(apply_retro, cap, operator, allow_debt)
    approve = place_of(apply_retro) if apply_retro is not None else None
    if since is not None and effective:
        raise typer.BadParameter("--from and --effective both say when the candidate begins", param_hint="--from")
    chosen = language(lang)
    with source(data, history, baseline) as (ground, taken):
        zone = ground.zone
        asked = Asked(
            at_of(as_of, zone) if as_of else None, at_of(since, zone) if since else None, effective, listed(members) if members else None,
            where or "", lang=chosen, threads=threads, engine=engine or "", resume=resume,
        )  # fmt: skip
        found = planned(ground, candidate, asked, None if taken else baseline, progress())
        _write(found, to, report)
        made = retro(found, terms) if approve is not None else None
        if made is not None and approve is not None:
            write(made, approve)
        over = exceeded(found, fail_if or ())
        if explained is not None:
            _explain(found, explained, as_json)
        elif as_json:
            out_json({**found.to_json(), **({"retro": {"file": approve.name, **made.to_json()}} if made and approve else {})})
        else:
            out(as_text(found, candidate, segment))
            if made is not None and approve is not None:
                out(_made(made, approve.name, chosen))
    for condition in over:
        note(f"error EXCEEDED: {condition}")
    if over:
        raise typer.Exit(EXCEEDED)


def _check(fail_if: Sequence[str], where: str | None, files: Sequence[str]) -> None:
    """Whether what is asked for can be meant and can be written, before anything is folded."""
    from loyalty_streams.backtest.places import Place
    from loyalty_streams.backtest.thresholds import Threshold
    from loyalty_streams.backtest.where import read

    for condition in fail_if:
        Threshold.read(condition)
    if where is not None:
        read(where)
    if len(set(files)) < len(files):
        raise typer.BadParameter("one file cannot hold both: name another", param_hint="--report")
    for file in files:
        Place(file).check()


def _write(found: Plan, table_to: str | None, report: str | None) -> None:
    from loyalty_streams.backtest.report.page import write_report
    from loyalty_streams.backtest.tables import diff_table, write_table

    if table_to is not None:
        write_table(diff_table(found), table_to)
    if report is not None:
        write_report(found, report)


def _terms(apply_retro: str | None, cap: int | None, operator: str | None, allow_debt: bool) -> Terms:
    from loyalty_streams.backtest.retro import Terms

    if apply_retro is None and (cap is not None or operator or allow_debt):
        raise typer.BadParameter("--cap, --operator and --allow-debt are terms of --apply-retro", param_hint="--apply-retro")
    if apply_retro is not None and not (operator or "").strip():
        raise typer.BadParameter("who approves must be named", param_hint="--operator")
    return Terms((operator or "").strip(), cap, allow_debt)


def _made(made: Retro, name: str, lang: Any) -> str:
    """What stands in a file of adjustments, and what does not for the terms of it."""
    from loyalty_streams.reports.words import say

    found = made.to_json()
    words = {key: number(value) for key, value in found.items()}
    lines = [say("retro.made", lang, file=name, **words)]
    lines += [say("retro.capped", lang, cap=number(made.terms.cap), **words)] if found["capped_points"] else []
    lines += [say("retro.missing", lang, **words)] if found["missing_points"] else []
    lines += [say("retro.others", lang, **words)] if found["other_rules_members"] else []
    lines += [say("retro.unknown", lang, wallets=", ".join(made.unknown))] if made.unknown else []
    lines += [say("retro.next", lang, file=name)] if found["adjustments"] else []
    return "\n".join(lines)


@contextmanager
def source(data: Path | None, history: str | None, programme: Path | None) -> Iterator[tuple[Ground, bool]]:
    """What is to be read, and whether the programme is in force over it: a store that is there, packed facts, or a store made of a history under
    the programme, which is gone in the end.
    """
    from loyalty_streams.backtest.ground import Ground
    from loyalty_streams.backtest.packed import is_packed, opened

    if history is not None and data is not None:
        raise typer.BadParameter("--data and --history both say what is read", param_hint="--history")
    if history is None:
        with open_shop(data, read_only=True) as shop:
            yield Ground.of(shop.store), False
    elif is_packed(history):
        yield opened(history), False
    elif programme is None:
        raise Failure("NO_BASELINE", "a history alone has no programme in force: name one with --baseline", history, USAGE)
    else:
        with made(history, programme) as store:
            yield Ground.of(store, lasting=False), True


@contextmanager
def made(history: str, programme: Path) -> Iterator[Store]:
    """A store of a history under a programme, as the settings say it is read; it is gone in the end."""
    from loyalty_streams.backtest.opening import Reading, of_history, set_aside

    chosen = settings()
    reading = Reading(chosen.assume_zone, chosen.arrival, chosen.phone_key, chosen.phone_region)
    store, close, result = of_history(history, programme, reading, progress())
    try:
        for warning in result.warnings:
            note(f"warning: {warning}")
        if result.dead_letter_count:
            note(f"warning: {history}{set_aside(result)}")
        yield store
    finally:
        close()


def listed(path: Path) -> list[str]:
    """The members of a list, one a line; a first line `member_id` is its head, and of a CSV the first column counts."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = [row[0].strip() for row in csv.reader(lines) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Failure("FILE", f"this is no list of members in UTF-8: {error}", str(path), USAGE) from None
    found = [row for k, row in enumerate(rows) if row and not (k == 0 and row == "member_id")]
    if not found:
        raise Failure("EMPTY_RANGE", "the list names no member", str(path), USAGE)
    return list(dict.fromkeys(found))


def progress() -> Any:
    """Where things stand, on one line of a terminal."""
    if not sys.stderr.isatty():
        return None

    def told(step: Any) -> None:
        typer.echo(f"\r\033[K{step}", nl=False, err=True)
        if getattr(step, "facts", 0) == getattr(step, "of", -1):
            typer.echo("\r\033[K", nl=False, err=True)

    return told


def as_text(found: Plan, candidate: Path, segment: bool = False) -> str:
    """The plan as people read it: with the members who change most, or with the segments."""
    from loyalty_streams.backtest.telling import Telling

    telling = Telling(found)
    lines = [telling.rules(*_tests(found, candidate)), *telling.heads(), *telling.where()]
    if segment:
        rows, names = telling.segment_rows()
        lines.append(table(rows, names, right=(2, 3, 4, 5)))
    else:
        rows, names, shown = telling.member_rows()
        lines += [table(rows, names, right=(1, 2, 3)), shown] if rows else []
    return "\n".join([*lines, telling.closing()])


def _tests(found: Plan, candidate: Path) -> tuple[int, int]:
    """The stories beside a candidate that hold, and those that do not."""
    from loyalty_streams.programme import Registry, compile_versions
    from loyalty_streams.programme.spec import run_spec, spec_files

    loaded = found.rules.after
    specs = spec_files(Path(loaded.file)) if candidate.exists() else ()
    results = [r for spec in specs for r in run_spec(spec, compile_versions([loaded], registry=Registry()))]
    passed = sum(r.passed for r in results)
    return passed, len(results) - passed


def _explain(found: Plan, member: str, as_json: bool) -> None:
    behind = found.behind([member])[member].to_json()
    if as_json:
        out_json({"member_id": member, **behind})
        return
    from loyalty_streams.reports.columns import width
    from loyalty_streams.reports.instants import at_of, day_text

    zone = found.contenders[1].zone
    other = behind["why_en" if found.asked.lang == "zh" else "why_zh"]
    out(f"{member}: {behind['why']}\n{' ' * width(member)}  {other}")
    cells = [(r["side"], day_text(at_of(r["effective_at"], zone), zone), r["points"], r["cause"] or "", r["text"]) for r in behind["entries"]]
    out(table(cells, ("", "at", "points", "fact", "entry"), right=(2,)))
