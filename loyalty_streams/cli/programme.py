"""`loyalty programme`: check, test, compare, schema, versions in force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loyalty_streams.cli.common import (
    FAILED,
    Data,
    Failure,
    Json,
    guarded,
    note,
    open_shop,
    out,
    out_json,
    table,
)

if TYPE_CHECKING:
    from loyalty_streams.programme.spec import Result

app = typer.Typer(help="Programmes: check, test, compare, publish.", no_args_is_help=True, rich_markup_mode=None)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A programme file, or a folder of versions.")]


@app.command("check")
@guarded
def check(path: File, as_json: Json = False) -> None:
    """Reads a programme and tells everything that is wrong with it: place, caret, found, expected, hint, code.

    \b
    Examples:
      loyalty programme check programmes/fresh-market/v1.yaml
      loyalty programme check programmes/fresh-market --json
    """
    from loyalty_streams.programme import ProgrammeError

    try:
        versions = _load(path)
        _compile(versions)
    except ProgrammeError as error:
        if not as_json:
            raise
        out_json({"valid": False, "problems": [d.to_dict() for d in error.diagnostics]})
        raise typer.Exit(FAILED) from None
    warnings = [w for v in versions for w in v.warnings]
    if as_json:
        found = [{"programme": v.programme.programme, "version": v.programme.version, "file": v.file} for v in versions]
        out_json({"valid": True, "versions": found, "problems": [w.to_dict() for w in warnings]})
        return
    for warning in warnings:
        note(warning.render())
    for v in versions:
        p = v.programme
        tiers = f", {len(p.tiers.ladder)} tiers" if p.tiers else ""
        out(f"{v.file}: {p.programme} version {p.version} is sound: {len(p.earn)} rules{tiers}")


@app.command("test")
@guarded
def test(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Programmes, folders of them, or specs.")
    ] = None,
    recorded: Annotated[
        str | None, typer.Option("--record", metavar="MEMBER", help="Print a story from this member's history instead.")
    ] = None,
    fact: Annotated[
        str | None, typer.Option(metavar="F", help="With --record: the fact that the story ends with [default: the newest].")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Runs the stories that stand beside a programme: v1.spec.yaml beside v1.yaml. Exit code 1 when one fails.

    With --record it prints a story that a member's facts tell, to be kept as a spec once its figures are worked out by hand.

    \b
    Examples:
      loyalty programme test programmes/fresh-market
      loyalty programme test programmes/fresh-market/v1.yaml --json
      loyalty programme test --record M-000731 --fact O1
    """
    if recorded is not None:
        _record(recorded, fact, data)
        return
    if not paths:
        raise typer.BadParameter("a programme, a folder or a spec is needed, or --record", param_hint="FILE")
    from loyalty_streams.programme.spec import run_spec, spec_files

    results: list[Result] = []
    for path in paths:
        files = spec_files(path)
        if not files:
            raise Failure("NO_SPEC", "no spec stands beside it", str(path))
        for spec in files:
            results += run_spec(spec, _compile(_load(_programme_of(spec))))
    failed = [r for r in results if not r.passed]
    if as_json:
        out_json({
            "passed": len(results) - len(failed), "failed": len(failed),
            "stories": [
                {"story": r.story.name, "file": r.story.file, "line": r.story.line, "passed": r.passed,
                 "differences": [{"what": d.what, "expected": d.expected, "actual": d.actual} for d in r.differences]}
                for r in results
            ],
        })  # fmt: skip
    else:
        for r in failed:
            out(r.render())
        out(f"{len(results) - len(failed)} of {len(results)} stories hold")
    if failed:
        raise typer.Exit(FAILED)


def _record(member: str, fact: str | None, data: Path | None) -> None:
    with open_shop(data, read_only=True) as shop:
        story = shop.record(member, fact=fact)
    if story is None:
        raise Failure("NO_MEMBER", "no fact of this member is in the store", member)
    out(story.rstrip("\n"))


def _programme_of(spec: Path) -> Path:
    from loyalty_streams.programme.spec import SUFFIX

    return spec.with_name(spec.name.removesuffix(SUFFIX) + ".yaml")


@app.command("diff")
@guarded
def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="The programme as it is.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="The programme as it would be.")],
    as_json: Json = False,
) -> None:
    """What differs between two versions, and how the change is declared: retroactive, forward_only or cosmetic.

    A change that is declared cosmetic and moves a point is refused E-CHANGE.

    \b
    Examples:
      loyalty programme diff programmes/fresh-market/v1.yaml programmes/candidates/double.yaml
    """
    from loyalty_streams.programme.diff import compare

    found = compare(_load(before)[-1], _load(after)[-1])
    if as_json:
        out_json(found.to_dict())
    else:
        out(found.render())


@app.command("schema")
@guarded
def schema() -> None:
    """The JSON Schema of the programme language, for editors: `# yaml-language-server: $schema=...`.

    \b
    Examples:
      loyalty programme schema > programme.schema.json
    """
    from loyalty_streams.programme.schema import programme_schema

    out_json(programme_schema())


@app.command("list")
@guarded
def versions(data: Data = None, as_json: Json = False) -> None:
    """The versions of a store and when each is in force.

    \b
    Examples:
      loyalty programme list
      loyalty programme list --data /var/lib/shop --json
    """
    with open_shop(data, read_only=True) as shop:
        found = [_version(v) for v in shop.versions()]
    if as_json:
        out_json({"versions": found})
        return
    heads = ("programme", "version", "from", "until", "content")
    out(
        table(
            [
                (
                    v["programme"],
                    v["version"],
                    v["effective_from"] or "the first fact",
                    v["effective_until"] or "-",
                    v["content_hash"][:12],
                )
                for v in found
            ],
            heads,
        )
    )


def _version(v: Any) -> dict[str, Any]:
    from loyalty_streams.core.codes import NEVER
    from loyalty_streams.reports.instants import iso

    return {
        "programme": v.programme,
        "version": v.version,
        "effective_from": iso(v.effective_from) if v.effective_from > -NEVER else None,
        "effective_until": iso(v.effective_until) if v.effective_until < NEVER else None,
        "content_hash": v.content_hash,
    }


@app.command("publish")
@guarded
def publish(path: File, data: Data = None, as_json: Json = False) -> None:
    """Adds a version to a store. From its effective_from on, facts are judged by it.

    The same version with other content is refused VERSION_TAKEN; a start before the newest fact folded is refused.

    \b
    Examples:
      loyalty programme publish programmes/corner-shop/v2.yaml
    """
    with open_shop(data) as shop:
        shop.publish(path)
        found = [_version(v) for v in shop.versions()]
    if as_json:
        out_json({"versions": found})
    else:
        newest = found[-1]
        out(
            f"{newest['programme']} version {newest['version']} is published, in force from {newest['effective_from'] or 'the first fact'}"
        )


def _load(path: Path) -> tuple[Any, ...]:
    from loyalty_streams.programme.load import load_versions

    if not path.exists():
        raise Failure("NO_PROGRAMME", "there is no such file or folder", str(path))
    return load_versions(path)


def _compile(versions: tuple[Any, ...]) -> Any:
    from loyalty_streams.programme import Registry, compile_versions

    return compile_versions(list(versions), registry=Registry())
