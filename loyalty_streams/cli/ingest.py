"""`loyalty ingest`: a history into the store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loyalty_streams.cli.common import (
    EXCEEDED,
    USAGE,
    Data,
    Failure,
    Json,
    folder,
    guarded,
    note,
    number,
    out,
    out_json,
    settings,
    table,
)

if TYPE_CHECKING:
    from loyalty_streams.hosts.embedded.ingest import IngestResult

SHOWN = 20
"""Dead letters that are printed one by one; `loyalty dead-letters list` has them all."""


@guarded
def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="A history folder, or single files of it.")],
    data: Data = None,
    programme: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The programme, or a folder of versions; for a new store.")
    ] = None,
    renamed: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="THEIRS=OURS", help="Rename a column; may be given several times."),
    ] = None,
    assume_zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="The zone of times without an offset, such as Europe/Berlin.")
    ] = None,
    arrival: Annotated[
        str | None,
        typer.Option(metavar="occurred|column|now", help="When facts arrive [default: arrived_at where given]."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and judge everything, write nothing.")] = False,
    max_dead_letters: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="More dead letters than this: exit code 3.")
    ] = None,
    kafka: Annotated[
        str | None, typer.Option("--kafka", metavar="URL", help="Publish the facts to a cluster, for its workers to decide, in place of a store.")
    ] = None,
    prefix: Annotated[str, typer.Option("--prefix", metavar="NAME", help="Of --kafka: what the names of topics begin with.")] = "loyalty",
    partitions: Annotated[
        int, typer.Option(metavar="N", min=1, max=1024, help="Agents that share the accounts; the end is the same for any number.")
    ] = 1,
    as_json: Json = False,
) -> None:
    """Reads a history into the store and decides every fact in it. The same facts again change nothing.

    A history holds any of orders, items, interactions, members, openings, adjustments, identities, redemptions,
    transfers, as .parquet, .csv, .csv.gz or .jsonl. Rows that cannot be applied go to the dead letters with
    file, row, code and what was expected; all others are applied.

    \b
    Examples:
      loyalty ingest history/ --programme programmes/corner-shop/v1.yaml
      loyalty ingest orders-till.csv --map order_no=order_id --map total=amount --assume-zone Europe/Berlin --dry-run
      loyalty ingest history/ --max-dead-letters 0 --json
    """
    from loyalty_streams.api import Loyalty

    chosen = settings()
    most = max_dead_letters if max_dead_letters is not None else chosen.max_dead_letters
    told = _progress if sys.stderr.isatty() else None
    for path in paths:
        if not path.exists():
            raise Failure("NO_HISTORY", "there is no such file or folder", str(path), USAGE)
    if kafka is not None:
        _publish(paths, kafka, prefix, programme or chosen.programme, _options(renamed, assume_zone, arrival), as_json)
        return
    renames, arrives, rules = _renames(renamed or []), _arrival(arrival or chosen.arrival), programme or chosen.programme
    opened = Loyalty.trial(folder(data), programme=rules) if dry_run else Loyalty.open(folder(data), programme=rules, create=True)
    with opened as shop:
        result = shop.ingest(
            *paths, map=renames, assume_zone=assume_zone or chosen.assume_zone, arrival=arrives, progress=told,
            phone_key=chosen.phone_key, phone_region=chosen.phone_region, partitions=partitions,
        )  # fmt: skip
    if told:
        typer.echo("\r\033[K", nl=False, err=True)
    for warning in result.warnings:
        note(f"warning: {warning}")
    if as_json:
        out_json(as_data(result, dry_run))
    else:
        out(as_text(result, dry_run))
    if most is not None and result.dead_letter_count > most:
        note(f"error DEAD_LETTERS: {result.dead_letter_count} dead letters, at most {most} were asked for")
        raise typer.Exit(EXCEEDED)


def _options(renamed: list[str] | None, zone: str | None, arrival: str | None) -> dict[str, Any]:
    """How a history is read, by the command line and the settings."""
    chosen = settings()
    return {
        "map": _renames(renamed or []), "assume_zone": zone or chosen.assume_zone, "arrival": _arrival(arrival or chosen.arrival),
        "phone_key": chosen.phone_key or "", "phone_region": chosen.phone_region,
    }  # fmt: skip


def _publish(paths: list[Path], kafka: str, prefix: str, rules: Path | None, options: dict[str, Any], as_json: bool) -> None:
    from loyalty_streams.cli.topics import answer, connection
    from loyalty_streams.history import ReadOptions, read_history
    from loyalty_streams.hosts.kafka.publishing import publish
    from loyalty_streams.hosts.kafka.topology import Topology
    from loyalty_streams.programme import Registry, compile_versions, load_versions

    if rules is None:
        raise Failure("NO_PROGRAMME", "the programme says in which currency amounts are: name it with --programme", exit_code=USAGE)
    compiled = compile_versions(load_versions(rules), registry=Registry())
    reading = read_history(paths, ReadOptions(compiled.currency, compiled.minor_digits, **options))
    told = answer(publish(reading, connection(kafka), Topology(prefix), compiled.currency))
    for letter in told.letters[:SHOWN]:
        note(f"{letter.file}:{letter.row} {letter.code}: {letter.expected}")
    if as_json:
        out_json({"published": told.facts, "dead_letters": len(told.letters)})
    else:
        out(f"{number(told.facts)} facts published, {number(len(told.letters))} dead letters")
    if told.letters:
        raise typer.Exit(EXCEEDED)


def _renames(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        theirs, mark, ours = pair.partition("=")
        if not (theirs and mark and ours):
            raise typer.BadParameter(f"`{pair}` is not THEIRS=OURS, such as order_no=order_id", param_hint="--map")
        found[theirs] = ours
    return found


def _arrival(text: str) -> str:
    if text not in ("auto", "occurred", "column", "now"):
        raise typer.BadParameter(f"`{text}` is none of occurred, column, now", param_hint="--arrival")
    return text


def _progress(progress: Any) -> None:
    typer.echo(f"\r\033[K{progress}", nl=False, err=True)


def as_data(result: IngestResult, dry_run: bool) -> dict[str, Any]:
    """The JSON of the contract. `dead_letters` lists at most as many as the store's answer holds; `dead_letter_count` is exact."""
    return {
        "dry_run": dry_run,
        "read": dict(result.read),
        "dispositions": dict(result.dispositions),
        "waiting": result.waiting,
        "dead_letters": [
            {"file": x.file, "row": x.row, "code": x.code, "expected": x.expected} for x in result.dead_letters
        ],
        "dead_letter_count": result.dead_letter_count,
        "warnings": list(result.warnings),
    }


def as_text(result: IngestResult, dry_run: bool) -> str:
    rows = [("read", name, n) for name, n in result.read.items()]
    rows += [("facts", name.replace("_", " "), n) for name, n in result.dispositions.items() if n or name == "applied"]
    lines = [table([(a, b, number(n)) for a, b, n in rows], ("", "", "rows"), right=(2,))]
    letters = result.dead_letters[:SHOWN]
    if letters:
        lines += [
            "",
            table([(f"{x.file}:{x.row}", x.code, x.expected) for x in letters], ("dead letter", "code", "expected")),
        ]
    if result.dead_letter_count > len(letters):
        lines.append(f"... {number(result.dead_letter_count - len(letters))} more: loyalty dead-letters list")
    end = "nothing was written" if dry_run else "all other rows are applied"
    count = result.dead_letter_count
    if result.waiting:
        wait = "return waits" if result.waiting == 1 else "returns wait"
        lines.append(f"{number(result.waiting)} {wait} for an order that has not come: loyalty report quarantine")
    lines.append(f"{number(count)} dead {'letter' if count == 1 else 'letters'}; {end}.")
    return "\n".join(lines)
