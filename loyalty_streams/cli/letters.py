"""`loyalty dead-letters`: what could not be applied, and how to mend it."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from loyalty_streams.cli.common import Data, Failure, Json, guarded, number, open_shop, out, out_json, settings, table

app = typer.Typer(help="Rows that could not be applied.", no_args_is_help=True, rich_markup_mode=None)
Id = Annotated[str, typer.Argument(metavar="ID", help="As `dead-letters list` shows it.")]


@app.command("list")
@guarded
def list_letters(
    data: Data = None,
    code: Annotated[str | None, typer.Option(metavar="CODE", help="Only these, such as FUTURE_TIME.")] = None,
    as_json: Json = False,
) -> None:
    """Every dead letter: where the row stood, why it was set aside, what was expected.

    \b
    Examples:
      loyalty dead-letters list
      loyalty dead-letters list --code FUTURE_TIME --json
    """
    with open_shop(data, read_only=True) as shop:
        found = [_plain(x) for x in shop.dead_letters() if code is None or x.code == code]
    if as_json:
        out_json({"dead_letters": [{k: v for k, v in x.items() if k != "raw"} for x in found]})
        return
    heads = ("id", "file", "row", "code", "expected")
    out(
        table([(x["id"], x["file"], x["row"], x["code"], x["expected"]) for x in found], heads)
        if found
        else "no dead letters"
    )
    if found:
        out(f"{number(len(found))} in all; `loyalty dead-letters show ID` has the row")


@app.command("show")
@guarded
def show(letter: Id, data: Data = None, as_json: Json = False) -> None:
    """One dead letter with its row.

    \b
    Examples:
      loyalty dead-letters show 17
    """
    with open_shop(data, read_only=True) as shop:
        found = next((x for x in map(_plain, shop.dead_letters()) if x["id"] == letter), None)
    if found is None:
        raise Failure("NO_DEAD_LETTER", "there is none of this id", letter)
    if as_json:
        out_json(found)
    else:
        out("\n".join(f"{k}: {json.dumps(v, ensure_ascii=False) if k == 'raw' else v}" for k, v in found.items()))


@app.command("replay")
@guarded
def replay(
    letter: Id,
    data: Data = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="COLUMN=VALUE", help="Mend a column; may be given several times."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Offers a dead letter again, mended where --set says so. Applied, it leaves the list.

    \b
    Examples:
      loyalty dead-letters replay 17
      loyalty dead-letters replay 17 --set occurred_at=2017-05-01T10:00:00-04:00
    """
    mended = dict(_pair(v) for v in values or [])
    with open_shop(data) as shop:
        chosen = settings()
        answer = shop.replay_dead_letter(letter, mended or None, phone_key=chosen.phone_key, phone_region=chosen.phone_region)
    if as_json:
        out_json({"id": letter, **answer})
    else:
        out(f"{letter}: {answer['disposition']}" + (f" ({answer['reason']})" if answer.get("reason") else ""))


def _pair(text: str) -> tuple[str, str]:
    column, mark, value = text.partition("=")
    if not (column and mark):
        raise typer.BadParameter(f"`{text}` is not COLUMN=VALUE", param_hint="--set")
    return column, value


def _plain(x: Any) -> dict[str, Any]:
    raw = json.loads(x.raw) if x.raw else {}
    return {
        "id": str(x.id),
        "file": x.file,
        "row": x.row,
        "code": x.code,
        "expected": x.expected,
        "member": x.member,
        "raw": raw,
    }
