"""`loyalty explain`: why this many points, and why not more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from loyalty_streams.cli.common import Data, Failure, Json, Lang, MemberName, guarded, language, open_shop, out, out_json

if TYPE_CHECKING:
    from loyalty_streams.reports.explain import Explanation, Part
    from loyalty_streams.reports.words import Language


@guarded
def explain(
    member_id: MemberName,
    data: Data = None,
    entry: Annotated[str | None, typer.Option(metavar="E", help="An entry: its entry_id or seq of `member --json`.")] = None,
    fact: Annotated[str | None, typer.Option(metavar="F", help="A fact: its key, such as order/O1, or its id alone.")] = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Why a fact gave this many points, and for each rule that did not pay, why not. Without --entry and --fact: the newest fact.

    A reason reads FIELD ACTUAL, needs OP EXPECTED.

    \b
    Examples:
      loyalty explain M-000731
      loyalty explain M-000731 --fact order/O1 --lang zh
      loyalty explain M-000731 --entry 17 --json
    """
    chosen = language(lang)
    if entry is not None and fact is not None:
        raise typer.BadParameter("one of --entry and --fact", param_hint="--entry")
    with open_shop(data, read_only=True) as shop:
        found = shop.explain(member_id, entry=entry, fact=fact, lang=chosen)
        if found is None:
            raise Failure("NO_MEMBER", "no fact of this member is in the store", member_id)
        if as_json:
            out_json(found.to_json())
        else:
            out(as_text(found, chosen, shop.zone))


def as_text(found: Explanation, lang: Language, zone: ZoneInfo) -> str:
    """The explanation as people read it."""
    from datetime import datetime

    from loyalty_streams.reports.instants import instant_text, micros
    from loyalty_streams.reports.words import say

    when = instant_text(micros(datetime.fromisoformat(found.at)), zone) if found.at else ""
    lines = [f"{found.member_id}  {found.fact or say('timer', lang)}  {when}"]
    lines += [found.summary] if found.summary else []
    lines += [f"{name}: {word}" for name, word in found.attributes.items()]
    for word, parts in (("paid", found.paid), ("not_paid", found.not_paid)):
        if parts:
            lines += ["", say(word, lang), *(_line(p) for p in parts)]
    lines += ["", say("happened", lang)]
    lines += [f"  {e.points if e.points else '':>7}  {e.text}" for e in found.followed] or [f"  {say('nothing_followed', lang)}"]
    return "\n".join(lines)


def _line(part: Part) -> str:
    return f"  {part.points if part.points else '-':>7}  {part.text}"
